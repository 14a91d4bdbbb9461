from django.conf import settings
from django.db import migrations, models

from mantik.lib.migrating import fill_name_keys


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0004_tests_in_workers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="name_key",
            field=models.CharField(editable=False, max_length=240, null=True),
        ),
        migrations.AddField(
            model_name="site",
            name="name_key",
            field=models.CharField(editable=False, max_length=240, null=True),
        ),
        fill_name_keys("connections", "connection", within=["owner_id"]),
        fill_name_keys("connections", "site", within=["added_by_id"]),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.UniqueConstraint(
                models.F("owner"), models.F("name_key"), name="connection_name_key_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.UniqueConstraint(
                models.F("name_key"), condition=models.Q(("added_by__isnull", True)), name="site_name_key_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.UniqueConstraint(
                models.F("added_by"), models.F("name_key"), name="site_name_key_unique_per_member"
            ),
        ),
    ]
