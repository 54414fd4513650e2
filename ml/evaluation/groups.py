"""Does a network serve some groups of people worse than others?

Every group is measured by itself, and all of them at one threshold for everybody, since that is
what a site has: what share of a group's own impostors passes it, and what share of its people does
not. The ratio of the largest to the smallest such share is the one of NIST's FRVT, part 3,
https://doi.org/10.6028/NIST.IR.8280.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ml.evaluation import rates
from ml.evaluation.comparisons import Pairs, Searches, compare, search
from ml.evaluation.datasets import DatasetError
from ml.evaluation.held_out import Metrics, metrics
from ml.evaluation.samples import HeldOut
from ml.language import tell
from ml.names import tidy

FAR = 0.01
FPIR = 0.01
PEOPLE_NEEDED = 5
"""People of a group with fewer are counted, and nothing is measured of them."""
HEADER = ("label", "group")

ERRORS: Final = ("fmr", "fnmr", "fpir", "miss")


@dataclass(frozen=True, eq=False)
class Group:
    """One group: its own metrics, and its errors at everybody's thresholds, shares 0..1 or None.

    `fmr` and `fnmr` are of pairs within the group, at the threshold that gives FAR 1 % on
    everybody; `fpir` (its strangers who are taken for somebody) and `miss` (1 - DIR) at the one
    that gives FPIR 1 %. A group of too few people has only its size.
    """

    name: str
    people: int
    metrics: Metrics | None
    errors: Mapping[str, float | None]


@dataclass(frozen=True, eq=False)
class ByGroup:
    """All groups in order of name, and how many people are in none."""

    groups: tuple[Group, ...]
    ungrouped: int

    def ratio(self, error: str) -> float | None:
        """The largest of the groups' shares through the smallest; one of `ERRORS`.

        None with fewer than two groups to compare, or if a group shows no such error at all.
        """
        shares = [group.errors[error] for group in self.groups if group.metrics]
        known = [share for share in shares if share is not None]
        return max(known) / min(known) if len(known) > 1 and min(known) > 0 else None

    def summary(self) -> dict[str, Any]:
        """As JSON."""
        groups = {
            group.name: {
                "people": group.people,
                "figures": group.metrics and group.metrics.summary(),
                "at_one_threshold": dict(group.errors) or None,
            }
            for group in self.groups
        }
        ratios = {error: self.ratio(error) for error in ERRORS}
        return {"groups": groups, "ungrouped": self.ungrouped, "largest_ratio": ratios}


def read(path: Path, known: Collection[str]) -> dict[str, str]:
    """Read `label,group` lines (UTF-8; commas, semicolons or tabs; a header if you like).

    `known` are the labels that there are; somebody who is none of them is an error, since such a
    typing mistake would silently make a group smaller.

    Raises:
        DatasetError: the file cannot be read, or a line is wrong: its number is told.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        told = tell("%(path)s is not in UTF-8; save it as CSV in UTF-8.", path=path)
        raise DatasetError(told) from error
    except OSError as error:
        told = tell(
            "The groups %(path)s cannot be read: %(reason)s.", path=path, reason=error.strerror
        )
        raise DatasetError(told) from error
    groups: dict[str, str] = {}
    for number, label, group in _lines(path, text):
        if label not in known:
            raise _wrong(path, number, tell("there is nobody called “%(label)s”", label=label))
        if (other := groups.setdefault(label, group)) != group:
            two = {"label": label, "one": other, "other": group}
            told = tell("“%(label)s” is in two groups, “%(one)s” and “%(other)s”", **two)
            raise _wrong(path, number, told)
    if not groups:
        raise DatasetError(
            tell("%(path)s is empty; it takes a line `label,group` for each person.", path=path)
        )
    return groups


def _lines(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    first = text.partition("\n")[0]
    delimiter = next((mark for mark in "\t;" if mark in first), ",")
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    for fields in reader:
        cells = list(map(tidy, fields))
        if not any(cells) or (reader.line_num == 1 and _is_header(cells)):
            continue
        if len(cells) != 2 or not all(cells):
            line = delimiter.join(fields)
            told = tell("expected a label and a group, found “%(line)s”", line=line)
            raise _wrong(path, reader.line_num, told)
        yield reader.line_num, cells[0], cells[1]


def _wrong(path: Path, line: int, reason: str) -> DatasetError:
    told = tell("%(path)s, line %(line)d: %(reason)s.", path=path, line=line, reason=reason)
    return DatasetError(told)


def _is_header(cells: Sequence[str]) -> bool:
    return tuple(cell.casefold() for cell in cells) == HEADER


def by_group(held_out: HeldOut, groups: Mapping[str, str], *, seed: int = 0) -> ByGroup:
    """Measure each group of `groups`, label → name; labels that are nobody here say nothing."""
    names = sorted({groups[label] for label in held_out.labels if label in groups})
    seen = held_out.limited(seed=seed)
    pairs = compare(seen.embeddings.probes, seen.owners, seed=seed)
    searches = search(seen.embeddings, seen.owners, seed=seed)
    found = []
    for name in names:
        own = np.array([groups.get(label) == name for label in held_out.labels])
        if own.sum() < PEOPLE_NEEDED:
            found.append(Group(name, int(own.sum()), None, {}))
            continue
        members = [label for label in held_out.labels if groups.get(label) == name]
        measured = metrics(held_out.only(members), seed=seed)
        found.append(Group(name, len(members), measured, _errors(pairs, searches, own)))
    return ByGroup(tuple(found), sum(label not in groups for label in held_out.labels))


def _errors(
    pairs: Pairs, searches: Searches, own: npt.NDArray[np.bool_]
) -> dict[str, float | None]:
    """The errors at the thresholds of everybody, of the people whom `own`, (P,), marks."""
    limit = rates.threshold_at(FAR, pairs.impostors.astype(np.float64))
    within = own[pairs.impostor_owners[:, 0]] & own[pairs.impostor_owners[:, 1]]
    errors = {
        "fmr": _share(pairs.impostors > limit, within),
        "fnmr": _share(pairs.genuine <= limit, own[pairs.owners]),
    }
    if not len(searches.stranger_best):
        return {**errors, "fpir": None, "miss": None}
    limit = rates.threshold_at(FPIR, searches.stranger_best.astype(np.float64))
    return {
        **errors,
        "fpir": _share(searches.stranger_best > limit, own[searches.stranger_owners]),
        "miss": _share(searches.right_best <= limit, own[searches.owners]),
    }


def _share(wrong: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> float | None:
    return float(wrong[among].mean()) if among.any() else None
