"""What to do instead of the calls that users' programs make, and that are not on the list (`routes.py`)."""

from __future__ import annotations

import re

_IN_MANTIK = (
    (r"runs/delete", "To delete a run, open its page in Mantik. What it logged stays in MLflow."),
    (r"runs/restore", "A run that was deleted in Mantik cannot be restored."),
    (r"experiments/update", "To rename an experiment, open its page in Mantik."),
    (r"experiments/delete", "To delete an experiment, open its page in Mantik."),
    (r"experiments/restore", "Ask an operator to restore an experiment that was deleted."),
    (
        r"experiments/(?:set|delete)-experiment-tag",
        "Experiments have no tags in Mantik. Write what is to be known in the description on the experiment's page, or "
        "tag its runs.",
    ),
    (
        r"registered-models/(?:update|set-tag|delete-tag)",
        "To describe a registered model, open its page in Mantik. It has no tags.",
    ),
    (
        r"registered-models/rename",
        "A registered model keeps its name in Mantik. Register the model of its run once more, under another name.",
    ),
    (r"registered-models/delete", "To unregister a model, open its page in Mantik."),
    (r"registered-models/alias", "To set or delete an alias of a registered model, open its page in Mantik."),
    (
        r"model-versions/create",
        "A registered model has one version in Mantik. Register the model on the page of its run, with Register Model, "
        "once the run is finished.",
    ),
    (
        r"model-versions/(?:update|set-tag|delete-tag)",
        "To describe a registered model, open its page in Mantik. Its version has no description or tags of its own.",
    ),
    (
        r"model-versions/delete",
        "A registered model has one version in Mantik. To delete it, unregister the model on its page.",
    ),
    (
        r"model-versions/transition-stage",
        "Registered models have no stages in Mantik. Give the model an alias, such as champion, on its page.",
    ),
    (r"logged-models/[^/]+", "A logged model stays with its run. Mantik does not delete or change it for a program."),
    (
        r"(?:unified-)?traces(?:/.*)?|get-(?:trace-artifact|online-trace-details)",
        "Mantik keeps no traces. Leave tracing out with mlflow.tracing.disable().",
    ),
    (r"webhooks(?:/.*)?", "Mantik sends no webhooks. The page of a run, or get_run, says when it is over."),
    (r"gateway(?:-proxy)?(?:/.*)?", "Mantik has no gateway to language models. Call their provider directly."),
    (
        r"(?:datasets|scorers|scorer|label-schemas|review-queues|issues|genai|prompt-optimization)(?:/.*)?",
        "Mantik does not evaluate language models. Log what your own evaluation measures as metrics of a run.",
    ),
    (r"workspaces(?:/.*)?", "Mantik has projects in place of workspaces. Name an experiment as project/experiment."),
    (
        r"artifacts/presigned-(?:down|up)load-url",
        "Mantik hands out no addresses of its store. Upload and download artifacts with MLflow's client.",
    ),
)
_FILES = (
    (
        r"mpu/.*",
        "Mantik takes files in one piece. Set MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD to false.",
    ),
    (
        r"presigned/.*",
        "Mantik hands out no addresses of its store. Set MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD to false.",
    ),
    (r"artifacts/.*", "Mantik does not delete what was logged. Ask an operator if it takes too much room."),
)
_ELSEWHERE = (
    (r"v1/traces", "Mantik keeps no traces. Leave tracing out with mlflow.tracing.disable()."),
    (r"gateway/.*", "Mantik has no gateway to language models. Call their provider directly."),
    (r"graphql", "Mantik does not answer GraphQL. Use MLflow's client."),
    (
        r"|static-files/.*|build/.*|index\.html",
        "MLflow's own pages are not shown. Open Mantik itself: a run's page has its metrics, artifacts and models.",
    ),
    (r"health", "Ask /healthz or /readyz of Mantik, without /tracking."),
    (r"model-versions/get-artifact", "Load a registered model with MLflow's client, as models:/name/1."),
    (r"ajax-api/.*", "This is for MLflow's own pages, which are not shown. Use MLflow's client."),
)
_SENTENCES = tuple(
    (re.compile(start + pattern, re.DOTALL), sentence)
    for start, sentences in (
        (r"(?:ajax-)?api/\d\.\d/mlflow/", _IN_MANTIK),
        (r"(?:ajax-)?api/\d\.\d/mlflow-artifacts/", _FILES),
        ("", _ELSEWHERE),
    )
    for pattern, sentence in ((f"(?:{pattern})", sentence) for pattern, sentence in sentences)
)
_USUAL = "What works is listed under Help, in Track from anywhere."


def sentence_for(method: str, path: str) -> str:
    """Why a call that is not on the list is refused, and what to do instead. `path`: without /tracking/."""
    instead = next((sentence for pattern, sentence in _SENTENCES if pattern.fullmatch(path)), _USUAL)
    return f"Mantik does not offer this part of MLflow's API ({method} {path[:100]}). {instead}"
