# Slots of which nobody knows what became of them, because the database was restored from a backup.

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0003_restored"),
        ("schedules", "0002_plain_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="slot",
            name="slot_outcome_known",
        ),
        migrations.AlterField(
            model_name="schedule",
            name="last_outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("fired", "Fired"),
                    ("skipped", "Skipped"),
                    ("missed", "Missed"),
                    ("held", "Held"),
                    ("refused", "Refused"),
                    ("unknown", "Not known"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="slot",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("fired", "Fired"),
                    ("skipped", "Skipped"),
                    ("missed", "Missed"),
                    ("held", "Held"),
                    ("refused", "Refused"),
                    ("unknown", "Not known"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["fired", "skipped", "missed", "held", "refused", "unknown"])),
                name="slot_outcome_known",
            ),
        ),
    ]
