"""A registered model, its aliases, and their history."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from connections.mlflow.values import ModelSource
from mantik.lib.leases import Leased
from mantik.lib.name_keys import NamedRow, NameKeyField
from projects.models import Project
from runs.registered_models.querysets import RegisteredModelQuerySet
from runs.registered_models.states import TROUBLED, ModelState
from runs.states import Badge

LONGEST_NAME = 100
LONGEST_ALIAS = 60


class RegisteredModel(NamedRow, Leased):
    """A model that a finished run has logged, under a name that is unique in the project; capitals do not matter.

    The row is stored before anything is in MLflow, and deleted when nothing is, so nobody else gets the name meanwhile.
    `runs.registered_models.services` stores what members want; `runs.registered_models.worker` does it.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="registered_models")
    run = models.OneToOneField("runs.Run", on_delete=models.PROTECT, related_name="registered_model")
    name = models.CharField(max_length=LONGEST_NAME)
    name_key = NameKeyField(within=["project_id"])
    description = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="registered_models")
    created_at = models.DateTimeField()

    # Which of the run's models: a logged model of MLflow 3, or a folder of its artifacts. One of them is blank.
    logged_model_id = models.CharField(max_length=64, blank=True)
    artifact_path = models.CharField(max_length=400, blank=True)
    # Its name in MLflow's registry, where it has one version.
    registry_name = models.CharField(max_length=LONGEST_NAME + 30, unique=True)
    registry_version = models.CharField(max_length=20, blank=True)

    state = models.CharField(max_length=14, choices=ModelState, default=ModelState.REGISTERING)
    registered_at = models.DateTimeField(null=True, blank=True)
    # Why registering failed. The model is then being removed again.
    failure = models.TextField(blank=True)
    unregister_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    # Read from its files, once.
    flavors = models.JSONField(default=list, blank=True)
    signature = models.JSONField(default=dict, blank=True)
    input_example_path = models.CharField(max_length=400, blank=True)
    file_count = models.PositiveIntegerField(null=True, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True)
    # The last value of each metric of the run.
    metrics = models.JSONField(default=dict, blank=True)
    # The document as it is handed out, to the byte, and its SHA-256. Written once.
    certificate = models.TextField(blank=True)
    certificate_sha256 = models.CharField(max_length=64, blank=True)

    # For workers: when the next one is to look at it, and what it waits for.
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    waiting_for = models.TextField(blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    # When its aliases were changed, until MLflow has the change.
    aliases_changed_at = models.DateTimeField(null=True, blank=True)
    # What somebody else changed in MLflow, in words for the member.
    trouble = models.TextField(blank=True)
    trouble_since = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    objects = RegisteredModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("project", Lower("name"), name="registered_model_name_unique"),
            models.UniqueConstraint("project", "name_key", name="registered_model_name_key_unique"),
            models.CheckConstraint(name="registered_model_state_known", condition=Q(state__in=ModelState.values)),
            models.CheckConstraint(
                name="registered_model_has_one_source",
                condition=Q(logged_model_id="") ^ Q(artifact_path=""),
            ),
            models.CheckConstraint(
                name="registered_model_has_certificate",
                condition=~Q(state=ModelState.REGISTERED)
                | (~Q(certificate_sha256="") & ~Q(registry_version="") & Q(registered_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(F("project"), F("id").desc(), name="registered_model_list"),
            models.Index("next_attempt_at", name="registered_model_due", condition=Q(next_attempt_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def source(self) -> ModelSource:
        return ModelSource(self.run.mlflow_run_id, self.logged_model_id, self.artifact_path)

    @property
    def uri(self) -> str:
        """The address by which MLflow's clients load it."""
        return f"models:/{self.registry_name}/{self.registry_version or '1'}"

    @property
    def model_state(self) -> ModelState:
        return ModelState(self.state)

    @property
    def is_registered(self) -> bool:
        return self.state == ModelState.REGISTERED

    @property
    def is_going(self) -> bool:
        return self.state == ModelState.UNREGISTERING

    @property
    def badge(self) -> Badge:
        return TROUBLED if self.trouble and self.is_registered else self.model_state.badge


class ModelListing(Leased):
    """Which models a run has logged, as a worker has read it from MLflow: `runs.registered_models.listing`."""

    run = models.OneToOneField("runs.Run", on_delete=models.CASCADE, related_name="model_listing")
    # When a worker was asked to look; None once one has.
    asked_at = models.DateTimeField(null=True, blank=True)
    # When a worker last looked, and why it found out nothing, or "".
    looked_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    # When a worker last found it out, and what it found (`runs.registered_models.candidates.Candidate.stored`).
    listed_at = models.DateTimeField(null=True, blank=True)
    found = models.JSONField(default=list, blank=True)
    note = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"Models of {self.run_id}"


class ModelAlias(models.Model):
    """A word that stands for one model of a project, such as champion. Only one model has it at a time."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="model_aliases")
    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="aliases")
    alias = models.CharField(max_length=LONGEST_ALIAS)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        ordering = ["alias"]
        constraints = [models.UniqueConstraint("project", "alias", name="model_alias_unique")]

    def __str__(self) -> str:
        return self.alias


class ModelAliasChange(models.Model):
    """One line of an alias's history. It keeps names, because models may be unregistered later."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="model_alias_changes")
    alias = models.CharField(max_length=LONGEST_ALIAS)
    # Names of models; blank if the alias stood for none.
    before = models.CharField(max_length=LONGEST_NAME, blank=True)
    after = models.CharField(max_length=LONGEST_NAME, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(F("project"), F("id").desc(), name="model_alias_history")]

    def __str__(self) -> str:
        return f"{self.alias}: {self.before or 'none'} -> {self.after or 'none'}"


class RetiredModel(models.Model):
    """A deleted registered model. At `check_at`, an entry that MLflow may still have of it is removed.

    A request of a worker that hung may have reached MLflow after another worker had removed the entry.
    """

    model_uuid = models.UUIDField(unique=True)
    registry_name = models.CharField(max_length=LONGEST_NAME + 30)
    check_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.registry_name
