"""`manage.py after_restore`: run it after a database was restored from a backup, before workers and beat start."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from schedules.restored.service import BadTime, Wishes, after_restore


class Command(BaseCommand):
    help = (
        "After a restore from a backup: make waiting runs look for their job at the site before they are sent, move "
        "schedules on to their next due time, list jobs at the sites that no run knows, and compare MLflow with the "
        "database. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be done; change nothing")
        parser.add_argument(
            "--backup-of",
            type=_moment,
            metavar="TIME",
            help="when the backup was made, such as 2027-03-01T02:00, in UTC if it names no offset; "
            "default: the time that beat last noted in the database",
        )
        parser.add_argument(
            "--adopt", action="store_true", help="make the runs again for jobs of due times that no run knows"
        )
        parser.add_argument(
            "--abort", action="store_true", help="end jobs that no run knows and that are not (or cannot be) adopted"
        )

    def handle(self, *, dry_run: bool, backup_of: datetime | None, adopt: bool, abort: bool, **_: Any) -> None:
        wishes = Wishes(backup_of=backup_of, adopt=adopt, abort=abort, dry_run=dry_run)
        try:
            for sentence in after_restore(wishes, now=timezone.now()):
                self.stdout.write(sentence)
                self.stdout.flush()
        except BadTime as error:
            raise CommandError(str(error)) from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a time. Write it like 2027-03-01T02:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
