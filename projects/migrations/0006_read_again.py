from django.db import migrations
from django.db.models import F
from django.utils import timezone

BATCH = 500


def request_fetches(apps, schema_editor):
    """What pages need of a repository is stored by its next fetch, so each one that was read is to be read again."""
    repositories = apps.get_model("projects", "CodeRepository").objects.using(schema_editor.connection.alias)
    # What is requested is no longer found, so this can be started again where it was stopped.
    unstored = repositories.filter(
        fetched_at__isnull=False, branches_stored_at=None, fetch_requested=F("fetch_served")
    ).order_by("pk")
    while batch := list(unstored.values_list("pk", flat=True)[:BATCH]):
        repositories.filter(pk__in=batch, fetch_requested=F("fetch_served")).update(
            fetch_requested=F("fetch_requested") + 1, fetch_requested_at=timezone.now()
        )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("projects", "0005_stored_code")]

    operations = [migrations.RunPython(request_fetches, migrations.RunPython.noop)]
