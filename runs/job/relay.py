"""The relay: what a training's MLflow client talks to on a compute node, which has mostly no way to the outside.

It answers unmodified clients (2.2 to 3.17) itself, from memory, once what they sent is in its journal. It is one file
of the standard library for Python 3.6 and newer: it is sent with the job and runs on whatever Python a node has.

    python3 -E -s -S .mantik/relay.py --folder DIR --journal NAME [--address ADDRESS] [--node NODE]

DIR has `seed.json`, of mode 0600 (`Seed`). Beside it the relay keeps, by the name of the journal:

* `NAME`: the journal, lines of entries; runs/tracking/README.md says what they are.
* `NAME.pack`: the small files that were logged, one after the other. `NAME.files/`: each large one.
* `NAME.port`: the port, once it listens. A relay that is started again goes on with it, and with the journal.

What is promised: an answer is given once its entry is written (`write()` has returned), so that killing the relay
loses nothing that a client was told. Two cases are different. If a write hangs, as a parallel file system may, an
answer waits for it for `PATIENCE` seconds and is then given from memory; if a write fails, as with a full quota, it is
given at once, and the relay tries again each second. What was answered so is lost only if the relay is killed
meanwhile, or if more than `MOST_QUEUED` bytes wait: then the journal says how much (`lost`). Neither ends or delays the
training.

SIGTERM makes it write everything out and go on serving, as the training may still log: until its standard input is
closed (if that is a pipe), a second SIGTERM, or `Seed.grace` seconds later. Then the last entry (`end`) is written, and
it exits with 0.

Where the node has a way to the platform, what is in the journal is also sent there at once (`Sender`); where it has
none, workers of the platform read the same bytes through the site.
"""

import argparse
import hashlib
import hmac
import json
import math
import operator
import os
import platform
import posixpath
import queue
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import traceback
import uuid
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Callable, Deque, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple, Union
from urllib.parse import parse_qs, unquote, urlsplit

FORMAT = 1
# Of MLflow's API, as the gateway has it: clients send spans in another way to servers before 3.4.
API_VERSION = "3.17.2"
# Seconds that an answer waits for its write; and between two looks at whether one hangs.
PATIENCE, LOOK_EVERY = 1.0, 0.25
# Seconds that somebody who sends a large file waits for each piece of it, while the file system hangs. Then the file is
# given up: what a training writes there itself hangs as well, but it must not be held up by us.
PATIENCE_FOR_FILES = 20.0
# Pieces of a large file that wait to be written.
MOST_PIECES = 16
# Bytes that wait to be written.
MOST_QUEUED = 32 * 2**20
# Seconds between two calls of fsync, and between two attempts after a write that failed.
SYNC_EVERY, RETRY_EVERY = 3.0, 1.0
# Bytes that are joined in one write.
ONE_WRITE = 2**20
# Bytes: files up to this are in the pack, and larger bodies are read in pieces.
SMALL_FILE, PIECE = 2**20, 2**18
# Bytes beyond its limit that a journal has room for what makes the rest readable (`ALWAYS`).
RESERVE = 2**20
ALWAYS = frozenset({"start", "child", "model", "update", "end", "lost"})
# Bytes of a JSON body: MLflow takes profiles of datasets of 16 MB.
LARGEST_BODY = 24 * 2**20
# As MLflow has them: characters of keys and values, entries of a batch.
LONGEST_KEY, LONGEST_PARAM, LONGEST_TAG, LARGEST_BATCH = 250, 6000, 8000, 1000
# Bytes of a name and of a path, as the gateway has them.
LONGEST_NAME, LONGEST_PATH = 255, 2000
SAMPLE_EVERY = 15.0
MOST_CONNECTIONS = 1024
# Points of a logged model of which all are shown; of more, the latest of each metric.
MOST_OF_MODEL = 10_000
# Calls that the relay does not know, which are counted one by one.
MOST_UNKNOWN = 1000
# Seconds that somebody who has not said the secret may take to say it.
STRANGERS_TIME = 10.0
# Bytes of a journal that are sent at a time: half of what the platform takes. A longer line is left to the workers.
ONE_POST = 500_000
# Seconds after which a connection is not used again: the server may have closed it meanwhile.
ANEW_AFTER = 5.0
# Seconds: between two looks for something to send; until there is a connection, and until an answer; between two
# attempts, at first and at most; and for what is left at the end.
SEND_EVERY, CONNECT_WITHIN, ANSWER_WITHIN, SEND_AGAIN, SEND_AGAIN_AT_MOST, SEND_LAST = 1.0, 5.0, 20.0, 5.0, 300.0, 5.0
# Tags by which Mantik finds runs again.
OURS = "mantik."
PARENT, NAME, HISTORY = "mlflow.parentRunId", "mlflow.runName", "mlflow.log-model.history"

Entry = Dict[str, Any]
Document = Dict[str, Any]

# Its own log

_said: Set[str] = set()
_lines: "queue.Queue[str]" = queue.Queue(1000)


def say(words: str) -> None:
    """Adds a line to the log of the relay. The log may be on a file system that hangs, so another thread writes it."""
    with suppress(queue.Full):
        _lines.put_nowait(f"[mantik] relay: {words}\n")


def say_once(about: str, words: str) -> None:
    if about not in _said:
        _said.add(about)
        say(words)


def begin_log() -> None:
    threading.Thread(target=_write_log, daemon=True).start()


def _write_log() -> None:
    while True:
        line = _lines.get()
        with suppress(OSError):
            sys.stderr.write(line)
            sys.stderr.flush()
        _lines.task_done()


def end_log(*, seconds: float) -> None:
    """Waits until everything is written, but not longer than that."""
    deadline = time.monotonic() + seconds
    while _lines.unfinished_tasks and time.monotonic() < deadline:
        time.sleep(0.01)


# The beginning


def milliseconds() -> int:
    return int(time.time() * 1000)


class Seed(NamedTuple):
    """What the platform gives the relay to begin with.

    `artifact_root`: of the experiment, as `mlflow-artifacts:/7`. `journal_bytes`, `file_bytes`: the most that may be
    kept. `token`: the run token, which is accepted in place of `secret`; "" if there is none yet. `node`: stands in the
    names of what is measured, if the job has several nodes. `platform`: the address to which journals are sent; "" if
    they are not. `sample_every`, `grace`: seconds.
    """

    run_id: str
    experiment_id: str
    secret: str
    artifact_root: str
    journal_bytes: int
    file_bytes: int
    token: str = ""
    run_name: str = ""
    experiment_name: str = ""
    user: str = ""
    node: str = ""
    platform: str = ""
    sample: bool = True
    sample_every: float = SAMPLE_EVERY
    grace: float = 25.0


def read_seed(path: Path) -> Seed:
    """Raises OSError if it is not there, ValueError if it is none. Takes the rights of others away."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)
    try:
        values = dict(json.loads(path.read_text(encoding="utf-8")))
        seed = Seed(**{name: value for name, value in values.items() if value is not None})
    except TypeError as error:
        raise ValueError(f"{path.name} is not complete: {error}") from None
    if len(seed.secret) < 16:
        raise ValueError(f"{path.name} has a secret of less than 16 characters")
    return seed


# What was logged


class History:
    """The points of a metric in MLflow's order: by time, step and value, NaN last; each once, in 24 bytes.

    Clients send points again that they were given; MLflow, whose primary key these are, keeps each once as well.
    """

    __slots__ = ("latest", "steps", "times", "values")

    def __init__(self) -> None:
        self.times, self.steps, self.values = array("q"), array("q"), array("d")
        # (step, time, value) of the point that stands for the metric.
        self.latest: Tuple[int, int, float] = (-(2**63), -(2**63), math.nan)

    def __len__(self) -> int:
        return len(self.times)

    def add(self, value: float, when: int, step: int) -> None:
        """`when`: milliseconds since 1970."""
        place = self._place_for(value, when, step)
        if place is None:
            return
        self.times.insert(place, when)
        self.steps.insert(place, step)
        self.values.insert(place, value)
        if len(self.times) == 1 or (step, when, value) > self.latest:
            self.latest = (step, when, value)

    def has(self, value: float, when: int, step: int) -> bool:
        return self._place_for(value, when, step) is None

    def _place_for(self, value: float, when: int, step: int) -> Optional[int]:
        """Where it belongs; None if it is there."""
        if not self.times or (when, step) > (self.times[-1], self.steps[-1]):
            return len(self.times)
        start, end = bisect_left(self.times, when), bisect_right(self.times, when)
        start, end = bisect_left(self.steps, step, start, end), bisect_right(self.steps, step, start, end)
        has_nan = end > start and math.isnan(self.values[end - 1])
        if math.isnan(value):
            return None if has_nan else end
        end -= has_nan
        place = bisect_left(self.values, value, start, end)
        return None if place < end and self.values[place] == value else place

    def points(self) -> Iterator[Tuple[int, int, float]]:
        """The step, time and value of each."""
        return zip(self.steps, self.times, self.values)

    def copy(self) -> Tuple["array[float]", "array[int]", "array[int]"]:
        return self.values[:], self.times[:], self.steps[:]


# A metric of a logged model is measured on a dataset, or on none: (key, name of the dataset, its digest).
Measure = Tuple[str, str, str]


class Kept(NamedTuple):
    """A file. `place`: its first byte in the pack, or the name of its own file below the folder."""

    size: int
    place: Union[int, str]


class Tree:
    """The files of a run or a logged model, by folder; "" is the top. A folder's value is None."""

    def __init__(self) -> None:
        self.folders: Dict[str, Dict[str, Optional[Kept]]] = {"": {}}

    def find(self, path: str) -> Optional[Kept]:
        folder, _, name = path.rpartition("/")
        return self.folders.get(folder, {}).get(name)

    def is_file(self, path: str) -> bool:
        return self.find(path) is not None

    def above(self, path: str) -> Iterator[str]:
        """Its folders, from the top, which is left out."""
        parts = path.split("/")[:-1]
        return ("/".join(parts[: end + 1]) for end in range(len(parts)))

    def put(self, path: str, kept: Kept) -> None:
        for folder in self.above(path):
            if folder not in self.folders:
                self.folders[folder] = {}
                above, _, name = folder.rpartition("/")
                self.folders[above][name] = None
        folder, _, name = path.rpartition("/")
        self.folders[folder][name] = kept

    def remove(self, path: str) -> None:
        """A file or a folder with all that is in it; nothing if there is none."""
        for name in list(self.folders.pop(path, ())) if path else ():
            self.remove(f"{path}/{name}")
        above, _, name = path.rpartition("/")
        self.folders.get(above, {}).pop(name, None)

    def listed(self, folder: str) -> Iterator[Document]:
        for name, kept in sorted(self.folders.get(folder, {}).items()):
            yield {"path": name, "is_dir": True} if kept is None else _file_document(name, kept.size)


def _file_document(name: str, size: int) -> Document:
    return {"path": name, "is_dir": False, "file_size": size}


class Run:
    """The job's run, or one below it."""

    def __init__(self, run_id: str, *, name: str = "", user: str = "", start: int = 0) -> None:
        self.run_id, self.name, self.user = run_id, name, user
        self.status, self.start = "RUNNING", start
        self.end: Optional[int] = None
        self.tags: Dict[str, str] = {}
        self.params: Dict[str, str] = {}
        self.metrics: Dict[str, History] = {}
        # By name and digest.
        self.datasets: Dict[Tuple[str, str], Document] = {}
        self.inputs: Dict[str, None] = {}
        # Of logged models, by id: the step.
        self.outputs: Dict[str, int] = {}
        self.files = Tree()

    def history(self) -> List[Any]:
        """The models that clients before 3 logged, as MLflow's tag has them."""
        try:
            return list(json.loads(self.tags.get(HISTORY, "[]")))
        except (TypeError, ValueError):
            # Somebody has set the tag.
            return []

    def all_tags(self) -> Dict[str, str]:
        return dict(self.tags, **{NAME: self.name}) if self.name else dict(self.tags)


class Model:
    """A logged model of MLflow 3."""

    def __init__(self, model_id: str, *, run: str, name: str, kind: str, created: int) -> None:
        self.model_id, self.run, self.name, self.kind = model_id, run, name, kind
        self.status, self.created, self.updated = "LOGGED_MODEL_PENDING", created, created
        self.tags: Dict[str, str] = {}
        self.params: Dict[str, str] = {}
        self.metrics: Dict[Measure, History] = {}
        self.files = Tree()


class Version(NamedTuple):
    """What a client wished to have registered. `of`: the run; `model`: the logged model, of MLflow 3."""

    name: str
    version: str
    source: str
    of: str
    model: str
    created: int


class Logged:
    """All that was logged in this job. It changes by entries alone, so that reading the journal makes the same again.

    An entry without `run` is about the job's own run.
    """

    def __init__(self, seed: Seed) -> None:
        self.root = Run(seed.run_id, name=seed.run_name, user=seed.user, start=milliseconds())
        self.runs = {seed.run_id: self.root}
        self.models: Dict[str, Model] = {}
        self.wishes: Dict[str, List[Version]] = {}
        self.experiments: Set[str] = set()
        self.file_bytes = 0
        self._appliers: Dict[str, Callable[[Entry], Any]] = {
            "start": self._start,
            "metrics": self._metrics,
            "params": lambda entry: self._run(entry).params.update(entry["params"]),
            "tags": self._tags,
            "untag": lambda entry: self._run(entry).tags.pop(entry["key"], None),
            "child": self._child,
            "update": self._update,
            "inputs": self._inputs,
            "outputs": self._outputs,
            "history": self._history,
            "model": self._model,
            "model_status": self._model_status,
            "model_params": lambda entry: self.models[entry["model"]].params.update(entry["params"]),
            "model_tags": lambda entry: self.models[entry["model"]].tags.update(entry["tags"]),
            "model_untag": lambda entry: self.models[entry["model"]].tags.pop(entry["key"], None),
            "file": self._file,
            "unfile": lambda entry: self.tree(entry).remove(entry["path"]),
            "unkept": lambda entry: self.tree(entry).remove(entry["path"]),
            "wish": self._wish,
            "experiment": lambda entry: self.experiments.add(entry["name"]),
        }

    def apply(self, entry: Entry) -> None:
        """Raises KeyError if it is about a run or a model that there is not."""
        applier = self._appliers.get(entry["k"])
        if applier is not None:
            applier(entry)

    def _run(self, entry: Entry) -> Run:
        return self.runs[entry["run"]] if "run" in entry else self.root

    def tree(self, entry: Entry) -> Tree:
        return self.models[entry["model"]].files if "model" in entry else self._run(entry).files

    def _start(self, entry: Entry) -> None:
        self.root.start = min(self.root.start, entry["time"])

    def _metrics(self, entry: Entry) -> None:
        run = self._run(entry)
        model_id, dataset, digest = entry.get("of", _OF_NONE)
        model = self.models.get(model_id)
        for key, columns in entry["points"].items():
            histories = [run.metrics.setdefault(key, History())]
            if model is not None:
                histories.append(model.metrics.setdefault((key, dataset, digest), History()))
            for value, when, step in points_of(columns):
                for history in histories:
                    history.add(value, when, step)

    def _tags(self, entry: Entry) -> None:
        run = self._run(entry)
        run.tags.update(entry["tags"])
        run.name = run.tags.pop(NAME, run.name)

    def _child(self, entry: Entry) -> None:
        run = Run(entry["run"], name=entry["name"], user=entry["user"], start=entry["start"])
        run.tags.update(entry["tags"])
        self.runs[run.run_id] = run

    def _update(self, entry: Entry) -> None:
        run = self._run(entry)
        run.name = entry.get("name", run.name)
        if "status" in entry:
            run.status = entry["status"]
            run.end = None if run.status in ("RUNNING", "SCHEDULED") else run.end
        run.end = entry.get("end", run.end)

    def _inputs(self, entry: Entry) -> None:
        run = self._run(entry)
        for one in entry["datasets"]:
            run.datasets.setdefault(dataset_key(one), one)
        run.inputs.update(dict.fromkeys(entry["models"]))

    def _outputs(self, entry: Entry) -> None:
        for one in entry["models"]:
            self._run(entry).outputs.setdefault(one["model_id"], one["step"])

    def _history(self, entry: Entry) -> None:
        run = self._run(entry)
        run.tags[HISTORY] = json.dumps([*run.history(), json.loads(entry["model"])])

    def _model(self, entry: Entry) -> None:
        run = entry.get("run", self.root.run_id)
        model = Model(entry["model"], run=run, name=entry["name"], kind=entry["type"], created=entry["time"])
        model.params.update(entry["params"])
        model.tags.update(entry["tags"])
        self.models[model.model_id] = model

    def _model_status(self, entry: Entry) -> None:
        model = self.models[entry["model"]]
        model.status, model.updated = entry["status"], entry["time"]

    def _file(self, entry: Entry) -> None:
        self.tree(entry).put(entry["path"], Kept(entry["size"], entry["at"]))
        self.file_bytes += entry["size"]

    def _wish(self, entry: Entry) -> None:
        versions = self.wishes.setdefault(entry["name"], [])
        if "version" in entry:
            about = {name: entry[name] for name in ("name", "version", "source", "of", "model")}
            versions.append(Version(created=entry["time"], **about))


def dataset_key(given: Document) -> Tuple[str, str]:
    return given["dataset"].get("name", ""), given["dataset"].get("digest", "")


class Point(NamedTuple):
    """`of`: the logged model and the dataset of which it was measured: (id, name, digest), each "" if there is none."""

    key: str
    value: float
    when: int
    step: int
    of: Tuple[str, str, str]


_OF_NONE = ("", "", "")


def columns_of(points: Iterable[Point]) -> Dict[str, List[List[Any]]]:
    """By key: the values, then the times and the steps, each as its difference to the one before."""
    found: Dict[str, List[List[Any]]] = {}
    last: Dict[str, Tuple[int, int]] = {}
    for point in points:
        values, times, steps = found.setdefault(point.key, [[], [], []])
        when, step = last.get(point.key, (0, 0))
        values.append(written_number(point.value))
        times.append(point.when - when)
        steps.append(point.step - step)
        last[point.key] = (point.when, point.step)
    return found


def points_of(columns: List[List[Any]]) -> Iterator[Tuple[float, int, int]]:
    """(value, time, step) of one key's columns."""
    when = step = 0
    for value, later, further in zip(*columns):
        when, step = when + later, step + further
        yield float(value), when, step


def written_number(value: float) -> Union[float, str]:
    """As JSON has it; what it has no digits for as protobuf writes that."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


# The journal

_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def line_of(entry: Entry) -> bytes:
    text = _compact(entry).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def entry_of(line: bytes) -> Optional[Entry]:
    """None if the line is damaged or not whole."""
    checksum, _, text = line.partition(b" ")
    if not text.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text[:-1]):
        return None
    found: Entry = json.loads(text.decode())
    return found


# Released when what it stands for is written. None: it was not accepted, or nothing was to be written.
Ticket = Optional["threading.Lock"]


class Piece(NamedTuple):
    """Bytes that wait to be written at the end of a file."""

    file: int
    data: bytes
    ticket: Ticket


class Batch:
    """Pieces that are written together. `rest`: what is not written yet."""

    def __init__(self, pieces: List[Piece]) -> None:
        self.file, self.pieces = pieces[0].file, pieces
        self.rest = memoryview(b"".join(piece.data for piece in pieces))
        self.size = len(self.rest)


class Turn:
    """Of a thread that writes, and may hang in that: then another one calls `go_on` in its place."""

    def __init__(self, go_on: Callable[[], None]) -> None:
        self.go_on = go_on
        self._free = threading.Lock()

    def claim(self) -> bool:
        """Whether the caller is to go on: the first who asks."""
        return self._free.acquire(blocking=False)


class Closed(Exception):
    """The last entry has been written."""


class Journal:
    """The journal and the pack, to which one thread writes at a time.

    That is the one that has handed something in (`wait`): changing to another takes half as long as all the rest of a
    call. If another one writes already, or if it fails, the work is left to a thread that does nothing else (`_tend`).
    It also sees to it that nobody waits for a file system that hangs. One more calls fsync.
    """

    def __init__(self, path: Path, *, most_bytes: int) -> None:
        self._path = path
        self._file = _open_to_append(path)
        self._pack = _open_to_append(Path(f"{path}.pack"))
        self._most_bytes = most_bytes
        self._number = self._size = self._pack_size = 0
        # Bytes that are in the file.
        self.written = 0
        self._more = threading.Condition()
        self._queue: Deque[Piece] = deque()
        self._queued = 0
        self._is_closed = False
        # Somebody writes: `_turn`, if it is not `_tend`.
        self._is_writing = False
        self._turn: Optional[Turn] = None
        # When the write that is going on began; 0 if there is none.
        self._writing_since = 0.0
        # What could not be written.
        self._unwritten: Optional[Batch] = None
        self._trouble = ""
        # Since the last entry `lost`, by kind; points of metrics one by one.
        self._lost: Counter[str] = Counter()
        self._is_full = False
        self._writer = threading.Thread(target=self._tend, daemon=True)
        # Files of others, which wait to be synced and closed.
        self._others: Deque[int] = deque()
        self._sync_now = threading.Event()
        self._synced = threading.Event()

    def read(self) -> Iterator[Entry]:
        """The entries that are there; cuts what follows the last whole line. Once, before `begin`."""
        good = end = 0
        with self._path.open("rb") as file:
            for line in file:
                end += len(line)
                entry = entry_of(line)
                if entry is None:
                    continue
                good, self._number = end, entry["n"]
                yield entry
        if good < end:
            os.ftruncate(self._file, good)
            say(f"the last line of the journal was not whole ({end - good} bytes) and was cut off")
        self._size = self.written = good
        self._pack_size = os.fstat(self._pack).st_size

    def begin(self) -> None:
        self._writer.start()
        threading.Thread(target=self._sync_often, daemon=True).start()

    # What others call

    def add(self, entry: Entry, *, data: bytes = b"", weight: int = 1) -> Ticket:
        """Hands an entry in, without its number. `data` goes to the pack first, where its place is `entry["at"]`.

        None if there is no room for it: then it is counted as lost, `weight` times. Raises Closed.
        """
        with self._more:
            if self._is_closed:
                raise Closed
            if data:
                entry["at"] = self._pack_size
            if not self._is_full:
                self._tell_lost()
            return self._hand_in(entry, data, weight)

    def _hand_in(self, entry: Entry, data: bytes, weight: int) -> Ticket:
        numbered = {"n": self._number + 1}
        numbered.update(entry)
        line = line_of(numbered)
        if not self._has_room(entry["k"], len(line), len(data)):
            self._lost[entry["k"]] += weight
            return None
        self._number += 1
        self._size += len(line)
        self._pack_size += len(data)
        if data:
            self._put(Piece(self._pack, data, None))
        return self._put(Piece(self._file, line, _new_ticket()))

    def _put(self, piece: Piece) -> Ticket:
        self._queue.append(piece)
        self._queued += len(piece.data)
        return piece.ticket

    def _has_room(self, kind: str, line: int, data: int) -> bool:
        reserve = RESERVE if kind in ALWAYS else 0
        if self._size + line > self._most_bytes + reserve:
            self._fill_up()
            return False
        return self._queued + line + data <= MOST_QUEUED + reserve

    def _fill_up(self) -> None:
        if self._is_full:
            return
        self._is_full = True
        say(f"the journal has the {self._most_bytes} bytes that are allowed; the rest is only counted")
        self._hand_in({"k": "lost", "why": "limit", "entries": {}}, b"", 0)

    def _tell_lost(self) -> None:
        """Of writes that failed or hung, once there is room again."""
        if self._lost and self._hand_in({"k": "lost", "why": "disk", "entries": dict(self._lost)}, b"", 0) is not None:
            self._lost.clear()

    def mark(self) -> Ticket:
        """Of all that has been handed in until now. None if it is written."""
        with self._more:
            if not self._queue and not self._is_writing:
                return None
            return self._put(Piece(self._file, b"", _new_ticket()))

    def wait(self, ticket: Ticket, go_on: Optional[Callable[[], None]] = None) -> bool:
        """Until it is written; for `PATIENCE` seconds since the write began that is going on, and not if writing fails.

        If the write hangs longer, only the first answer has waited. With `go_on`, this thread may write. If that hangs,
        `go_on` is called in another one, in place of what follows here, and False comes of it once it hangs no more.
        """
        if ticket is None:
            return True
        if go_on is None:
            with self._more:
                self._more.notify()
        elif not self._write_myself(ticket, Turn(go_on)):
            return False
        if not self._trouble:
            since = self._writing_since
            waited = time.monotonic() - since if since else 0.0
            ticket.acquire(timeout=max(0.0, PATIENCE - waited))
        return True

    def _write_myself(self, ticket: "threading.Lock", turn: Turn) -> bool:
        """As long as nobody else does. False if another thread has gone on meanwhile."""
        while ticket.locked() and not self._trouble:
            batch = self._take(turn)
            if batch is None:
                return True
            self._write(batch)
            is_mine = turn.claim()
            self._end_turn(batch)
            if not is_mine:
                return False
            turn = Turn(turn.go_on)
        return True

    def sync_soon(self) -> None:
        self._sync_now.set()

    def sync_also(self, file: int) -> None:
        """A file of somebody else, which is closed afterwards."""
        self._others.append(file)

    def close(self, last: Entry, *, seconds: float) -> bool:
        """Hands in the last entry. False if not all is written and synced within so many seconds."""
        with self._more:
            last["lost"] = dict(self._lost)
            self._hand_in(last, b"", 0)
            self._is_closed = True
            self._more.notify()
        deadline = time.monotonic() + seconds
        self._writer.join(seconds)
        self._synced.clear()
        self._sync_now.set()
        return self._synced.wait(max(0.1, deadline - time.monotonic())) and not self._writer.is_alive()

    # Writing

    def _take(self, turn: Optional[Turn]) -> Optional[Batch]:
        """The next pieces for the same file, which the caller has to write. None if there are none, or if somebody
        else writes."""
        with self._more:
            if self._is_writing or not self._queue:
                return None
            taken: List[Piece] = []
            size = 0
            while self._queue and size < ONE_WRITE and self._queue[0].file == (taken or self._queue)[0].file:
                taken.append(self._queue.popleft())
                size += len(taken[-1].data)
            self._is_writing, self._turn, self._writing_since = True, turn, time.monotonic()
            return Batch(taken)

    def _write(self, batch: Batch) -> bool:
        """False if it fails."""
        try:
            while batch.rest:
                batch.rest = batch.rest[os.write(batch.file, batch.rest) :]
        except OSError as error:
            self._fails(error)
            return False
        return True

    def _end_turn(self, batch: Batch) -> None:
        """Of who has written it, or has failed to: then `_tend` goes on with it, and has the turn."""
        with self._more:
            self._turn, self._writing_since = None, 0.0
            if batch.rest:
                self._unwritten = batch
                self._more.notify()
                return
            self._is_writing = False
            self._queued -= batch.size
            if batch.file == self._file:
                self.written += batch.size
            if self._trouble:
                self._trouble = ""
                say("can write to the journal again")
                if not self._is_full:
                    self._tell_lost()
            if self._queue:
                self._more.notify()
        for piece in batch.pieces:
            if piece.ticket is not None:
                piece.ticket.release()

    def _tend(self) -> None:
        """Writes what nobody else does, tries again what failed, and looks after those who write."""
        while True:
            with self._more:
                if self._is_closed and not self._queue and not self._is_writing:
                    return
                if self._is_writing or not self._queue:
                    self._more.wait(LOOK_EVERY)
                self._go_on_elsewhere()
                batch, self._unwritten = self._unwritten, None
            batch = batch or self._take(None)
            if batch is None:
                continue
            while not self._write(batch):
                time.sleep(RETRY_EVERY)
            self._end_turn(batch)

    def _go_on_elsewhere(self) -> None:
        """If a thread hangs that has the turn."""
        turn, since = self._turn, self._writing_since
        if turn is not None and time.monotonic() - since > PATIENCE and turn.claim():
            threading.Thread(target=turn.go_on, daemon=True).start()

    def _fails(self, error: OSError) -> None:
        if not self._trouble:
            self._trouble = str(error)
            say(f"cannot write to the journal, and tries again each second: {error}")

    # fsync, which may take long, and for which nobody waits

    def _sync_often(self) -> None:
        while True:
            self._sync_now.wait(SYNC_EVERY)
            self._sync_now.clear()
            while self._others:
                other = self._others.popleft()
                _sync(other)
                os.close(other)
            _sync(self._pack)
            _sync(self._file)
            self._synced.set()

    def read_pack(self, place: int, size: int) -> bytes:
        """Fewer bytes if they are not written yet."""
        return os.pread(self._pack, size, place)

    def lines_from(self, offset: int, most: int) -> bytes:
        """Whole lines of the journal, up to `most` bytes; none if there are none yet, or if the first is longer."""
        found = os.pread(self._file, most, offset)
        return found[: found.rfind(b"\n") + 1]


def _new_ticket() -> "threading.Lock":
    ticket = threading.Lock()
    ticket.acquire()
    return ticket


def _open_to_append(path: Path) -> int:
    return os.open(str(path), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)


def _sync(file: int) -> None:
    try:
        os.fsync(file)
    except OSError as error:
        say_once("fsync", f"cannot be sure that what was written is on the disk: {error}")


# Files


class Received(NamedTuple):
    """A body that has been read to its end. `file`: its name below the folder, and `opened` that file, to be synced.
    `why`: it is not kept."""

    size: int
    sha256: str
    data: bytes = b""
    file: str = ""
    opened: int = -1
    why: str = ""


class Store:
    """The files that were logged, as far as there is room for them."""

    def __init__(self, path: Path, *, most_bytes: int, used: int) -> None:
        self._folder = Path(f"{path}.files")
        self._most_bytes, self._used = most_bytes, used
        self._lock = threading.Lock()
        self._last = 0
        # Made with the first file: the platform removes it in the end, which is a request for each.
        for file in self._folder.iterdir() if self._folder.exists() else ():
            self._last = max(self._last, int("0" + file.stem))
            if file.suffix == ".part":
                file.unlink()

    def path_of(self, file: str) -> Path:
        return self._folder.parent / file

    def receive(self, pieces: Iterator[bytes]) -> Received:
        """Reads a body, whatever comes of it: a client that is refused would end its training.

        Small ones come back as `data`, large ones are in a file of their own, which is on its way to the disk.
        """
        digest, start, size = hashlib.sha256(), b"", 0
        for piece in pieces:
            digest.update(piece)
            start += piece
            size += len(piece)
            if size > SMALL_FILE:
                return self._receive_large(digest, start, pieces)
        if not self.reserve(size):
            return Received(size, digest.hexdigest(), why="limit")
        return Received(size, digest.hexdigest(), data=start)

    def _receive_large(self, digest: Any, start: bytes, pieces: Iterator[bytes]) -> Received:
        incoming = _Incoming(self, self._new_path())
        try:
            incoming.write(start)
            for piece in pieces:
                digest.update(piece)
                incoming.write(piece)
        except BaseException:
            incoming.drop()
            raise
        if not incoming.finish():
            return Received(incoming.size, digest.hexdigest(), why=incoming.why)
        return Received(incoming.size, digest.hexdigest(), file=incoming.name, opened=incoming.opened)

    def _new_path(self) -> Path:
        with self._lock:
            self._last += 1
            return self._folder / f"{self._last:06}"

    def reserve(self, size: int) -> bool:
        """False if there is no room for so many bytes more."""
        with self._lock:
            if self._used + size > self._most_bytes:
                say_once("files", "the files that were logged have the bytes that are allowed; more are not kept")
                return False
            self._used += size
            return True

    def release(self, size: int) -> None:
        with self._lock:
            self._used -= size

    def forget(self, received: Received) -> None:
        """What the journal has no room for."""
        self.release(received.size)
        if received.file:
            os.close(received.opened)
            self.path_of(received.file).unlink()


class _Incoming:
    """A large file that is being received, and that a thread of its own writes. What cannot be written is counted, and
    not kept."""

    def __init__(self, store: Store, path: Path) -> None:
        self._store, self._path = store, path
        self.name = f"{path.parent.name}/{path.name}"
        self.size = self._reserved = 0
        self.why = ""
        # Open, once it is complete.
        self.opened = -1
        # The last one is empty.
        self._pieces: queue.Queue[bytes] = queue.Queue(MOST_PIECES)
        self._is_at_end = self._is_dropped = False
        self._error: Optional[OSError] = None
        self._writer = threading.Thread(target=self._write_all, daemon=True)
        self._writer.start()

    def write(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.why:
            return
        if not self._store.reserve(len(piece)):
            self._give_up("limit")
            return
        self._reserved += len(piece)
        self._hand_over(piece)

    def finish(self) -> bool:
        """False if it is not kept."""
        if not self.why:
            self._hand_over(b"")
        if not self.why:
            self._writer.join(PATIENCE_FOR_FILES)
            self._check(hangs=self._writer.is_alive())
        return not self.why

    def drop(self) -> None:
        self._is_dropped = True
        # In case it waits for one.
        with suppress(queue.Full):
            self._pieces.put_nowait(b"")
        self._store.release(self._reserved)
        self._reserved = 0

    def _hand_over(self, piece: bytes) -> None:
        try:
            self._pieces.put(piece, timeout=PATIENCE_FOR_FILES)
        except queue.Full:
            self._check(hangs=True)
        else:
            self._check(hangs=False)

    def _check(self, *, hangs: bool) -> None:
        if hangs or self._error:
            self._give_up("disk")
            said = self._error or "the file system hangs"
            say_once("large files", f"a file that was logged could not be written and is not kept: {said}")

    def _give_up(self, why: str) -> None:
        self.why = why
        self.drop()

    # Its thread

    def _write_all(self) -> None:
        part = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            with part.open("wb", buffering=0) as file:
                self._write_to(file)
                if not self._is_dropped:
                    opened = os.dup(file.fileno())
                    part.rename(self._path)
                    self.opened = opened
        except OSError as error:
            self._error = error
            self._is_dropped = True
            # Until whoever sends it has noticed.
            while not self._is_at_end:
                self._is_at_end = not self._pieces.get()
        if self._is_dropped:
            self._remove(part)

    def _write_to(self, file: IO[bytes]) -> None:
        while not self._is_dropped:
            rest = memoryview(self._pieces.get())
            self._is_at_end = not rest
            if not rest:
                return
            while rest:
                rest = rest[file.write(rest) :]

    def _remove(self, part: Path) -> None:
        if self.opened >= 0:
            os.close(self.opened)
        for path in (part, self._path):
            with suppress(OSError):
                path.unlink()


# Refusals, in codes that MLflow's oldest clients know: they end in an exception of their own at any other


class Refused(Exception):
    """Why a call is not answered as asked. Clients give up after any status below 500 but 408 and 429."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code, self.sentence = status, code, sentence


def not_there(what: str) -> Refused:
    return Refused(404, "RESOURCE_DOES_NOT_EXIST", f"There is no {what} in this job.")


def wrong(sentence: str) -> Refused:
    return Refused(400, "INVALID_PARAMETER_VALUE", sentence)


# The fields of a call


def text(fields: Document, name: str, *, most: int = 0) -> str:
    """Blank if it is left out. `most`: characters."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong(f"{name} has to be a text.")
    if "\0" in value:
        raise wrong(f"{name} holds a character that cannot be stored (NUL).")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise wrong(f"{name} holds half of a character.") from None
    if most and len(value) > most:
        raise wrong(f"{name} has {len(value)} characters. Send {most} at most.")
    return value


_WHOLE = re.compile(r"-?[0-9]{1,19}")


def whole(fields: Document, name: str, usual: int = 0) -> int:
    """A whole number of 64 bits, which protobuf may write as a text."""
    value = fields.get(name)
    if value is None:
        return usual
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise wrong(f"{name} has to be a whole number.")
    return value


_NO_DIGITS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def number(fields: Document, name: str) -> float:
    """JSON has no digits for some, which protobuf then writes as words."""
    value = fields.get(name)
    if isinstance(value, str) and value in _NO_DIGITS:
        return _NO_DIGITS[value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(f"{name} has to be a number.")
    try:
        # Always the same NaN, so that two of them are one point.
        return math.nan if math.isnan(value) else float(value)
    except OverflowError:
        raise wrong(f"{name} is too large for a number of 64 bits.") from None


def many(fields: Document, name: str) -> List[Document]:
    """A list of objects."""
    value = fields.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise wrong(f"{name} has to be a list of objects.")
    return value


_KEY = re.compile(r"[/\w.\- :]+")


def key_of(fields: Document, name: str = "key") -> str:
    """The name of a metric, parameter or tag, as MLflow takes them: it writes some of them as paths of files."""
    key = text(fields, name, most=LONGEST_KEY)
    if not _KEY.fullmatch(key):
        raise wrong(f"{name} is {key!r}. It may have letters, digits, spaces, and the signs _ - . : / in it.")
    if posixpath.normpath(key) != key or key == "." or key.startswith(("..", "/")):
        raise wrong(f"{name} is {key!r}. As a path, it would be another one. Choose another name.")
    return key


def tag_key_of(fields: Document) -> str:
    key = key_of(fields)
    if key.startswith(OURS):
        raise wrong(f"Tags that begin with {OURS} are Mantik's own. Choose another name.")
    return key


def pairs(fields: Document, name: str, *, most: int, key: Callable[[Document], str] = key_of) -> Dict[str, str]:
    """Keys and values, of which those that are too long are cut, as MLflow does it."""
    return {key(one): text(one, "value")[:most] for one in many(fields, name)}


def listed_pairs(values: Dict[str, str]) -> List[Document]:
    return [{"key": key, "value": value} for key, value in values.items()]


# Filters and orders of searches, as MLflow's clients write them

_CONDITION = re.compile(
    r"""
    \s* (?: (?P<kind> [A-Za-z]+ ) \. )?
    (?P<name> [\w.\-/:]+ | `[^`]*` | "[^"]*" )
    \s* (?P<comparator> = | != | >= | <= | > | < | (?:NOT\s+)?I?LIKE\b | (?:NOT\s+)?IN\b | IS\s+(?:NOT\s+)?NULL\b )
    \s* (?P<value> '[^']*' | "[^"]*" | -?[0-9.]+(?:e[-+]?[0-9]+)? | \( [^()]* \) )? \s*
    """,
    re.IGNORECASE | re.VERBOSE,
)
_AND = re.compile(r"AND\b", re.IGNORECASE)
_ORDER = re.compile(r"\s*(?:([A-Za-z]+)\.)?(`[^`]*`|\"[^\"]*\"|.+?)(?:\s+(ASC|DESC))?\s*", re.IGNORECASE | re.DOTALL)
_LONGEST_ORDER = 1000
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_KINDS = {
    **dict.fromkeys(("", "attribute", "attributes", "attr", "run"), "attribute"),
    **dict.fromkeys(("metric", "metrics"), "metric"),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), "param"),
    **dict.fromkeys(("tag", "tags"), "tag"),
}
_COMPARATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
# Looks up a value by kind and name; None if there is none. Raises Refused if there are no such values.
Values = Callable[[str, str], Any]


class Condition(NamedTuple):
    kind: str
    name: str
    comparator: str
    value: Any

    def holds(self, values: Values) -> bool:
        found = values(self.kind, self.name)
        if self.comparator.startswith("IS"):
            return (found is None) is (self.comparator == "IS NULL")
        if found is None:
            return False
        if self.comparator in ("IN", "NOT IN"):
            return (str(found) in self.value) is (self.comparator == "IN")
        return _compares(found, self.comparator, self.value)


def _compares(found: Any, comparator: str, value: Any) -> bool:
    if comparator.endswith("LIKE"):
        pattern = "".join({"%": ".*", "_": "."}.get(sign) or re.escape(sign) for sign in str(value))
        options = re.DOTALL | (re.IGNORECASE if "ILIKE" in comparator else 0)
        return bool(re.fullmatch(pattern, str(found), options)) is not comparator.startswith("NOT")
    if isinstance(found, (int, float)):
        try:
            value = float(value)
        except ValueError:
            raise wrong(f"{value!r} is not a number, and cannot be compared with one.") from None
    else:
        value = str(value)
    compare: Callable[[Any, Any], bool] = _COMPARATORS[comparator]
    return compare(found, value)


def conditions_of(written: str) -> List[Condition]:
    """Those of a filter, joined by AND. Raises Refused."""
    found = []
    at = 0
    while written[at:].strip():
        match = _CONDITION.match(written, at)
        if match is None or (match.group("kind") and match.group("kind").lower() not in _KINDS):
            raise wrong(f"The filter cannot be read from here on: {written[at : at + 100]}")
        found.append(_condition(match))
        at = match.end()
        joined = _AND.match(written, at)
        if joined is None and at < len(written):
            raise wrong(f"The filter cannot be read from here on: {written[at : at + 100]}")
        at = joined.end() if joined else at
    return found


def _condition(match: Any) -> Condition:
    comparator = " ".join(match.group("comparator").upper().split())
    value = match.group("value") or ""
    if value.startswith("("):
        value = [single or double for single, double in _QUOTED.findall(value)]
    elif value[:1] in ("'", '"'):
        value = value[1:-1]
    return Condition(_KINDS[(match.group("kind") or "").lower()], match.group("name").strip('`"'), comparator, value)


def sort(found: List[Any], values: Callable[[Any], Values], orders: List[Tuple[str, bool]]) -> None:
    """By each of (field, ascending), of which the first decides; what has no value comes last."""
    for field, is_ascending in reversed(orders):
        match = _ORDER.fullmatch(field) if len(field) <= _LONGEST_ORDER else None
        if match is None or (match.group(1) or "").lower() not in _KINDS:
            raise wrong(f"Cannot order by {field}.")
        kind, name = _KINDS[(match.group(1) or "").lower()], match.group(2).strip('`"')
        down = match.group(3).upper() == "DESC" if match.group(3) else not is_ascending
        have = [(values(one)(kind, name), one) for one in found]
        rest = [one for value, one in have if value is None or value != value]
        known = [pair for pair in have if pair[0] is not None and pair[0] == pair[0]]
        known.sort(key=lambda pair: pair[0], reverse=down)
        found[:] = [one for _, one in known] + rest


def page_of(found: List[Any], fields: Document, name: str, shown: Callable[[Any], Document], usual: int) -> Document:
    """The part that was asked for; the token is where the next one begins."""
    most = whole(fields, "max_results", usual)
    token = text(fields, "page_token")
    if most < 1 or (token and not token.isdigit()):
        raise wrong("max_results has to be at least 1, and page_token one that this call gave.")
    start = int(token or 0)
    answer: Document = {name: [shown(one) for one in found[start : start + most]]}
    if len(found) > start + most:
        answer["next_page_token"] = str(start + most)
    return answer


# How things look in MLflow's API


class Documents:
    """Documents about what was logged in the job of a seed."""

    def __init__(self, seed: Seed) -> None:
        self._seed = seed

    def place(self, below: str) -> str:
        return "{}/{}/artifacts".format(self._seed.artifact_root.rstrip("/"), below)

    def experiment(self, name: str, created: int) -> Document:
        return {
            "experiment_id": self._seed.experiment_id,
            "name": name or self._seed.experiment_name or self._seed.experiment_id,
            "artifact_location": self._seed.artifact_root,
            "lifecycle_stage": "active",
            "creation_time": created,
            "last_update_time": created,
        }

    def info(self, run: Run) -> Document:
        found = {
            "run_id": run.run_id,
            "run_uuid": run.run_id,
            "run_name": run.name,
            "experiment_id": self._seed.experiment_id,
            "user_id": run.user,
            "status": run.status,
            "start_time": run.start,
            "artifact_uri": self.place(run.run_id),
            "lifecycle_stage": "active",
        }
        return found if run.end is None else dict(found, end_time=run.end)

    def run(self, run: Run) -> Document:
        data = {
            "metrics": [point_document(key, *history.latest) for key, history in run.metrics.items()],
            "params": listed_pairs(run.params),
            "tags": listed_pairs(run.all_tags()),
        }
        inputs = {
            "dataset_inputs": list(run.datasets.values()),
            "model_inputs": [{"model_id": model_id} for model_id in run.inputs],
        }
        outputs = [{"model_id": model_id, "step": step} for model_id, step in run.outputs.items()]
        return {"info": self.info(run), "data": data, "inputs": inputs, "outputs": {"model_outputs": outputs}}

    def model(self, model: Model) -> Document:
        info = {
            "model_id": model.model_id,
            "experiment_id": self._seed.experiment_id,
            "name": model.name,
            "creation_timestamp_ms": model.created,
            "last_updated_timestamp_ms": model.updated,
            "artifact_uri": self.place("models/" + model.model_id),
            "status": model.status,
            "model_type": model.kind,
            "source_run_id": model.run,
            "tags": listed_pairs(model.tags),
        }
        about = {"model_id": model.model_id, "run_id": model.run}
        # MLflow shows all, in one answer. So many would take as much memory as all that was logged.
        shows_all = sum(map(len, model.metrics.values())) <= MOST_OF_MODEL
        metrics = [
            dict(point_document(key, *point), dataset_name=dataset, dataset_digest=digest, **about)
            for (key, dataset, digest), history in model.metrics.items()
            for point in (history.points() if shows_all else [history.latest])
        ]
        return {"info": info, "data": {"params": listed_pairs(model.params), "metrics": metrics}}

    def version(self, wish: Version) -> Document:
        return {
            "name": wish.name,
            "version": wish.version,
            "creation_timestamp": wish.created,
            "last_updated_timestamp": wish.created,
            "current_stage": "None",
            "source": wish.source,
            "run_id": wish.of,
            "model_id": wish.model,
            "status": "READY",
        }

    def registered(self, name: str, versions: List[Version]) -> Document:
        return {"name": name, "latest_versions": [self.version(wish) for wish in versions[-1:]]}


def point_document(key: str, step: int, when: int, value: float) -> Document:
    return {"key": key, "value": written_number(value), "timestamp": when, "step": step}


def run_values(run: Run, info: Document) -> Values:
    """`info`: the run's, of `Documents`."""

    def value(kind: str, name: str) -> Any:
        if kind == "metric":
            return run.metrics[name].latest[2] if name in run.metrics else None
        if kind == "param":
            return run.params.get(name)
        if kind == "tag":
            return run.all_tags().get(name)
        name = {"run name": "run_name", "created": "start_time"}.get(name.lower(), name.lower())
        if name not in info and name != "end_time":
            raise wrong(f"Runs have no attribute {name}.")
        return info.get(name)

    return value


def model_values(model: Model, info: Document, datasets: List[Tuple[str, str]]) -> Values:
    """`info`: the model's, of `Documents`. `datasets`: those whose metrics count; any, if it is empty."""

    def value(kind: str, name: str) -> Any:
        if kind == "metric":
            measures = (one for one in model.metrics if one[0] == name and (not datasets or one[1:] in datasets))
            return next((model.metrics[one].latest[2] for one in measures), None)
        if kind == "param":
            return model.params.get(name)
        if kind == "tag":
            return model.tags.get(name)
        known = info.get(name, info.get(name + "_ms"))
        if known is None:
            raise wrong(f"Logged models have no attribute {name}.")
        return known

    return value


# The calls


class Asked:
    """A call that somebody makes. `ticket`: what has to be written before it is answered."""

    def __init__(self, method: str, path: str, fields: Document, body: Iterator[bytes]) -> None:
        self.method, self.path, self.fields, self.body = method, path, fields, body
        self.parts: List[str] = []
        self.ticket: Ticket = None
        self.has_entry = False


class Answer(NamedTuple):
    """`content`: the whole, or its pieces, of which there are `size` bytes together (None: not known)."""

    content: Union[bytes, Iterator[bytes]]
    size: Optional[int] = None
    status: int = 200
    kind: str = "application/json"


Call = Callable[[Asked], Union[Document, Answer]]

_API = "api/2.0/mlflow/"
_FILES = "api/2.0/mlflow-artifacts/artifacts"
_PLACE = re.compile(r"[^/]+/(?:models/(?P<model>[^/]+)|(?P<run>[^/]+))/artifacts(?:/(?P<path>.*))?", re.DOTALL)
_CONTROL = re.compile(r"[\\\x00-\x1f\x7f]")
_STATUSES = frozenset({"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"})

# In the words of the gateway (runs/tracking/gateway/closed.py).
_OFFERS_NOT = "Mantik does not offer this part of MLflow's API ({} {}). {}"
_INSTEAD = (
    (r"POST runs/delete", "To delete a run, open its page in Mantik. What it logged stays in MLflow."),
    (r"POST runs/restore", "A run that was deleted in Mantik cannot be restored."),
    (r"POST experiments/update", "To rename an experiment, open its page in Mantik."),
    (r"POST experiments/delete", "To delete an experiment, open its page in Mantik."),
    (r"POST experiments/restore", "Ask an operator to restore an experiment that was deleted."),
    (
        r"DELETE logged-models/[^/]+",
        "A logged model stays with its run. Mantik does not delete or change it for a program.",
    ),
    (r"(?:POST|PATCH) registered-models/rename", "A registered model keeps its name in Mantik."),
    (r"DELETE registered-models/delete", "To unregister a model, open its page in Mantik."),
    (r"DELETE model-versions/delete", "To unregister a model, open its page in Mantik."),
)
_REFUSED = [(re.compile(pattern), sentence) for pattern, sentence in _INSTEAD]
_TRACES = re.compile(r"(?:\w+ api/\d\.\d/mlflow/(?:unified-)?traces(?:/.*)?|\w+ v1/traces)", re.DOTALL)


class Api:
    """What the relay answers. One call at a time changes or reads what was logged: entries have the clients' order."""

    def __init__(self, seed: Seed, logged: Logged, journal: Journal, store: Store) -> None:
        self._seed, self._logged, self._journal, self._store = seed, logged, journal, store
        self._documents = Documents(seed)
        self._lock = threading.Lock()
        self.unknown: Counter[str] = Counter()
        self.samples_itself = threading.Event()
        self._routes: Dict[str, Call] = {}
        self._patterns: List[Tuple[Any, Call]] = []
        for route, call in self._calls():
            if "{" in route:
                pattern = "([^/]+)".join(re.escape(part) for part in route.split("{}"))
                self._patterns.append((re.compile(pattern), call))
            else:
                self._routes[route] = call

    def _calls(self) -> Iterator[Tuple[str, Call]]:
        in_api: Dict[str, Call] = {
            "GET experiments/get": self.get_experiment,
            "GET experiments/get-by-name": self.get_experiment,
            "GET experiments/search": self.search_experiments,
            "POST experiments/search": self.search_experiments,
            "POST experiments/create": self.create_experiment,
            "GET runs/get": self.get_run,
            "POST runs/search": self.search_runs,
            "POST runs/create": self.create_run,
            "POST runs/update": self.update_run,
            "POST runs/log-metric": self.log_metric,
            "POST runs/log-parameter": self.log_param,
            "POST runs/set-tag": self.set_tag,
            "POST runs/delete-tag": self.delete_tag,
            "POST runs/log-batch": self.log_batch,
            "POST runs/log-inputs": self.log_inputs,
            "POST runs/outputs": self.log_outputs,
            "POST runs/log-model": self.log_model,
            "GET metrics/get-history": self.history,
            "GET artifacts/list": self.list_of_run,
            "POST logged-models": self.create_model,
            "POST logged-models/search": self.search_models,
            "GET logged-models/{}": self.get_model,
            "PATCH logged-models/{}": self.finish_model,
            "POST logged-models/{}/params": self.log_model_params,
            "PATCH logged-models/{}/tags": self.set_model_tags,
            "DELETE logged-models/{}/tags/{}": self.delete_model_tag,
            "GET logged-models/{}/artifacts/directories": self.list_of_model,
            "POST registered-models/create": self.register,
            "GET registered-models/get": self.registered_model,
            "GET registered-models/search": self.search_registered,
            "GET registered-models/get-latest-versions": self.latest_versions,
            "POST registered-models/get-latest-versions": self.latest_versions,
            "POST model-versions/create": self.register_version,
            "GET model-versions/get": self.model_version,
            "GET model-versions/get-download-uri": self.download_uri,
            "GET model-versions/search": self.search_versions,
        }
        for route, call in in_api.items():
            method, path = route.split()
            yield f"{method} {_API}{path}", call
        yield "GET version", lambda asked: Answer(API_VERSION.encode(), kind="text/plain")
        yield "GET health", lambda asked: Answer(b"OK", kind="text/plain")
        yield "GET api/3.0/mlflow/server-info", self.server_info
        yield "GET " + _FILES, self.list_files
        yield "GET get-artifact", self.download_of_run

    def answer(self, asked: Asked) -> Answer:
        """Raises Refused, Closed, and OSError of the connection."""
        found = self._find(asked)
        if found is None:
            return self._answer_unknown(asked)
        with self._lock:
            answer = found(asked)
        if not asked.has_entry and asked.method != "GET":
            # It may have been sent before, by somebody who hung up before that was written.
            asked.ticket = self._journal.mark()
        if isinstance(answer, Answer):
            return answer
        return Answer(_compact(answer).encode() if answer else b"{}")

    def wait(self, ticket: Ticket, go_on: Callable[[], None]) -> bool:
        return self._journal.wait(ticket, go_on)

    def _find(self, asked: Asked) -> Optional[Call]:
        route = f"{asked.method} {asked.path}"
        if route in self._routes:
            return self._routes[route]
        for pattern, call in self._patterns:
            match = pattern.fullmatch(route)
            if match:
                asked.parts = [unquote(part) for part in match.groups()]
                return call
        return None

    def answer_file(self, asked: Asked) -> Optional[Answer]:
        """Of calls about one file, whose bodies may be large. None if it is not one of them."""
        start, _, place = asked.path.partition(_FILES + "/")
        if start or not place:
            return None
        calls = {"GET": self._download, "PUT": self._upload, "DELETE": self._remove}
        return calls[asked.method](asked, unquote(place)) if asked.method in calls else None

    def _answer_unknown(self, asked: Asked) -> Answer:
        """Who writes goes on, because ending the training wins nothing; who reads has to know that nothing came."""
        route = f"{asked.method} {asked.path[:200]}"
        refused = _refusal_of(asked.method, asked.path)
        with self._lock:
            if route not in self.unknown and len(self.unknown) >= MOST_UNKNOWN:
                route = "others"
            self.unknown[route] += 1
        did = "was refused" if refused else "is not kept: the relay does not know this call"
        say_once(route, f"{route} {did}")
        if refused is not None:
            raise refused
        return Answer(b"{}")

    def _note(self, asked: Asked, kind: str, *, weight: int = 1, data: bytes = b"", **fields: Any) -> bool:
        """Writes an entry, and changes what is in memory accordingly. False if the journal does not take it."""
        entry: Entry = {"k": kind}
        entry.update(fields)
        if entry.get("run") == self._seed.run_id:
            del entry["run"]
        ticket = self._journal.add(entry, data=data, weight=weight)
        asked.ticket, asked.has_entry = ticket or asked.ticket, True
        # What a full journal does not take would fill up the memory instead, and there is no such file.
        is_kept = ticket is not None
        if is_kept or kind not in ("metrics", "file"):
            self._logged.apply(entry)
        return is_kept

    # The server, experiments

    def server_info(self, asked: Asked) -> Document:
        return {
            "store_type": "SqlStore",
            "workspaces_enabled": False,
            "trace_archival_enabled": False,
            "multipart_uploads_enabled": False,
            "multipart_downloads_enabled": False,
        }

    def get_experiment(self, asked: Asked) -> Document:
        """Whichever is named, it is that of the job. Under the name that was asked for: some clients compare it."""
        name = text(asked.fields, "experiment_name")
        self._note_experiment(asked, name)
        return {"experiment": self._documents.experiment(name, self._logged.root.start)}

    def create_experiment(self, asked: Asked) -> Document:
        self._note_experiment(asked, text(asked.fields, "name"))
        return {"experiment_id": self._seed.experiment_id}

    def _note_experiment(self, asked: Asked, name: str) -> None:
        if name and name != self._seed.experiment_name and name not in self._logged.experiments:
            say(f"the code asked for the experiment {name!r}; what it logs is in that of the run")
            self._note(asked, "experiment", name=name)

    def search_experiments(self, asked: Asked) -> Document:
        return {"experiments": [self._documents.experiment("", self._logged.root.start)]}

    # Runs

    def _run(self, fields: Document) -> Run:
        run_id = text(fields, "run_id") or text(fields, "run_uuid")
        if run_id not in self._logged.runs:
            raise not_there(f"run {run_id}")
        return self._logged.runs[run_id]

    def get_run(self, asked: Asked) -> Document:
        return {"run": self._documents.run(self._run(asked.fields))}

    def search_runs(self, asked: Asked) -> Document:
        conditions = conditions_of(text(asked.fields, "filter"))
        orders = [(order, True) for order in asked.fields.get("order_by") or []]
        found = [] if asked.fields.get("run_view_type") == "DELETED_ONLY" else list(self._logged.runs.values())

        def values(run: Run) -> Values:
            return run_values(run, self._documents.info(run))

        found = [run for run in found if all(one.holds(values(run)) for one in conditions)]
        sort(found, values, [*orders, ("start_time", False)])
        return page_of(found, asked.fields, "runs", self._documents.run, 1000)

    def create_run(self, asked: Asked) -> Document:
        """A run below the job's, or below one that is below it."""
        fields = asked.fields
        tags = pairs(fields, "tags", most=LONGEST_TAG)
        tags = {key: value for key, value in tags.items() if not key.startswith(OURS)}
        if tags.get(PARENT) not in self._logged.runs:
            tags[PARENT] = self._seed.run_id
        name = text(fields, "run_name", most=LONGEST_KEY) or tags.get(NAME, "")
        tags.pop(NAME, None)
        run_id = uuid.uuid4().hex
        self._note(
            asked,
            "child",
            run=run_id,
            name=name or f"run-{len(self._logged.runs)}",
            user=text(fields, "user_id", most=LONGEST_KEY),
            start=whole(fields, "start_time") or milliseconds(),
            tags=tags,
        )
        return {"run": self._documents.run(self._logged.runs[run_id])}

    def update_run(self, asked: Asked) -> Document:
        """Ranks of one run each set its end, the first while others still log: the last word has the job."""
        run, fields = self._run(asked.fields), asked.fields
        status = text(fields, "status")
        if status and status not in _STATUSES:
            raise wrong(f"status is {status!r}, and has to be one of {', '.join(sorted(_STATUSES))}.")
        told = {"status": status, "end": whole(fields, "end_time"), "name": text(fields, "run_name", most=LONGEST_KEY)}
        known = {"status": run.status, "end": run.end, "name": run.name}
        news: Entry = {name: value for name, value in told.items() if value and value != known[name]}
        if news:
            self._note(asked, "update", run=run.run_id, **news)
            self._journal.sync_soon()
        return {"run_info": self._documents.info(run)}

    def log_metric(self, asked: Asked) -> Document:
        self._log_metrics(asked, self._run(asked.fields), [asked.fields])
        return {}

    def _log_metrics(self, asked: Asked, run: Run, sent: List[Document]) -> None:
        """An entry for each logged model and dataset, with those points that are not there yet; a second one for
        those of a model that the run has already."""
        fresh: Dict[Point, None] = {}
        for point in map(point_of, sent):
            if point.of[0] and point.of[0] not in self._logged.models:
                raise not_there(f"logged model {point.of[0]}")
            if not self._has(run, point):
                fresh[point] = None
        for of in dict.fromkeys(point.of for point in fresh):
            # Those of an entry before this one may be among them.
            points = [(point, self._run_has(run, point)) for point in fresh if point.of == of]
            new, again = ([point for point, has in points if has is wanted] for wanted in (False, True))
            about: Entry = {"of": list(of)} if any(of) else {}
            if new:
                self._note(asked, "metrics", weight=len(new), run=run.run_id, points=columns_of(new), **about)
            if again and of[0]:
                about["again"] = True
                self._note(asked, "metrics", weight=len(again), run=run.run_id, points=columns_of(again), **about)

    def _run_has(self, run: Run, point: Point) -> bool:
        history = run.metrics.get(point.key)
        return history is not None and history.has(point.value, point.when, point.step)

    def _has(self, run: Run, point: Point) -> bool:
        if any(point.of):
            model = self._logged.models.get(point.of[0])
            history = model.metrics.get((point.key, *point.of[1:])) if model else run.metrics.get(point.key)
        else:
            history = run.metrics.get(point.key)
            if point.key.startswith("system/") and run is self._logged.root:
                self.samples_itself.set()
        return history is not None and history.has(point.value, point.when, point.step)

    def log_sample(self, values: Dict[str, float]) -> None:
        """What was measured on the node, as the next step of these metrics of the job's run."""
        with self._lock:
            metrics, now = self._logged.root.metrics, milliseconds()
            points = [Point(key, value, now, len(metrics.get(key, ())), _OF_NONE) for key, value in values.items()]
            asked = Asked("POST", "", {}, iter(()))
            self._note(asked, "metrics", weight=len(points), points=columns_of(points))
        self._journal.wait(asked.ticket)

    def log_param(self, asked: Asked) -> Document:
        run, key = self._run(asked.fields), key_of(asked.fields)
        self._log_params(asked, run, {key: text(asked.fields, "value")[:LONGEST_PARAM]})
        return {}

    def _log_params(self, asked: Asked, run: Run, params: Dict[str, str]) -> None:
        self._check_params(run, params)
        fresh = {key: value for key, value in params.items() if key not in run.params}
        if fresh:
            self._note(asked, "params", run=run.run_id, params=fresh)

    def _check_params(self, run: Run, params: Dict[str, str]) -> None:
        for key, value in params.items():
            if run.params.get(key, value) != value:
                raise wrong(
                    f"Changing param values is not allowed. Param with key='{key}' was already logged with "
                    f"value='{run.params[key]}' for run ID='{run.run_id}'. Attempted logging new value '{value}'."
                )

    def set_tag(self, asked: Asked) -> Document:
        run, key = self._run(asked.fields), tag_key_of(asked.fields)
        self._set_tags(asked, run, {key: text(asked.fields, "value")[:LONGEST_TAG]})
        return {}

    def _set_tags(self, asked: Asked, run: Run, tags: Dict[str, str]) -> None:
        self._check_parent(run, tags)
        known = run.all_tags()
        fresh = {key: value for key, value in tags.items() if known.get(key) != value}
        if fresh:
            self._note(asked, "tags", run=run.run_id, tags=fresh)

    def _check_parent(self, run: Run, tags: Dict[str, str]) -> None:
        above = tags.get(PARENT)
        if above and (above not in self._logged.runs or above == run.run_id):
            raise not_there(f"run {above} that could be above this one")

    def delete_tag(self, asked: Asked) -> Document:
        """One that is not there is deleted: the answer may have been lost, and the client asks again."""
        run, key = self._run(asked.fields), tag_key_of(asked.fields)
        if key in run.tags:
            self._note(asked, "untag", run=run.run_id, key=key)
        return {}

    def log_batch(self, asked: Asked) -> Document:
        run, fields = self._run(asked.fields), asked.fields
        metrics = many(fields, "metrics")
        params = pairs(fields, "params", most=LONGEST_PARAM)
        tags = pairs(fields, "tags", most=LONGEST_TAG, key=tag_key_of)
        if len(metrics) + len(params) + len(tags) > LARGEST_BATCH:
            raise wrong(f"A batch has {LARGEST_BATCH} entries at most. Send several.")
        self._check_params(run, params)
        self._check_parent(run, tags)
        self._log_metrics(asked, run, metrics)
        self._log_params(asked, run, params)
        self._set_tags(asked, run, tags)
        return {}

    def log_inputs(self, asked: Asked) -> Document:
        run = self._run(asked.fields)
        datasets = [dataset_of(one) for one in many(asked.fields, "datasets")]
        models = [text(one, "model_id", most=LONGEST_KEY) for one in many(asked.fields, "models")]
        datasets = [one for one in datasets if dataset_key(one) not in run.datasets]
        models = [one for one in models if one not in run.inputs]
        if datasets or models:
            self._note(asked, "inputs", run=run.run_id, datasets=datasets, models=models)
        return {}

    def log_outputs(self, asked: Asked) -> Document:
        run = self._run(asked.fields)
        models = [
            {"model_id": text(one, "model_id", most=LONGEST_KEY), "step": whole(one, "step")}
            for one in many(asked.fields, "models")
        ]
        models = [one for one in models if one["model_id"] not in run.outputs]
        if models:
            self._note(asked, "outputs", run=run.run_id, models=models)
        return {}

    def log_model(self, asked: Asked) -> Document:
        """Of clients before 3: MLflow keeps a list of these models in a tag."""
        run, written = self._run(asked.fields), text(asked.fields, "model_json")
        try:
            model = json.loads(written)
        except ValueError:
            raise wrong("model_json is not JSON.") from None
        if model not in run.history():
            self._note(asked, "history", run=run.run_id, model=written)
        return {}

    def history(self, asked: Asked) -> Answer:
        run, key = self._run(asked.fields), text(asked.fields, "metric_key")
        most, token = whole(asked.fields, "max_results"), text(asked.fields, "page_token")
        history = run.metrics.get(key, History())
        values, times, steps = history.copy()
        start = int(token) if token.isdigit() else 0
        end = min(start + most, len(values)) if most > 0 else len(values)
        further = f',"next_page_token":"{end}"' if end < len(values) else ""
        return Answer(_history_pieces(key, values, times, steps, range(start, end), further))

    # Logged models of MLflow 3

    def _model(self, model_id: str) -> Model:
        if model_id not in self._logged.models:
            raise not_there(f"logged model {model_id}")
        return self._logged.models[model_id]

    def create_model(self, asked: Asked) -> Document:
        """In the job's run, if none is named."""
        fields = asked.fields
        run = self._run({"run_id": text(fields, "source_run_id") or self._seed.run_id})
        tags = pairs(fields, "tags", most=LONGEST_TAG)
        model_id = "m-" + uuid.uuid4().hex
        self._note(
            asked,
            "model",
            run=run.run_id,
            model=model_id,
            name=text(fields, "name", most=500) or f"model-{len(self._logged.models) + 1}",
            type=text(fields, "model_type", most=500),
            params=pairs(fields, "params", most=LONGEST_PARAM),
            tags={key: value for key, value in tags.items() if not key.startswith(OURS)},
            time=milliseconds(),
        )
        return self._model_document(model_id)

    def _model_document(self, model_id: str) -> Document:
        return {"model": self._documents.model(self._model(model_id))}

    def get_model(self, asked: Asked) -> Document:
        return self._model_document(asked.parts[0])

    def finish_model(self, asked: Asked) -> Document:
        model = self._model(asked.parts[0])
        status = text(asked.fields, "status", most=LONGEST_KEY)
        if status and status != model.status:
            self._note(asked, "model_status", model=model.model_id, status=status, time=milliseconds())
        return self._model_document(model.model_id)

    def log_model_params(self, asked: Asked) -> Document:
        model = self._model(asked.parts[0])
        params = pairs(asked.fields, "params", most=LONGEST_PARAM)
        fresh = {key: value for key, value in params.items() if key not in model.params}
        if fresh:
            self._note(asked, "model_params", model=model.model_id, params=fresh)
        return {}

    def set_model_tags(self, asked: Asked) -> Document:
        model = self._model(asked.parts[0])
        tags = pairs(asked.fields, "tags", most=LONGEST_TAG, key=tag_key_of)
        fresh = {key: value for key, value in tags.items() if model.tags.get(key) != value}
        if fresh:
            self._note(asked, "model_tags", model=model.model_id, tags=fresh)
        return self._model_document(model.model_id)

    def delete_model_tag(self, asked: Asked) -> Document:
        model, key = self._model(asked.parts[0]), asked.parts[1]
        if key in model.tags:
            self._note(asked, "model_untag", model=model.model_id, key=key)
        return {}

    def search_models(self, asked: Asked) -> Document:
        conditions = conditions_of(text(asked.fields, "filter"))
        datasets = [(text(one, "dataset_name"), text(one, "dataset_digest")) for one in many(asked.fields, "datasets")]
        orders = [
            (text(one, "field_name"), one.get("ascending", True) in (True, "true"))
            for one in many(asked.fields, "order_by")
        ]

        def values(model: Model) -> Values:
            return model_values(model, self._documents.model(model)["info"], datasets)

        found = [one for one in self._logged.models.values() if all(known.holds(values(one)) for known in conditions)]
        sort(found, values, [*orders, ("creation_timestamp", False)])
        return page_of(found, asked.fields, "models", self._documents.model, 100)

    # Registered models: only wishes, which people grant on the page of the run

    def _wish(self, fields: Document) -> List[Version]:
        name = text(fields, "name")
        if name not in self._logged.wishes:
            raise not_there(f"registered model {name}")
        return self._logged.wishes[name]

    def _version(self, fields: Document) -> Version:
        versions, wanted = self._wish(fields), text(fields, "version")
        for wish in versions:
            if wish.version == wanted:
                return wish
        raise not_there("version {} of a registered model {}".format(wanted, text(fields, "name")))

    def register(self, asked: Asked) -> Document:
        name = text(asked.fields, "name", most=LONGEST_KEY)
        if name in self._logged.wishes:
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", f"Registered Model (name={name}) already exists.")
        self._note(asked, "wish", name=name)
        return self.registered_model(asked)

    def register_version(self, asked: Asked) -> Document:
        fields = asked.fields
        name = text(fields, "name", most=LONGEST_KEY)
        about: Entry = {
            "source": text(fields, "source"),
            "of": text(fields, "run_id"),
            "model": text(fields, "model_id"),
        }
        versions = self._logged.wishes.get(name, [])
        same = [one for one in versions if about == {"source": one.source, "of": one.of, "model": one.model}]
        if not same:
            say(f"the model {name} is to be registered: do that on the page of the run")
            version = str(len(versions) + 1)
            self._note(asked, "wish", name=name, version=version, time=milliseconds(), **about)
            same = self._logged.wishes[name][-1:]
        return {"model_version": self._documents.version(same[0])}

    def registered_model(self, asked: Asked) -> Document:
        versions = self._wish(asked.fields)
        return {"registered_model": self._documents.registered(text(asked.fields, "name"), versions)}

    def search_registered(self, asked: Asked) -> Document:
        found = [self._documents.registered(name, versions) for name, versions in self._logged.wishes.items()]
        return {"registered_models": found}

    def latest_versions(self, asked: Asked) -> Document:
        return {"model_versions": [self._documents.version(wish) for wish in self._wish(asked.fields)[-1:]]}

    def model_version(self, asked: Asked) -> Document:
        return {"model_version": self._documents.version(self._version(asked.fields))}

    def search_versions(self, asked: Asked) -> Document:
        conditions = conditions_of(text(asked.fields, "filter"))
        found = [self._documents.version(wish) for versions in self._logged.wishes.values() for wish in versions]

        def holds(one: Document) -> bool:
            return all(known.kind == "tag" or known.holds(lambda kind, name: one.get(name)) for known in conditions)

        return {"model_versions": [one for one in found if holds(one)]}

    def download_uri(self, asked: Asked) -> Document:
        wish = self._version(asked.fields)
        scheme, _, rest = wish.source.partition(":/")
        owner, _, path = rest.lstrip("/").partition("/")
        if scheme == "models" and owner in self._logged.models:
            return {"artifact_uri": self._documents.place("models/" + owner)}
        if scheme == "runs" and owner in self._logged.runs:
            return {"artifact_uri": f"{self._documents.place(owner)}/{path}"}
        return {"artifact_uri": wish.source}

    # Files

    def _place(self, place: str) -> Tuple[Document, str]:
        """Whose it is, as an entry says it, and the path there."""
        match = _PLACE.fullmatch(place)
        if match is None:
            raise not_there(f"place {place}")
        if match.group("model"):
            return {"model": self._model(match.group("model")).model_id}, match.group("path") or ""
        return {"run": self._run({"run_id": match.group("run")}).run_id}, match.group("path") or ""

    def list_files(self, asked: Asked) -> Document:
        """The entries of a folder. Of a file none: clients before 3 would take it for a folder."""
        owner, path = self._place(text(asked.fields, "path").strip("/"))
        return {"files": list(self._logged.tree(owner).listed(path))}

    def list_of_run(self, asked: Asked) -> Document:
        run = self._run(asked.fields)
        path = text(asked.fields, "path").strip("/")
        return {"root_uri": self._documents.place(run.run_id), "files": with_folder(path, run.files.listed(path))}

    def list_of_model(self, asked: Asked) -> Document:
        model = self._model(asked.parts[0])
        path = text(asked.fields, "artifact_directory_path").strip("/")
        root = self._documents.place("models/" + model.model_id)
        return {"root_uri": root, "files": with_folder(path, model.files.listed(path))}

    def download_of_run(self, asked: Asked) -> Answer:
        """As old clients ask for a file."""
        run, path = self._run(asked.fields), text(asked.fields, "path")
        return self._file(run.files.find(path), path)

    def _download(self, asked: Asked, place: str) -> Answer:
        with self._lock:
            owner, path = self._place(place)
            kept = self._logged.tree(owner).find(path)
        return self._file(kept, place)

    def _file(self, kept: Optional[Kept], place: str) -> Answer:
        if kept is None:
            raise not_there(f"file {place}")
        kind = "application/octet-stream"
        if isinstance(kept.place, str):
            return Answer(pieces_of_file(self._store.path_of(kept.place)), size=kept.size, kind=kind)
        data = self._journal.read_pack(kept.place, kept.size)
        if len(data) < kept.size:
            raise Refused(503, "TEMPORARILY_UNAVAILABLE", f"The file {place} is not written yet.")
        return Answer(data, kind=kind)

    def _upload(self, asked: Asked, place: str) -> Answer:
        with self._lock:
            owner, path = self._place(place)
            self._check_path(owner, path)
        received = self._store.receive(asked.body)
        about = dict(owner, path=path, size=received.size, sha256=received.sha256)
        with self._lock:
            if received.why:
                self._note(asked, "unkept", why=received.why, **about)
            elif not self._note(asked, "file", at=received.file or 0, data=received.data, **about):
                self._store.forget(received)
            elif received.file:
                self._journal.sync_also(received.opened)
        return Answer(b"{}")

    def _check_path(self, owner: Document, path: str) -> None:
        names = path.split("/")
        if _CONTROL.search(path) or any(name in ("", ".", "..") for name in names):
            raise wrong(f"{path!r} cannot be the path of a file here: without '.', '..', empty names and '\\'.")
        size, longest = len(path.encode()), max(len(name.encode()) for name in names)
        if longest > LONGEST_NAME:
            raise wrong(
                f"A name in this path has {longest} bytes. Files and folders have names of {LONGEST_NAME} at most."
            )
        if size > LONGEST_PATH:
            raise wrong(f"This path has {size} bytes. Choose one with {LONGEST_PATH} at most.")
        tree = self._logged.tree(owner)
        if path in tree.folders or any(tree.is_file(folder) for folder in tree.above(path)):
            raise wrong(f"{path!r} is, or lies below, what is a folder or a file already. Choose another name.")

    def _remove(self, asked: Asked, place: str) -> Answer:
        with self._lock:
            owner, path = self._place(place)
            tree = self._logged.tree(owner)
            if path and (tree.is_file(path) or path in tree.folders):
                self._note(asked, "unfile", path=path, **owner)
        return Answer(b"{}")


def point_of(fields: Document) -> Point:
    model, dataset, digest = (text(fields, name) for name in ("model_id", "dataset_name", "dataset_digest"))
    of = (model, dataset, digest)
    return Point(key_of(fields), number(fields, "value"), whole(fields, "timestamp"), whole(fields, "step"), of)


def dataset_of(sent: Document) -> Document:
    """A dataset as it was sent, without what the API does not know."""
    dataset = sent.get("dataset")
    if not isinstance(dataset, dict):
        raise wrong("datasets have to have a dataset.")
    names = ("name", "digest", "source_type", "source", "schema", "profile")
    found = {name: text(dataset, name) for name in names if dataset.get(name) is not None}
    tags = [{"key": text(tag, "key"), "value": text(tag, "value")} for tag in many(sent, "tags")]
    return {"dataset": found, "tags": tags}


def with_folder(folder: str, listed: Iterable[Document]) -> List[Document]:
    """With whole paths in place of names."""
    return [dict(one, path="{}/{}".format(folder, one["path"]) if folder else one["path"]) for one in listed]


def pieces_of_file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while True:
            piece = file.read(PIECE)
            if not piece:
                return
            yield piece


def _history_pieces(
    key: str, values: "array[float]", times: "array[int]", steps: "array[int]", wanted: range, further: str
) -> Iterator[bytes]:
    """A long one as a whole would take many times the memory of its points."""
    start = '{"metrics":['
    for begin in range(wanted.start, wanted.stop, 1000):
        part = range(begin, min(begin + 1000, wanted.stop))
        points = [
            {"key": key, "value": written_number(values[at]), "timestamp": times[at], "step": steps[at]} for at in part
        ]
        yield (start + _compact(points)[1:-1]).encode()
        start = ","
    yield ((start if start != "," else "") + "]" + further + "}").encode()


def _refusal_of(method: str, path: str) -> Optional[Refused]:
    """None if the client can go on as if the call had been answered."""
    inside = f"{method} {path.partition(_API)[2]}"
    for pattern, sentence in _REFUSED:
        if pattern.fullmatch(inside):
            return Refused(403, "PERMISSION_DENIED", _OFFERS_NOT.format(method, path[:100], sentence))
    if "/mpu/" in path:
        # Clients that would send a large file in parts then send it at once: they know these words.
        sentence = "Multipart upload is not supported for the current artifact repository of Mantik."
        return Refused(501, "NOT_IMPLEMENTED", sentence)
    if _TRACES.fullmatch(f"{method} {path}"):
        # Clients warn, and go on.
        sentence = "Mantik keeps no traces. Leave tracing out with mlflow.tracing.disable()."
        return Refused(404, "ENDPOINT_NOT_FOUND", _OFFERS_NOT.format(method, path[:100], sentence))
    if method in ("GET", "HEAD"):
        sentence = "What works is listed under Help, in Track from anywhere."
        return Refused(404, "ENDPOINT_NOT_FOUND", _OFFERS_NOT.format(method, path[:100], sentence))
    return None


# HTTP: of http.server, Python 3.6 has no version with threads, and parsing headers as e-mail takes most of its time


class Gone(Exception):
    """The client hung up, or sent what is not HTTP."""


LONGEST_LINE, MOST_HEADERS = 2**16, 200


class Request:
    """`target`: path and query, as they were sent. `headers`: by their names in lower case."""

    def __init__(self, method: str, target: str, headers: Dict[str, str], stream: IO[bytes]) -> None:
        self.method, self.target, self.headers = method, target, headers
        self._stream = stream
        self._is_chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        length = headers.get("content-length") or "0"
        if not length.isdigit() or len(length) > 18:
            raise Gone
        # Bytes of the body, or of its chunk, that have not been read.
        self._left = 0 if self._is_chunked else int(length)
        self._is_over = not self._is_chunked and not self._left

    def body(self) -> Iterator[bytes]:
        """What has not been read of it, in pieces. Raises Gone."""
        while not self._is_over:
            if self._is_chunked and not self._left:
                self._left = self._next_chunk()
                if not self._left:
                    self._is_over = True
                    return
            piece = self._stream.read(min(self._left, PIECE))
            if not piece:
                raise Gone
            self._left -= len(piece)
            if not self._left:
                self._end_part()
            yield piece

    def _next_chunk(self) -> int:
        try:
            size = int(self._stream.readline(LONGEST_LINE).partition(b";")[0], 16)
        except ValueError:
            raise Gone from None
        if not size:
            while self._stream.readline(LONGEST_LINE) not in (b"\r\n", b"\n", b""):
                pass
        return size

    def _end_part(self) -> None:
        if self._is_chunked:
            self._stream.readline(LONGEST_LINE)
        else:
            self._is_over = True

    def is_read(self, *, most: int) -> bool:
        """Reads the rest of the body. False if that has more bytes than `most`."""
        size = 0
        for piece in self.body():
            size += len(piece)
            if size > most:
                return False
        return True


def read_request(stream: IO[bytes]) -> Optional[Request]:
    """None if the client hung up between two requests. Raises Gone."""
    line = stream.readline(LONGEST_LINE)
    if not line:
        return None
    parts = line.split()
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
        raise Gone
    headers: Dict[str, str] = {}
    for _ in range(MOST_HEADERS):
        line = stream.readline(LONGEST_LINE)
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            break
        headers[name.strip().lower()] = value.strip()
    if line not in (b"\r\n", b"\n"):
        raise Gone
    return Request(parts[0].decode("latin-1"), parts[1].decode("latin-1"), headers, stream)


_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 413: "Payload Too Large"}


def send(connection: socket.socket, answer: Answer, *, is_last: bool) -> None:
    """Header and body in one piece, if the body is one: two would wait for each other on some systems."""
    reason = _REASONS.get(answer.status, "Error")
    head = f"HTTP/1.1 {answer.status} {reason}\r\nContent-Type: {answer.kind}\r\n"
    head += "Connection: close\r\n" if is_last else ""
    if isinstance(answer.content, bytes):
        head += f"Content-Length: {len(answer.content)}\r\n\r\n"
        connection.sendall(head.encode() + answer.content)
    elif answer.size is not None:
        connection.sendall(f"{head}Content-Length: {answer.size}\r\n\r\n".encode())
        for piece in answer.content:
            connection.sendall(piece)
    else:
        connection.sendall((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
        for piece in answer.content:
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")


def refusal_document(refused: Refused) -> Answer:
    content = {"error_code": refused.code, "message": refused.sentence}
    return Answer(_compact(content).encode(), status=refused.status)


class _Hung(Exception):
    """This thread was writing for so long that another one has gone on in its place."""


class Server:
    """One thread for each connection."""

    def __init__(self, listener: socket.socket, seed: Seed, api: Api) -> None:
        self._listener, self._seed, self._api = listener, seed, api
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._counting = threading.Lock()
        self._busy = self.requests = self.faults = 0
        self._is_ending = False

    def begin(self) -> None:
        threading.Thread(target=self._accept, daemon=True).start()

    def end(self, *, seconds: float) -> bool:
        """Takes no more requests. False if some that had begun have no answer after so many seconds."""
        self._is_ending = True
        deadline = time.monotonic() + seconds
        while self._busy and time.monotonic() < deadline:
            time.sleep(0.01)
        self._listener.close()
        return not self._busy

    def _accept(self) -> None:
        while not self._is_ending:
            try:
                connection = self._listener.accept()[0]
            except OSError as error:
                if not self._is_ending:
                    say_once("accept", f"cannot take another connection: {error}")
                    time.sleep(0.1)
                continue
            if self._free.acquire(blocking=False):
                threading.Thread(target=self._begin, args=(connection,), daemon=True).start()
            else:
                connection.close()

    def _begin(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection.settimeout(STRANGERS_TIME)
        except OSError:
            # Reading from it fails as well.
            pass
        stream = connection.makefile("rb", PIECE)
        self._serve(connection, stream, lambda: self._serve_one(connection, stream))

    def _serve(self, connection: socket.socket, stream: Any, first: Callable[[], bool]) -> None:
        """To the end of the connection. `first`: whether there is more to come after that."""
        try:
            has_more = first()
            while has_more:
                has_more = self._serve_one(connection, stream)
        except _Hung:
            # Another thread has gone on with the connection.
            return
        except (Gone, Closed, OSError):
            # The client asks again, of a relay that is started again.
            pass
        stream.close()
        connection.close()
        self._free.release()

    def _serve_one(self, connection: socket.socket, stream: Any) -> bool:
        """False if that was the last request of this connection. Raises _Hung."""
        request = read_request(stream)
        if request is None or self._is_ending:
            return False
        path = self._path_with_secret(request)
        if path is None:
            request.is_read(most=LONGEST_LINE)
            refused = Refused(403, "PERMISSION_DENIED", "This is not the relay of your job.")
            send(connection, refusal_document(refused), is_last=True)
            return False
        if connection.gettimeout() is not None:
            connection.settimeout(None)
        with self._counting:
            self._busy += 1
            self.requests += 1
        try:
            if request.headers.get("expect", "").lower() == "100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            answer, ticket = self._answer(request, path)
        except BaseException:
            self._is_answered()
            raise

        def reply() -> bool:
            return self._reply(connection, request, answer)

        if not self._api.wait(ticket, lambda: self._serve(connection, stream, reply)):
            raise _Hung
        return reply()

    def _reply(self, connection: socket.socket, request: Request, answer: Answer) -> bool:
        """False if that was the last request of this connection."""
        try:
            is_last = request.headers.get("connection", "").lower() == "close" or request.method == "HEAD"
            send(connection, answer, is_last=is_last)
            return not is_last and request.is_read(most=LARGEST_BODY)
        finally:
            self._is_answered()

    def _is_answered(self) -> None:
        with self._counting:
            self._busy -= 1

    def _path_with_secret(self, request: Request) -> Optional[str]:
        """The path and query behind the secret. None if neither is there, nor a token in place of it."""
        said, _, rest = request.target.lstrip("/").partition("/")
        if hmac.compare_digest(said.encode(), self._seed.secret.encode()):
            return rest
        token = request.headers.get("authorization", "").partition("Bearer ")[2].encode()
        known = (self._seed.secret, self._seed.token)
        if any(one and hmac.compare_digest(token, one.encode()) for one in known):
            return request.target.lstrip("/")
        return None

    def _answer(self, request: Request, target: str) -> Tuple[Answer, Ticket]:
        """And what has to be written before it is given."""
        path, _, query = target.partition("?")
        asked = Asked(request.method, path, {}, request.body())
        try:
            answer = self._api.answer_file(asked)
            if answer is None:
                asked.fields = _fields(request, query)
                answer = self._api.answer(asked)
            return answer, asked.ticket
        except Refused as refused:
            return refusal_document(refused), None
        except (Gone, Closed, OSError):
            raise
        except Exception:  # noqa: BLE001 - a fault of the relay must not end a training
            return self._answer_after_a_fault(request.method, path), None

    def _answer_after_a_fault(self, method: str, path: str) -> Answer:
        self.faults += 1
        say_once("fault " + path, f"a fault of the relay, at {method} {path}: {traceback.format_exc()}")
        if method == "GET":
            return refusal_document(Refused(400, "INTERNAL_ERROR", "The relay of this job has a fault; see the log."))
        return Answer(b"{}")


def _fields(request: Request, query: str) -> Document:
    """Of the address and of the body. Raises Refused."""
    asked = parse_qs(query, keep_blank_values=True) if query else {}
    fields: Document = {name: values[-1] for name, values in asked.items()}
    body = b""
    for piece in request.body():
        body += piece
        if len(body) > LARGEST_BODY:
            raise Refused(413, "INVALID_PARAMETER_VALUE", f"Send {LARGEST_BODY} bytes at once at most.")
    if not body or not request.headers.get("content-type", "application/json").startswith("application/json"):
        return fields
    try:
        sent = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise wrong("The body is not JSON.") from None
    if not isinstance(sent, dict):
        raise wrong("The body has to be a JSON object.")
    fields.update(sent)
    return fields


# The node


class Sampler:
    """Measures the node now and then, as metrics that have the names of MLflow's own, unless the training does so."""

    def __init__(self, api: Api, seed: Seed) -> None:
        self._api, self._every = api, seed.sample_every
        self._start = f"system/{seed.node}/" if seed.node else "system/"
        self._cpu = _cpu_times()
        self._gpu_tools: List[Callable[[], Dict[str, float]]] = [_nvidia, _rocm]

    def begin(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while not self._api.samples_itself.wait(self._every):
            try:
                values = {self._start + name: value for name, value in self._measure().items()}
                if values and not self._api.samples_itself.is_set():
                    self._api.log_sample(values)
            except Closed:
                return
            except (OSError, ValueError, KeyError) as error:
                say_once("sampler", f"the node could not be measured: {error!r}")

    def _measure(self) -> Dict[str, float]:
        found = _memory()
        before, self._cpu = self._cpu, _cpu_times()
        total = self._cpu[0] - before[0]
        if total > 0:
            found["cpu_utilization_percentage"] = round(100.0 * (self._cpu[1] - before[1]) / total, 1)
        found.update(self._gpus())
        return found

    def _gpus(self) -> Dict[str, float]:
        """A tool that is not there, fails or hangs is not asked again."""
        found: Dict[str, float] = {}
        for tool in list(self._gpu_tools):
            try:
                found.update(tool())
            except (OSError, ValueError, KeyError, subprocess.SubprocessError):
                self._gpu_tools.remove(tool)
        return found


def _cpu_times() -> Tuple[int, int]:
    """All and those in use since the start of the node, in ticks; (0, 0) if nobody says so."""
    try:
        line = Path("/proc/stat").read_text().partition("\n")[0]
    except OSError:
        return 0, 0
    ticks = [int(word) for word in line.split()[1:9]]
    return sum(ticks), sum(ticks) - ticks[3] - ticks[4]


def _memory() -> Dict[str, float]:
    """In megabytes, and as a part of what the node has."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return {}
    kilobytes = {line.partition(":")[0]: int(line.split()[1]) for line in lines}
    used = kilobytes["MemTotal"] - kilobytes["MemAvailable"]
    return {
        "system_memory_usage_megabytes": round(used / 1000, 1),
        "system_memory_usage_percentage": round(100.0 * used / kilobytes["MemTotal"], 1),
    }


def _output(*command: str) -> str:
    nothing = subprocess.DEVNULL
    return subprocess.check_output(command, stderr=nothing, stdin=nothing, timeout=10).decode()  # noqa: S603 - our own


def _nvidia() -> Dict[str, float]:
    names = "index,utilization.gpu,memory.used,memory.total,power.draw"
    found = {}
    for line in _output("nvidia-smi", "--query-gpu=" + names, "--format=csv,noheader,nounits").splitlines():
        index, *values = (word.strip() for word in line.split(","))
        found.update(_gpu(index, *(_number_or_none(value) for value in values)))
    return found


def _rocm() -> Dict[str, float]:
    found = {}
    told = json.loads(_output("rocm-smi", "--showuse", "--showmeminfo", "vram", "--showpower", "--json"))
    for name, values in told.items():
        if not name.startswith("card"):
            continue
        used = _number_or_none(values.get("VRAM Total Used Memory (B)"))
        total = _number_or_none(values.get("VRAM Total Memory (B)"))
        power = next((value for about, value in values.items() if "Power (W)" in about), None)
        found.update(
            _gpu(
                name[len("card") :],
                _number_or_none(values.get("GPU use (%)")),
                None if used is None else used / 1e6,
                None if total is None else total / 1e6,
                _number_or_none(power),
            )
        )
    return found


def _gpu(
    index: str, use: Optional[float], used: Optional[float], total: Optional[float], power: Optional[float]
) -> Dict[str, float]:
    """`used`, `total`: megabytes of memory. What the tool does not know is left out."""
    values = {
        "utilization_percentage": use,
        "memory_usage_megabytes": used,
        "memory_usage_percentage": 100.0 * used / total if used is not None and total else None,
        "power_usage_watts": power,
    }
    return {f"gpu_{index}_{name}": round(value, 1) for name, value in values.items() if value is not None}


def _number_or_none(word: Optional[str]) -> Optional[float]:
    try:
        return float(word or "")
    except ValueError:
        return None


# From the beginning to the end


class NoWay(Exception):
    """The platform cannot be reached, or does not take the journal. `is_final`: it never will."""

    def __init__(self, words: str, *, is_final: bool = False) -> None:
        super().__init__(words)
        self.is_final = is_final


class Sender:
    """Sends the journal to the platform for as long as the relay lives, where there is a way to it.

    The platform says up to which byte it has the journal, and takes what follows: so it does no harm if an answer is
    lost, if workers were quicker through the site, or if there is a way only now and then.
    """

    def __init__(self, seed: Seed, name: str, journal: Journal) -> None:
        self._seed, self._name, self._journal = seed, name, journal
        self._address = urlsplit(seed.platform)
        self._connection: Any = None
        # Where the platform wants to go on; None until it has said so.
        self._offset: Optional[int] = None
        self._asked_at = 0.0
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self, *, seconds: float) -> None:
        """Sends what is left, if there is a way, and does not wait for longer than that."""
        self._is_ending.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        pause = SEND_AGAIN
        while True:
            try:
                self._send_all()
                pause = SEND_AGAIN
                wait = SEND_EVERY
            except NoWay as trouble:
                say_once("no way", f"what is logged is fetched from here through the site: {trouble}")
                if trouble.is_final or self._is_ending.is_set():
                    return
                self._close()
                self._offset = None
                wait, pause = pause, min(2 * pause, SEND_AGAIN_AT_MOST)
            if self._is_ending.wait(wait) and self._has_sent_all():
                return

    def _send_all(self) -> None:
        """Raises NoWay."""
        if self._offset is None:
            self._offset = self._ask("GET", b"")
            say_once("a way", f"what is logged is sent to {self._address.hostname} at once")
        while self._offset < self._journal.written:
            lines = self._journal.lines_from(self._offset, ONE_POST)
            if not lines:
                raise NoWay("an entry is too long to be sent")
            self._offset = self._ask("POST", lines)

    def _has_sent_all(self) -> bool:
        return self._offset is not None and self._offset >= self._journal.written

    def _ask(self, method: str, body: bytes) -> int:
        """Up to which byte the platform has the journal after that. Raises NoWay."""
        if time.monotonic() - self._asked_at > ANEW_AFTER:
            self._close()
        if self._connection is None:
            self._connection = self._connect()
        self._asked_at = time.monotonic()
        path = f"{self._address.path.rstrip('/')}/api/mantik/journals/{self._name}"
        headers = {"Authorization": f"Bearer {self._seed.token}", "Content-Type": "application/octet-stream"}
        try:
            self._connection.request(method, f"{path}?offset={self._offset or 0}", body, headers)
            answer = self._connection.getresponse()
            content, status = answer.read(), answer.status
        except Exception as error:  # noqa: BLE001 - of http.client, of TLS, of sockets
            raise NoWay(f"{self._address.hostname} cannot be reached: {error}") from None
        if status != 200:
            # Later, if it has no room now or is not well.
            raise NoWay(f"{self._address.hostname} answers {status}", is_final=status < 500 and status != 429)
        try:
            return int(json.loads(content.decode())["offset"])
        except (KeyError, TypeError, ValueError):
            raise NoWay(f"{self._address.hostname} answers something else", is_final=True) from None

    def _connect(self) -> Any:
        """First without TLS, whose library takes some megabytes: most nodes need no more."""
        address = self._address
        is_plain = address.scheme == "http"
        port = address.port or (80 if is_plain else 443)
        try:
            socket.create_connection((address.hostname or "", port), CONNECT_WITHIN).close()
        except OSError as error:
            raise NoWay(f"this node has no way to {address.hostname} ({error})") from None
        from http.client import HTTPConnection, HTTPSConnection

        kind: Any = HTTPConnection if is_plain else HTTPSConnection
        return kind(address.hostname, port, timeout=ANSWER_WITHIN)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class Relay:
    """All of it together. `folder`: where `seed.json` is. `address`: where it listens. `node`: as in `Seed`, or ""."""

    def __init__(self, folder: Path, name: str, address: str, node: str) -> None:
        self._path = folder / name
        self._port_file = folder / (name + ".port")
        seed = read_seed(folder / "seed.json")
        self._seed = seed._replace(node=node or seed.node)
        # Before the journal is opened: of two relays only one gets the port.
        self._listener = listen(address, _port_before(self._port_file))
        self._journal = Journal(self._path, most_bytes=self._seed.journal_bytes)
        logged = Logged(self._seed)
        is_new = _replay(self._journal, logged)
        store = Store(self._path, most_bytes=self._seed.file_bytes, used=logged.file_bytes)
        self._api = Api(self._seed, logged, self._journal, store)
        self._server = Server(self._listener, self._seed, self._api)
        self._started = logged.root.start if is_new else milliseconds()
        self._sender = Sender(self._seed, name, self._journal) if self._seed.platform else None

    def begin(self) -> None:
        self._journal.begin()
        ticket = self._journal.add(
            {
                "k": "start",
                "format": FORMAT,
                "time": self._started,
                "host": socket.gethostname(),
                "python": platform.python_version(),
            }
        )
        self._journal.wait(ticket)
        self._server.begin()
        if self._sender:
            self._sender.begin()
        if self._seed.sample:
            Sampler(self._api, self._seed).begin()
        port = self._listener.getsockname()[1]
        # There may be no room for it on a disk that has become full since.
        if port != _port_before(self._port_file):
            write_whole(self._port_file, f"{port}\n")

    def serve(self, signals: int) -> str:
        """Until it is to end. `signals`: where their bytes come. What ended it: "stdin", "signal" or "grace"."""
        watched = [signals]
        if _is_pipe(sys.stdin):
            watched.append(sys.stdin.fileno())
        deadline: Optional[float] = None
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = select.select(watched, [], [], left)[0]
            if not ready:
                return "grace"
            if signals in ready:
                count = len(os.read(signals, 100))
                if deadline is not None or count > 1:
                    return "signal"
                say("writes everything out, and goes on until the training is over")
                self._journal.sync_soon()
                deadline = time.monotonic() + self._seed.grace
            elif not os.read(watched[-1], 4096):
                return "stdin"

    def end(self, why: str) -> bool:
        """Writes the last entry. False if not all could be written."""
        is_clean = self._server.end(seconds=2)
        entry = {
            "k": "end",
            "time": milliseconds(),
            "why": why,
            "clean": is_clean,
            "requests": self._server.requests,
            "faults": self._server.faults,
            "unknown": dict(self._api.unknown),
        }
        is_written = self._journal.close(entry, seconds=10)
        if self._sender:
            self._sender.end(seconds=SEND_LAST)
        return is_written


def listen(address: str, port: int) -> socket.socket:
    """On that port, or on a free one if it is 0. Raises OSError if somebody else has it for some seconds."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    deadline = time.monotonic() + 10
    while True:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
            listener.listen(256)
            return listener
        except OSError:
            listener.close()
            if not port or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _port_before(path: Path) -> int:
    """0 if there was no relay here."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _replay(journal: Journal, logged: Logged) -> bool:
    """True if nothing was there."""
    count = 0
    for entry in journal.read():
        count += 1
        try:
            logged.apply(entry)
        except (KeyError, TypeError, ValueError) as error:
            say_once("replay", "the entry {} cannot be understood: {!r}".format(entry.get("n"), error))
    if count:
        say(f"goes on after {count} entries")
    return not count


def write_whole(path: Path, words: str) -> None:
    """Others see the file with all of it, or not at all."""
    part = Path(f"{path}.part")
    part.write_text(words)
    part.rename(path)


def _is_pipe(file: Any) -> bool:
    try:
        mode = os.fstat(file.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _signals() -> int:
    """Where a byte comes for each SIGTERM."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGTERM, lambda *_: None)
    # Of terminals, which are nobody's business here.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return reader


def main() -> None:
    parser = argparse.ArgumentParser(description="Answers the MLflow client of a job.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--journal", required=True, help="a name; its file is in the folder")
    parser.add_argument("--address", default="127.0.0.1", help="where to listen")
    parser.add_argument("--node", default="", help="stands in the names of what is measured")
    options = parser.parse_args()
    os.umask(0o077)
    begin_log()
    signals = _signals()
    try:
        relay = Relay(options.folder, options.journal, options.address, options.node)
        relay.begin()
    except (OSError, ValueError) as error:
        say(f"cannot start: {error}")
        end_log(seconds=1)
        os._exit(1)
    if not relay.end(relay.serve(signals)):
        say("could not write everything")
    end_log(seconds=1)
    # Threads that wait for a file system would hold up an ordinary exit.
    os._exit(0)


if __name__ == "__main__":
    main()
