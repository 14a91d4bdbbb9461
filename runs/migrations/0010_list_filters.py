from django.db import migrations, models

from mantik.lib.migrating import AddIndexMeanwhile, RemoveIndexMeanwhile


class Migration(migrations.Migration):
    """Indexes that also have what lists are filtered by besides. The new ones come first, so that lists stay quick."""

    atomic = False

    dependencies = [
        ("runs", "0009_told_end"),
    ]

    operations = [
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(
                models.F("experiment"),
                models.F("created_at"),
                models.F("id"),
                models.F("created_by"),
                models.F("state"),
                name="run_list_in_experiment",
            ),
        ),
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(
                models.F("created_by"),
                models.F("created_at"),
                models.F("id"),
                models.F("project"),
                models.F("experiment"),
                name="run_list_by_member",
            ),
        ),
        RemoveIndexMeanwhile(model_name="run", name="run_list_experiment"),
        RemoveIndexMeanwhile(model_name="run", name="run_list_member"),
    ]
