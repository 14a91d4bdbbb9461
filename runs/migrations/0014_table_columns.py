import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0004_tests_in_workers"),
        ("projects", "0009_pinned_metric"),
        ("runs", "0013_tracking_left"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TableColumns",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("columns", models.JSONField(default=list)),
            ],
            options={
                "verbose_name_plural": "columns of tables",
            },
        ),
        migrations.AddField(
            model_name="tablecolumns",
            name="experiment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.experiment"
            ),
        ),
        migrations.AddField(
            model_name="tablecolumns",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="tablecolumns",
            constraint=models.UniqueConstraint(models.F("user"), models.F("experiment"), name="table_columns_once"),
        ),
    ]
