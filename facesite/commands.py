"""`manage.py help` lists what people call; what the site itself starts it leaves out."""

from __future__ import annotations

from typing import Final

from django.core.management import ManagementUtility

INTERNAL: Final = frozenset(
    {"gather", "import_people", "index_gallery", "look_over", "prepare", "scrub", "trial"}
)


class Commands(ManagementUtility):
    def main_help_text(self, commands_only: bool = False) -> str:
        lines = super().main_help_text(commands_only).splitlines()
        return "\n".join(line for line in lines if line.strip() not in INTERNAL)
