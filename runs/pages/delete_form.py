"""What somebody may choose who deletes a run."""

from __future__ import annotations

from crispy_forms.layout import Column
from django import forms

from mantik.lib.form_layout import Helper, Rest


class DeleteRunForm(forms.Form):
    """Drawn inside the form that asks whether the run is to be deleted."""

    in_mlflow = forms.BooleanField(
        label="Delete its metrics and artifacts in MLflow, too",
        required=False,
        help_text="Workers put its MLflow run into MLflow's bin. Only operators can get it back from there, until they "
        "empty the bin. Models that it has logged stay.",
    )

    @property
    def helper(self) -> Helper:
        helper = Helper(Column(Rest()))
        helper.form_tag, helper.disable_csrf = False, True
        return helper
