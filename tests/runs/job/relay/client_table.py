"""What each client does with each operation of `client_operations.py` at a relay, and how that is told to people."""

from __future__ import annotations

from tests.support.client_tables import MISSING, OK

# By operation: how it is called in documents.
NAMES = {
    "start_run": "`start_run`: the run of the job goes on",
    "set_experiment": "`set_experiment`, `create_experiment` before that",
    "second_start_run": "`start_run` once more",
    "create_experiment": "`start_run` in an experiment that the code has made",
    "log_params": "`log_param`, `log_params`",
    "change_param": "another value for a parameter",
    "long_param": "a value that is too long",
    "log_metric": "`log_metric`, including NaN and infinity",
    "log_batch": "`log_batch`",
    "get_metric_history": "`get_metric_history`",
    "asynchronous_logging": "asynchronous logging",
    "two_processes": "two processes that log to one run",
    "tags": "`set_tags`, `delete_tag`",
    "set_tag_of_mantik": "tags that begin with `mantik.`",
    "log_texts": "`log_text`, `log_dict`, empty files, names with spaces and umlauts",
    "log_artifacts": "`log_artifacts`, 200 files",
    "log_large_artifact": "`log_artifact`, 1 GB",
    "list_artifacts": "`list_artifacts`",
    "download_artifacts": "`download_artifacts`",
    "log_figure": "`log_figure`",
    "log_image": "`log_image`",
    "log_images_by_step": "`log_image` by step",
    "log_table": "`log_table`, `load_table`",
    "log_input": "`log_input` (datasets)",
    "nested_runs": "nested runs",
    "failed_child": "a nested run that fails",
    "log_model": "`log_model`, and loading it again",
    "log_model_with_signature": "`log_model` with signature and example",
    "log_models_again": "`log_model` several times",
    "log_model_and_register": "`log_model` with `registered_model_name`",
    "logged_models": "logged models: search, tags, parameters, metrics",
    "autolog_of_sklearn": "`mlflow.sklearn.autolog`",
    "search_of_parameters": "the runs of a `GridSearchCV`",
    "autolog_of_xgboost": "`mlflow.xgboost.autolog`",
    "autolog_of_lightgbm": "`mlflow.lightgbm.autolog`",
    "autolog_of_keras": "`mlflow.keras.autolog` (Keras 3 on JAX)",
    "search_runs": "`search_runs` with filter and order",
    "mlflow_run_inside": "`mlflow run` inside the job",
    "trace": "traces",
    "set_experiment_tag": "tags of experiments",
    "delete_run": "`delete_run`",
    "run_of_somebody_else": "runs of other jobs",
    "end_run": "`end_run`",
}
# Refused, with these words.
REFUSED = {
    "change_param": "Changing param values is not allowed",
    "set_tag_of_mantik": "are Mantik's own",
    "delete_run": "open its page in Mantik",
    "run_of_somebody_else": "There is no run",
}
# What works in another way than at an MLflow server.
WORDS = {
    "set_experiment": "goes on in the experiment of the run",
    "create_experiment": "as a child of the run",
    "second_start_run": "as a child of the run",
    "mlflow_run_inside": "as a child of the run",
    "long_param": "cut at 6,000 characters",
    "log_model_and_register": "yes; registering is noted as a wish",
    "trace": "not kept; the training goes on",
    "set_experiment_tag": "not kept; the training goes on",
}
# What a client does not have itself.
LACKS = {
    "2.2.2": {
        *("log_images_by_step", "log_table", "log_input", "logged_models", "asynchronous_logging", "trace"),
        "autolog_of_keras",
    },
    "2.22.5": {"logged_models"},
    "3.17.2": set(),
    "newest": set(),
}
# What is installed beside the client: of its own time.
_USUAL = ("scikit-learn", "xgboost-cpu", "lightgbm", "keras", "jax", "matplotlib", "pillow")
_OLD = ("numpy<2", "pandas<2.3", "scipy<1.12", "scikit-learn<1.3", "xgboost<2", "lightgbm<4", "matplotlib", "pillow")
LIBRARIES = {"2.2.2": _OLD, "2.22.5": _USUAL, "3.17.2": _USUAL, "newest": _USUAL}


def expected(client: str, operation: str) -> str:
    if operation in LACKS[client]:
        return MISSING
    return REFUSED.get(operation, OK)
