"""Labels of projects: words that maintainers choose, to find projects by."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Count

from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.lib.name_keys import holder_of
from projects.models import Label, Project

MAX_LABELS = 10
# Characters of a label (Label.name).
MAX_LENGTH = 30
# How many labels a form suggests.
SUGGESTED = 12
# Suggestions come from this many of the newest projects: enough to be useful, and quick.
_PROJECTS_READ = 200


class BadLabels(ValueError):
    """The text tells the person who typed them what is wrong."""


def parse(text: str) -> list[str]:
    """Labels separated by commas, each once, in order, as they are stored. Raises BadLabels."""
    words = (" ".join(part.split()).strip("# ").lower() for part in text.split(","))
    names = list(dict.fromkeys(word for word in words if word))
    if too_long := next((name for name in names if len(name) > MAX_LENGTH), None):
        raise BadLabels(f"The label {too_long} is longer than {MAX_LENGTH} characters. Shorten it.")
    if len(names) > MAX_LABELS:
        raise BadLabels(f"These are {len(names)} labels. A project has at most {MAX_LABELS}. Leave some out.")
    return names


def set_labels(*, project: Project, actor: User, names: list[str]) -> None:
    """Make `names`, as `parse` gives them, the labels of `project`."""
    with transaction.atomic():
        before = sorted(project.labels.values_list("name", flat=True))
        if before == sorted(names):
            return
        project.labels.set([_label(name) for name in names])
        change = {"before": {"labels": before}, "after": {"labels": sorted(names)}}
        record("project.labelled", actor=actor, target=project, project=project, **change)


def suggestions(user: User | AnonymousUser, *, without: Iterable[str] = ()) -> list[str]:
    """Labels of projects that `user` may see, the most used first. Labels that only others see are not among them."""
    newest = Project.objects.visible_to(user).order_by("-pk").values("pk")[:_PROJECTS_READ]
    projects = list(newest.values_list("pk", flat=True))
    used = Label.objects.filter(projects__in=projects).annotate(uses=Count("projects")).order_by("-uses", "name")
    left_out = set(without)
    names = used.values_list("name", flat=True)[: SUGGESTED + len(left_out)]
    return [name for name in names if name not in left_out][:SUGGESTED]


def _label(name: str) -> Label:
    """That word, or the label that counts as the same."""
    return holder_of(Label.objects.all(), name) or Label.objects.get_or_create(name=name)[0]
