
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
import recognition.models.accounts
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0009_unclear_faces'),
    ]

    operations = [
        migrations.AlterField(
            model_name='user',
            name='username',
            field=models.CharField(error_messages={'unique': 'There is an account with this username.'}, help_text='Letters, digits and @ . + - _, with a letter or a digit at the beginning.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator(), recognition.models.accounts.looks_like_nobody_else], verbose_name='username'),
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('used_at', models.DateTimeField(null=True)),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
