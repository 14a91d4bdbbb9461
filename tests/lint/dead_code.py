"""`python -m tests.lint.dead_code`: names of the product that nothing in it uses.

vulture reads Python only. What templates name, and what settings name in a dotted string, counts as used here, too.
Tests do not: what only a test calls is dead.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from vulture import Vulture
from vulture.core import Item

from tests.support.places import TOP

PRODUCT = ("connections", "mantik", "projects", "runs", "schedules")
NOT_READ = ("*/migrations/*", "*/mantik/demo/code/*")
# vulture is this sure at least of names that it has not seen used, in percent; it says no more of functions.
SURE = 60
KINDS = frozenset({"class", "function", "method", "property", "import"})
# Of variables only the constants of modules: those of classes are read by Django, and locals by ruff.
NOT_READ_BY_US = "settings.py"

# What Django, Celery or argparse finds by its decorator or its name.
DECORATORS = ["@shared_task*", "@receiver*", "@register.*", "@admin.*", "@*.connect"]
CALLED_BY_NAME = (
    "Command.add_arguments",
    "*Config",
    "*Config.ready",
    "*Admin",
    "*Form.clean_*",
    "*Middleware.process_exception",
    "*Admin.delete_queryset",
    "Command",
)
# Methods that a base class of somebody else's calls, by what that is.
CALLED_BY_OTHERS = {
    "Python": ("__init_subclass__",),
    "io.RawIOBase": ("readable", "readinto", "writable"),
    "html.parser.HTMLParser": ("handle_starttag", "handle_endtag", "handle_data"),
    "django_celery_beat's DatabaseScheduler": ("enabled_models_qs", "schedule_changed", "update_from_dict"),
    "pyunicore's Transport": ("_clone", "run_method"),
    "MLflow's providers of logins": ("get_name", "get_auth"),
    "Django's admin": ("has_add_permission", "has_change_permission", "lookups", "get_search_results"),
    "Django's check of forms": ("_reject",),
    "Django's lookups": ("as_sql", "as_sqlite"),
    "Django's operations of migrations": ("state_forwards", "database_forwards", "database_backwards"),
    "Django's sessions": ("get_session_store_class", "_get_session_from_db", "create_model_instance"),
    "allauth's adapters": (
        "is_open_for_signup",
        "get_password_change_redirect_url",
        "send_mail",
        "get_totp_issuer",
        "_get_site_name",
        "_get_user_identifier",
        "generate_authenticator_name",
        "list_apps",
        "get_requests_session",
        "authenticate_by_email",
    ),
}
# What shows tests the inside of what they run against: the sandbox site, and the processes of a stack.
FOR_TESTS = {"mantik/demo/sandbox": ("authorize_key", "tagged", "read_ledger"), "mantik/up/stack.py": ("pids",)}
_NAME = r"[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)*"
OTHERS = frozenset(name for names in (*CALLED_BY_OTHERS.values(), *FOR_TESTS.values()) for name in names)


def unused(top: Path = TOP) -> list[str]:
    """A line for each name, as compilers write theirs."""
    found = Vulture(ignore_decorators=DECORATORS)
    found.scavenge([str(top / name) for name in PRODUCT if (top / name).is_dir()], exclude=list(NOT_READ))
    named = {*_named_in_templates(top), *_named_in_strings(top), *_imported_by_migrations(top)}
    items = [
        item
        for item in found.get_unused_code(min_confidence=SURE)
        if (item.typ in KINDS or _is_constant(item))
        and item.name not in named | OTHERS
        and not _is_called_by_name(item.filename, item)
    ]
    return [f"{item.filename.relative_to(top)}:{item.first_lineno}: unused {item.typ} {item.name}" for item in items]


def _is_constant(item: Item) -> bool:
    is_upper = item.typ == "variable" and item.name.isupper() and item.filename.name != NOT_READ_BY_US
    return is_upper and not _class_at(item.filename, item.first_lineno)


def _is_called_by_name(path: Path, item: Item) -> bool:
    name, line = item.name, item.first_lineno
    owner = _class_at(path, line)
    full = f"{owner}.{name}" if owner and owner != name else name
    return any(fnmatch(full, pattern) for pattern in CALLED_BY_NAME)


def _class_at(path: Path, line: int) -> str:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef) and node.lineno <= line <= (node.end_lineno or 0):
            return node.name
    return ""


def _named_in_templates(top: Path) -> Iterator[str]:
    for path in (top / "templates").rglob("*"):
        if path.is_file():
            for tag in re.findall(r"\{[{%].*?[%}]\}", path.read_text(), flags=re.DOTALL):
                yield from re.findall(r"[A-Za-z_]\w*", tag)


def _named_in_strings(top: Path) -> Iterator[str]:
    """Whole strings that are names, dotted or not: of settings, of admin's columns, of forms' widgets."""
    for path in (path for name in PRODUCT for path in (top / name).rglob("*.py") if "migrations" not in path.parts):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and re.fullmatch(_NAME, str(node.value)):
                yield re.split(r"[.:]", str(node.value))[-1]


def _imported_by_migrations(top: Path) -> Iterator[str]:
    """What is out uses it, whether or not anything new does."""
    for path in (path for name in PRODUCT for path in (top / name).rglob("migrations/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                yield from (name.name for name in node.names)


if __name__ == "__main__":
    lines = unused()
    print(*lines, sep="\n", end="\n" if lines else "")
    sys.exit(bool(lines))
