"""How the administration looks."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "facesite",
    "SITE_HEADER": "facesite",
    "SITE_SUBHEADER": _("Administration"),
    "SITE_ICON": lambda _request: static("img/favicon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("img/favicon.svg")}
    ],
    "STYLES": [lambda _request: static("css/admin.css")],
    "SCRIPTS": [lambda _request: static("js/admin.js")],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": {
            "50": "#f1f6fc",
            "100": "#e1ecf8",
            "200": "#c5daf1",
            "300": "#9cc0e6",
            "400": "#6c9fd8",
            "500": "#4a83c6",
            "600": "#1f4f8f",
            "700": "#1b457e",
            "800": "#193c6b",
            "900": "#173458",
            "950": "#0f213b",
        }
    },
    "SIDEBAR": {"navigation": "recognition.admin.navigation.sidebar"},
    "ACCOUNT": {"navigation": "recognition.admin.navigation.account"},
}
