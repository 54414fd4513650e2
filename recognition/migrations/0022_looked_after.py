import django.core.serializers.json
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0021_corrections'),
    ]

    operations = [
        migrations.CreateModel(
            name='Merge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('gone', models.BigIntegerField(unique=True)),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('external_id', models.CharField(blank=True, max_length=200, verbose_name='external id')),
                ('notes', models.TextField(blank=True, verbose_name='notes')),
                ('added_at', models.DateTimeField(verbose_name='added at')),
                ('hidden_at', models.DateTimeField(null=True, verbose_name='hidden since')),
                ('moved', models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ('merged_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='merged at')),
            ],
            options={
                'verbose_name': 'merge',
                'verbose_name_plural': 'merges',
                'ordering': ('-merged_at',),
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='enrolledface',
            name='chosen',
            field=models.BooleanField(default=False, verbose_name='chosen as the portrait'),
        ),
        migrations.AddField(
            model_name='person',
            name='hidden_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='hidden since'),
        ),
        migrations.AddField(
            model_name='person',
            name='notes',
            field=models.TextField(blank=True, help_text='Only operators see them, and the person, if they ask.', verbose_name='notes'),
        ),
        migrations.AddConstraint(
            model_name='enrolledface',
            constraint=models.UniqueConstraint(condition=models.Q(('chosen', True)), fields=('person',), name='one_portrait_chosen'),
        ),
        migrations.AddField(
            model_name='merge',
            name='merged_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='merge',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='merges', to='recognition.person'),
        ),
        migrations.AddField(
            model_name='consent',
            name='set_aside',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='recognition.merge'),
        ),
    ]
