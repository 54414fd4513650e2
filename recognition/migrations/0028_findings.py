import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0027_opinions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Look',
            fields=[
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to='recognition.person')),
                ('tested', models.PositiveIntegerField()),
                ('recognised', models.PositiveIntegerField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='LookedOver',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveBigIntegerField(default=0)),
                ('rule', models.CharField(blank=True, max_length=120)),
                ('ended_at', models.DateTimeField(null=True)),
                ('began_at', models.DateTimeField(null=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('double', 'Probably one person'), ('like_another', 'Like somebody else'), ('unlike', 'Unlike the person’s other photos'), ('poor', 'Poor photos')], max_length=12)),
                ('found_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('settled_at', models.DateTimeField(null=True)),
                ('face', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='recognition.enrolledface')),
                ('other', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='recognition.person')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='findings', to='recognition.person')),
                ('settled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'finding',
                'verbose_name_plural': 'findings',
                'default_permissions': (),
                'indexes': [models.Index(fields=['kind', 'settled_at'], name='recognition_kind_d99fe7_idx')],
            },
        ),
    ]
