"""What members do with models: register, unregister, describe, set aliases. Workers do the rest.

Functions that change something take the acting person and trust the view to have checked permissions (`may_…`).
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.db.models import Q

from connections.mlflow.values import ModelSource
from mantik.accounts.models import User
from mantik.audit.services import record as record_for_audit
from mantik.lib.name_keys import holder_of
from mantik.lib.queue import send_on_commit
from projects.models import Project
from projects.permissions import Action, may
from runs.lifecycle import record
from runs.models import Run
from runs.registered_models.models import ModelAlias, ModelAliasChange, RegisteredModel
from runs.registered_models.names import registry_name
from runs.registered_models.states import ModelState
from runs.services import NotAllowed
from runs.states import RunState


class Taken(Exception):
    """The name is taken, or the run already has a model. `field` is the form's field, `holder` the other model."""

    def __init__(self, field: str, holder: RegisteredModel) -> None:
        super().__init__(holder.name)
        self.field = field
        self.holder = holder

    @property
    def message(self) -> str:
        holder, run = self.holder, self.holder.run
        going = " It is being unregistered; try again in a moment." if holder.is_going else ""
        if self.field == "name":
            return f"The model of the run {run.name} ({run.short_id}) is already named {holder.name}.{going}"
        return f"The model of this run is already registered as {holder.name}.{going}"


def may_register(user: User, run: Run) -> bool:
    return may(user, Action.REGISTER_MODEL, run.project)


def may_edit(user: User, model: RegisteredModel) -> bool:
    """Whether `user` may unregister, describe and restore `model`, and set its aliases."""
    if may(user, Action.EDIT_ANY_MODEL, model.project):
        return True
    return model.created_by_id == user.pk and may(user, Action.EDIT_OWN_MODEL, model.project)


def may_unregister(user: User | AnonymousUser, model: RegisteredModel) -> bool:
    """Whether `user` may unregister `model` now: not if it is being unregistered already."""
    return user.is_authenticated and not model.is_going and may_edit(user, model)


def why_not_registrable(run: Run) -> str:
    """Why no model of `run` can be registered now, in a sentence; "" if one can."""
    if run.state != RunState.FINISHED:
        return f"Only the model of a finished run can be registered. This run's state is {run.get_state_display()}."
    if not run.mlflow_run_id:
        return "This run has nothing in MLflow, so it has no model to register."
    return ""


def offers_model(run: Run) -> bool:
    """Whether pages offer to register a model of `run`: not if it is known to have none."""
    return run.has_model is not False and not why_not_registrable(run)


def holder_of_name(project: Project, name: str) -> RegisteredModel | None:
    """The model that has `name`, or a name that counts as the same; None if there is none."""
    return holder_of(RegisteredModel.objects.filter(project=project).select_related("run", "project"), name)


def register_model(
    *, run: Run, actor: User, name: str, description: str, source: ModelSource, now: datetime
) -> RegisteredModel:
    """Reserve the name and the run; workers do the rest. `name` must be valid (`runs.registered_models.names`).

    Raises NotAllowed, or Taken: of two requests at the same moment, the database accepts one.
    """
    if reason := why_not_registrable(run):
        raise NotAllowed(reason)
    model = RegisteredModel(
        project=run.project,
        run=run,
        name=name,
        description=description,
        created_by=actor,
        created_at=now,
        logged_model_id=source.model_id,
        artifact_path=source.path,
        registry_name=registry_name(run.project, name),
        next_attempt_at=now,
    )
    try:
        with transaction.atomic():
            model.save()
            message = f"{actor.display_name} is registering its model as {name}."
            record(run, now=now, kind="model.registering", message=message, actor=actor)
            values = {"run": str(run.uuid), "model in MLflow": source.uri}
            record_for_audit("model.registered", actor=actor, target=model, project=run.project, after=values)
            _tend_on_commit(model)
    except IntegrityError:
        raise _who_was_first(run, name) from None
    return model


def unregister_model(*, model: RegisteredModel, actor: User, now: datetime) -> None:
    """Mark the model for removal: workers remove it from MLflow, then delete the row. Repeating it does nothing."""
    with transaction.atomic():
        columns = {
            "state": ModelState.UNREGISTERING,
            "unregister_requested_by": actor,
            "next_attempt_at": now,
            "attempts": 0,
            "waiting_for": "",
            "waiting_since": None,
        }
        _lock_aliases(model)
        if not RegisteredModel.objects.filter(~Q(state=ModelState.UNREGISTERING), pk=model.pk).update(**columns):
            return
        for alias in model.aliases.all():
            _drop(alias, actor, now)
        values = {"run": str(model.run.uuid), "certificate": model.certificate_sha256}
        record_for_audit("model.unregistered", actor=actor, target=model, project=model.project, before=values)
        message = f"{actor.display_name} is unregistering its model {model.name}."
        record(model.run, now=now, kind="model.unregistering", message=message, actor=actor)
        _tend_on_commit(model)
    # Not read again: a worker may have deleted the row by now.
    model.state, model.unregister_requested_by = ModelState.UNREGISTERING, actor


def describe_model(*, model: RegisteredModel, actor: User, description: str) -> None:
    """Store the description. Raises NotAllowed if the model is no longer registered."""
    if description == model.description:
        return
    with transaction.atomic():
        if not RegisteredModel.objects.filter(pk=model.pk).update(description=description):
            raise NotAllowed(f"{model.name} is no longer registered, so it cannot be described.")
        before, model.description = {"description": model.description}, description
        changed = {"before": before, "after": {"description": description}}
        record_for_audit("model.described", actor=actor, target=model, project=model.project, **changed)


def set_alias(*, model: RegisteredModel, actor: User, alias: str, now: datetime) -> RegisteredModel | None:
    """Give `alias`, which must be valid, to `model`. Returns the model that had it until now, or None.

    Raises NotAllowed for a model that is not registered (any more).
    """
    with transaction.atomic():
        _lock_aliases(model)
        stored = RegisteredModel.objects.registered().filter(pk=model.pk).first()
        if stored is None:
            raise NotAllowed(f"{model.name} is not registered, so no alias can stand for it.")
        old = ModelAlias.objects.filter(project=model.project_id, alias=alias).select_related("model").first()
        former = old.model if old else None
        if former == stored:
            return None
        if old is not None:
            old.delete()
        ModelAlias.objects.create(project=model.project, model=stored, alias=alias, set_by=actor, set_at=now)
        _record_change(model.project, alias, former, stored, actor, now)
        _send_aliases([stored, *([former] if former else [])], now)
    return former


def _lock_aliases(model: RegisteredModel) -> None:
    """Lock the project until the end of the transaction.

    Whoever changes an alias or unregisters a model does so first, so these happen one after the other in a project.
    """
    Project.objects.select_for_update(no_key=True).filter(pk=model.project_id).first()


def remove_alias(*, model: RegisteredModel, actor: User, alias: str, now: datetime) -> None:
    with transaction.atomic():
        _lock_aliases(model)
        found = model.aliases.filter(alias=alias).first()
        if found is not None:
            _drop(found, actor, now)
            _send_aliases([model], now)


def restore_model(*, model: RegisteredModel, actor: User, now: datetime) -> bool:
    """Let workers recreate the entry in MLflow's registry. False if there is nothing to restore."""
    with transaction.atomic():
        troubled = RegisteredModel.objects.registered().filter(~Q(trouble=""), pk=model.pk)
        again = {"state": ModelState.REGISTERING, "trouble": "", "trouble_since": None, "attempts": 0}
        if not troubled.update(**again, next_attempt_at=now):
            return False
        values = {"trouble": model.trouble}
        record_for_audit("model.restored", actor=actor, target=model, project=model.project, before=values)
        _tend_on_commit(model)
    model.refresh_from_db()
    return True


def _who_was_first(run: Run, name: str) -> Exception:
    holder = RegisteredModel.objects.filter(run=run).select_related("run", "project").first()
    if holder is not None:
        return Taken("model", holder)
    holder = holder_of_name(run.project, name)
    return Taken("name", holder) if holder else NotAllowed("The run has just been deleted, or its model unregistered.")


def _drop(found: ModelAlias, actor: User, now: datetime) -> None:
    _record_change(found.project, found.alias, found.model, None, actor, now)
    found.delete()


def _record_change(
    project: Project,
    alias: str,
    before: RegisteredModel | None,
    after: RegisteredModel | None,
    actor: User,
    now: datetime,
) -> None:
    names = {"before": before.name if before else "", "after": after.name if after else ""}
    ModelAliasChange.objects.create(project=project, alias=alias, by=actor, at=now, **names)
    target = after or before
    assert target is not None
    verb = "model.alias_set" if after else "model.alias_removed"
    change = {"before": {"model": names["before"]}, "after": {"alias": alias, "model": names["after"]}}
    record_for_audit(verb, actor=actor, target=target, project=project, **change)


def _send_aliases(models: list[RegisteredModel], now: datetime) -> None:
    """Let workers send the aliases of `models` to MLflow."""
    rows = RegisteredModel.objects.filter(pk__in=[model.pk for model in models])
    rows.update(aliases_changed_at=now, next_attempt_at=now)
    for model in models:
        _tend_on_commit(model)


def _tend_on_commit(model: RegisteredModel) -> None:
    send_on_commit("runs.tasks.tend_model", model_id=model.pk)
