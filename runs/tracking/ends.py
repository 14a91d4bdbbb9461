"""How MLflow names the ends of runs, and how Mantik does."""

from runs.states import RunState

# By MLflow's status, as a client sends it.
STATE_OF = {"FINISHED": RunState.FINISHED, "FAILED": RunState.FAILED, "KILLED": RunState.CANCELLED}
STATUS_OF = {state: status for status, state in STATE_OF.items()} | {RunState.LOST: "FAILED"}
