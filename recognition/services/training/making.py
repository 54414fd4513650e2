"""From a run's row to a model version: what `training.run` does while the row is claimed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.utils import timezone

from ml import processor
from ml.architectures.recipe import Recipe
from ml.data.dataset import DataError, Dataset, glance
from ml.errors import MLError
from ml.files import writing
from ml.language import tell, tell_number
from ml.reports.outcome import Origin
from ml.training.checkpoints import Checkpoints
from ml.training.events import Callback, Note, Phase, follow
from recognition.models import ModelVersion, Status, TrainingRun
from recognition.services.audit import record
from recognition.services.gallery import classes
from recognition.services.promotion import serving
from recognition.services.training import faces as training_faces
from recognition.services.training import options as training_options
from recognition.services.training import words
from recognition.services.training.faces import folder
from recognition.services.training.known import known_to
from recognition.services.training.languages import beside_english
from recognition.services.training.options import DataOptions, given
from recognition.services.training.progress import Overtaken, ours, show_life
from recognition.services.versions import registry

if TYPE_CHECKING:
    from ml.data.splits import Material
    from ml.versions.making import Places
    from ml.versions.retrain import Source


FINGERPRINT: Final = "fingerprint"
MOST_LEFT_OUT: Final = 1000
"""Files and people that a row names; a folder of another kind than photos could have millions."""


class PhotosChanged(MLError):
    """A run cannot go on with other photos than it began with."""

    code = "photos_changed"


def train(row: TrainingRun, callback: Callback) -> None:
    """Train, register the candidate, and put it into service if it is better and may be."""
    version = row.version or _trained(row, callback)
    row.version = version
    if row.promote == TrainingRun.Promote.AUTO and version.gate.get("outcome") == "better":
        _promote(row, version, callback)
    if not ours(row).update(status=Status.DONE, finished_at=timezone.now()):
        raise Overtaken
    row.refresh_from_db()


def require_means(row: TrainingRun) -> None:
    """Look whether there is anything to learn from and with, before TensorFlow takes seconds to
    load.

    Raises:
        NotInstalled, ProcessorTooOld: see `ml.processor`.
        DataError: a folder is not there, or there are no photos in it.
    """
    processor.require_tensorflow()
    options = DataOptions.of(row.arguments)
    if not options.from_site:
        glance([Path(root) for root in options.data])


def _trained(row: TrainingRun, callback: Callback) -> ModelVersion:
    require_means(row)
    from ml.versions import retrain  # noqa: PLC0415  (loads TensorFlow)

    _require_writable(Path(settings.MODELS_DIR))
    options, active = DataOptions.of(row.arguments), registry.require_active()
    planned = plan(row, callback)
    source, places = source_of(row, options, callback), _places(row, active)
    material = _material(row, planned, source, places, callback)
    known = known_to(active, material, from_site=options.from_site)
    places = replace(places, known=known)
    made = retrain.retrain(planned, material, _origin(row, options), places, callback)
    version = registry.register(made, against=active)
    if options.from_site:
        classes.record(version, dict(enumerate(map(int, material.split.labels))))
    show_life(row, version=version)
    if not options.from_site:
        classes.link(version)
    record(row.requested_by, "model.trained", version, name=version.name)
    return version


def _places(row: TrainingRun, active: ModelVersion) -> Places:
    """Where the run works. Crops of the site's own people go with it; those of a data set stay."""
    from ml.versions.making import Places  # noqa: PLC0415  (loads OpenVINO)

    registry.verify(active)
    cache = Path(settings.DATA_DIR) / "cache" / "crops"
    return Places(
        run=folder(row),
        models=Path(settings.MODELS_DIR),
        cache=folder(row) / "crops" if row.arguments["from_site"] else cache,
        active=registry.folder(active),
    )


def _origin(row: TrainingRun, options: DataOptions) -> Origin:
    data = ("site",) if options.from_site else tuple(Path(root).name for root in options.data)
    groups = Path(options.groups) if options.groups else None
    command, languages = words.command(row), beside_english()
    return Origin(row.name, command, data, groups, languages=languages)


def _material(
    row: TrainingRun, recipe: Recipe, source: Source, places: Places, callback: Callback
) -> Material:
    from ml.versions import retrain  # noqa: PLC0415  (loads TensorFlow)

    with _people_named(source):
        options = DataOptions.of(row.arguments)
        choice = retrain.Choice(recipe.seed, options.hold_out, options.minimum)
        material = retrain.prepare(source, choice, places.cache, callback)
    _require_same_photos(places.run, material.dataset)
    show_life(row, skipped=left_out(material.dataset))
    for line in words.material(material.dataset, material.split):
        callback(Note(line))
    return material


def read(source: Source, options: DataOptions, callback: Callback) -> Dataset:
    """Only look at what there is to learn from. Raises `DataError`."""
    from ml.versions import retrain  # noqa: PLC0415  (loads TensorFlow)

    with _people_named(source):
        return retrain.read(source, options.minimum, callback)


@contextmanager
def _people_named(source: Source) -> Iterator[None]:
    """People of the site are numbers to a training; whoever reads an error knows their names."""
    people = getattr(source, "people", None)
    try:
        yield
    except DataError as error:
        if people is None or error.code not in {training_faces.TWO_PEOPLE, "too_few_people"}:
            raise
        only = tell("Only people whose consent covers training count.")
        message = f"{error} {only}"
        if error.code == training_faces.TWO_PEOPLE:
            message = training_faces.two_people_with_one_face(people) or str(error)
        raise DataError(error.code, message) from error


def left_out(dataset: Dataset) -> list[dict[str, Any]]:
    """Files and people that are not trained on, with reasons, for the row of a run."""
    files: list[dict[str, Any]] = [
        {"path": one.path, "reason": one.reason} for one in dataset.skipped
    ]
    people: list[dict[str, Any]] = [
        {"person": label, "photos": photos, "reason": "too_few_photos"}
        for label, photos in dataset.left_out
    ]
    return [*people, *files][:MOST_LEFT_OUT]


def _require_same_photos(run: Path, dataset: Dataset) -> None:
    run.mkdir(parents=True, exist_ok=True)
    noted = run / FINGERPRINT
    if noted.is_file() and noted.read_text() != dataset.fingerprint:
        raise PhotosChanged(tell("The photos have changed since it began. Start a new training."))
    noted.write_text(dataset.fingerprint)


def _require_writable(models: Path) -> None:
    """Fail now rather than after the training."""
    with writing(models, tell("start again")):
        models.mkdir(parents=True, exist_ok=True)
        probe = models / ".writable"
        probe.touch()
        probe.unlink()


def source_of(row: TrainingRun, options: DataOptions, callback: Callback) -> Source:
    """What a run learns from; the same when it goes on."""
    if not options.from_site:
        return _roots(options)
    faces, anew = training_faces.faces_of(row)
    if anew and row.history:
        row.history = []
        callback(Note(tell("Faces are gone that it had begun with. It starts over without them.")))
        show_life(row, history=[])
    return _faces(faces, folder(row))


def source_now(options: DataOptions, place: Path) -> Source:
    """What a run would learn from if it began now. `place` is a folder for as long as one looks."""
    return _faces(training_faces.site_dataset(), place) if options.from_site else _roots(options)


def _roots(options: DataOptions) -> Source:
    from ml.versions import retrain  # noqa: PLC0415  (loads TensorFlow)

    mode: Any = options.crops
    return retrain.Roots(tuple(map(Path, options.data)), mode)


def _faces(faces: training_faces.Faces, place: Path) -> Source:
    from ml.versions import retrain  # noqa: PLC0415  (loads TensorFlow)

    return retrain.Faces(training_faces.readable(faces, place))


def plan(row: TrainingRun, callback: Callback) -> Recipe:
    """What is to be done. A run that goes on does what it began, also on another machine."""
    planned = planned_recipe(row)
    if not row.precision:
        asked = given(row.arguments).get("precision", "auto")
        callback(Note(words.precision(asked, planned.precision)))
    row.precision = planned.precision
    row.arguments["recipe"] = asdict(planned)
    # An epoch may have ended without a word to the row, if the process was killed just then.
    state = Checkpoints.open(folder(row), planned).read()
    row.history = [asdict(epoch) for epoch in state.history] if state else []
    show_life(row, precision=row.precision, arguments=row.arguments, history=row.history)
    return planned


def planned_recipe(row: TrainingRun) -> Recipe:
    """The recipe of a run, as it began or as it would begin here."""
    from ml.training import trainer  # noqa: PLC0415  (loads TensorFlow)

    asked = given(row.arguments)
    found = training_options.recipe(row.architecture, asked, gpu=trainer.has_gpu())
    if "recipe" in row.arguments:
        return found.with_values({"precision": row.precision, **row.arguments["recipe"]})
    return replace(found, precision=trainer.precision_here(found.precision))


def _promote(row: TrainingRun, version: ModelVersion, callback: Callback) -> None:
    against = version.gate["against"]
    try:
        embedded = serving.serve(
            version, row.requested_by, follow(callback, Phase.EMBEDDING), against=against
        )
    except serving.PromotionRefused as refusal:
        return callback(Note(words.not_promoted(refusal)))
    if embedded.lost:
        lost = tell_number(
            "%(count)s enrolled face has no readable crop and is not in its gallery.",
            "%(count)s enrolled faces have no readable crop and are not in its gallery.",
            len(embedded.lost),
        )
        callback(Note(lost))
    return None
