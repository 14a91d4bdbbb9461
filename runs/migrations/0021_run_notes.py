import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("runs", "0020_name_keys")]

    operations = [
        migrations.AddField(
            model_name="run", name="notes", field=models.TextField(blank=True, db_default="", default="")
        ),
        migrations.AddField(
            model_name="run", name="tags", field=models.TextField(blank=True, db_default="", default="")
        ),
        migrations.CreateModel(
            name="RunStar",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stars",
                        to="runs.run",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"constraints": [models.UniqueConstraint(models.F("run"), models.F("user"), name="run_star_once")]},
        ),
    ]
