"""The table of everything that can happen: each verb, `<noun>.<participle>`, with the words that pages show for it.

The words follow the name of the actor; `{target}` is what they did it to. An event with a verb that is not listed here
is a bug.
"""

from __future__ import annotations

VERBS: dict[str, str] = {
    # Accounts
    "account.signed_up": "signed up as {target}",
    "account.signed_in": "signed in",
    "account.signed_out": "signed out",
    "account.added": "added the account {target}",
    "account.edited": "edited the account {target}",
    "account.password_changed": "changed the password of {target}",
    "account.password_reset": "set a new password for {target} with a link from an e-mail",
    "account.email_changed": "changed the e-mail address of {target}",
    "account.email_confirmed": "confirmed an e-mail address of {target}",
    "account.second_factor_added": "added a second factor to {target}",
    "account.second_factor_removed": "removed a second factor from {target}",
    "account.passkey_renamed": "renamed a passkey of {target}",
    "account.recovery_codes_renewed": "replaced the recovery codes of {target}",
    "account.second_factors_reset": "removed all second factors of {target}",
    "account.service_connected": "connected a sign-in service to {target}",
    "account.service_disconnected": "disconnected a sign-in service from {target}",
    "account.sessions_ended": "ended sessions of {target}",
    "account.disabled": "deactivated the account {target}",
    "account.enabled": "activated the account {target}",
    "account.deleted": "deleted the account {target}",
    # Projects
    "project.created": "created the project {target}",
    "project.edited": "edited the project's name, summary or description",
    "project.moved": "changed the project's address",
    "project.made_public": "made the project public",
    "project.made_private": "made the project private",
    "project.labelled": "changed the project's labels",
    "project.deleted": "deleted the project {target}",
    "project.address_freed": "freed the former address {target}",
    "label.renamed": "renamed the label {target}",
    "label.deleted": "deleted the label {target}",
    # Members and groups
    "member.role_changed": "changed the role of {target}",
    "member.removed": "removed {target}",
    "member.left": "left the project",
    "member.added": "added {target}",
    "group.created": "created the group {target}",
    "group.renamed": "renamed the group {target}",
    "group.deleted": "deleted the group {target}",
    "group.person_added": "added somebody to the group {target}",
    "group.person_removed": "removed somebody from the group {target}",
    "group.person_left": "left the group {target}",
    "group.admin_made": "made somebody an admin of the group {target}",
    "group.admin_unmade": "took the admin role of the group {target} from somebody",
    "group.given_role": "gave the group {target} a role",
    "group.role_changed": "changed the role of the group {target}",
    "group.removed": "removed the group {target}",
    "invitation.sent": "invited {target}",
    "invitation.accepted": "accepted the invitation for {target}",
    "invitation.declined": "declined the invitation for {target}",
    "invitation.withdrawn": "withdrew the invitation for {target}",
    "invitation.deleted": "deleted the invitation for {target}",
    # Code repositories
    "code_repository.added": "added the code repository {target}",
    "code_repository.edited": "edited the code repository {target}",
    "code_repository.deleted": "deleted the code repository {target}",
    "code_repository.host_key_kept": "stored the host key of {target}",
    "code_repository.host_key_accepted": "accepted a new host key of {target}",
    # Experiments
    "experiment.added": "added the experiment {target}",
    "experiment.edited": "edited the experiment {target}",
    "experiment.metric_pinned": "pinned a metric of the experiment {target}",
    "experiment.deleted": "deleted the experiment {target}",
    # Runs
    "run.added": "pressed RUN! for {target}",
    "run.scheduled": "started {target} by its schedule",
    "run.started_locally": "started {target} as a local run",
    "run.cancelled": "asked to cancel {target}",
    "run.ended": "ended the local run {target}",
    "run.edited": "changed the name, notes or tags of {target}",
    "run.deleted": "deleted the run {target}",
    "run.deleted_in_mlflow": "deleted the MLflow run of {target}, as was asked for when the run was deleted",
    "run.kept_in_mlflow": "could not delete the MLflow run of {target}",
    "run.token_revoked": "revoked the token of the run {target}",
    # Models
    "model.registered": "registered the model {target}",
    "model.refused": "could not register the model {target}",
    "model.unregistered": "unregistered the model {target}",
    "model.described": "described the model {target}",
    "model.alias_set": "gave an alias to the model {target}",
    "model.alias_removed": "removed an alias from the model {target}",
    "model.restored": "restored the model {target} in MLflow's registry",
    # Schedules
    "schedule.added": "added the schedule {target}",
    "schedule.edited": "edited the schedule {target}",
    "schedule.paused": "paused the schedule {target}",
    "schedule.resumed": "resumed the schedule {target}",
    "schedule.ended": "ended the schedule {target}, which has no due time left",
    "schedule.run_now": "pressed Run now for the schedule {target}",
    "schedule.duplicated": "copied a schedule as {target}",
    "schedule.deleted": "deleted the schedule {target}",
    # Connections and sites
    "connection.added": "added the connection {target}",
    "connection.renamed": "renamed the connection {target}",
    "connection.secret_replaced": "replaced the secret of the connection {target}",
    "connection.renewed": "renewed the token of the connection {target}",
    "connection.marked_bad": "stopped using the connection {target}, because its login was refused repeatedly",
    "connection.restored": "started to use the connection {target} again, because its login works",
    "connection.deleted": "deleted the connection {target}",
    "site.added": "added the site {target}",
    "site.changed": "changed the site {target}",
    "site.login_secret_replaced": "replaced the OIDC client secret of the site {target}",
    "site.deleted": "deleted the site {target}",
    # Personal access tokens
    "token.created": "added the personal access token {target}",
    "token.revoked": "revoked the personal access token {target}",
}


def words(verb: str, *, target: str) -> str:
    """The words for a page. A verb of an older version that is no longer listed is shown as it is."""
    return VERBS.get(verb, f"{verb} {{target}}").replace("{target}", target)
