from django.conf import settings
from django.db import migrations, models

from mantik.lib.migrating import fill_name_keys


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0011_name_keys"),
        ("runs", "0019_failures_seen"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="registeredmodel",
            name="name_key",
            field=models.CharField(editable=False, max_length=240, null=True),
        ),
        fill_name_keys("runs", "registeredmodel", within=["project_id"]),
        migrations.AddConstraint(
            model_name="registeredmodel",
            constraint=models.UniqueConstraint(
                models.F("project"), models.F("name_key"), name="registered_model_name_key_unique"
            ),
        ),
    ]
