"""Consent becomes a record: to which words, for what, until when, who took it and how.

A mark on a person is taken for a consent to training of which no more is known. SQLite drops the
triggers of a table that it rebuilds: a migration that changes `consenttext` ends with
`RunPython(make_triggers, drop_triggers)` again.
"""

import hashlib
from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

FIRST_TEXT = """\
CONSENT TO THE PROCESSING OF MY BIOMETRIC DATA (русский текст ниже)

Who: I, [full name, date of birth], consent to [name and address of the organisation; contact of its data protection officer], "the operator", processing the data named here.
What: my name and an identifier; photos of me, the face and a portrait cut out of each, and an embedding of it: a row of numbers by which a program tells my face from others.
What for. I agree to each purpose on its own; the operator records those that I tick:
[ ] To be recognised: photos that are given to the site by [whom] are compared with mine, and my name is shown to [whom].
[ ] Training: the faces in my photos are used to train the network that recognises people. I know that a network keeps what it has learned.
How: the data are collected, stored, compared by a program and deleted on the operator's own machines in [place]. They are not sold or handed to anybody else.
How long: until [day], or until I withdraw, whichever comes first.
Withdrawal: I may withdraw all of this, or a part, at any time and without giving reasons, by [address]. From then on I am not recognised, and the operator deletes the data within [number] days, unless a law requires that they be kept. What was done before stays lawful.
My rights: to know what is stored, to have it corrected, deleted, restricted or handed to me, and to complain to [supervisory authority].
My consent is voluntary. If I do not give it, [what I can do instead, without a disadvantage].
Date, signature [of the person; for somebody who cannot consent alone, of a parent or guardian]

СОГЛАСИЕ НА ОБРАБОТКУ БИОМЕТРИЧЕСКИХ ПЕРСОНАЛЬНЫХ ДАННЫХ

Кто: я, [фамилия, имя, отчество, адрес, номер паспорта, кем и когда выдан], даю [наименование и адрес организации; контакты ответственного за обработку персональных данных], далее «оператор», согласие на обработку данных, перечисленных ниже.
Что: моё имя и идентификатор; мои фотографии, вырезанные из них лицо и портрет, а также вектор лица: ряд чисел, по которому программа отличает моё лицо от других.
Для чего. На каждую цель я соглашаюсь отдельно; оператор записывает те, что я отметил(а):
[ ] Распознавание: фотографии, которые передаёт сайту [кто], сравниваются с моими, и моё имя показывается [кому].
[ ] Обучение: лица с моих фотографий используются для обучения сети, которая узнаёт людей. Я знаю, что сеть сохраняет то, чему научилась.
Как: данные собираются, хранятся, сравниваются программой и удаляются на собственных компьютерах оператора в [место]. Они не продаются и не передаются третьим лицам.
Срок: до [дата] или до отзыва согласия, если он наступит раньше.
Отзыв: я могу в любое время, не объясняя причин, отозвать согласие полностью или частично, обратившись по адресу [адрес]. С этого момента меня не узнают, а оператор удаляет данные в течение [число] дней, если закон не обязывает их хранить. Сделанное до отзыва остаётся законным.
Мои права: узнать, что хранится, потребовать исправить, удалить, ограничить обработку или передать мне данные, подать жалобу в [надзорный орган].
Согласие добровольное. Если я его не дам, [что можно сделать вместо этого без ущерба для меня].
Дата, подпись [самого человека; за того, кто не может дать согласие сам, — родителя или опекуна]"""

roles = import_module("recognition.migrations.0002_roles_and_triggers")
SQLITE = """
CREATE TRIGGER recognition_consenttext_no_update
BEFORE UPDATE OF id, number, text, digest, created_at ON recognition_consenttext
BEGIN SELECT RAISE(ABORT, 'a text of consent never changes'); END
"""
POSTGRESQL = """
CREATE OR REPLACE FUNCTION recognition_consenttext_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a text of consent never changes'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER recognition_consenttext_no_update BEFORE UPDATE ON recognition_consenttext
    FOR EACH ROW WHEN ((to_jsonb(NEW) - 'created_by_id') IS DISTINCT FROM (to_jsonb(OLD) - 'created_by_id'))
    EXECUTE FUNCTION recognition_consenttext_fixed()
"""


def make_triggers(_apps, schema_editor):
    statement = {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]
    schema_editor.execute(statement, params=None)


def drop_triggers(_apps, schema_editor):
    on_table = schema_editor.connection.vendor == "postgresql"
    table = " ON recognition_consenttext" * on_table
    schema_editor.execute(f"DROP TRIGGER recognition_consenttext_no_update{table}")


def write_first_text(apps, schema_editor):
    texts = apps.get_model("recognition", "ConsentText").objects.using(schema_editor.connection.alias)
    digest = hashlib.sha256(FIRST_TEXT.encode()).hexdigest()
    texts.create(number=1, text=FIRST_TEXT, digest=digest)


def record_marks(apps, schema_editor):
    database = schema_editor.connection.alias
    people = apps.get_model("recognition", "Person").objects.using(database)
    consents = apps.get_model("recognition", "Consent")
    marked = people.filter(training_consent=True).values_list("pk", flat=True)
    consents.objects.using(database).bulk_create(
        (consents(person_id=person, purpose="training", how="before") for person in marked.iterator()),
        batch_size=500,
    )


def mark_again(apps, schema_editor):
    database = schema_editor.connection.alias
    consents = apps.get_model("recognition", "Consent").objects.using(database)
    now = django.utils.timezone.now()
    held = consents.filter(purpose="training", withdrawn_at=None).exclude(expires_at__lte=now)
    people = apps.get_model("recognition", "Person").objects.using(database)
    people.filter(pk__in=held.values("person")).update(training_consent=True)


def show_to_operators(apps, schema_editor):
    database = schema_editor.connection.alias
    group, _ = apps.get_model("auth", "Group").objects.using(database).get_or_create(name="operator")
    for model in ("consent", "consenttext"):
        group.permissions.add(roles.permission(apps, database, f"view_{model}"))


class Migration(migrations.Migration):
    dependencies = [("recognition", "0016_setbacks")]
    operations = [
        migrations.CreateModel(
            name="ConsentText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(unique=True, verbose_name="version")),
                ("text", models.TextField(verbose_name="text")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True, verbose_name="SHA-256")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="written at")),
                ("created_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="written by")),
            ],
            options={
                "verbose_name": "text of consent",
                "verbose_name_plural": "texts of consent",
                "ordering": ("-number",),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.CharField(choices=[("recognition", "To be recognised"), ("training", "That their photos train the network")], max_length=11, verbose_name="purpose")),
                ("how", models.CharField(choices=[("paper", "On paper, signed"), ("electronic", "Electronically"), ("guardian", "By a parent or guardian"), ("other", "In another way"), ("before", "Before there were records")], max_length=10, verbose_name="how")),
                ("given_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="given at")),
                ("expires_at", models.DateTimeField(db_index=True, null=True, verbose_name="until")),
                ("expired_at", models.DateTimeField(editable=False, null=True)),
                ("withdrawn_at", models.DateTimeField(null=True, verbose_name="withdrawn at")),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="consents", to="recognition.person", verbose_name="person")),
                ("taken_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="taken by")),
                ("text", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="consents", to="recognition.consenttext", verbose_name="text")),
                ("withdrawn_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="withdrawal taken by")),
            ],
            options={
                "verbose_name": "consent",
                "verbose_name_plural": "consents",
                "ordering": ("-given_at", "-pk"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["person", "purpose"], name="recognition_person__39a325_idx")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("text__isnull", False), ("how", "before"), _connector="OR"),
                        name="consent_is_to_a_text",
                    )
                ],
            },
        ),
        migrations.RunPython(show_to_operators, migrations.RunPython.noop),
        migrations.RunPython(make_triggers, drop_triggers),
        migrations.RunPython(write_first_text, migrations.RunPython.noop),
        migrations.RunPython(record_marks, mark_again),
    ]
