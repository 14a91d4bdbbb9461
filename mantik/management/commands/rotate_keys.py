"""`manage.py rotate_keys`: run it after a new encryption key was put first, so that the old ones can be removed."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mantik.lib.rotation import Rotation, hashed_with_older_keys, rotate_all


class Command(BaseCommand):
    help = "Encrypt all stored secrets again with the first of MANTIK_ENCRYPTION_KEYS. Safe while Mantik runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only count; change nothing")

    def handle(self, *, check: bool, **_: Any) -> None:
        rotations = rotate_all(only_count=check)
        for rotation in rotations:
            self.stdout.write(_counts(rotation, check=check))
            for sentence in rotation.broken.values():
                self.stderr.write(sentence)
        self._conclude(rotations, check=check)

    def _conclude(self, rotations: list[Rotation], *, check: bool) -> None:
        broken = sum(len(rotation.broken) for rotation in rotations)
        older = sum(rotation.older for rotation in rotations)
        if broken:
            raise CommandError(
                f"Secrets that cannot be decrypted: {broken}. Put the key that encrypted them back into "
                "MANTIK_ENCRYPTION_KEYS and run this again, or ask their owners to replace them."
            )
        if older and not check:
            raise CommandError(
                f"Secrets that were meanwhile replaced with an older key: {older}. Restart web and workers with the "
                "new key in front, and run this again."
            )
        hashed = self._tell_of_hashes()
        self.stdout.write("The older keys are still needed." if older or hashed else "Only the first key is needed.")

    def _tell_of_hashes(self) -> int:
        counts = hashed_with_older_keys()
        for keyed, count in counts.items():
            if count:
                self.stdout.write(
                    f"{keyed}: {count} with an older key. Each gets the new key when it is next used; without the "
                    "older key, those that were not used are refused."
                )
        return sum(counts.values())


def _counts(rotation: Rotation, *, check: bool) -> str:
    counts = [f"{rotation.already} with the first key already"]
    counts += [] if check else [f"{rotation.rotated} encrypted again"]
    counts += [f"{rotation.older} with an older key", f"{len(rotation.broken)} that cannot be decrypted"]
    return f"{rotation.of}: {', '.join(counts)}"
