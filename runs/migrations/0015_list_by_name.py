from django.db import migrations, models

from mantik.lib.migrating import AddIndexMeanwhile


class Migration(migrations.Migration):
    """The table of an experiment, in the order of names."""

    atomic = False

    dependencies = [
        ("runs", "0014_table_columns"),
    ]

    operations = [
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(models.F("experiment"), models.F("name"), models.F("id"), name="run_list_by_name"),
        ),
    ]
