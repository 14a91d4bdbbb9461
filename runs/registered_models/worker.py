"""Does for a registered model what its row asks for: register, check or unregister it. The result is stored in the row.

One worker at a time holds the lease. Everything it does in MLflow can be repeated, and each write to the row is a
compare-and-set. So a worker may die anywhere: the sweep finds the row again, and another worker continues or undoes it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse

from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.mlflow.for_workers import control
from connections.mlflow.model_files import model_files
from mantik.audit.services import record as record_for_audit
from mantik.lib.backoff import Clock, backoff
from mantik.lib.database_loss import DATABASE_AWAY
from mantik.lib.leases import Lease, LeaseLost, take
from mantik.lib.queue import send
from mantik.notices.services import notify
from runs.lifecycle import record
from runs.registered_models.certificate import certificate_of, environment_of, sha256_of
from runs.registered_models.contents import NoModel, read_contents
from runs.registered_models.entry import make_entry, remove_entry, send_aliases, what_changed
from runs.registered_models.models import RegisteredModel, RetiredModel
from runs.registered_models.states import ModelState
from runs.tracking.last_entries import are_awaited

log = structlog.get_logger(__name__)

# The hard limit of `runs.tasks.tend_model`.
LONGEST_TURN = timedelta(hours=6, minutes=1)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)
CHECK_EVERY = timedelta(hours=1)
# How long after its deletion MLflow is asked once more about a model. A request that hung has arrived by then, or never
# will.
LOOK_ONCE_MORE_AFTER = timedelta(minutes=10)
# How long after the run's end a model waits for its log.
PATIENCE_FOR_LOG = timedelta(minutes=10)
AWAITS_ENTRIES = "What the job logged last may still be on its way to Mantik."
AWAITS_LOG = "Mantik is still fetching the log of the run, and the certificate quotes it."


def due_models(*, now: datetime, limit: int) -> list[int]:
    """Ids of models that are due, longest due first."""
    return list(RegisteredModel.objects.due(now).order_by("next_attempt_at").values_list("pk", flat=True)[:limit])


def tend(*, model_id: int, clock: Clock) -> None:
    """Do what is due for one model. Errors of MLflow are stored in the row, not raised."""
    now = clock()
    lease = take(RegisteredModel.objects.due(now), key=model_id, now=now)
    if lease is None:
        return
    model = RegisteredModel.objects.select_related("project", "run__project", "run__experiment", "run__created_by").get(
        pk=model_id
    )
    turn = _Turn(model, lease, clock)
    with lease.kept(clock=clock, longest=LONGEST_TURN, give_back=turn.give_back):
        turn.work()


def look_once_more(*, now: datetime, limit: int = 50) -> None:
    """Remove entries of deleted models: a worker that hung may have made one after another worker had removed it.

    An entry that MLflow refuses to remove is logged and stays. If MLflow cannot be reached, the next sweep tries again.
    """
    for retired in RetiredModel.objects.filter(check_at__lte=now).order_by("check_at")[:limit]:
        try:
            remove_entry(retired.registry_name, retired.model_uuid)
        except TrackingUnavailable as error:
            log.warning("retired_model_not_checked", reason=error.message)
            return
        except TrackingRefused as error:
            log.warning("retired_model_not_removed", name=retired.registry_name, reason=error.message)
        retired.delete()


class _Turn:
    """What one worker does for one model while it holds the lease."""

    def __init__(self, model: RegisteredModel, lease: Lease[RegisteredModel], clock: Clock) -> None:
        self.model, self.lease, self.clock = model, lease, clock
        self.next_attempt_as_read = model.next_attempt_at

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
            # Another worker has the row; or a member has asked for something else, which the next worker does soon.
            self._let_go()
        except DATABASE_AWAY:
            raise
        except Exception:
            # Our own defect. Operators find the traceback in the logs by the model's id.
            self._wait(
                "An error inside Mantik stopped this. Mantik tries again. If this does not change, give an operator "
                f"the id of this model: {self.model.uuid}."
            )
            raise

    # Registering

    def _register(self) -> None:
        if not self.model.certificate:
            if awaited := self._awaited():
                self._wait(awaited)
                return
            self._write_certificate()
        version = make_entry(self.model)
        now = self.clock()
        with transaction.atomic():
            self._write(
                state=ModelState.REGISTERED,
                registry_version=version,
                # A model that is restored keeps its first time.
                registered_at=self.model.registered_at or now,
                checked_at=now,
                **_NOT_WAITING,
            )
            message = f"Its model is registered as {self.model.name}."
            record(self.model.run, now=now, kind="model.registered", message=message)
        self._rest(now + CHECK_EVERY)

    def _awaited(self) -> str:
        """What the certificate has to wait for, in a sentence; "" if everything of the run is there."""
        if are_awaited(self.model.run, now=self.clock()):
            return AWAITS_ENTRIES
        return AWAITS_LOG if self._awaits_log() else ""

    def _awaits_log(self) -> bool:
        """Whether to wait for the log, which arrives after the run's end.

        The certificate quotes only what the job said about its environment. Once that is stored, the rest of the log is
        not needed.
        """
        run = self.model.run
        assert run.ended_at is not None
        is_late = self.clock() - run.ended_at > PATIENCE_FOR_LOG
        return not (run.log_complete or is_late or environment_of(run))

    def _write_certificate(self) -> None:
        model = self.model
        run = control().run_data(model.run.mlflow_run_id)
        # Before the list of models is known, the form accepts any id.
        chosen = model.logged_model_id
        if chosen and not (chosen in run.models and model_files().logged_model(chosen).is_ready):
            raise NoModel("The run has not logged this model, or has not finished logging it.")
        contents = read_contents(model.source, on_piece=self._look_at_lease)
        metrics = run.metrics
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
        """Undo the registration and store why it failed. A model in any other state waits, and is tried again."""
        model = self.model
        if model.state != ModelState.REGISTERING:
            self._wait(reason)
            return
        try:
            self._write(state=ModelState.UNREGISTERING, failure=reason, **_NOT_WAITING)
            self._unregister()
        except (TrackingUnavailable, TrackingRefused) as error:
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
                model_uuid=model.uuid, registry_name=model.registry_name, check_at=now + LOOK_ONCE_MORE_AFTER
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
        values = {"reason": model.failure}
        record_for_audit("model.refused", actor=None, target=model, project=model.project, before=values)
        text = f"The model of {run.name} could not be registered as {model.name}. {model.failure}"
        notify(user=model.created_by, text=text, url=reverse("runs:detail", args=[model.project.slug, run.uuid]))

    # Checking

    def _check(self) -> None:
        """Send new aliases to MLflow, then check whether somebody else has changed the entry."""
        model, now = self.model, self.clock()
        if (changed_at := model.aliases_changed_at) is not None:
            send_aliases(model)
            # If aliases were changed meanwhile, the column stays, and they are sent next time.
            self._mine.filter(aliases_changed_at=changed_at).update(aliases_changed_at=None)
        trouble = what_changed(model)
        since = (model.trouble_since or now) if trouble else None
        self._write(trouble=trouble, trouble_since=since, checked_at=now, **_NOT_WAITING)
        self._rest(now + CHECK_EVERY)

    # The row

    def _wait(self, reason: str) -> None:
        model, now = self.model, self.clock()
        since = model.waiting_since if model.waiting_for == reason else now
        pause = backoff(model.attempts, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        with suppress(LeaseLost):
            self._write(waiting_for=reason, waiting_since=since, attempts=model.attempts + 1)
        self._rest(now + pause)

    def _rest(self, until: datetime) -> None:
        """Put the row off until `until`, unless a member has asked for something meanwhile, and release the lease."""
        self._mine.filter(next_attempt_at=self.next_attempt_as_read).update(next_attempt_at=until)
        self._let_go()

    def _let_go(self) -> None:
        """Release the lease. If the model is due, send a message, so that the next worker takes it at once."""
        self.lease.give_back()
        if RegisteredModel.objects.due(self.clock()).filter(pk=self.model.pk).exists():
            send("runs.tasks.tend_model", model_id=self.model.pk)

    def give_back(self) -> bool:
        """Give the row back after the database was away. The next worker continues from what the row says."""
        pause = backoff(self.model.attempts, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        return self.lease.give_back(attempts=F("attempts") + 1, next_attempt_at=self.clock() + pause)

    def _look_at_lease(self) -> None:
        """Raise LeaseLost if the lease or the state has changed. Called often: reading a large model may take hours."""
        self.lease.check(self.model, now=self.clock(), unchanged=("state",))

    def _write(self, **columns: Any) -> None:
        self.lease.write(self.model, now=self.clock(), unchanged=("state",), **columns)

    @property
    def _mine(self) -> QuerySet[RegisteredModel]:
        """A query for the row that finds it only if its state is as it was read and the lease is still held."""
        return self.lease.mine.filter(state=self.model.state)


_NOT_WAITING: dict[str, Any] = {"waiting_for": "", "waiting_since": None, "attempts": 0}
