import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0010_list_filters"),
    ]

    operations = [
        migrations.CreateModel(
            name="Journal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("offset", models.PositiveBigIntegerField(default=0)),
                ("number", models.PositiveBigIntegerField(default=0)),
                ("has_end", models.BooleanField(default=False)),
                ("passed_over", models.JSONField(blank=True, default=dict)),
                ("unknown", models.JSONField(blank=True, default=dict)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="journals", to="runs.run"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JournalPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("offset", models.PositiveBigIntegerField()),
                ("end", models.PositiveBigIntegerField()),
                ("content", models.BinaryField()),
                (
                    "journal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="runs.journal"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JobTracking",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("has_large", models.BooleanField(default=False)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("waiting_for", models.TextField(blank=True)),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="job_tracking", to="runs.run"
                    ),
                ),
            ],
            options={
                "verbose_name": "tracking of a job",
                "verbose_name_plural": "tracking of jobs",
                "indexes": [
                    models.Index(
                        models.F("due_at"), condition=models.Q(("due_at__isnull", False)), name="job_tracking_due"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="journal",
            constraint=models.UniqueConstraint(models.F("run"), models.F("name"), name="journal_once_for_run"),
        ),
        migrations.AddConstraint(
            model_name="journalpart",
            constraint=models.UniqueConstraint(models.F("journal"), models.F("offset"), name="journal_part_once"),
        ),
    ]
