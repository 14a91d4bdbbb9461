"""Numbers in the documents are those of the code.

A sentence with a number of ours stands here, with {} in its place and the constant that it mirrors. Every other amount
that the documents tell, as "10 minutes" or "100 MB", is listed with whose it is: none is in them that nobody looks at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache

import pytest
from allauth.account import app_settings as allauth
from django.conf import settings
from django.contrib.auth.password_validation import get_default_password_validators

from connections.git.values import MAX_FILES, MAX_SUBMODULE_DEPTH, MAX_SUBMODULES
from connections.logins import attempts, expiry, login_health, site_clients
from connections.mlflow import breaker as mlflow
from connections.outages import breaker
from connections.unicore import credentials
from mantik import pages
from mantik.beat import beat_schedule
from mantik.lib import clocks, database_loss, disk, patience, query_time, schema, strength
from mantik.notices import outbox
from mantik.server import database, limits, patient_connection
from mantik.up import restarts
from projects.code import hosts, listing, server_search, snapshot
from projects.forms import MAX_DESCRIPTION
from projects.services import invitations, labels
from runs.following import finish, poll
from runs.job import pack, relay
from runs.notes import tags
from runs.querysets import TOKEN_GRACE
from runs.registered_models import candidates, worker
from runs.registered_models import models as registered
from runs.table import columns, groups, language, tokens, trends
from runs.tracking import last_entries, local_runs
from runs.tracking.journals import source
from runs.unseen import failures
from schedules.cron import parsing
from schedules.firing import due, engine
from schedules.models import LONGEST_JITTER, Schedule
from schedules.pages import forecast, week
from tests.support.places import DOCS

_UP_TO_TEN = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
WORDS = dict(enumerate(_UP_TO_TEN, start=1)) | {100: "hundred"}
UNITS = ("seconds?", "minutes?", "hours?", "days?", "weeks?", "months?", "[KMG]i?B", "characters?", "times")
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
SWEEPS = {name: entry["schedule"] for name, entry in beat_schedule().items()}
_per_address, _per_account = re.findall(r"(\d+)/(\w+)/\w+", allauth.RATE_LIMITS["login_failed"])
_everywhere = allauth.RATE_LIMITS["login_failed_everywhere"].split("/")
LEAST_PASSWORD = max(getattr(rule, "min_length", 0) for rule in get_default_password_validators())
assert (_per_address[1], _per_account[1], _everywhere[1]) == ("m", "300s", "h"), "in minutes, seconds and hours"

# (document, sentence, the numbers in it)
SENTENCES: list[tuple[str, str, tuple[float, ...]]] = [
    (
        "account.md",
        "After {} wrong attempts you have to wait {} minutes",
        (int(_per_account[0]), int(_per_account[1].rstrip("s")) / 60),
    ),
    ("account.md", "At least {} characters", (LEAST_PASSWORD,)),
    ("tokens.md", "unless you were asked in the last {} minutes", (allauth.REAUTHENTICATION_TIMEOUT / 60,)),
    ("account.md", "A session ends {} days after it was used last", (settings.SESSION_COOKIE_AGE * SECOND / DAY,)),
    ("architecture.md", "A sweep every {} seconds reads only the runs that are due", (SWEEPS["Sweep jobs"] / SECOND,)),
    ("architecture.md", "What a page asks outside shares {} seconds", (patience.PAGE_SECONDS,)),
    ("architecture.md", "claims up to {} schedules by locking their rows", (engine.SCHEDULES_PER_TRANSACTION,)),
    ("code.md", "submodules of submodules, to a depth of {}.", (MAX_SUBMODULE_DEPTH,)),
    ("code.md", "the {} branches with the newest commits and those that somebody has chosen", (snapshot.NEWEST_READ,)),
    ("code.md", "| branches that are listed | the {} with the newest commits |", (snapshot.MOST_BRANCHES,)),
    ("code.md", "| paths of a commit that pages know | {};", (listing.MOST_PATHS,)),
    (
        "code.md",
        "the {} nearest to the top, {} MiB together |",
        (snapshot.MOST_TEXTS, snapshot.MOST_TEXT_BYTES / 1024**2),
    ),
    (
        "code.md",
        "| {} files, {} MiB together; scripts of at most {} KiB and notebooks of at most {} MiB.",
        (
            server_search.MOST_FILES,
            server_search.MOST_BYTES / 1024**2,
            server_search.LARGEST[".py"] / 1024,
            server_search.LARGEST[".ipynb"] / 1024**2,
        ),
    ),
    ("code.md", "| {} GiB (`MANTIK_GIT_MAX_BYTES`) |", (settings.MANTIK_GIT_MAX_BYTES / 1024**3,)),
    ("code.md", "| {} minutes (`MANTIK_GIT_TIMEOUT`) |", (settings.MANTIK_GIT_TIMEOUT / 60,)),
    (
        "code.md",
        "| {} MB (`MANTIK_CODE_MAX_BYTES`), Git LFS files included; if these files are larger than {} times that",
        (settings.MANTIK_CODE_MAX_BYTES / 1e6, pack._LFS_FACTOR),
    ),
    (
        "security.md",
        "After {} refusals of one login or {} of one member within an hour",
        (attempts.OF_LOGIN.most, attempts.OF_MEMBER.most),
    ),
    (
        "security.md",
        "One person sends at most {} invitations within a day, and one address or account gets at most {},",
        (invitations.SENT_BY.most, invitations.SENT_TO.most),
    ),
    ("code.md", "| files of a run's commit, those of its submodules included | {} |", (MAX_FILES,)),
    ("code.md", "| submodules | {}, to a depth of {} |", (MAX_SUBMODULES, MAX_SUBMODULE_DEPTH)),
    ("connections.md", "sign tokens that are valid for {} minutes", (credentials.SIGNED_SECONDS / 60,)),
    ("connections.md", "{} days by default; a site may allow less", (settings.MANTIK_SITE_TOKEN_DAYS,)),
    (
        "connections.md",
        "You get a notice {} weeks before, {} days before",
        (max(expiry.WARNED_BEFORE) / (7 * DAY), min(expiry.WARNED_BEFORE) / DAY),
    ),
    (
        "connections.md",
        "After {} refusals in a row, over at least {} minutes, Mantik stops using that login",
        (login_health.REFUSALS_TO_BELIEVE, login_health.BELIEVED_AFTER / MINUTE),
    ),
    (
        "experiments.md",
        "A filter has at most {} characters, {} comparisons, and {} brackets inside each other",
        (tokens.LONGEST, language.MOST_COMPARISONS, language.DEEPEST),
    ),
    ("experiments.md", "One that takes longer than {} seconds is stopped", (query_time.SECONDS,)),
    ("experiments.md", "may take longer than {} seconds; it is then stopped", (query_time.SECONDS,)),
    ("experiments.md", "at most {} metrics, params and tags", (columns.MOST_COLUMNS,)),
    (
        "experiments.md",
        "each of the last {} runs that logged it, the oldest left",
        (trends.LAST,),
    ),
    ("experiments.md", "of the last {} runs: the one with the most", (trends.LOOKED_AT,)),
    ("experiments.md", "the duration of the last {} runs that are over", (trends.LAST,)),
    ("schedules.md", "how long the last {} runs took", (trends.LAST,)),
    ("experiments.md", "The first {} groups are shown", (groups.MOST_GROUPS,)),
    (
        "models.md",
        "A name has at most {} letters A to Z, digits, dots, hyphens and underscores",
        (registered.LONGEST_NAME,),
    ),
    ("architecture.md", "nothing else, until {} minutes after its end", (TOKEN_GRACE / MINUTE,)),
    ("models.md", "or nothing has come for {} minutes", (last_entries.QUIET_FOR / MINUTE,)),
    ("models.md", "After {} minutes they wait for neither", (worker.PATIENCE_FOR_LOG / MINUTE,)),
    ("tracking.md", "has not logged anything for {} hours", (local_runs.SILENT_AFTER / HOUR,)),
    ("tracking.md", "cut at {} characters", (relay.LONGEST_PARAM,)),
    ("tracking.md", "Of a logged model with more than {} points", (relay.MOST_OF_MODEL,)),
    ("runs.md", "are of the nodes: every {} seconds", (relay.SAMPLE_EVERY,)),
    ("runs.md", "Markdown, up to {} characters", (MAX_DESCRIPTION,)),
    ("runs.md", "Tags | up to {}, a line for each", (tags.MAX_TAGS,)),
    ("operators.md", "a file of more than {} MiB is fetched", (source.LARGE / 2**20,)),
    ("operators.md", "until all is home, for {} days after its end at most", (finish.GIVE_UP_AFTER / DAY,)),
    ("operators.md", "`MANTIK_JOB_DAYS` are left ({} unless you say otherwise)", (settings.MANTIK_JOB_DAYS,)),
    (
        "operators.md",
        "| sends a request of more than {} MB | 413 at once. Up to {} MB of the rest are read and thrown away",
        (settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 1e6, limits.MOST_DISCARDED / 1e6),
    ),
    ("operators.md", "| connects and sends nothing for {} s | is hung up on |", (limits.HEAD_SECONDS,)),
    ("operators.md", "| has not sent the whole request after {} s | is answered with 408 |", (limits.BODY_SECONDS,)),
    ("operators.md", "{} kB take longer than {} s", (limits.PIECE / 1024, limits.PIECE_SECONDS)),
    (
        "operators.md",
        "waits; after {} s, or if {} wait already, 503",
        (limits.WAITING_SECONDS, limits.MOST_WAITING),
    ),
    (
        "operators.md",
        "up to {} downloads and uploads at a time, {} of them by one person",
        (limits.MOST_DOWNLOADS, limits.MOST_DOWNLOADS_EACH),
    ),
    (
        "operators.md",
        "no connection within {} s, or no answer to a statement within {} s nor to its cancellation | 503; for the "
        "next {} s",
        (database.CONNECTION_SECONDS, patient_connection.STATEMENT_SECONDS, database_loss.PAUSE_SECONDS),
    ),
    ("operators.md", "a statement takes longer than {} s", (patient_connection.STATEMENT_SECONDS,)),
    ("operators.md", "SQLite is locked by another process for {} s", (database.LOCK_SECONDS,)),
    ("operators.md", "| {}, from a pool; what is not needed", (limits.DATABASE_CONNECTIONS,)),
    ("operators.md", "{} threads make the pieces of logs", (limits.STREAM_THREADS,)),
    ("operators.md", "A page waits for what is outside for {} s in all", (patience.PAGE_SECONDS,)),
    (
        "operators.md",
        "one of them asks again after {} s. Login services have {} s",
        (mlflow.PAUSE_SECONDS, patience.PAGE_SECONDS),
    ),
    ("operators.md", "for a token has {} s", (site_clients.WHILE_SOMEBODY_WAITS.read,)),
    ("operators.md", "takes one of its {} threads only while a page is made", (limits.PAGE_THREADS,)),
    ("operators.md", "They wait {} minutes. Attempts are counted", (int(_per_account[1].rstrip("s")) / 60,)),
    ("operators.md", "are removed every {} minutes", (SWEEPS["Clear up mirrors"] / MINUTE,)),
    ("operators.md", "Those of web, workers, beat and database may differ by {} seconds", (clocks.APART / SECOND,)),
    ("operators.md", "`MANTIK_LEASE_SECONDS` ({} seconds) after", (settings.MANTIK_LEASE_SECONDS,)),
    ("operators.md", "a sweep finds it within {} seconds", (SWEEPS["Sweep models"] / SECOND,)),
    ("operators.md", "see that on every page for the next {} minutes", (disk.REMEMBER_SECONDS / 60,)),
    ("models.md", "It has at most {}, those", (candidates.MOST_OFFERED,)),
    ("operators.md", "One fetch at a time asks it again, after {} s,", (hosts.FIRST_PAUSE / SECOND,)),
    ("operators.md", "up to every {} minutes. When it answers", (hosts.LONGEST_PAUSE / MINUTE,)),
    ("operators.md", "They ask at once, then after {} s,", (breaker.FIRST_PAUSE / SECOND,)),
    ("operators.md", "outages of the last {} days", (breaker.KEPT / DAY,)),
    (
        "operators.md",
        "is kept for a minute, or for {} seconds if it was bad",
        (schema.BAD_ANSWER_SECONDS,),
    ),
    ("operators.md", "at most {} minutes after the end of the run", (worker.PATIENCE_FOR_LOG / MINUTE,)),
    (
        "operators.md",
        "After {} refusals in a row, over at least {} minutes, it stops using the login",
        (login_health.REFUSALS_TO_BELIEVE, login_health.BELIEVED_AFTER / MINUTE),
    ),
    ("projects.md", "which runs failed in the last {} days that you have not put away", (failures.DAYS,)),
    ("projects.md", "the core-hours of the last {} days by account", (pages.LAST_WEEK / DAY,)),
    ("projects.md", "A project has at most {}. They are stored in lower case", (labels.MAX_LABELS,)),
    ("runs.md", "while it runs, and for {} minutes after its end", (TOKEN_GRACE / MINUTE,)),
    ("runs.md", "and for {} days after the end unless operators say otherwise", (settings.MANTIK_JOB_DAYS,)),
    (
        "runs.md",
        "up to a size that operators set ({} MB unless they say otherwise)",
        (settings.MANTIK_LOG_MAX_BYTES / 1e6,),
    ),
    ("schedules.md", "you see the next {} due times", (forecast.SHOWN,)),
    ("schedules.md", "until the end date (without one: in {} days)", (forecast.WITHOUT_END.days,)),
    (
        "schedules.md",
        "at most as many as the form says (default {})",
        (Schedule._meta.get_field("missed_cap").default,),
    ),
    ("schedules.md", "| hours; default {} |", (Schedule._meta.get_field("missed_grace").default / HOUR,)),
    ("schedules.md", "| default {}; 0: never |", (Schedule._meta.get_field("pause_after_failures").default,)),
    (
        "schedules.md",
        "if there are more than {}, only the latest {} get one.",
        (due.MOST_DUE_TIMES, due.MOST_DUE_TIMES),
    ),
    ("schedules.md", "If there are more than a {} schedules, the page shows the busiest", (week.MOST_SHOWN,)),
    ("schedules.md", "An expression has at most {} characters", (parsing.LONGEST_EXPRESSION,)),
    (
        "security.md",
        "passwords of {} characters and more",
        (LEAST_PASSWORD,),
    ),
    (
        "security.md",
        "After {} wrong attempts at an account from one address (of IPv6: from one network), a {} from everywhere "
        "within an hour, or {} from one address whatever the account",
        (int(_per_account[0]), int(_everywhere[0]), int(_per_address[0])),
    ),
    ("security.md", "while the run is active and for {} minutes after its end", (TOKEN_GRACE / MINUTE,)),
    ("security.md", "With more than {} addresses", (int(_everywhere[0]) / int(_per_account[0]),)),
    ("security.md", "signed token of a key pair for {} minutes", (credentials.SIGNED_SECONDS / 60,)),
    ("settings.md", "If the job is new, or its page is open, every {} seconds", (poll.SHORT_PAUSE / SECOND,)),
    ("settings.md", "Random, at least {} characters; shorter ones are refused", (strength.LEAST_KEY_LENGTH,)),
    ("settings.md", "At least {} characters.", (strength.LEAST_TOKEN_LENGTH,)),
    ("settings.md", "as a bearer token. Random, at least {} characters", (strength.LEAST_TOKEN_LENGTH,)),
]
# What is said without a number, while it is so.
IN_OTHER_WORDS: list[tuple[str, str, object, object]] = [
    (
        "connections.md",
        "Twice an hour Mantik also tests such a connection itself",
        SWEEPS["Sweep refused logins"],
        HOUR / 2,
    ),
    ("models.md", "Once an hour Mantik compares the model with what MLflow has", worker.CHECK_EVERY, HOUR),
    ("operators.md", "Mantik notices within half an hour", SWEEPS["Sweep refused logins"], HOUR / 2),
    ("operators.md", "The result of checking the tables is kept for a minute", schema.GOOD_ANSWER_SECONDS, 60),
    ("operators.md", "For half a minute a worker tries to give back", database_loss.PATIENCE, MINUTE / 2),
    ("operators.md", "Mantik tries again for a week.", outbox.GIVE_UP_AFTER, 7 * DAY),
    ("operators.md", "Once an hour it compares each model with what MLflow has", worker.CHECK_EVERY, HOUR),
    ("operators.md", "It waits a second, and longer each time", restarts.FIRST_PAUSE, SECOND),
    ("operators.md", "At the fifth death in a row it gives up", restarts.MOST_DEATHS, 5),
    ("schedules.md", "| random delay | up to an hour,", LONGEST_JITTER, 3600),
]
# Amounts that are not ours, or are examples, as they stand in the documents.
NOT_OURS = {
    "connections.md": {"ten minutes": "UNICORE's, for new keys"},
    "operators.md": {"30 seconds": "Celery's longest pause before it connects again"},
    "tracking.md": {"1 gb": "what a test logs"},
    "schedules.md": {
        "30 hours": "of an example",
        "7 hours": "of an example",
        "15 minutes": "of an expression in words",
    },
}
AMOUNT = re.compile(rf"\b(\d[\d,.]*|{'|'.join(WORDS.values())})\s({'|'.join(UNITS)})\b", re.IGNORECASE)
# Measured, or of a release that is out: those say themselves when.
PAST = {"benchmarks.md"}


@cache
def text_of(document: str) -> str:
    """With each line's end as a blank."""
    return " ".join((DOCS / document).read_text().split())


def pattern_of(sentence: str, numbers: tuple[float, ...]) -> re.Pattern[str]:
    """Figures or a word for each {}: 5 or five."""
    first, *rest = map(re.escape, sentence.split("{}"))
    parts = [f"(?:{'|'.join(_said(number))})" for number in numbers]
    return re.compile(first + "".join(part + end for part, end in zip(parts, rest, strict=True)), re.IGNORECASE)


def _said(number: float) -> list[str]:
    assert number == int(number), "nobody says it like that"
    return [f"{int(number)}", f"{int(number):,}", *filter(None, [WORDS.get(int(number))])]


@pytest.mark.parametrize(("document", "sentence", "numbers"), SENTENCES)
def test_a_number_in_a_sentence_is_that_of_the_code(document: str, sentence: str, numbers: tuple[float, ...]) -> None:
    assert pattern_of(sentence, numbers).search(text_of(document)), f"the code has {numbers}"


@pytest.mark.parametrize(("document", "sentence", "found", "said"), IN_OTHER_WORDS)
def test_so_is_what_is_said_in_other_words(document: str, sentence: str, found: object, said: object) -> None:
    assert found == said
    assert sentence in text_of(document)


@pytest.mark.parametrize("document", sorted(path.name for path in DOCS.glob("*.md") if path.name not in PAST))
def test_no_amount_is_told_that_nobody_compares(document: str) -> None:
    assert list(_unknown(document, text_of(document))) == []


def test_one_that_nobody_compares_would_be_found() -> None:
    text = "| 10 minutes (`MANTIK_GIT_TIMEOUT`) | It waits for five seconds, up to 20 MB, of two kinds."
    first, second = _unknown("code.md", text)
    assert "five seconds" in first
    assert "20 MB" in second


def _unknown(document: str, text: str) -> Iterator[str]:
    compared = [
        found.span()
        for where, sentence, numbers in SENTENCES
        if where == document
        for found in pattern_of(sentence, numbers).finditer(text)
    ]
    others = NOT_OURS.get(document, {})
    for amount in AMOUNT.finditer(text):
        is_compared = any(begin <= amount.start() and amount.end() <= end for begin, end in compared)
        if not is_compared and amount[0].lower() not in others:
            yield text[max(0, amount.start() - 40) : amount.end() + 20]
