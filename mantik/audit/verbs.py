"""The one table of what can have happened: each verb, `<noun>.<participle>`, with the words of a page for it.

The words follow the name of who did it, and `{target}` stands for what it was done to. An event with a verb that is
not here is a mistake in the program.
"""

from __future__ import annotations

VERBS: dict[str, str] = {
    # Projects
    "project.created": "made the project {target}",
    "project.edited": "edited the project's words",
    "project.moved": "changed the project's address",
    "project.made_public": "made the project public",
    "project.made_private": "made the project private",
    "project.labelled": "changed the project's labels",
    "project.deleted": "deleted the project {target}",
    # Members and groups
    "member.role_changed": "changed the role of {target}",
    "member.removed": "removed {target}",
    "member.left": "left the project",
    "member.added": "added {target}",
    "group.created": "made the group {target}",
    "group.renamed": "renamed the group {target}",
    "group.deleted": "deleted the group {target}",
    "group.person_added": "added somebody to the group {target}",
    "group.person_removed": "removed somebody from the group {target}",
    "group.person_left": "left the group {target}",
    "group.admin_made": "made somebody an admin of the group {target}",
    "group.admin_unmade": "made somebody no admin of the group {target} any more",
    "group.given_role": "gave the group {target} a role",
    "group.role_changed": "changed the role of the group {target}",
    "group.removed": "removed the group {target}",
    "invitation.sent": "invited {target}",
    "invitation.accepted": "accepted the invitation of {target}",
    "invitation.declined": "declined the invitation of {target}",
    "invitation.withdrawn": "withdrew the invitation of {target}",
    # Code repositories
    "code_repository.added": "added the code repository {target}",
    "code_repository.edited": "edited the code repository {target}",
    "code_repository.deleted": "deleted the code repository {target}",
    "code_repository.host_key_kept": "kept the key of the host of {target}",
    "code_repository.host_key_accepted": "accepted a new key of the host of {target}",
    # Experiments
    "experiment.added": "added the experiment {target}",
    "experiment.edited": "edited the experiment {target}",
    "experiment.deleted": "deleted the experiment {target}",
    # Runs
    "run.added": "pressed RUN! for {target}",
    "run.cancelled": "asked to cancel {target}",
    "run.deleted": "deleted the run {target}",
    # Personal access tokens
    "token.created": "made the personal access token {target}",
    "token.revoked": "revoked the personal access token {target}",
}


def words(verb: str, *, target: str) -> str:
    """What a page says. A verb of an older version, which the table does not have any more, is said as it is."""
    return VERBS.get(verb, f"{verb} {{target}}").replace("{target}", target)
