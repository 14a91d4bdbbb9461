import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0009_pinned_metric"), ("runs", "0017_run_has_model")]

    operations = [
        migrations.CreateModel(
            name="RetiredRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField()),
                ("name", models.CharField(max_length=200)),
                ("mlflow_run_id", models.CharField(max_length=64)),
                ("retired_at", models.DateTimeField()),
                (
                    "project",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="projects.project"
                    ),
                ),
            ],
            options={"verbose_name": "run"},
        ),
    ]
