"""The options of `manage.py retrain`. None has a default that somebody could have typed as well, so
that what was typed can be told; what they are without it is for the recipe to say."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from ml.architectures import ARCHITECTURES, DEFAULT
from ml.architectures.recipe import AUGMENTATIONS
from recognition.models import TrainingRun


def add(parser: CommandParser) -> None:
    _add_source(parser)
    _add_training(parser)
    _add_answering(parser)
    _add_run(parser)


def of_a_new_run(options: dict[str, Any]) -> list[str]:
    """The given ones that say what to train, which a run that goes on knows already."""
    parser = CommandParser()
    _add_source(parser)
    _add_training(parser)
    _add_answering(parser)
    not_given = {**vars(parser.parse_args([])), "name": ""}
    return [
        f"--{name.replace('_', '-')}" for name, value in not_given.items() if options[name] != value
    ]


def augmentations(options: dict[str, Any]) -> tuple[str, ...] | None:
    without = {name for name in AUGMENTATIONS if options[f"no_{name}"]}
    if options["augment"] is None and not without:
        return None
    chosen = options["augment"]
    if chosen is None:
        known = ARCHITECTURES.get(options["architecture"] or DEFAULT)
        chosen = known.recipe.augmentations if known else ()
    return tuple(name for name in chosen if name not in without)


def numbers(text: str) -> tuple[int, ...]:
    return _listed(text, int)


def decimals(text: str) -> tuple[float, ...]:
    return _listed(text, float)


def _listed(text: str, kind: Any) -> tuple[Any, ...]:
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        raise ArgumentTypeError(
            _("“%s” is neither a number nor a list such as 6,5,4") % text
        ) from None


def names(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part != "none")


def _add_source(parser: CommandParser) -> None:
    group = parser.add_argument_group(_("what to learn from"))
    group.add_argument(
        "--data",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help=_("a folder that holds a folder of photos per person; may be given several times"),
    )
    group.add_argument(
        "--from-site",
        action="store_true",
        help=_("the site's enrolled and confirmed faces of people whose consent covers training"),
    )
    group.add_argument(
        "--crops",
        metavar="aligned|as-is",
        help=_(
            "find and align the faces as in serving, or take 112×112 photos as they are, to be "
            "measured and not served (aligned)"
        ),
    )
    group.add_argument(
        "--hold-out",
        type=float,
        metavar="SHARE",
        help=_("share of the people that it is only measured on (0.2)"),
    )
    group.add_argument("--minimum", type=int, metavar="N", help=_("photos that a person needs (5)"))
    group.add_argument(
        "--groups",
        type=Path,
        metavar="FILE",
        help=_(
            "a CSV file of label,group: the report then measures each group by itself; labels are "
            "the names of folders, and with --from-site the numbers of people, as in /people/12/"
        ),
    )


def _add_training(parser: CommandParser) -> None:
    group = parser.add_argument_group(_("how to learn; by default as the architecture does best"))
    group.add_argument(
        "--architecture", metavar="A", help=f"{', '.join(ARCHITECTURES)} ({DEFAULT})"
    )
    group.add_argument("--stages", type=int, metavar="N", help=_("train only the first N stages"))
    group.add_argument(
        "--epochs", type=numbers, metavar="N|A,B,C", help=_("in all, or those of each stage")
    )
    group.add_argument(
        "--learning-rates", type=decimals, metavar="R|A,B,C", help=_("of all stages, or of each")
    )
    group.add_argument("--batch", type=int, metavar="N", help=_("photos in a step"))
    group.add_argument(
        "--input-size", type=int, metavar="PIXELS", help=_("side to which faces are scaled (112)")
    )
    group.add_argument("--scale", type=float, help=_("of the margin softmax"))
    group.add_argument("--margin", type=float, help=_("of the margin softmax, in radians"))
    group.add_argument(
        "--augment",
        type=names,
        metavar="A,B|none",
        help=_("changes to the photos while learning, among %(names)s")
        % {"names": ",".join(AUGMENTATIONS)},
    )
    for name in AUGMENTATIONS:
        group.add_argument(
            f"--no-{name}", action="store_true", help=_("learn without %(name)s") % {"name": name}
        )
    group.add_argument("--seed", type=int, help=_("of everything that is random (0)"))
    group.add_argument(
        "--precision",
        metavar="auto|float32|bfloat16|float16",
        help=_("float16 on a graphics processor, bfloat16 where the processor has it (auto)"),
    )


def _add_answering(parser: CommandParser) -> None:
    group = parser.add_argument_group(_("how it will name people"))
    group.add_argument(
        "--answers-by",
        metavar="gallery|classes",
        help=_(
            "by who is enrolled, or by the people it was trained on (paper by classes, others by "
            "gallery)"
        ),
    )
    group.add_argument(
        "--open-set",
        action="store_true",
        default=None,
        help=_(
            "by classes: name nobody below a threshold; otherwise the likeliest is always named"
        ),
    )


def _add_run(parser: CommandParser) -> None:
    group = parser.add_argument_group(_("the run"))
    group.add_argument("--name", default="", help=_("of the run and its version"))
    group.add_argument(
        "--resume",
        metavar="RUN",
        help=_(
            "resume a run that was interrupted; it knows what it trains, and only --promote can "
            "be changed"
        ),
    )
    group.add_argument(
        "--promote",
        choices=TrainingRun.Promote.values,
        help=_("auto puts it into service if it is better by more than chance (auto)"),
    )
    group.add_argument(
        "--dry-run", action="store_true", help=_("say what it would do, and write nothing")
    )
    group.add_argument("--quiet", action="store_true", help=_("say nothing but the result"))
