from __future__ import annotations

import hashlib
import io
import random
import tarfile
import tracemalloc
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pytest

from runs.backend_config import Exclude
from runs.job import LeftOut, PackError, pack_code
from runs.job.pack import choose
from tests.runs.job.packing import MEBIBYTE, MTIME, Entry, blobs, contents, file, link, pack, unpack

FILES = [
    file("MLproject", "name: wine"),
    file("data/big.csv", "1,2,3"),
    file("run.sh", "#!/bin/sh", "100755"),
    file("src/train.py", "print()"),
    file("src/ünï côdé.py", "x"),
]


# The archive


def test_it_packs_every_file_with_its_content() -> None:
    with pack(FILES) as code:
        assert contents(code) == {entry.path: entry.content for entry in FILES}
        assert (code.file_count, code.unpacked_size, code.excluded_count) == (5, 32, 0)


def test_it_keeps_what_git_keeps_of_a_file_and_nothing_of_this_machine() -> None:
    with pack(FILES) as code:
        members = unpack(code)
    assert {name: oct(member.mode) for name, member in members.items() if name in ("MLproject", "run.sh")} == {
        "MLproject": "0o644",
        "run.sh": "0o755",
    }
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members.values()} == {(0, 0, "", "", MTIME)}


def test_it_knows_its_own_size_and_hash() -> None:
    with pack(FILES) as code:
        packed = code.open().read()
        assert (code.size, code.sha256) == (len(packed), hashlib.sha256(packed).hexdigest())


def test_its_bytes_have_no_time_of_their_own() -> None:
    with pack(FILES) as code:
        # The header of gzip: two bytes that name it, method, flags, time.
        assert code.open().read(8)[4:] == bytes(4)


def test_equal_commits_make_equal_bytes() -> None:
    shuffled = FILES[:]
    random.Random(7).shuffle(shuffled)
    with pack(FILES) as one, pack(shuffled) as two, pack(FILES) as three:
        assert one.open().read() == two.open().read() == three.open().read()


@pytest.mark.parametrize(
    "other",
    [
        [file("MLproject", "name: wind"), *FILES[1:]],
        [file("MLproject", "name: wine", "100755"), *FILES[1:]],
        [file("mlproject", "name: wine"), *FILES[1:]],
        FILES[1:],
    ],
)
def test_another_commit_makes_another_hash(other: list[Entry]) -> None:
    with pack(FILES) as one, pack(other) as two:
        assert one.sha256 != two.sha256


def test_it_can_be_read_again_and_as_text() -> None:
    with pack(FILES) as code:
        assert code.open().read() == code.open().read()
        assert code.base64().isascii()


def test_it_packs_a_commit_without_files() -> None:
    with pack([]) as code:
        assert (contents(code), code.describe()) == ({}, f"0 files, {code.size} bytes packed")


def test_it_takes_long_names() -> None:
    path = "/".join(["folder" * 10] * 12) + "/" + "file" * 40
    with pack([file(path, "deep")]) as code:
        assert contents(code) == {path: b"deep"}


# What is left out


def test_it_leaves_out_what_the_patterns_name() -> None:
    with pack(FILES, "data/", "*.sh") as code:
        assert list(contents(code)) == ["MLproject", "src/train.py", "src/ünï côdé.py"]
        assert code.excluded_count == 2
        assert code.describe() == f"3 files, {code.size} bytes packed, 2 excluded"


def test_it_keeps_what_the_job_cannot_do_without() -> None:
    with pack(FILES, "MLproject", "data/", keep={"MLproject", "data/big.csv"}) as code:
        assert {"MLproject", "data/big.csv"} <= contents(code).keys()
        assert code.excluded_count == 0


@pytest.mark.parametrize(
    "path", [".git/config", "sub/.git/hooks/x", ".GIT/config", "../x", "a/../../x", "/etc/x", "a//b"]
)
def test_it_never_packs_what_no_working_copy_has(path: str) -> None:
    with pack([file(path, "x"), file("ok")]) as code:
        assert list(contents(code)) == ["ok"]
        assert code.left_out == (LeftOut(path, "has a path that no working copy may have"),)


def test_it_packs_what_only_looks_like_gits_own() -> None:
    paths = [".gitattributes", ".gitignore", "my.git/x"]
    with pack([file(path) for path in paths]) as code:
        assert list(contents(code)) == paths


def test_it_leaves_out_submodules_that_are_not_here_and_says_so() -> None:
    with pack([Entry("lib", "160000"), file("ok")]) as code:
        assert list(unpack(code)) == ["ok"]
        assert code.warnings == ("lib is a submodule whose files could not be fetched.",)
    with pack([Entry("lib", "160000")], missing={"lib": "is a submodule that is away"}) as code:
        assert code.warnings == ("lib is a submodule that is away.",)


def test_an_excluded_submodule_is_not_worth_a_warning() -> None:
    with pack([Entry("lib", "160000")], "lib") as code:
        assert (code.warnings, code.excluded_count) == ((), 1)


@pytest.mark.parametrize("target", ["train.py", "../src/train.py", "./../data", "missing", "a/../b"])
def test_it_packs_links_that_stay_in_the_repository(target: str) -> None:
    with pack([link("src/link", target)]) as code:
        member = unpack(code)["src/link"]
    assert (member.issym(), member.linkname) == (True, target)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "..", "../..", "a/../../../x", "x\0y"])
def test_it_leaves_out_links_that_lead_outside(target: str) -> None:
    with pack([link("link" if target == ".." else "src/link", target), file("ok")]) as code:
        assert list(unpack(code)) == ["ok"]
        assert "outside the repository" in code.warnings[0]


def test_it_warns_of_files_that_are_only_pointers() -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
    with pack([file("model.bin", pointer), file("notes.md", f"see {pointer}")]) as code:
        assert code.lfs_pointers == (LeftOut("model.bin", "was not fetched"),)
        assert code.warnings == (
            "model.bin was not fetched. The job gets the Git LFS pointer, not the file behind it.",
        )
        assert contents(code)["model.bin"] == pointer.encode()


def test_a_preview_chooses_the_same_files() -> None:
    entries = [*FILES, Entry("lib", "160000")]
    chosen = choose(entries, Exclude(("*.sh",)), frozenset())
    with pack(entries, "*.sh") as code:
        assert [entry.path for entry in chosen.files] == list(contents(code))
        assert (chosen.excluded, tuple(chosen.left_out)) == (code.excluded_count, code.left_out)


# Limits


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def test_it_says_what_is_too_large_and_what_to_do() -> None:
    entries = [file("a.bin", noise(300_000)), file("b.bin", noise(200_000)), file("c.bin", noise(50)), file("d", "x")]
    with pytest.raises(PackError) as caught:
        pack(entries, limit_bytes=400_000)
    assert caught.value.message == (
        "The code is too large; packed, at most 390.6 KiB is allowed. "
        "The largest files are a.bin (293 KiB), b.bin (195.3 KiB) and c.bin (50 bytes). "
        "Exclude what the job does not need in the Compute Backend config, or keep data at the site."
    )


def test_it_counts_what_is_excluded_as_little_as_what_is_not_there() -> None:
    with pack([file("a.bin", noise(300_000)), file("ok")], "*.bin", limit_bytes=1_000) as code:
        assert code.file_count == 1


def test_it_refuses_a_bomb_before_it_reads_it() -> None:
    def never(entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
        raise AssertionError("It read the commit.")

    with pytest.raises(PackError, match=r"The code is 2 MiB; packed, at most 9\.766 KiB is allowed"):
        pack([file("zeros", bytes(2 * MEBIBYTE))], limit_bytes=10_000, blobs=never)


def test_it_says_that_a_file_could_not_be_read() -> None:
    def short(entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes | BinaryIO]]:
        return blobs(entries[:-1])

    with pytest.raises(PackError, match=r"src/ünï côdé.py could not be read from the commit. Press Read again"):
        pack(FILES, blobs=short)


def test_it_streams_large_files_with_little_memory() -> None:
    size, count = 8 * MEBIBYTE, 6
    block = noise(MEBIBYTE)

    class Endless(io.RawIOBase):
        def __init__(self) -> None:
            self.left = size

        def read(self, wanted: int = -1) -> bytes:
            piece = block[: min(wanted if wanted >= 0 else self.left, self.left, len(block))]
            self.left -= len(piece)
            return piece

    class Large(Entry):
        @property
        def size(self) -> int | None:
            return size

    entries = [Large(f"{number}.bin", "100644") for number in range(count)]
    tracemalloc.start()
    try:
        with pack_code(
            entries=entries,
            blobs=lambda chosen: ((entry, Endless()) for entry in chosen),  # type: ignore[misc]
            exclude=Exclude(),
            limit_bytes=100 * MEBIBYTE,
            mtime=MTIME,
        ) as code:
            peak = tracemalloc.get_traced_memory()[1]
            assert code.unpacked_size == size * count
            with tarfile.open(fileobj=code.open(), mode="r:gz") as archive:
                assert archive.getnames() == [entry.path for entry in entries]
    finally:
        tracemalloc.stop()
    assert peak < 4 * MEBIBYTE
