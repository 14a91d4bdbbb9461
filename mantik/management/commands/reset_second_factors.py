"""`manage.py reset_second_factors NAME`: for a person who has lost all of their second factors."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mantik.accounts.models import User
from mantik.accounts.services import reset_second_factors


class Command(BaseCommand):
    help = "Remove all second factors of an account, and end its sessions. First make sure you know who is asking."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user_name")

    def handle(self, *_args: Any, user_name: str, **_options: Any) -> None:
        user = User.objects.filter(username=user_name).first()
        if user is None:
            raise CommandError(f"There is no account named {user_name}.")
        if not reset_second_factors(user=user, actor=None):
            raise CommandError(f"{user_name} has no second factor.")
        self.stdout.write(f"The second factors of {user_name} were removed. Signing in now needs only the password.")
