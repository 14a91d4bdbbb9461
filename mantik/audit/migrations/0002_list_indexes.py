import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from mantik.lib.migrating import AddIndexMeanwhile, RemoveIndexMeanwhile, without_index


class Migration(migrations.Migration):
    """The new indexes come first, so that lists stay quick meanwhile."""

    atomic = False

    dependencies = [
        ("audit", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexMeanwhile(
            model_name="auditevent",
            index=models.Index(fields=["project_uuid", "happened_at", "id"], name="audit_event_list"),
        ),
        AddIndexMeanwhile(
            model_name="auditevent",
            index=models.Index(fields=["actor", "happened_at", "id", "project_uuid"], name="audit_event_by_actor"),
        ),
        AddIndexMeanwhile(
            model_name="auditevent",
            index=models.Index(
                fields=["project_uuid", "verb"], name="audit_event_by_verb", opclasses=["", "varchar_pattern_ops"]
            ),
        ),
        RemoveIndexMeanwhile(
            model_name="auditevent",
            name="audit_event_of_project",
        ),
        without_index(
            model_name="auditevent",
            name="actor",
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
            model_name="auditevent",
            name="happened_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
    ]
