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
            field=models.BooleanField(default=False, help_text='A name that a reviewer rejected for this face before was left out.', verbose_name='corrected'),
        ),
    ]
