from __future__ import annotations

from django.urls import path

from recognition.api.document import docs, openapi
from recognition.api.operations import api

urlpatterns = [
    path("openapi.json", openapi, name="api_document"),
    path("docs", docs, name="api_docs"),
    path("", api.urls),
]
