"""What a role may do, and the promise that a status never goes back.

Django makes permissions only after all migrations, so the ones a role needs are made here; Django
then finds them and leaves them alone.

The triggers hold for whoever writes, also for SQL by hand. SQLite drops the triggers of a table
that it rebuilds, and Django rebuilds a table for almost every change to one of its columns: a
migration that changes `identification` or `enrolment` ends with `RunPython(make_triggers, …)` again.
"""

from django.db import migrations

OWN_UPLOADS = ("add_identification",)
ROLES = {
    "user": OWN_UPLOADS,
    "reviewer": (
        *OWN_UPLOADS,
        "review_identifications",
        "view_identification",
        "view_probeface",
        "view_candidate",
        "view_person",
        "view_enrolledface",
        "view_modelversion",
        "view_auditevent",
    ),
    "operator": (
        *OWN_UPLOADS,
        "manage_people",
        "add_person",
        "change_person",
        "delete_person",
        "view_person",
        "view_enrolledface",
        "delete_enrolledface",
        "view_enrolment",
        "view_modelversion",
        "change_modelversion",
    ),
}
NAMES = {
    "review_identifications": "Can see and review everybody's history",
    "manage_people": "Can add and remove people and their photos",
}
MODELS = {"review_identifications": "identification", "manage_people": "person"}


def make_roles(apps, schema_editor):
    database = schema_editor.connection.alias
    groups = apps.get_model("auth", "Group").objects.using(database)
    for role, codenames in ROLES.items():
        group, _ = groups.get_or_create(name=role)
        group.permissions.add(*(permission(apps, database, codename) for codename in codenames))


def permission(apps, database, codename, names=NAMES, models=MODELS):
    action, _, model = codename.partition("_")
    model = models.get(codename, model)
    content_type, _ = (
        apps.get_model("contenttypes", "ContentType")
        .objects.using(database)
        .get_or_create(app_label="recognition", model=model)
    )
    verbose_name = apps.get_model("recognition", model)._meta.verbose_name_raw
    found, _ = (
        apps.get_model("auth", "Permission")
        .objects.using(database)
        .get_or_create(
            content_type=content_type,
            codename=codename,
            defaults={"name": names.get(codename, f"Can {action} {verbose_name}")},
        )
    )
    return found


TABLES = ("recognition_identification", "recognition_enrolment")
BACKWARDS = """
    (OLD.status IN ('done', 'rejected', 'failed') AND NEW.status <> OLD.status)
    OR (OLD.status = 'running' AND NEW.status = 'queued')
"""
SQLITE = """
CREATE TRIGGER {table}_forward BEFORE UPDATE OF status ON {table} WHEN {backwards}
BEGIN SELECT RAISE(ABORT, 'status moves only forward'); END
"""
POSTGRESQL = """
CREATE OR REPLACE FUNCTION recognition_status_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'status moves only forward: % to %', OLD.status, NEW.status
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER {table}_forward BEFORE UPDATE OF status ON {table}
    FOR EACH ROW WHEN ({backwards}) EXECUTE FUNCTION recognition_status_forward()
"""


def make_triggers(_apps, schema_editor, tables=TABLES):
    statement = {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]
    for table in tables:
        schema_editor.execute(statement.format(table=table, backwards=BACKWARDS), params=None)


def drop_triggers(_apps, schema_editor, tables=TABLES):
    on_table = schema_editor.connection.vendor == "postgresql"
    for table in tables:
        schema_editor.execute(f"DROP TRIGGER {table}_forward" + on_table * f" ON {table}")


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunPython(make_roles, migrations.RunPython.noop),
        migrations.RunPython(make_triggers, drop_triggers),
    ]
