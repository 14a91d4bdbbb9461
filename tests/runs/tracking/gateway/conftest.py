"""Programs load the models that tests of registered models register."""

from tests.runs.registered_models.conftest import logged, mlflow, model, run  # noqa: F401 - fixtures
