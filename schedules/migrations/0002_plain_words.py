# The choices say in plain words what they do. No column changes.

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("schedules", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="schedule",
            name="missed",
            field=models.CharField(
                choices=[
                    ("skip", "Do not run them"),
                    ("one", "Run only the latest"),
                    ("all", "Run all of them, up to a limit"),
                ],
                default="one",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="schedule",
            name="overlap",
            field=models.CharField(
                choices=[
                    ("allow", "Start another run beside it"),
                    ("skip", "Skip this due time"),
                    ("cancel", "Cancel the previous run, then start"),
                ],
                default="skip",
                max_length=8,
            ),
        ),
    ]
