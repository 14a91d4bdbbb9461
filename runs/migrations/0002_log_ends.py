from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="log_tail_from",
            field=models.PositiveBigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="log_tail_to",
            field=models.PositiveBigIntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                name="run_log_tail_after_gap",
                condition=Q(log_tail_from__isnull=True, log_tail_to__isnull=True)
                | Q(log_tail_from__gt=F("log_size"), log_tail_to__gt=F("log_tail_from"), log_tail_to__isnull=False),
            ),
        ),
    ]
