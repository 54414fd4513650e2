"""Rows of the audit log may be dropped as far as its head says.

A migration that changes `auditevent` ends with `RunPython(make_triggers, drop_triggers)` of this
one: see 0014.
"""

import importlib

from django.db import migrations, models

chain = importlib.import_module("recognition.migrations.0014_audit_chain")
drop_triggers = chain.drop_triggers

DROPPED = "coalesce((SELECT max(dropped) FROM recognition_audithead), 0)"
SQLITE = f"""
CREATE TRIGGER recognition_auditevent_no_delete BEFORE DELETE ON recognition_auditevent
WHEN OLD.number > {DROPPED}
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""
POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION recognition_audit_may_drop() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN
    IF OLD.number > {DROPPED} THEN
        RAISE EXCEPTION 'the audit log is append-only'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER recognition_auditevent_no_delete BEFORE DELETE ON recognition_auditevent
FOR EACH ROW EXECUTE FUNCTION recognition_audit_may_drop()
"""


def make_triggers(apps, schema_editor):
    """Those of before, and the one for deleting anew."""
    chain.make_triggers(apps, schema_editor)
    vendor = schema_editor.connection.vendor
    on_table = " ON recognition_auditevent" * (vendor == "postgresql")
    schema_editor.execute(f"DROP TRIGGER recognition_auditevent_no_delete{on_table}")
    schema_editor.execute({"sqlite": SQLITE, "postgresql": POSTGRESQL}[vendor], params=None)


class Migration(migrations.Migration):
    dependencies = [("recognition", "0018_consent_marks")]
    operations = [
        migrations.AddField(
            "audithead", "dropped", models.PositiveBigIntegerField(default=0)
        ),
        migrations.AddField(
            "audithead",
            "dropped_digest",
            models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(drop_triggers, chain.make_triggers),
        migrations.RunPython(make_triggers, drop_triggers),
    ]
