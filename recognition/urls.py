from __future__ import annotations

from django.urls import path

from recognition.views import (
    accounts,
    history,
    identification,
    model_versions,
    more_photos,
    people,
    photos,
    status,
    training,
    trials,
)

urlpatterns = [
    path("", identification.upload, name="upload"),
    path("uploads/<uuid:batch>/", identification.batch, name="batch"),
    path("identifications/<uuid:pk>/", identification.identification, name="identification"),
    path(
        "identifications/<uuid:pk>/retry/",
        identification.identification_retry,
        name="identification_retry",
    ),
    path("samples/<slug:name>/", identification.sample, name="sample"),
    path("samples/<slug:name>/photo", photos.sample_photo, name="sample_photo"),
    path("history/", history.history, name="history"),
    path("people/", people.people, name="people"),
    path("people/add/", people.person_add, name="person_add"),
    path("people/more-photos/", more_photos.more_photos, name="more_photos"),
    path("people/more-photos/undo/", more_photos.more_photos_undo, name="more_photos_undo"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/edit/", people.person_edit, name="person_edit"),
    path("people/<int:pk>/remove/", people.person_remove, name="person_remove"),
    path("people/<int:pk>/photos/", people.person_enrol, name="person_enrol"),
    path("enrolled/<int:pk>/remove/", people.face_remove, name="face_remove"),
    path("training/", training.training, name="training"),
    path("training/<slug:name>/", training.training_run, name="training_run"),
    path("training/<slug:name>/stop/", training.training_stop, name="training_stop"),
    path("training/<slug:name>/resume/", training.training_resume, name="training_resume"),
    path("models/", model_versions.model_versions, name="model_versions"),
    path("models/<slug:name>/", model_versions.model_version, name="model_version"),
    path("models/<slug:name>/report/", model_versions.model_report, name="model_report"),
    path("models/<slug:name>/promote/", model_versions.model_promote, name="model_promote"),
    path(
        "models/<slug:name>/promote/cancel/",
        model_versions.model_promote_cancel,
        name="model_promote_cancel",
    ),
    path("models/<slug:name>/rollback/", model_versions.model_rollback, name="model_rollback"),
    path("models/<slug:name>/retrain/", model_versions.model_retrain, name="model_retrain"),
    path("models/<slug:name>/try/", model_versions.model_try, name="model_try"),
    path("trials/<uuid:pk>/", trials.trial, name="trial"),
    path("invite/", accounts.invite, name="invite"),
    path("accounts/password/reset/", accounts.password_reset, name="account_reset_password"),
    path("accounts/invitation/<str:token>/", accounts.invitation, name="invitation"),
    path("status/", status.status, name="status"),
    path("status/retry/", status.retry_failed, name="retry_failed"),
    # kind: identification (the uploaded photo), probe (a face in it), enrolled (a portrait), trial
    path("photos/<slug:kind>/<uuid:key>", photos.photo, name="photo"),
    path("photos/<slug:kind>/<int:key>", photos.photo, name="photo"),
]
