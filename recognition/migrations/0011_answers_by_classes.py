"""What a version answers by, which class of it is who, and photos that came with a version."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0010_accounts'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='trainedperson',
            name='one_trained_person_per_version',
        ),
        migrations.AddField(
            model_name='enrolledface',
            name='source',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='recognition.modelversion', verbose_name='came with'),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='answers_by',
            field=models.CharField(choices=[('gallery', 'The people who are enrolled'), ('classes', 'The people it was trained on')], default='gallery', max_length=7, verbose_name='answers by'),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='open_set',
            field=models.BooleanField(default=False, help_text='By its classes it names nobody below a threshold, instead of always naming somebody.', verbose_name='open set'),
        ),
        migrations.AddField(
            model_name='trainedperson',
            name='number',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name='trainedperson',
            constraint=models.UniqueConstraint(fields=('model_version', 'number'), name='one_trained_person_per_class'),
        ),
    ]
