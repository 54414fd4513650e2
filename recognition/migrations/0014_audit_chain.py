"""The audit log becomes a chain that nobody can change, and gets readers of its own.

SQLite drops the triggers of a table that it rebuilds, and Django rebuilds a table for almost every
change to one of its columns: a migration that changes `auditevent` ends with
`RunPython(make_triggers, drop_triggers)` again.
"""

import datetime as dt
import hashlib
import importlib
import json

from django.db import migrations, models

BATCH = 1000
roles = importlib.import_module("recognition.migrations.0002_roles_and_triggers")


def digest(event):
    """As the site made it when this was written."""
    when = event.created_at.astimezone(dt.timezone.utc).isoformat(timespec="microseconds")
    said = [event.number, event.previous, when, event.actor_id, event.action]
    said += [event.subject_type, event.subject_id, event.details]
    return hashlib.sha256(
        json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def chain(apps, schema_editor):
    """In the order in which the rows were written."""
    rows = apps.get_model("recognition", "AuditEvent").objects.using(schema_editor.connection.alias)
    head = apps.get_model("recognition", "AuditHead")(pk=1)
    while events := rows.filter(number__isnull=True).order_by("pk")[:BATCH]:
        for event in events:
            event.number, event.previous = head.number + 1, head.digest
            event.digest = digest(event)
            head.number, head.digest = event.number, event.digest
        rows.bulk_update(events, ("number", "previous", "digest"))
    head.save(using=schema_editor.connection.alias)


def make_auditors(apps, schema_editor):
    database = schema_editor.connection.alias
    groups = apps.get_model("auth", "Group").objects.using(database)
    see = roles.permission(apps, database, "view_auditevent")
    for role in ("auditor", "operator"):
        group, _ = groups.get_or_create(name=role)
        group.permissions.add(see)


# A name may be taken out, and nothing else ever changes. REPLACE deletes without a trigger for
# deleting, so that SQLite also looks at what is inserted.
SQLITE = (
    """
    CREATE TRIGGER recognition_auditevent_no_update BEFORE UPDATE ON recognition_auditevent
    WHEN NEW.actor_name <> '' OR NEW.id IS NOT OLD.id OR NEW.number IS NOT OLD.number
        OR NEW.previous IS NOT OLD.previous OR NEW.digest IS NOT OLD.digest
        OR NEW.actor_id IS NOT OLD.actor_id OR NEW.action IS NOT OLD.action
        OR NEW.subject_type IS NOT OLD.subject_type OR NEW.subject_id IS NOT OLD.subject_id
        OR NEW.details IS NOT OLD.details OR NEW.created_at IS NOT OLD.created_at
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
    """,
    """
    CREATE TRIGGER recognition_auditevent_no_delete BEFORE DELETE ON recognition_auditevent
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
    """,
    """
    CREATE TRIGGER recognition_auditevent_no_replace BEFORE INSERT ON recognition_auditevent
    WHEN EXISTS (SELECT 1 FROM recognition_auditevent WHERE id = NEW.id OR number = NEW.number)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
    """,
)
POSTGRESQL = (
    """
    CREATE OR REPLACE FUNCTION recognition_audit_append_only() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN
        RAISE EXCEPTION 'the audit log is append-only'
            USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER recognition_auditevent_no_update BEFORE UPDATE ON recognition_auditevent
    FOR EACH ROW WHEN (NEW.actor_name <> ''
        OR (to_jsonb(NEW) - 'actor_name') IS DISTINCT FROM (to_jsonb(OLD) - 'actor_name'))
    EXECUTE FUNCTION recognition_audit_append_only()
    """,
    """
    CREATE TRIGGER recognition_auditevent_no_delete BEFORE DELETE ON recognition_auditevent
    FOR EACH ROW EXECUTE FUNCTION recognition_audit_append_only()
    """,
    """
    CREATE TRIGGER recognition_auditevent_no_truncate BEFORE TRUNCATE ON recognition_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION recognition_audit_append_only()
    """,
)
NAMES = {
    "sqlite": ("no_update", "no_delete", "no_replace"),
    "postgresql": ("no_update", "no_delete", "no_truncate"),
}


def make_triggers(_apps, schema_editor):
    statements = {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]
    for statement in statements:
        schema_editor.execute(statement, params=None)


def drop_triggers(_apps, schema_editor):
    vendor = schema_editor.connection.vendor
    on_table = " ON recognition_auditevent" * (vendor == "postgresql")
    for name in NAMES[vendor]:
        schema_editor.execute(f"DROP TRIGGER recognition_auditevent_{name}{on_table}")


class Migration(migrations.Migration):
    dependencies = [("recognition", "0013_reviewed_photos")]
    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveBigIntegerField(default=0)),
                ("digest", models.CharField(blank=True, max_length=64)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.AlterModelOptions(
            name="auditevent",
            options={
                "ordering": ("-number",),
                "verbose_name": "audit event",
                "verbose_name_plural": "audit log",
            },
        ),
        migrations.AddField("auditevent", "number", models.PositiveBigIntegerField(null=True)),
        migrations.AddField(
            "auditevent",
            "previous",
            models.CharField(blank=True, default="", editable=False, max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            "auditevent",
            "digest",
            models.CharField(default="", editable=False, max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(chain, migrations.RunPython.noop),
        migrations.AlterField(
            "auditevent",
            "number",
            models.PositiveBigIntegerField(editable=False, unique=True, verbose_name="number"),
        ),
        migrations.RunPython(make_auditors, migrations.RunPython.noop),
        migrations.RunPython(make_triggers, drop_triggers),
    ]
