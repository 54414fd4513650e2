from __future__ import annotations

from django.urls import path

from recognition.views import history, identification, people, photos, status

urlpatterns = [
    path("", identification.upload, name="upload"),
    path("uploads/<uuid:batch>/", identification.batch, name="batch"),
    path("identifications/<uuid:pk>/", identification.identification, name="identification"),
    path("samples/<slug:name>/", identification.sample, name="sample"),
    path("samples/<slug:name>/photo", photos.sample_photo, name="sample_photo"),
    path("history/", history.history, name="history"),
    path("people/", people.people, name="people"),
    path("people/add/", people.person_add, name="person_add"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/edit/", people.person_edit, name="person_edit"),
    path("people/<int:pk>/remove/", people.person_remove, name="person_remove"),
    path("people/<int:pk>/photos/", people.person_enrol, name="person_enrol"),
    path("enrolled/<int:pk>/remove/", people.face_remove, name="face_remove"),
    path("status/", status.status, name="status"),
    # kind: identification (the uploaded photo), probe (a face in it), enrolled (a portrait)
    path("photos/<slug:kind>/<uuid:key>", photos.photo, name="photo"),
    path("photos/<slug:kind>/<int:key>", photos.photo, name="photo"),
]
