import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0004_job_lifetime"),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelListing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
                ("looked_at", models.DateTimeField(blank=True, null=True)),
                ("problem", models.TextField(blank=True)),
                ("listed_at", models.DateTimeField(blank=True, null=True)),
                ("found", models.JSONField(blank=True, default=list)),
                ("note", models.TextField(blank=True)),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="model_listing", to="runs.run"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
    ]
