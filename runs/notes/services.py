"""Members change the name, notes and tags of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from mantik.accounts.models import User
from mantik.audit.services import changes
from mantik.audit.services import record as record_for_audit
from projects.permissions import Action, may
from runs.lifecycle import record
from runs.models import LoggedName, Run, RunTag
from runs.notes.tags import BadTags, as_text, parse
from runs.services import NotAllowed
from runs.tracking.summaries.texts import replace_members_tags


def may_edit(user: User, run: Run) -> bool:
    """Whether `user` may give `run` another name, notes and tags."""
    return may(user, Action.EDIT_ANY_RUN, run.project) or (
        run.created_by_id == user.pk and may(user, Action.EDIT_OWN_RUN, run.project)
    )


def edit_run(*, run: Run, actor: User, name: str, notes: str, tags: Mapping[str, str], now: datetime) -> None:
    """Change what differs. What MLflow has of the run stays as it was logged.

    Raises BadTags for a new tag that the training has logged, and NotAllowed if the run is gone.
    """
    stored = {"name": run.name, "notes": run.notes, "tags": run.tags}
    changed = changes(stored, {"name": name, "notes": notes, "tags": as_text(tags)})
    before, after = changed["before"], changed["after"]
    if not after:
        return
    with transaction.atomic():
        if not Run.objects.filter(pk=run.pk).update(**after):
            raise NotAllowed("The run was deleted meanwhile, so it cannot be changed.")
        if "tags" in after:
            _replace_tags(run, parse(before["tags"]), tags)
        for column, value in after.items():
            setattr(run, column, value)
        message = f"{actor.display_name} changed its {_listed(list(after))}."
        if "name" in after:
            message = f"{message} It was named {before['name']} before."
        record(run, now=now, kind="edited", message=message, actor=actor)
        record_for_audit("run.edited", actor=actor, target=run, project=run.project, before=before, after=after)


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _replace_tags(run: Run, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    added = after.keys() - before.keys()
    logged = RunTag.objects.filter(run=run, owner="", name__kind=LoggedName.Kind.TAG, name__key__in=added)
    if names := sorted(logged.values_list("name__key", flat=True)):
        raise BadTags(f"The training has logged a tag named {names[0]}. Choose another name for yours.")
    replace_members_tags(run, before=before, after=after)
