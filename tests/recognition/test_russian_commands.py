"""Commands as a Russian reader meets them: in their help and in what they say is no English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, load_command_class
from django.utils.translation import override

from facesite.catalogues import compile_stale
from facesite.extraction import KEYWORDS
from ml.architectures import ARCHITECTURES
from ml.evaluation.galleries import Galleries, Kind, Shares
from ml.language import speaking
from recognition.management.evaluated import in_words
from recognition.services.training import languages, words
from tests.recognition.test_commands import OURS
from tests.sites import ROOT

ENGLISH = re.compile(r"(?<![-|])\b[a-z']{2,}\s+[a-z']{2,}\b")
"""Two words of it side by side; what is typed, a name or a unit stands alone."""

TYPED = re.compile(r"(?:python )?manage\.py .*")
UNSPOKEN = {"visitor"}
"""It measures facesite, for whoever develops it."""
ROOMS = ("recognition/management", "recognition/services/training", "recognition/services/backup")
FILES = (
    *("recognition/checks.py", "ml/data/crops.py", "ml/data/dataset.py", "ml/evaluation/groups.py"),
    *("ml/evaluation/datasets.py", "ml/training/checkpoints.py", "ml/training/trainer.py"),
)
"""Where what a command says comes from. In others, sentences about a damaged version stay English:
commands say them by their code."""
SPOKEN = sorted(
    file for room in ROOMS for file in (ROOT / room).rglob("*.py") if file.stem not in UNSPOKEN
) + [ROOT / file for file in FILES]


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    compile_stale()


@pytest.fixture(autouse=True)
def _russian() -> Iterator[None]:
    with override("ru"):
        yield


@pytest.mark.parametrize("name", OURS)
def test_help_has_no_english(name: str) -> None:
    command = load_command_class("recognition", name)
    usage, said = command.create_parser("manage.py", name).format_help().split("\n\n", 1)
    assert usage.startswith("Вызов: manage.py ")
    assert "параметры:" in said
    assert ENGLISH.findall(said) == []


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["purge", "retry", "rotate_keys", "sweep", "verify_audit"])
def test_what_a_command_says_is_russian(command: str, media: Path) -> None:
    out = StringIO()
    call_command(command, stdout=out, stderr=out)
    assert re.search("[а-я]", out.getvalue())
    assert ENGLISH.findall(out.getvalue()) == []


def test_what_cannot_be_evaluated_is_said_in_russian(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"Папки {tmp_path / 'people'} нет."):
        call_command("evaluate", "open-set", "--data", str(tmp_path / "people"))


def test_figures_of_an_evaluation_are_russian_and_json_is_not() -> None:
    result = Galleries(20, {Kind(1680, 3, others=12, twice=2): Shares(0.01, 0.5, right=0.975)})
    with speaking(languages.current()):
        said = in_words(result)
    assert "1 680 + 12 других, из них дважды — 2, 3 фотографии" in said
    assert "посторонние 1,00 %, другие посторонние 50,00 %, верно 97,50 %" in said
    assert (
        result.summary()["galleries"][0]["gallery"]
        == "1,680 + 12 others, 2 of them twice, 3 photos"
    )


@pytest.mark.django_db
@pytest.mark.parametrize("command", [("retrain", "--from-site", "--dry-run"), ("retrain",)])
def test_what_cannot_be_trained_on_is_said_in_russian(command: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as caught:
        call_command(*command, stdout=StringIO(), stderr=StringIO())
    assert re.search("[а-я]", str(caught.value))
    assert ENGLISH.findall(str(caught.value)) == []


@pytest.mark.parametrize("file", SPOKEN, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_sentence_of_a_command_goes_untranslated(file: Path) -> None:
    found = list(untranslated(ast.parse(file.read_text(encoding="utf-8"))))
    assert [said for said in found if ENGLISH.search(TYPED.sub("", said))] == []


def untranslated(node: ast.AST) -> Iterator[str]:
    """What is said in it, but for docstrings, logs and what is marked to be translated."""
    if isinstance(node, ast.Call) and (
        getattr(node.func, "id", "") in KEYWORDS or ast.unparse(node.func).startswith("log.")
    ):
        return
    if isinstance(node, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
        )
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
            yield from untranslated(child)


def test_what_a_training_would_do_is_said_in_russian() -> None:
    with speaking(languages.current()):
        said = "\n".join([*words.plan(ARCHITECTURES["paper"].recipe), words.precision("auto", "")])
    assert "Этап 1, эпох: " in said
    assert ENGLISH.findall(said) == []
