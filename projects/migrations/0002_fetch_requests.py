from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0002_site_outages"),
        ("projects", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="GitHostOutage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("host", models.CharField(max_length=300, unique=True)),
                ("began_at", models.DateTimeField()),
                ("reason", models.TextField()),
                ("tries", models.PositiveIntegerField(default=1)),
                ("next_try_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name="coderepository",
            name="code_repository_fetch_due",
        ),
        migrations.AddField(
            model_name="coderepository",
            name="fetch_requested",
            field=models.PositiveBigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="coderepository",
            name="fetch_served",
            field=models.PositiveBigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="coderepository",
            name="lease_token",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="coderepository",
            name="lease_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="coderepository",
            index=models.Index(
                models.F("fetch_requested_at"),
                condition=models.Q(("fetch_requested__gt", models.F("fetch_served"))),
                name="code_repository_fetch_waits",
            ),
        ),
        migrations.AddIndex(
            model_name="coderepository",
            index=models.Index(
                models.F("lease_until"),
                condition=models.Q(("lease_until__isnull", False)),
                name="code_repository_being_fetched",
            ),
        ),
        migrations.AddConstraint(
            model_name="coderepository",
            constraint=models.CheckConstraint(
                condition=models.Q(("fetch_served__lte", models.F("fetch_requested"))),
                name="code_repository_served_what_was_requested",
            ),
        ),
    ]
