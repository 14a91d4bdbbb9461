from django.db import migrations

BATCH = 500


def count_open_requests(apps, schema_editor):
    """A request that the former release had not served yet stays open: it is the first that is counted."""
    repositories = apps.get_model("projects", "CodeRepository").objects.using(schema_editor.connection.alias)
    # What is counted is no longer found, so this can be started again where it was stopped.
    waiting = repositories.filter(fetch_requested_at__isnull=False, fetch_requested=0).order_by("pk")
    while batch := list(waiting.values_list("pk", flat=True)[:BATCH]):
        repositories.filter(pk__in=batch, fetch_requested=0).update(fetch_requested=1)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("projects", "0002_fetch_requests")]

    operations = [migrations.RunPython(count_open_requests, migrations.RunPython.noop)]
