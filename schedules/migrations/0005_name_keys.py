from django.conf import settings
from django.db import migrations, models

from mantik.lib.migrating import fill_name_keys


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0005_name_keys"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
        ("projects", "0011_name_keys"),
        ("runs", "0020_name_keys"),
        ("schedules", "0004_fewer_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="schedule",
            name="name_key",
            field=models.CharField(editable=False, max_length=240, null=True),
        ),
        fill_name_keys("schedules", "schedule", within=["project_id"]),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.UniqueConstraint(
                models.F("project"), models.F("name_key"), name="schedule_name_key_unique"
            ),
        ),
    ]
