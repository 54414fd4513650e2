"""Sentences about trainings: why one is not begun, and why one came to no end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy

_TRAINING_ERRORS: Final = {
    "no_folder": gettext_lazy("The folder to train on does not exist."),
    "no_photos": gettext_lazy("There are no photos in the folder to train on."),
    "bad_name": gettext_lazy("The name of a folder cannot be the name of a person. Rename it."),
    "photos_in_root": gettext_lazy("Photos belong in a folder for each person."),
    "photo_of_two_people": gettext_lazy(
        "The same photo is in the folders of two people. Remove it from one of them."
    ),
    "too_few_people": gettext_lazy(
        "Too few people have enough photos. Add people, or more photos of them."
    ),
    "unreadable_file": gettext_lazy("A file to train on cannot be read."),
    "unwritable": gettext_lazy("A folder of the training cannot be written."),
    "disk_full": gettext_lazy("The disk is full. Free some space."),
    "os_error": gettext_lazy("The system refused a file: the disk may be full."),
    "photos_changed": gettext_lazy("The photos have changed since it began. Start a new training."),
    "cannot_resume": gettext_lazy("Its checkpoint cannot be used. Start a new training."),
    "training_error": gettext_lazy("The training itself could not continue."),
    "export_disagrees": gettext_lazy(
        "The exported network does not compute what the trained one does, so no version was made."
    ),
    "not_installed": gettext_lazy(
        "Where trainings of this site are begun, only what answers photos is installed, and no "
        "TensorFlow. Run make install there."
    ),
    "processor_too_old": gettext_lazy(
        "The processor of that machine has no AVX instructions, which TensorFlow needs."
    ),
    "gave_up": gettext_lazy(
        "Its process ended unexpectedly several times, perhaps for lack of memory."
    ),
    "bug": gettext_lazy("A program error ended it. Tell the administrator of this site."),
}


def training_error(code: str) -> str:
    """Why a training did not come to its end; the run's own message has the particulars."""
    return str(_TRAINING_ERRORS.get(code) or _TRAINING_ERRORS["training_error"])


_REFUSED: Final = {
    "unknown_architecture": gettext_lazy(
        "There is no architecture “%(name)s”; choose one of: %(names)s."
    ),
    "no_source": gettext_lazy("Choose what to train on: folders, or the site’s own faces."),
    "no_groups": gettext_lazy("There is no file %(path)s with groups."),
    "too_many_stages": gettext_lazy(
        "%(architecture)s trains in %(known)d stages at most, not %(count)d."
    ),
    "too_few_epochs": gettext_lazy(
        "These are too few epochs for %(count)d stages: give one for each of them or more, or "
        "train fewer stages."
    ),
    "bad_name": gettext_lazy(
        "A name is up to 80 small letters, digits and hyphens; not “%(name)s”."
    ),
    "name_taken": gettext_lazy("There is a “%(name)s” already."),
    "no_room": gettext_lazy(
        "There is no room for a training: %(megabytes)d MB of %(folder)s stay free for the "
        "site. Free some space."
    ),
    "not_trained_here": gettext_lazy("%(version)s was not trained on this site."),
    "has_ended": gettext_lazy("%(run)s has ended; there is nothing to resume."),
    "one_at_a_time": gettext_lazy(
        "%(run)s is being trained, and only one training runs at a time. Stop it, or wait."
    ),
}


def training_refused(code: str, params: Mapping[str, Any]) -> str:
    """Why a training is not begun. What only a command can ask for has its sentence there."""
    words = _REFUSED.get(code, gettext_lazy("These numbers do not fit together."))
    return str(words) % params
