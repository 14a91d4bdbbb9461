"""`manage.py reset_second_factors NAME`: for a person who has lost all of their second factors."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from mantik.accounts.models import User
from mantik.accounts.services import reset_second_factors
from mantik.lib.humanize import counted

TOKENS = "--revoke-tokens"


class Command(BaseCommand):
    help = "Remove all second factors of an account, and end its sessions. First make sure you know who is asking."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user_name")
        parser.add_argument(TOKENS, action="store_true", help="Also revoke the account's personal access tokens.")

    def handle(self, *_args: Any, user_name: str, revoke_tokens: bool, **_options: Any) -> None:
        user = User.objects.called(user_name)
        if user is None:
            raise CommandError(f"There is no account named {user_name}.")
        done = reset_second_factors(user=user, actor=None, end_tokens=revoke_tokens, now=timezone.now())
        if not done.factors and not revoke_tokens:
            raise CommandError(f"{user_name} has no second factor.")
        if done.factors:
            said = f"The second factors of {user_name} were removed. Signing in now needs only the password."
        else:
            said = f"{user_name} has no second factor."
        self.stdout.write(said)
        if revoke_tokens:
            self.stdout.write(
                f"{counted(done.tokens, 'personal access token was', 'personal access tokens were')} revoked."
            )
        elif done.tokens_left:
            self.stdout.write(
                f"{counted(done.tokens_left, 'personal access token is', 'personal access tokens are')} still valid; "
                f"{TOKENS} revokes all."
            )
