"""What workers do about a registered model: whatever its row says is to be done, and what happened, on the row.

One worker at a time holds the lease. All that it does in MLflow can be done again, and each write to the row is a
compare-and-set, so it may die anywhere: the sweep finds the row again, and another goes on or takes everything back.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.mlflow.tracking import tracking_client
from mantik.audit.services import record as record_for_audit
from mantik.lib.backoff import Clock, backoff
from mantik.lib.leases import Lease, LeaseLost, take
from mantik.lib.queue import send
from mantik.notices.services import notify
from runs.lifecycle import record
from runs.registered_models.certificate import certificate_of, environment_of, sha256_of
from runs.registered_models.contents import NoModel, read_contents
from runs.registered_models.entry import make_entry, remove_entry, tell_aliases, what_changed
from runs.registered_models.models import RegisteredModel, RetiredModel
from runs.registered_models.states import ModelState

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)
CHECK_EVERY = timedelta(hours=1)
LOOK_ONCE_MORE = timedelta(minutes=10)
PATIENCE_FOR_LOG = timedelta(minutes=10)
AWAITS_LOG = "Mantik is still fetching the log of the run, and the certificate quotes it."


def due_models(*, now: datetime, limit: int) -> list[int]:
    """Those who waited longest first."""
    return list(RegisteredModel.objects.due(now).order_by("next_attempt_at").values_list("pk", flat=True)[:limit])


def tend(*, model_id: int, clock: Clock) -> None:
    """Do what is due about one model. Never raises what MLflow does: the row tells it."""
    now = clock()
    lease = take(RegisteredModel.objects.due(now), key=model_id, now=now, time=LEASE)
    if lease is None:
        return
    model = RegisteredModel.objects.select_related("project", "run__project", "run__experiment", "run__created_by").get(
        pk=model_id
    )
    _Tending(model, lease, clock).work()


def look_once_more(*, now: datetime, limit: int = 50) -> None:
    """Whether MLflow has something of models that are gone."""
    for retired in RetiredModel.objects.filter(check_at__lte=now).order_by("check_at")[:limit]:
        try:
            remove_entry(retired.registry_name, retired.model_uuid)
        except TrackingUnavailable as error:
            log.warning("retired_model_not_checked", reason=error.message)
            return
        except TrackingRefused as error:
            log.warning("retired_model_not_removed", name=retired.registry_name, reason=error.message)
        retired.delete()


class _Tending:
    """One worker's turn with one model."""

    def __init__(self, model: RegisteredModel, lease: Lease[RegisteredModel], clock: Clock) -> None:
        self.model, self.lease, self.clock = model, lease, clock
        self.due_at = model.next_attempt_at

    def work(self) -> None:
        act = {
            ModelState.REGISTERING: self._register,
            ModelState.REGISTERED: self._check,
            ModelState.UNREGISTERING: self._unregister,
        }[self.model.model_state]
        try:
            act()
        except TrackingUnavailable as error:
            self._wait(error.message)
        except (TrackingRefused, NoModel) as error:
            self._refused(str(error))
        except LeaseLost:
            # Or its member has changed their mind. What they wish now is done by whoever comes next, and that is soon.
            self._let_go()

    # Registering

    def _register(self) -> None:
        if not self.model.certificate:
            if self._awaits_log():
                self._wait(AWAITS_LOG)
                return
            self._write_certificate()
        version = make_entry(self.model)
        now = self.clock()
        with transaction.atomic():
            self._write(
                state=ModelState.REGISTERED,
                registry_version=version,
                registered_at=self.model.registered_at or now,
                checked_at=now,
                **_NOT_WAITING,
            )
            message = f"Its model is registered as {self.model.name}."
            record(self.model.run, now=now, kind="model.registered", message=message)
        self._rest(now + CHECK_EVERY)

    def _awaits_log(self) -> bool:
        """What the certificate quotes from the log comes a little later than the run's end; it is not written twice."""
        run = self.model.run
        assert run.ended_at is not None
        is_late = self.clock() - run.ended_at > PATIENCE_FOR_LOG
        return not (run.log_complete or is_late or environment_of(run))

    def _write_certificate(self) -> None:
        model = self.model
        contents = read_contents(model.source, on_piece=self._keep_lease)
        metrics = tracking_client().run_data(model.run.mlflow_run_id).metrics
        text = certificate_of(model, contents, metrics)
        described = contents.description
        self._write(
            certificate=text,
            certificate_sha256=sha256_of(text),
            flavors=described.flavors,
            signature=described.signature,
            input_example_path=described.input_example_path,
            file_count=len(contents.files),
            size=contents.size,
            metrics=metrics,
        )

    def _refused(self, reason: str) -> None:
        """It will be refused again: take back what there is, and say so."""
        model = self.model
        if model.state != ModelState.REGISTERING:
            self._wait(reason)
            return
        try:
            self._write(state=ModelState.UNREGISTERING, failure=reason, **_NOT_WAITING)
            self._unregister()
        except TrackingUnavailable as error:
            self._wait(error.message)
        except LeaseLost:
            self._let_go()

    # Unregistering

    def _unregister(self) -> None:
        model = self.model
        remove_entry(model.registry_name, model.uuid)
        now = self.clock()
        with transaction.atomic():
            if not self._mine.delete()[0]:
                raise LeaseLost
            RetiredModel.objects.create(
                model_uuid=model.uuid, registry_name=model.registry_name, check_at=now + LOOK_ONCE_MORE
            )
            self._say_it_is_gone(now)

    def _say_it_is_gone(self, now: datetime) -> None:
        model, run = self.model, self.model.run
        if not model.failure:
            message = f"Its model is no longer registered as {model.name}."
            record(run, now=now, kind="model.unregistered", message=message)
            return
        message = f"Its model could not be registered as {model.name}. {model.failure}"
        record(run, now=now, kind="model.refused", message=message)
        told = {"reason": model.failure}
        record_for_audit("model.refused", actor=None, target=model, project=model.project, before=told)
        text = f"The model of {run.name} could not be registered as {model.name}. {model.failure}"
        notify(user=model.created_by, text=text, url=reverse("runs:detail", args=[model.project.slug, run.uuid]))

    # Checking

    def _check(self) -> None:
        """Tell MLflow of new aliases, then look whether it was changed behind our back."""
        model, now = self.model, self.clock()
        if (changed_at := model.aliases_changed_at) is not None:
            tell_aliases(model)
            # Those changed since then are told next time.
            self._mine.filter(aliases_changed_at=changed_at).update(aliases_changed_at=None)
        trouble = what_changed(model)
        since = (model.trouble_since or now) if trouble else None
        self._write(trouble=trouble, trouble_since=since, checked_at=now, **_NOT_WAITING)
        self._rest(now + CHECK_EVERY)

    # The row

    def _wait(self, reason: str) -> None:
        model, now = self.model, self.clock()
        since = model.waiting_since if model.waiting_for == reason else now
        pause = backoff(model.attempts, first=PAUSE, longest=LONGEST_PAUSE)
        with suppress(LeaseLost):
            self._write(waiting_for=reason, waiting_since=since, attempts=model.attempts + 1)
        self._rest(now + pause)

    def _rest(self, until: datetime) -> None:
        """Nothing to do before `until`, unless somebody has wished for something meanwhile."""
        self._mine.filter(next_attempt_at=self.due_at).update(next_attempt_at=until)
        self._let_go()

    def _let_go(self) -> None:
        """The next worker may have it, at once if something is due."""
        self.lease.give_back()
        if RegisteredModel.objects.due(self.clock()).filter(pk=self.model.pk).exists():
            send("runs.tasks.tend_model", model_id=self.model.pk)

    def _keep_lease(self) -> None:
        """Called often; reading a large model takes longer than a lease."""
        self.lease.keep(self.model, now=self.clock(), unchanged=("state",))

    def _write(self, **columns: Any) -> None:
        self.lease.write(self.model, now=self.clock(), unchanged=("state",), **columns)

    @property
    def _mine(self) -> QuerySet[RegisteredModel]:
        """The row, if it is still in the state it was read in, and still ours."""
        return self.lease.mine.filter(state=self.model.state)


_NOT_WAITING: dict[str, Any] = {"waiting_for": "", "waiting_since": None, "attempts": 0}
