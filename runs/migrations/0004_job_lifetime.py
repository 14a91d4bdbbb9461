from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0003_restored"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="job_expires_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="job_lengthen_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="job_lifetime",
            field=models.DurationField(blank=True, null=True),
        ),
    ]
