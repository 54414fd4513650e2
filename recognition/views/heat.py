from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from recognition.presenters import heat as presenter
from recognition.services.identification import explaining
from recognition.views.requests import Request, face_address, form_methods


@form_methods
def heat(request: Request, pk: int) -> HttpResponse:
    """Which part of a face decided; POST has it found out."""
    faces = explaining.explainable(request.user)
    face = get_object_or_404(faces.select_related("identification", "person", "heat"), pk=pk)
    if request.method == "POST":
        explaining.request(face, request.user)
        face.refresh_from_db()
    if not request.htmx:
        return redirect(face_address(face))
    return render(request, "identification/_heat.html", {"heat": presenter.of(face)})
