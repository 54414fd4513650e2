"""What a reviewer refused is not answered again, and the answer says so."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0020_quality_measured'),
    ]

    operations = [
        migrations.AddField(
            model_name='probeface',
            name='corrected',
            field=models.BooleanField(default=False, help_text='A name was left out that a reviewer refused for this face before.', verbose_name='corrected'),
        ),
    ]
