"""Journals that relays send by themselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from mantik.up.ports import free_port
from runs.models import JobTracking, Journal, JournalPart, Run
from runs.states import RunState
from runs.tracking.journals import inbox
from runs.tracking.journals.inbox import Inbox, NotTaken, drop_applied, receive, received_to
from runs.tracking.journals.names import MOST
from runs.tracking.run_tokens import make_run_token
from tests.runs.job.relay.relays import RUN_ID, Relay, oldest_python, relay_in
from tests.runs.tracking.gateway.asking import Call, ask, token_of_member
from tests.support import factories
from tests.support.waiting import wait_until
from tests.support.web_server import web_server

NAME = "journal-1"


def make_run() -> Run:
    run = factories.make_run(state=RunState.RUNNING, mlflow_run_id=RUN_ID, mlflow_experiment_id="7")
    factories.make_job_tracking(run)
    return run


def token_of(run: Run) -> str:
    return make_run_token(run, now=timezone.now())


def post(token: str, content: bytes, *, offset: object = 0, name: str = NAME) -> Any:
    return ask(token, Call("POST", f"api/mantik/journals/{name}", {"offset": offset}, content))


def content_of(run: Run, name: str = NAME) -> bytes:
    parts = JournalPart.objects.filter(journal__run=run, journal__name=name).order_by("offset")
    return b"".join(bytes(part.content) for part in parts)


# What is taken


@pytest.fixture
def run(db: None) -> Run:
    return make_run()


def test_what_follows_is_kept_and_nothing_twice(run: Run) -> None:
    token = token_of(run)
    assert post(token, b"one\ntwo\n").content == b'{"offset": 8}'
    assert post(token, b"one\ntwo\n").content == b'{"offset": 8}'
    assert post(token, b"four\n", offset=100).content == b'{"offset": 8}'
    assert post(token, b"three\n", offset=8).content == b'{"offset": 14}'
    assert ask(token, Call("GET", f"api/mantik/journals/{NAME}")).content == b'{"offset": 14}'
    assert content_of(run) == b"one\ntwo\nthree\n"


def test_what_a_worker_has_read_at_the_site_is_not_sent_again(run: Run) -> None:
    receive(run, NAME, 0, b"one\n", now=timezone.now())
    Journal.objects.filter(run=run).update(offset=10)
    assert received_to(run, NAME) == 10
    assert receive(run, NAME, 4, b"two\n", now=timezone.now()) == 10
    assert receive(run, NAME, 10, b"four\n", now=timezone.now()) == 15


def test_a_worker_looks_soon(run: Run) -> None:
    now = timezone.now()
    receive(run, NAME, 0, b"one\n", now=now)
    assert JobTracking.objects.get(run=run).due_at == now


def test_it_is_read_as_any_other_source(run: Run) -> None:
    for offset, line in ((0, b"one\n"), (4, b"two\n"), (8, b"three\n")):
        receive(run, NAME, offset, line, now=timezone.now())
    journal = Journal.objects.get(run=run)
    source = Inbox(journal)
    assert (source.size(NAME), source.size(f"{NAME}.pack")) == (14, None)
    assert source.read(NAME, 5, 100) == b"wo\n"
    assert source.read(NAME, 14, 100) == b""
    assert source.has_more()

    journal.offset = 8
    journal.save()
    drop_applied(journal)
    assert content_of(run) == b"three\n"
    journal.offset = 14
    assert not source.has_more()


def test_more_than_can_be_kept_has_to_wait(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MOST_WAITING", 10)
    token = token_of(run)
    assert post(token, b"1234567\n").status == 200
    refused = post(token, b"890\n", offset=8)
    assert (refused.status, refused.code) == (429, "RESOURCE_EXHAUSTED")
    journal = Journal.objects.get(run=run)
    journal.offset = 8
    journal.save()
    drop_applied(journal)
    assert post(token, b"890\n", offset=8).status == 200


# What is not


@pytest.mark.parametrize(
    ("name", "offset", "content", "words"),
    [
        ("journal-0", 0, b"one\n", "is not the name of a journal"),
        ("seed.json", 0, b"one\n", "is not the name of a journal"),
        (NAME, "-1", b"one\n", "offset has to be"),
        (NAME, "9" * 19, b"one\n", "offset has to be"),
        (NAME, 0, b"one", "Send whole lines"),
        (NAME, 0, b"", "Send whole lines"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(run: Run, name: str, offset: object, content: bytes, words: str) -> None:
    answer = post(token_of(run), content, offset=offset, name=name)
    assert answer.status == 400
    assert words in answer.text
    assert content_of(run) == b""


def test_only_a_job_sends_journals_and_only_its_own(run: Run) -> None:
    other = make_run_of_somebody_else()
    member = token_of_member(run.created_by)
    assert post(member, b"one\n").status == 403
    assert post(token_of(other), b"one\n").status == 200
    assert (content_of(run), content_of(other)) == (b"", b"one\n")


def make_run_of_somebody_else() -> Run:
    run = factories.make_run(state=RunState.RUNNING, mlflow_run_id="cd" * 16, mlflow_experiment_id="8")
    factories.make_job_tracking(run)
    return run


def test_a_job_without_a_relay_has_no_journal(run: Run) -> None:
    JobTracking.objects.all().delete()
    with pytest.raises(NotTaken, match="was sent no relay"):
        received_to(run, NAME)


def test_a_run_has_so_many_journals_and_no_more(run: Run) -> None:
    Journal.objects.bulk_create(Journal(run=run, name=f"journal-{number}") for number in range(1, MOST + 1))
    with pytest.raises(NotTaken, match="the most that a run may have"):
        received_to(run, "journal-node-1")
    assert received_to(run, NAME) == 0


# Real relays


Sending = Callable[[Run, int], Relay]


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[Sending]:
    """Starts a relay that sends to a web server at a port."""
    with ExitStack() as stack:

        def started(run: Run, port: int) -> Relay:
            seed = {"platform": f"http://127.0.0.1:{port}/tracking", "token": token_of(run)}
            python = oldest_python() or sys.executable
            return stack.enter_context(relay_in(tmp_path, python, name=NAME, **seed))

        yield started


def log(relay: Relay, *steps: int) -> None:
    for step in steps:
        relay.post("runs/log-metric", run_id=RUN_ID, key="loss", value=1 / (step + 1), timestamp=step, step=step)


def journal_of(relay: Relay) -> bytes:
    return (relay.folder / NAME).read_bytes()


@pytest.mark.django_db(transaction=True)
def test_a_relay_sends_what_it_writes_and_the_end_as_well(tmp_path: Path, sending: Sending) -> None:
    run = make_run()
    with web_server(tmp_path) as web:
        relay = sending(run, web.port)
        log(relay, *range(50))
        wait_until(lambda: content_of(run) == journal_of(relay))
        relay.kill()
        relay.start()
        log(relay, *range(50, 100))
        assert relay.hang_up() == 0
    assert content_of(run) == journal_of(relay)
    assert relay.entries()[-1]["k"] == "end"
    assert "is sent to 127.0.0.1 at once" in relay.log()


@pytest.mark.django_db(transaction=True)
def test_what_is_logged_while_there_is_no_way_is_sent_later(tmp_path: Path, sending: Sending) -> None:
    run, port = make_run(), free_port()
    relay = sending(run, port)
    log(relay, *range(10))
    wait_until(lambda: "has no way to 127.0.0.1" in relay.log())
    with web_server(tmp_path, port=port):
        log(relay, *range(10, 20))
        wait_until(lambda: content_of(run) == journal_of(relay))


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_final(tmp_path: Path, sending: Sending) -> None:
    run = make_run()
    with web_server(tmp_path) as web:
        relay = sending(run, web.port)
        wait_until(lambda: content_of(run) == journal_of(relay))
        run.tokens.update(revoked_at=timezone.now())
        log(relay, 1)
        wait_until(lambda: "answers 401" in relay.log())
        log(relay, 2)
        assert relay.hang_up() == 0
    assert content_of(run) != journal_of(relay)
