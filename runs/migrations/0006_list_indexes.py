import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from mantik.lib.migrating import AddIndexMeanwhile, DropIndexesOfColumn, RemoveIndexMeanwhile, without_index


class Migration(migrations.Migration):
    """The new indexes come first, so that lists stay quick meanwhile."""

    atomic = False

    dependencies = [
        ("connections", "0003_site_visits"),
        ("projects", "0006_read_again"),
        ("runs", "0005_model_listings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(models.F("project"), models.F("created_at"), models.F("id"), name="run_list_all"),
        ),
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(
                models.F("experiment"),
                models.F("created_at"),
                models.F("id"),
                models.F("created_by"),
                name="run_list_experiment",
            ),
        ),
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(
                models.F("created_by"),
                models.F("created_at"),
                models.F("id"),
                models.F("project"),
                name="run_list_member",
            ),
        ),
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(
                models.F("project"),
                models.F("created_at"),
                models.F("id"),
                models.F("experiment"),
                models.F("created_by"),
                condition=models.Q(("state__in", ("PENDING", "SUBMITTING", "QUEUED", "RUNNING"))),
                name="run_list_active",
            ),
        ),
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(
                models.F("project"),
                models.F("created_at"),
                models.F("id"),
                models.F("experiment"),
                models.F("created_by"),
                condition=models.Q(("state__in", ("FINISHED",))),
                name="run_list_finished",
            ),
        ),
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(
                models.F("project"),
                models.F("created_at"),
                models.F("id"),
                models.F("experiment"),
                models.F("created_by"),
                condition=models.Q(("state__in", ("FAILED", "LOST"))),
                name="run_list_failed",
            ),
        ),
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(
                models.F("project"),
                models.F("created_at"),
                models.F("id"),
                models.F("experiment"),
                models.F("created_by"),
                condition=models.Q(("state__in", ("CANCELLED",))),
                name="run_list_cancelled",
            ),
        ),
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["project", "ended_at"],
                include=("state", "core_hours"),
                name="run_ended_in",
            ),
        ),
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(
                fields=["project", "commit_sha"], name="run_of_commit", opclasses=["", "varchar_pattern_ops"]
            ),
        ),
        AddIndexMeanwhile(
            model_name="run",
            index=models.Index(
                models.F("cancel_requested_by"),
                condition=models.Q(("cancel_requested_by__isnull", False)),
                name="run_cancelled_by",
            ),
        ),
        RemoveIndexMeanwhile(
            model_name="run",
            name="run_list",
        ),
        RemoveIndexMeanwhile(
            model_name="run",
            name="run_list_by_state",
        ),
        RemoveIndexMeanwhile(
            model_name="run",
            name="run_list_by_experiment",
        ),
        RemoveIndexMeanwhile(
            model_name="run",
            name="run_list_by_member",
        ),
        RemoveIndexMeanwhile(
            model_name="run",
            name="run_ended",
        ),
        without_index(
            model_name="run",
            name="cancel_requested_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        without_index(
            model_name="run",
            name="created_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        without_index(
            model_name="run",
            name="experiment",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="projects.experiment",
            ),
        ),
        without_index(
            model_name="run",
            name="project",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="projects.project"
            ),
        ),
        # PostgreSQL's index for patterns, which nothing asks for: tags are compared whole.
        DropIndexesOfColumn("run", "submission_tag"),
    ]
