# What a restore from a backup leaves behind: the marks by which it is noticed, and when somebody has seen to it.

import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0002_log_ends"),
    ]

    operations = [
        migrations.CreateModel(
            name="Installation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("marked_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Restore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("backup_of", models.DateTimeField()),
                ("at", models.DateTimeField()),
            ],
        ),
    ]
