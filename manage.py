#!/usr/bin/env python
"""Django's command line."""

import os
import sys

# On a machine of one's own nothing has to be set first, and these two start nothing else.
ON_ONES_OWN_MACHINE = ("up", "demo")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mantik.settings")
    if sys.argv[1:2] and sys.argv[1] in ON_ONES_OWN_MACHINE:
        os.environ.setdefault("MANTIK_DEBUG", "1")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
