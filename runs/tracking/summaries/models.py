"""What runs have logged, as pages show it: summaries and buckets of metrics, params and tags."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from mantik.lib.leases import Leased
from projects.models import Experiment

# As long as MLflow's.
LONGEST_KEY, LONGEST_PARAM, LONGEST_TAG = 250, 6000, 8000
# Of an id in MLflow.
_LONGEST_ID = 64


class LoggedName(models.Model):
    """The name of a metric, param or tag of an experiment's runs.

    Once for all of them, so that an index of what hundreds of thousands of runs logged under it is small, and a list of
    the names is short.
    """

    class Kind(models.TextChoices):
        METRIC = "metric", "metric"
        PARAM = "param", "param"
        TAG = "tag", "tag"

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="logged_names", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(max_length=LONGEST_KEY)

    class Meta:
        constraints = [
            models.UniqueConstraint("experiment", "kind", "key", name="logged_name_once"),
            models.CheckConstraint(name="logged_name_kind_known", condition=Q(kind__in=["metric", "param", "tag"])),
        ]

    def __str__(self) -> str:
        return self.key


class RunSummaries(Leased):
    """The rows of one run as a whole. Whoever writes to them holds this row until its transaction ends (`hold.py`)."""

    run = models.OneToOneField("runs.Run", on_delete=models.CASCADE, related_name="summaries")
    # Rises with each change, so that a page can tell that nothing is new.
    version = models.PositiveBigIntegerField(default=0)
    # MLflow has more of this run than these rows, from before they were kept.
    is_partial = models.BooleanField(default=False)
    # Something was logged through the gateway. A web process that was killed may not have written down the last of it,
    # so all is read from MLflow once more when the run is over.
    was_direct = models.BooleanField(default=False)
    # When a worker reads it from MLflow; None if that is done, or not to be done yet.
    due_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "summaries of a run"
        verbose_name_plural = "summaries of runs"
        indexes = [
            models.Index("due_at", name="run_summaries_due", condition=Q(due_at__isnull=False)),
            models.Index("run", name="run_summaries_direct", condition=Q(was_direct=True, due_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"Summaries of run {self.run_id}"


def _by_value(name: str, column: str) -> models.Index:
    """Of a metric, the runs that have such a value: children are in no list of runs."""
    has_value = Q(owner="", **{f"{column}__isnull": False})
    return models.Index("name", column, "run", name=name, condition=has_value)


class MetricSummary(models.Model):
    """A metric of a run, or of a child run below it (`owner`, its id in MLflow).

    A value that is None is NaN, which SQLite cannot store and which belongs at the end of every list. `least` and
    `most` are of the finite values, None without one.
    """

    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="metrics", db_index=False)
    owner = models.CharField(max_length=_LONGEST_ID, blank=True)
    name = models.ForeignKey(LoggedName, on_delete=models.CASCADE, related_name="metrics", db_index=False)

    # The first and last point in MLflow's order: by step, then time, then value.
    first_step = models.BigIntegerField()
    first_time = models.BigIntegerField()
    first = models.FloatField(null=True)
    last_step = models.BigIntegerField()
    last_time = models.BigIntegerField()
    last = models.FloatField(null=True)
    least = models.FloatField(null=True)
    least_step = models.BigIntegerField(null=True)
    most = models.FloatField(null=True)
    most_step = models.BigIntegerField(null=True)
    # Points, and how many of them are not finite.
    count = models.PositiveBigIntegerField()
    nans = models.PositiveBigIntegerField()
    infinities = models.PositiveBigIntegerField()
    minus_infinities = models.PositiveBigIntegerField()

    # Of its ladder: the width of its buckets, and how many there are (`ladder.py`).
    level = models.PositiveSmallIntegerField()
    buckets = models.PositiveSmallIntegerField()
    # `RunSummaries.version` when it last changed.
    version = models.PositiveBigIntegerField()

    class Meta:
        verbose_name_plural = "metric summaries"
        constraints = [models.UniqueConstraint("run", "owner", "name", name="metric_summary_once")]
        # Runs of an experiment in the order of a metric, best or worst first. What has no value comes after that, by a
        # query of its own. The first one is also that of the foreign key.
        indexes = [
            models.Index("name", "run", name="metric_of_name"),
            _by_value("metric_by_last", "last"),
            _by_value("metric_by_least", "least"),
            _by_value("metric_by_most", "most"),
        ]

    def __str__(self) -> str:
        return f"Metric {self.name_id} of run {self.run_id}"


class MetricBuckets(models.Model):
    """The ladder of a metric, packed (`packing.py`): the newest few buckets, which change, and all before them."""

    metric = models.ForeignKey(MetricSummary, on_delete=models.CASCADE, related_name="parts", db_index=False)
    is_tail = models.BooleanField()
    content = models.BinaryField()

    class Meta:
        verbose_name_plural = "metric buckets"
        constraints = [models.UniqueConstraint("metric", "is_tail", name="metric_buckets_once")]

    def __str__(self) -> str:
        return f"{'Newest buckets' if self.is_tail else 'Buckets'} of metric {self.metric_id}"


class _LoggedText(models.Model):
    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="%(class)ss", db_index=False)
    owner = models.CharField(max_length=_LONGEST_ID, blank=True)
    name = models.ForeignKey(LoggedName, on_delete=models.CASCADE, related_name="%(class)ss", db_index=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.name_id} of run {self.run_id}"


class RunParam(_LoggedText):
    """A param. `number` is what it stands for if it is a finite number, so that 1e-3 is less than 0.01."""

    value = models.CharField(max_length=LONGEST_PARAM, blank=True)
    number = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("run", "owner", "name", name="run_param_once")]
        indexes = [
            models.Index("name", "run", name="run_param_of_name"),
            models.Index(
                "name", "number", "run", name="run_param_by_number", condition=Q(owner="", number__isnull=False)
            ),
        ]


class RunTag(_LoggedText):
    value = models.CharField(max_length=LONGEST_TAG, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("run", "owner", "name", name="run_tag_once")]
        indexes = [models.Index("name", "run", name="run_tag_of_name")]
