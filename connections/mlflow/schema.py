"""Whether MLflow's own database is one that the MLflow installed here knows."""

from __future__ import annotations

from mlflow.store.db import utils
from mlflow.version import VERSION


def objection(database_url: str) -> str:
    """A message if the database was made by a newer MLflow than this one, with what to do; "" if not.

    MLflow itself takes any database that it does not know for an older one. It would tell people to upgrade that, or
    begin to do so.
    """
    engine = utils.create_sqlalchemy_engine_with_retry(database_url)
    try:
        revision = utils._get_schema_version(engine)
        where = engine.url.set(query={}).render_as_string(hide_password=True)
    finally:
        engine.dispose()
    if revision is None or revision in _known():
        return ""
    return (
        f"MLflow's database {where} was made by a newer MLflow than {VERSION}, which is the one installed here. "
        "Start the version of Mantik that made it, or restore a backup from before. Nothing was changed."
    )


def _known() -> set[str]:
    # ScriptDirectory is Alembic's; MLflow imports it.
    scripts = utils.ScriptDirectory.from_config(utils._get_alembic_config(""))  # type: ignore[attr-defined]
    return {script.revision for script in scripts.walk_revisions()}
