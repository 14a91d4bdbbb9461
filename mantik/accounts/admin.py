from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin

from mantik.accounts.models import User


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    fieldsets = (*DjangoUserAdmin.fieldsets, ("Mantik", {"fields": ["uuid", "time_zone"]}))  # type: ignore[misc]
    readonly_fields = ["uuid"]
