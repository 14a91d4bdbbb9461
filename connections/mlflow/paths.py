"""The addresses of MLflow that Mantik asks without MLflow's client. Each only reads.

docs/architecture.md gives the reason for each; a test compares.
"""

_API = "/api/2.0/mlflow"
# What MLflow's own pages use, and its public API does not have.
_AJAX = "/ajax-api/2.0/mlflow"

HEALTH = "/health"
RUN = f"{_API}/runs/get"
ARTIFACT_LIST = f"{_API}/artifacts/list"
ARTIFACT = "/get-artifact"
LOGGED_MODEL = f"{_API}/logged-models/{{model_id}}"
LOGGED_MODEL_FOLDER = f"{_API}/logged-models/{{model_id}}/artifacts/directories"
LOGGED_MODEL_FILE = f"{_AJAX}/logged-models/{{model_id}}/artifacts/files"
SERVED_FILE = "/api/2.0/mlflow-artifacts/artifacts/{path}"

# The tag of a new run or logged model with the id that it is to have: for our own server alone (kept_ids.py).
ID_TAG = "mantik.id"
