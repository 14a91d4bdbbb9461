"""What each client does with each operation of `client_operations.py`, and how that is told to people."""

from __future__ import annotations

from tests.support.client_tables import MISSING, OK

# By operation: how it is called in documents.
NAMES = {
    "set_experiment": "`set_experiment`",
    "get_experiment": "`get_experiment`",
    "get_experiment_by_name": "`get_experiment_by_name`",
    "search_experiments": "`search_experiments`",
    "create_experiment": "`create_experiment`",
    "create_run": "`MlflowClient.create_run`",
    "start_run": "`start_run` and its end",
    "log_param": "`log_param`, `log_params`",
    "log_param_again": "logging the same parameter again",
    "log_metric": "`log_metric`, including NaN and infinity",
    "log_batch": "`log_batch`",
    "set_tag": "`set_tag`",
    "delete_tag": "`delete_tag`",
    "log_text": "`log_text`",
    "log_empty_file": "an empty file",
    "log_dict": "`log_dict`, names with spaces and umlauts",
    "log_artifacts": "`log_artifacts`",
    "nested_run": "nested runs",
    "get_parent_run": "`get_parent_run`",
    "log_input": "`log_input` (datasets)",
    "log_model": "`log_model`",
    "load_model": "`load_model` of a run",
    "asynchronous_logging": "asynchronous logging",
    "get_run": "`get_run`",
    "get_metric_history": "`get_metric_history`",
    "search_runs": "`search_runs`",
    "search_runs_with_a_filter": "`search_runs` with filter and order",
    "list_artifacts": "`list_artifacts`",
    "download_artifacts": "`download_artifacts`",
    "search_logged_models": "`search_logged_models`",
    "tag_a_logged_model": "tags of logged models",
    "end_run": "`end_run`",
    "search_registered_models": "`search_registered_models`",
    "search_model_versions": "`search_model_versions`",
    "get_registered_model": "`get_registered_model`",
    "get_model_version": "`get_model_version`",
    "get_latest_versions": "`get_latest_versions`",
    "download_a_registered_model": "files of `models:/name/1`",
    "download_the_latest": "files of `models:/name/latest`",
    "download_by_alias": "files of `models:/name@alias`",
    "log_to_a_finished_run": "logging to a finished run",
    "set_tag_of_mantik": "tags that begin with `mantik.`",
    "log_model_and_register": "`log_model` with `registered_model_name`",
    "delete_run": "`delete_run`",
    "rename_experiment": "`rename_experiment`",
    "delete_experiment": "`delete_experiment`",
    "create_registered_model": "`create_registered_model`",
    "set_alias": "`set_registered_model_alias`",
    "set_version_tag": "`set_model_version_tag`",
}

# Refused everywhere: the words that the sentence of the refusal has.
REFUSED = {
    "log_to_a_finished_run": "is over",
    "set_tag_of_mantik": "are Mantik's own",
    "log_model_and_register": "Register it on the page of its run",
    "delete_run": "page",
    "rename_experiment": "page",
    "delete_experiment": "page",
    "create_registered_model": "page of its run",
    "set_alias": "page",
    "set_version_tag": "page",
}

# What a client does not have itself.
LACKS = {
    "2.2.2": {
        *("get_parent_run", "log_input", "asynchronous_logging", "search_logged_models", "tag_a_logged_model"),
        *("set_alias", "download_by_alias"),
    },
    "2.22.5": {"search_logged_models", "tag_a_logged_model"},
    "3.17.2": set(),
    "newest": set(),
}


def expected(client: str, operation: str) -> str:
    if operation in LACKS[client]:
        return MISSING
    return REFUSED.get(operation, OK)
