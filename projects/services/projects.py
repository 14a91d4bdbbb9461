"""What members change in a project. Views check the permission; services keep the rules."""

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.lib.humanize import counted
from mantik.tokens.named_projects import NamedProject
from projects.addressing import slugs
from projects.addressing.slugs import SlugTaken as SlugTaken
from projects.models import Membership, Project
from projects.roles import Role
from projects.services.labels import set_labels


class NameTaken(Exception):
    """The project already has something of this kind with that name."""


class ProjectGone(Exception):
    """The project was deleted meanwhile; the text tells the member."""


def named_projects_of(user: User) -> list[NamedProject]:
    """The projects that a personal token of `user` may be restricted to."""
    joined = Project.objects.joined_by(user).order_by(Lower("name"), "pk")
    return [NamedProject(*row) for row in joined.values_list("uuid", "name", "slug")]


def create_project(*, owner: User, name: str, slug: str, summary: str, is_public: bool) -> Project:
    """Store a project and its owner together. Raises SlugTaken."""
    try:
        with transaction.atomic():
            project = Project.objects.create(name=name, slug=slug, summary=summary, is_public=is_public)
            slugs.check_never_had_by_another(project)
            Membership.objects.create(project=project, user=owner, role=Role.OWNER)
            after = {"name": name, "address": slug, "seen by": _seen_by(is_public)}
            record("project.created", actor=owner, target=project, project=project, after=after)
    except IntegrityError:
        raise SlugTaken from None
    return project


def edit_project(
    *,
    project: Project,
    actor: User,
    name: str,
    summary: str,
    description: str | None = None,
    labels: list[str] | None = None,
    is_public: bool | None = None,
    slug: str | None = None,
) -> None:
    """Change everything that is not None, or nothing at all. Raises SlugTaken, ProjectGone."""
    with transaction.atomic():
        stored = Project.objects.select_for_update(no_key=True).filter(pk=project.pk).first()
        if stored is None:
            raise ProjectGone(f"The project {project.name} was just deleted.")
        if slug is not None:
            slugs.move(project, slug, actor=actor)
        _edit_words(project, stored, actor, name=name, summary=summary, description=description)
        if is_public is not None:
            _set_visibility(project, actor, is_public)
        if labels is not None:
            set_labels(project=project, actor=actor, names=labels)


def _edit_words(project: Project, stored: Project, actor: User, **words: str | None) -> None:
    changed = {name: text for name, text in words.items() if text is not None and text != getattr(stored, name)}
    for name, text in changed.items():
        setattr(project, name, text)
    if changed:
        project.save(update_fields=list(changed))
        before = {name: _audit_value(name, getattr(stored, name)) for name in changed}
        after = {name: _audit_value(name, text) for name, text in changed.items()}
        record("project.edited", actor=actor, target=project, project=project, before=before, after=after)


def _audit_value(name: str, text: str) -> str:
    """A description may be very long, so only its length is recorded."""
    return counted(len(text), "character") if name == "description" else text


def _set_visibility(project: Project, actor: User, is_public: bool) -> None:
    """A compare-and-set: only what changed is recorded."""
    if Project.objects.filter(pk=project.pk, is_public=not is_public).update(is_public=is_public):
        verb = "project.made_public" if is_public else "project.made_private"
        before, after = {"seen by": _seen_by(not is_public)}, {"seen by": _seen_by(is_public)}
        record(verb, actor=actor, target=project, project=project, before=before, after=after)
    project.is_public = is_public


def _seen_by(is_public: bool) -> str:
    return "anybody" if is_public else "members"
