from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from ml.architectures import ARCHITECTURES
from ml.architectures.recipe import Recipe
from ml.data import dataset as data
from ml.data import splits
from ml.errors import MLError
from ml.language import ENGLISH, speaking
from ml.training.events import Note, Phase, follow
from recognition.formats import percentage
from recognition.management.base import SiteCommand
from recognition.management.installed import require_everything
from recognition.management.refusals import in_words
from recognition.management.tensorflow import load_tensorflow
from recognition.management.terminal import Terminal, unused
from recognition.management.versions import trouble
from recognition.services.training import options as training_options
from recognition.services.training.options import DataOptions, TrainingRefused, given

if TYPE_CHECKING:
    from ml.data.crops import Crops
    from ml.experiments.comparison import Results

EIGENFACES = "eigenfaces"
CONTESTANTS = (EIGENFACES, *reversed(ARCHITECTURES))


class Command(SiteCommand):
    help = gettext_noop(
        "Trains several architectures on the very same photos, and tells how well each names "
        "faces and at what cost. If it is stopped, it continues where it was when it is run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data",
            action="append",
            required=True,
            metavar="DIR",
            help=_("a folder that holds a folder of photos per person; may be given several times"),
        )
        parser.add_argument(
            "--architectures",
            default=",".join(CONTESTANTS),
            metavar="A,B",
            help=_("which, with commas between them (%(names)s)")
            % {"names": ",".join(CONTESTANTS)},
        )
        parser.add_argument("--seed", type=int, default=0, help=_("of all that is random (0)"))
        parser.add_argument(
            "--hold-out",
            type=float,
            default=splits.HOLD_OUT,
            metavar="SHARE",
            help=_("share of the people that nothing is learned from (0.2)"),
        )
        parser.add_argument(
            "--crops",
            choices=training_options.CROPS,
            default="aligned",
            help=_(
                "aligned: the largest face of a photo; as-is: photos are crops already (aligned)"
            ),
        )
        parser.add_argument(
            "--epochs", type=int, help=_("of all stages together (as each trains best)")
        )
        parser.add_argument(
            "--report", type=Path, metavar="DIR", help=_("also write a page with tables and curves")
        )

    def handle(self, **options: Any) -> None:
        require_everything()
        names = chosen(options["architectures"])
        chosen_data, asked = DataOptions.of(options), given(options)
        try:
            for name in set(names) - {EIGENFACES}:
                training_options.check(name, chosen_data, asked)
            data.glance([Path(root) for root in chosen_data.data])
            load_tensorflow()
            comparison = Comparison.on(chosen_data, asked)
            for name in names:
                comparison.meet(name)
        except TrainingRefused as refused:
            raise CommandError(in_words(refused)) from refused
        except MLError as error:
            raise CommandError(trouble(error)) from error
        except OSError as error:
            raise CommandError(_("The comparison cannot be written: %s.") % error) from error
        except KeyboardInterrupt:
            message = _("Stopped. Run it again in the same way, and it continues where it was.")
            raise CommandError(message, returncode=130) from None
        values = comparison.results.values
        self.stdout.write("\n".join(table(values["results"], names)))
        if options["report"]:
            report = written(options["report"], values, names, chosen_data)
            self.stdout.write(_("Report: %s") % report)
        if options["json"]:
            self.stdout.write(json.dumps(values, ensure_ascii=False))


def chosen(names: str) -> list[str]:
    architectures = list(dict.fromkeys(names.split(",")))
    for name in architectures:
        if name not in CONTESTANTS:
            said = _("There is no architecture “%(name)s”; choose one of: %(names)s.")
            raise CommandError(said % {"name": name, "names": ", ".join(CONTESTANTS)})
    return architectures


@dataclass(frozen=True)
class Comparison:
    """What all learn from; `folder` has what they have come to so far."""

    asked: Mapping[str, Any]
    crops: Crops
    split: splits.Split
    folder: Path
    results: Results

    @classmethod
    def on(cls, options: DataOptions, asked: Mapping[str, Any]) -> Comparison:
        from ml.data import crops  # noqa: PLC0415  (loads OpenVINO)
        from ml.experiments import comparison  # noqa: PLC0415  (loads TensorFlow)

        with closing(Terminal()) as terminal:
            dataset = data.read(
                [Path(root) for root in options.data],
                minimum=options.minimum,
                progress=follow(terminal, Phase.READING),
            )
            made = crops.prepare(
                dataset,
                settings.DATA_DIR / "cache" / "crops",
                mode="as-is" if options.crops == "as-is" else "aligned",
                progress=follow(terminal, Phase.CROPS),
            )
            for unused_one in unused(made.dataset):
                terminal(Note(unused_one))
        split = splits.split(made.dataset, seed=asked["seed"], hold_out=options.hold_out)
        name = comparison.fingerprint(made, split, str(asked.get("epochs", ())))
        folder = settings.DATA_DIR / "compare" / name
        results = comparison.Results(folder.with_suffix(".json"), about(made.dataset, split))
        return cls(asked, made, split, folder, results)

    def meet(self, name: str) -> None:
        """Let one architecture learn, unless an earlier call did, and measure it."""
        from ml.experiments import comparison  # noqa: PLC0415  (loads TensorFlow)

        with closing(Terminal(name)) as terminal:
            if name in self.results:
                terminal(Note(_("known from an earlier run")))
                return
            terminal(Note(_("begins")))
            run = self.folder.with_name(f"{self.folder.name}-{name}")
            if name == EIGENFACES:
                contestant = comparison.eigenfaces(self.crops, self.split)
            else:
                contestant = comparison.network(
                    self._recipe(name), self.crops, self.split, run, terminal
                )
            self.results.add(name, comparison.measure(contestant, self.crops, self.split))
            shutil.rmtree(run, ignore_errors=True)

    def _recipe(self, name: str) -> Recipe:
        from ml.training import trainer  # noqa: PLC0415  (loads TensorFlow)

        found = training_options.recipe(name, self.asked, gpu=trainer.has_gpu())
        return replace(found, precision=trainer.precision_here(found.precision))


def about(dataset: data.Dataset, split: splits.Split) -> dict[str, Any]:
    return {
        "data": {
            "fingerprint": dataset.fingerprint,
            "people": len(dataset.identities),
            "photos": len(dataset.photos),
            "skipped": len(dataset.skipped),
            "left_out": len(dataset.left_out),
        },
        "seed": split.seed,
        "split": {
            **{part: len(getattr(split, part)) for part in splits.PARTS},
            "classes": len(split.labels),
            "held_out_people": len(split.held_out),
            "held_out": len(split.held_out_photos),
        },
    }


def written(folder: Path, values: dict[str, Any], names: list[str], asked: DataOptions) -> Path:
    from ml.reports import comparison_page, files  # noqa: PLC0415  (loads Matplotlib)

    roots = [Path(root).name for root in asked.data]
    facts = {
        "Data": ", ".join(roots),
        "Date": timezone.localdate().isoformat(),
        "Command": shlex.join(["manage.py", "compare", *(f"--data={root}" for root in roots)]),
    }
    try:
        with speaking(ENGLISH):
            return files.write(folder, comparison_page.page(values, names, facts), values)
    except OSError as error:
        raise CommandError(_("The report cannot be written: %s.") % error) from error


COLUMNS: Final[tuple[tuple[Any, Callable[[dict[str, Any]], str]], ...]] = (
    (gettext_lazy("train"), lambda result: percentage(result["closed_set"]["train"])),
    (gettext_lazy("validation"), lambda result: percentage(result["closed_set"]["validation"])),
    (gettext_lazy("test"), lambda result: percentage(result["closed_set"]["test"])),
    (gettext_lazy("top-5"), lambda result: percentage(result["closed_set"]["top5"])),
    ("TAR@FAR 1%", lambda result: on_held_out(result, "tar", "0.01")),
    (gettext_lazy("rank-1"), lambda result: on_held_out(result, "rank1")),
    ("DIR@FPIR 1%", lambda result: on_held_out(result, "dir", "0.01")),
    (gettext_lazy("seconds"), lambda result: f"{result['cost']['seconds']:,.0f}"),
    (gettext_lazy("photos/s"), lambda result: f"{result['cost']['photos_per_second']:,.0f}"),
    (gettext_lazy("parameters"), lambda result: f"{result['cost']['parameters']:,}"),
    ("MB", lambda result: f"{result['cost']['bytes'] / 1e6:.1f}"),
    (gettext_lazy("answers by"), lambda result: result["answers_by"]),
    (gettext_lazy("ms/face"), lambda result: f"{result['cost']['milliseconds']:.2f}"),
)


def table(results: Mapping[str, dict[str, Any]], names: Sequence[str]) -> Iterator[str]:
    """A line for each architecture under the names of the columns."""
    yield line(["", *(str(heading) for heading, _value in COLUMNS)])
    for name in names:
        yield line([name, *(value(results[name]) for _heading, value in COLUMNS)])


def line(cells: Sequence[str]) -> str:
    first, *others = cells
    return first.ljust(12) + "".join(
        cell.rjust(max(len(heading), 6) + 2)
        for (heading, _value), cell in zip(COLUMNS, others, strict=True)
    )


def on_held_out(result: dict[str, Any], *path: str) -> str:
    """A share of the people held out; there may be too few of them to tell."""
    found = result["held_out"]
    for step in path:
        found = found and found[step]
    return percentage(found and found["value"])
