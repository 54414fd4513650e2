from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from recognition.views.errors import too_many, went_wrong

admin.autodiscover()
handler500 = went_wrong
handler429 = too_many  # of allauth, which looks for it here

urlpatterns = [
    path("admin/", admin.site.urls),
    path("language/", login_not_required(set_language), name="set_language"),
    path("api/v1/", include("recognition.api.urls")),
    path("", include("recognition.urls")),  # before those of allauth, one of which it replaces
    path("accounts/", include("allauth.urls")),
]
