"""The folder of a job's relays at the site."""

from __future__ import annotations

from collections.abc import Mapping

from connections.unicore.client import SiteClient
from connections.unicore.values import FileStat
from runs.job import layout
from runs.tracking.journals.names import JOURNAL, MOST, files_of
from runs.tracking.journals.source import LARGE, LargeFile


class RelayFolder:
    """A Source: what was in the folder when it was listed. Files only grow, so what is read of them stays as it is.

    One listing for each look says what there is to read of all journals: no file is asked for its size but the large
    ones that were logged, which have folders of their own. Of these, `size` raises LargeFile unless `takes_large`.
    """

    def __init__(self, site: SiteClient, job_url: str, listed: Mapping[str, FileStat], *, takes_large: bool) -> None:
        self._site, self._job_url, self._takes_large = site, job_url, takes_large
        self._sizes: dict[str, int | None] = {name: stat.size for name, stat in listed.items() if not stat.is_directory}
        self._folders = {name for name, stat in listed.items() if stat.is_directory}

    @classmethod
    def look(cls, site: SiteClient, job_url: str, *, takes_large: bool) -> RelayFolder | None:
        """None if the site has no such folder (any more). Raises SiteError."""
        listed = site.list_folder(job_url, layout.TRACKING)
        return None if listed is None else cls(site, job_url, listed, takes_large=takes_large)

    def journals(self) -> list[str]:
        """Their names: those of a relay that was started later come later."""
        names = (name for name in self._sizes if JOURNAL.fullmatch(name))
        return sorted(names, key=_order)

    def size(self, path: str) -> int | None:
        if path not in self._sizes and "/" in path:
            stat = self._site.stat(self._job_url, _below(path))
            self._sizes[path] = stat.size if stat and not stat.is_directory else None
        size = self._sizes.get(path)
        if "/" in path and not self._takes_large and (size or 0) > LARGE:
            raise LargeFile
        return size

    def read(self, path: str, offset: int, length: int) -> bytes:
        # Some sites never answer a range beyond the end.
        length = min(length, (self.size(path) or 0) - offset)
        return self._site.read(self._job_url, _below(path), offset, length) if length > 0 else b""

    def remove_large_files(self, journal: str) -> None:
        """Those that were logged. Journals stay, and the small files beside them. Raises SiteError."""
        if (name := files_of(journal)) in self._folders:
            self._site.remove(self._job_url, _below(name))


def has_too_many(names: list[str]) -> bool:
    return len(names) > MOST


def _below(path: str) -> str:
    return f"{layout.TRACKING}/{path}"


def _order(name: str) -> tuple[int, str]:
    node, _, number = name.rpartition("-")
    return int(number), node
