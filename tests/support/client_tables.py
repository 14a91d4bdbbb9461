"""What unmodified clients of MLflow do with a list of operations, as documents tell it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

OK = "ok"
# What the client itself does not have.
MISSING = "missing"
CLIENTS = {"2.2.2": "mlflow-skinny==2.2.2", "2.22.5": "mlflow-skinny==2.22.5", "3.17.2": "", "newest": "mlflow-skinny"}
# What a client says of a call that it does not know.
UNKNOWN_TO_IT = ("AttributeError", "ModuleNotFoundError", "ImportError", "TypeError")
_WORDS = {OK: "yes", MISSING: "the client has no such call"}
_REFUSED = "refused, and told what to do instead"


def table(names: Mapping[str, str], expected: Callable[[str, str], str], words: Mapping[str, str] | None = None) -> str:
    """A row for each operation of `names`, a column for each client. `words`: instead of "yes", by operation."""

    def word(client: str, operation: str) -> str:
        found = expected(client, operation)
        if found == OK and words and operation in words:
            return words[operation]
        return _WORDS.get(found, _REFUSED)

    rows = [
        "| what a program does | " + " | ".join(CLIENTS) + " |",
        "|---" * (len(CLIENTS) + 1) + "|",
        *(
            f"| {name} | " + " | ".join(word(client, operation) for client in CLIENTS) + " |"
            for operation, name in names.items()
        ),
    ]
    return "\n".join(rows)
