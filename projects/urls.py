from django.urls import path

from projects.views import invitations, members, nouns, settings

app_name = "projects"
urlpatterns = [
    path("", nouns.home, name="home"),
    path("projects/add/", nouns.project_add, name="add"),
    path("projects/<slug:slug>/code/", nouns.code, name="code"),
    path("projects/<slug:slug>/code/add/", nouns.code_add, name="code-add"),
    path("projects/<slug:slug>/code/<uuid:uuid>/refresh/", nouns.code_refresh, name="code-refresh"),
    path("projects/<slug:slug>/experiments/add/", nouns.experiment_add, name="experiment-add"),
    path("projects/<slug:slug>/members/", members.member_list, name="members"),
    path("projects/<slug:slug>/members/roles/", members.roles, name="roles"),
    path("projects/<slug:slug>/members/invite/", members.invite, name="invite"),
    path("projects/<slug:slug>/members/leave/", members.leave, name="leave"),
    path("projects/<slug:slug>/members/<uuid:uuid>/", members.role, name="member-role"),
    path("projects/<slug:slug>/members/<uuid:uuid>/remove/", members.remove, name="member-remove"),
    path("projects/<slug:slug>/members/<uuid:uuid>/hand-over/", members.hand_over, name="member-hand-over"),
    path("projects/<slug:slug>/members/invitations/<uuid:uuid>/withdraw/", members.withdraw, name="withdraw"),
    path("projects/<slug:slug>/settings/", settings.project_settings, name="settings"),
    path("settings/invitations/", invitations.invitation_list, name="invitations"),
    path("settings/invitations/<uuid:uuid>/accept/", invitations.accept, name="invitation-accept"),
    path("settings/invitations/<uuid:uuid>/decline/", invitations.decline, name="invitation-decline"),
]
