"""The mark on a person goes, as there is a record now. A migration of its own: PostgreSQL changes no
table in the transaction that wrote rows which refer to it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("recognition", "0017_consent")]
    operations = [migrations.RemoveField("person", "training_consent")]
