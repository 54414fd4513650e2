"""Names of accounts: how one looks to a reader, who is to take nobody for somebody else."""

from __future__ import annotations

import unicodedata
from typing import Final

_ALIKE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "CHEROKEE"})
"""Scripts whose letters can be taken for each other's."""
_SAME_LOOK: Final = str.maketrans(
    "авеёкмнорстухіјѕһԁԛԝӏαβεζηικμνορτυχ01",
    "abeekmhopctyxijshdqwlabeznikuvoptuxol",
)
"""Letters of other scripts, and digits, that look like a Latin letter, small or capital."""


def ordinary(name: str) -> str:
    """The same name with every letter in its usual form: no full-width ones, no ligatures."""
    return unicodedata.normalize("NFKC", name)


def mixes_scripts(name: str) -> bool:
    """Whether letters of several scripts stand together where one could pass for another's.

    Japanese, which mixes three of its own, does not count.
    """
    scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in name if letter.isalpha()}
    return len(scripts) > 1 and bool(scripts & _ALIKE)


def look(name: str) -> str:
    """What names have in common that are easily taken for each other."""
    return ordinary(name).casefold().translate(_SAME_LOOK)
