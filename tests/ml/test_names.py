from __future__ import annotations

from unicodedata import normalize

import pytest

from ml.names import straight, tidy

SPELT = (
    (" Ann \t Lee\n", "Ann Lee"),
    ("Ann\r\nLee", "Ann Lee"),
    ("Ann\N{NO-BREAK SPACE}Lee", "Ann Lee"),
    ("山田\N{IDEOGRAPHIC SPACE}太郎", "山田 太郎"),
    ("Ann \N{RIGHT-TO-LEFT OVERRIDE} Lee\N{POP DIRECTIONAL FORMATTING}", "Ann Lee"),
    ("\N{RIGHT-TO-LEFT ISOLATE}דוד\N{POP DIRECTIONAL ISOLATE}", "דוד"),
    ("An\x00n\x07 \x1bLee", "Ann Lee"),
    (normalize("NFD", "Zoé"), "Zoé"),
    ("\N{LEFT-TO-RIGHT OVERRIDE}\n", ""),
)


@pytest.mark.parametrize(("spelt", "name"), SPELT)
def test_a_name_has_one_form_however_it_is_spelt(spelt: str, name: str) -> None:
    assert tidy(spelt) == tidy(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "علی\N{ZERO WIDTH NON-JOINER}رضا",
        "क्\N{ZERO WIDTH JOINER}षमा",
        "דוד\N{RIGHT-TO-LEFT MARK} (2)",
        "Jean-Luc_O'Neil, Jr.",
    ],
)
def test_what_scripts_need_stays(name: str) -> None:
    assert tidy(name) == name


def test_a_text_that_is_set_straight_keeps_its_spaces() -> None:
    assert straight("a  b\N{RIGHT-TO-LEFT OVERRIDE}gpj.\x07c\n") == "a  bgpj.c\n"
