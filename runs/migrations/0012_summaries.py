from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def read_all_runs(apps: Any, schema_editor: Any) -> None:
    """Have workers read from MLflow what each run has logged so far, the newest first.

    In one statement: there may be a million. What a run that is not over logs meanwhile is read again at its end.
    """
    names = {name: apps.get_model("runs", name)._meta.db_table for name in ("RunSummaries", "Run")}
    schema_editor.execute(
        "INSERT INTO {RunSummaries} (run_id, version, is_partial, was_direct, due_at, failures) "
        "SELECT id, 0, TRUE, NOT tracking_closed, created_at, 0 FROM {Run} WHERE mlflow_run_id <> ''".format(**names)
    )


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0007_tracked_bytes"),
        ("runs", "0011_journals"),
    ]

    operations = [
        migrations.CreateModel(
            name="LoggedName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("metric", "metric"), ("param", "param"), ("tag", "tag")], max_length=8),
                ),
                ("key", models.CharField(max_length=250)),
                (
                    "experiment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="logged_names",
                        to="projects.experiment",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MetricSummary",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("owner", models.CharField(blank=True, max_length=64)),
                ("first_step", models.BigIntegerField()),
                ("first_time", models.BigIntegerField()),
                ("first", models.FloatField(null=True)),
                ("last_step", models.BigIntegerField()),
                ("last_time", models.BigIntegerField()),
                ("last", models.FloatField(null=True)),
                ("least", models.FloatField(null=True)),
                ("least_step", models.BigIntegerField(null=True)),
                ("most", models.FloatField(null=True)),
                ("most_step", models.BigIntegerField(null=True)),
                ("count", models.PositiveBigIntegerField()),
                ("nans", models.PositiveBigIntegerField()),
                ("infinities", models.PositiveBigIntegerField()),
                ("minus_infinities", models.PositiveBigIntegerField()),
                ("level", models.PositiveSmallIntegerField()),
                ("buckets", models.PositiveSmallIntegerField()),
                ("version", models.PositiveBigIntegerField()),
                (
                    "name",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="metrics",
                        to="runs.loggedname",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="metrics",
                        to="runs.run",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "metric summaries",
            },
        ),
        migrations.CreateModel(
            name="MetricBuckets",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_tail", models.BooleanField()),
                ("content", models.BinaryField()),
                (
                    "metric",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="runs.metricsummary",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "metric buckets",
            },
        ),
        migrations.CreateModel(
            name="RunParam",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("owner", models.CharField(blank=True, max_length=64)),
                ("value", models.CharField(blank=True, max_length=6000)),
                ("number", models.FloatField(null=True)),
                (
                    "name",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="runs.loggedname",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="runs.run",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RunSummaries",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("version", models.PositiveBigIntegerField(default=0)),
                ("is_partial", models.BooleanField(default=False)),
                ("was_direct", models.BooleanField(default=False)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("failures", models.PositiveIntegerField(default=0)),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="summaries", to="runs.run"
                    ),
                ),
            ],
            options={
                "verbose_name": "summaries of a run",
                "verbose_name_plural": "summaries of runs",
            },
        ),
        migrations.CreateModel(
            name="RunTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("owner", models.CharField(blank=True, max_length=64)),
                ("value", models.CharField(blank=True, max_length=8000)),
                (
                    "name",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="runs.loggedname",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="runs.run",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="loggedname",
            constraint=models.UniqueConstraint(
                models.F("experiment"), models.F("kind"), models.F("key"), name="logged_name_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="loggedname",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["metric", "param", "tag"])), name="logged_name_kind_known"
            ),
        ),
        migrations.AddIndex(
            model_name="metricsummary",
            index=models.Index(models.F("name"), models.F("run"), name="metric_of_name"),
        ),
        migrations.AddIndex(
            model_name="metricsummary",
            index=models.Index(
                models.F("name"),
                models.F("last"),
                models.F("run"),
                condition=models.Q(("last__isnull", False), ("owner", "")),
                name="metric_by_last",
            ),
        ),
        migrations.AddIndex(
            model_name="metricsummary",
            index=models.Index(
                models.F("name"),
                models.F("least"),
                models.F("run"),
                condition=models.Q(("least__isnull", False), ("owner", "")),
                name="metric_by_least",
            ),
        ),
        migrations.AddIndex(
            model_name="metricsummary",
            index=models.Index(
                models.F("name"),
                models.F("most"),
                models.F("run"),
                condition=models.Q(("most__isnull", False), ("owner", "")),
                name="metric_by_most",
            ),
        ),
        migrations.AddConstraint(
            model_name="metricsummary",
            constraint=models.UniqueConstraint(
                models.F("run"), models.F("owner"), models.F("name"), name="metric_summary_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="metricbuckets",
            constraint=models.UniqueConstraint(models.F("metric"), models.F("is_tail"), name="metric_buckets_once"),
        ),
        migrations.AddIndex(
            model_name="runparam",
            index=models.Index(models.F("name"), models.F("run"), name="run_param_of_name"),
        ),
        migrations.AddIndex(
            model_name="runparam",
            index=models.Index(
                models.F("name"),
                models.F("number"),
                models.F("run"),
                condition=models.Q(("number__isnull", False), ("owner", "")),
                name="run_param_by_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="runparam",
            constraint=models.UniqueConstraint(
                models.F("run"), models.F("owner"), models.F("name"), name="run_param_once"
            ),
        ),
        migrations.AddIndex(
            model_name="runsummaries",
            index=models.Index(
                models.F("due_at"), condition=models.Q(("due_at__isnull", False)), name="run_summaries_due"
            ),
        ),
        migrations.AddIndex(
            model_name="runsummaries",
            index=models.Index(
                models.F("run"),
                condition=models.Q(("due_at__isnull", True), ("was_direct", True)),
                name="run_summaries_direct",
            ),
        ),
        migrations.AddIndex(
            model_name="runtag",
            index=models.Index(models.F("name"), models.F("run"), name="run_tag_of_name"),
        ),
        migrations.AddConstraint(
            model_name="runtag",
            constraint=models.UniqueConstraint(
                models.F("run"), models.F("owner"), models.F("name"), name="run_tag_once"
            ),
        ),
        migrations.RunPython(read_all_runs, migrations.RunPython.noop),
    ]
