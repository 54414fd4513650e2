"""Everybody logs in once more: a session from before is in nobody's list, and could not be ended."""

from django.db import migrations


def end_sessions(apps, schema_editor):
    database = schema_editor.connection.alias
    apps.get_model("sessions", "Session").objects.using(database).all().delete()


class Migration(migrations.Migration):
    dependencies = [("recognition", "0014_audit_chain"), ("sessions", "0001_initial")]
    operations = [migrations.RunPython(end_sessions, migrations.RunPython.noop)]
