"""What whoever asked says of an answer."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0026_proposals'),
    ]

    operations = [
        migrations.CreateModel(
            name='Opinion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('says', models.CharField(choices=[('right', 'Right'), ('wrong', 'Wrong'), ('somebody_else', 'Somebody else')], max_length=13, verbose_name='says')),
                ('name', models.CharField(blank=True, max_length=200, verbose_name='name')),
                ('given_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='said at')),
                ('face', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='opinion', to='recognition.probeface')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='recognition.person')),
            ],
            options={
                'verbose_name': 'opinion',
                'verbose_name_plural': 'opinions',
            },
        ),
    ]
