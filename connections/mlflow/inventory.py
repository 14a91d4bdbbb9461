"""Lists everything that MLflow has of ours, to compare it with the database. Only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from mlflow.entities import ViewType

from connections.mlflow.own_client import OwnClient
from connections.mlflow.parsing import required
from connections.mlflow.search import tag_name

_PAGE = 1000
# How many experiments one search for runs names.
_EXPERIMENTS_PER_SEARCH = 100


class Listed(NamedTuple):
    """One experiment, run or model in MLflow: its id there, its name, and the value of the tag that was asked for."""

    id: str
    name: str
    tag: str


class Inventory:
    """Every method raises TrackingUnavailable (try later) or TrackingRefused."""

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._mlflow = OwnClient(uri=uri, token=token)

    def experiments(self) -> list[Listed]:
        """All experiments that are not in MLflow's bin."""

        def page(client: Any, token: str | None) -> Any:
            return client.search_experiments(ViewType.ACTIVE_ONLY, max_results=_PAGE, page_token=token)

        return [Listed(required(one.experiment_id), one.name, "") for one in self._all("list the experiments", page)]

    def runs(self, experiment_ids: Sequence[str], tag: str) -> Iterator[Listed]:
        """The runs that have `tag` and are not in MLflow's bin."""
        wanted = f"{tag_name(tag)} LIKE '%'"
        for start in range(0, len(experiment_ids), _EXPERIMENTS_PER_SEARCH):
            ids = list(experiment_ids[start : start + _EXPERIMENTS_PER_SEARCH])

            def page(client: Any, token: str | None, ids: list[str] = ids) -> Any:
                return client.search_runs(ids, wanted, ViewType.ACTIVE_ONLY, max_results=_PAGE, page_token=token)

            for run in self._all("list the runs", page):
                yield Listed(required(run.info.run_id), str(run.info.run_name or ""), run.data.tags.get(tag, ""))

    def registered_models(self, tag: str) -> list[Listed]:
        """The registered models that have `tag`."""

        def page(client: Any, token: str | None) -> Any:
            return client.search_registered_models(max_results=_PAGE, page_token=token)

        found = self._all("list the registered models", page)
        return [Listed(one.name, one.name, one.tags[tag]) for one in found if tag in one.tags]

    def _all(self, doing: str, page: Callable[[Any, str | None], Any]) -> Iterator[Any]:
        token: str | None = None
        while True:
            with self._mlflow.calling(doing) as client:
                found = page(client, token)
            yield from found
            token = found.token
            if not token:
                return
