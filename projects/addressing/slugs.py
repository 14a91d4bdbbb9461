"""The address (slug) of a project.

A former address leads to the project, and no other project can take it, until an operator frees it.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction

from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.lib.name_keys import keyed, same_name
from projects.models import FormerAddress, Project


class SlugTaken(Exception):
    """Another project has this address, or had it."""


# Addresses of pages that are not a project.
RESERVED = frozenset({"add"})


def is_taken(slug: str, *, by_other_than: Project | None = None) -> bool:
    """Whether a form should refuse `slug`. If two people take it at the same moment, the services refuse one."""
    current = Project.objects.filter(same_name(Project, slug))
    former = FormerAddress.objects.filter(same_name(FormerAddress, slug))
    if by_other_than is not None:
        current, former = current.exclude(pk=by_other_than.pk), former.exclude(project=by_other_than)
    return slug in RESERVED or current.exists() or former.exists()


def check_never_had_by_another(project: Project) -> None:
    """Raises SlugTaken if the slug of `project` is a former address of another project.

    Call it after the slug was written, in the same transaction: the write waits for another project that is just giving
    up this slug, so its former address is found here.
    """
    former = FormerAddress.objects.filter(same_name(FormerAddress, project.slug))
    if former.exclude(project=project).exists():
        raise SlugTaken


def move(project: Project, slug: str, *, actor: User) -> None:
    """Give `project` the address `slug`; the one it had keeps leading there. Raises SlugTaken."""
    try:
        with transaction.atomic():
            current = Project.objects.select_for_update(no_key=True).get(pk=project.pk).slug
            if current == slug:
                return
            FormerAddress.objects.create(slug=current, project=project)
            # In case the project returns to a former address of its own.
            FormerAddress.objects.filter(slug=slug, project=project).delete()
            Project.objects.filter(pk=project.pk).update(**keyed(Project, {"slug": slug}))
            project.slug = slug
            check_never_had_by_another(project)
            before, after = {"address": current}, {"address": slug}
            record("project.moved", actor=actor, target=project, project=project, before=before, after=after)
    except (IntegrityError, SlugTaken):
        project.refresh_from_db(fields=["slug"])
        raise SlugTaken from None
