"""Which columns are read from a text, and which are shown without a choice."""

from __future__ import annotations

import pytest

from mantik.accounts.models import User
from projects.models import Experiment
from runs.models import TableColumns
from runs.states import RunState
from runs.table.columns import columns_of, keep_columns, read_columns, usual_columns
from runs.table.language import Field, Source, Which
from runs.table.scope import Scope
from runs.table.tokens import Misread
from tests.support.factories import make_experiment, make_run, make_table_columns, make_user
from tests.support.tables import log


def test_columns_are_separated_by_spaces_commas_and_lines() -> None:
    text = "metric.loss,param.\"a, b\" \n tag.'x,' , metric.loss.max metric.loss"
    assert read_columns(text) == [
        Field(Source.METRIC, "loss"),
        Field(Source.PARAM, "a, b"),
        Field(Source.TAG, "x,"),
        Field(Source.METRIC, "loss", Which.MAX),
    ]
    assert read_columns(" , ") == []


def test_an_error_points_into_the_whole_text() -> None:
    with pytest.raises(Misread) as caught:
        read_columns("metric.loss, duration")
    assert (caught.value.at, caught.value.length) == (13, 8)


@pytest.mark.django_db
class TestWithoutAChoice:
    @pytest.fixture
    def experiment(self) -> Experiment:
        found = make_experiment()
        for number in range(3):
            run = make_run(RunState.FINISHED, experiment=found, project=found.project)
            log(
                run,
                metrics={"system/cpu": 1.0, "zeta": 1.0, "loss": 1.0, "val_acc": 1.0, "epoch": 1.0},
                params={"lr": str(number), "seed": str(number % 2), "same": "1"},
            )
        return found

    def test_metrics_that_tell_most_and_params_that_differ(self, experiment: Experiment) -> None:
        names = [str(field) for field in usual_columns(Scope.of(experiment))]
        assert names == ["metric.val_acc", "metric.loss", "metric.epoch", "param.lr", "param.seed"]

    def test_the_pinned_metric_is_the_first(self, experiment: Experiment) -> None:
        experiment.pinned_metric = "zeta"
        names = [str(field) for field in usual_columns(Scope.of(experiment))]
        assert names[:3] == ["metric.zeta", "metric.val_acc", "metric.loss"]

    def test_a_choice_is_kept_and_given_up(self, experiment: Experiment) -> None:
        user: User = make_user("ada")
        chosen = [Field(Source.PARAM, "same"), Field(Source.METRIC, "loss", Which.BEST)]
        keep_columns(scope=Scope.of(experiment), user=user, fields=chosen)
        keep_columns(scope=Scope.of(experiment), user=user, fields=chosen[::-1])
        assert columns_of(Scope.of(experiment), user) == chosen[::-1]
        keep_columns(scope=Scope.of(experiment), user=user, fields=[])
        assert columns_of(Scope.of(experiment), user) == usual_columns(Scope.of(experiment))
        assert not TableColumns.objects.exists()

    def test_what_was_stored_and_cannot_be_read_is_left_out(self, experiment: Experiment) -> None:
        user = make_user("ada")
        make_table_columns(user=user, experiment=experiment, columns=["param.lr", "( =", "", 5])
        assert columns_of(Scope.of(experiment), user)[0] == Field(Source.PARAM, "lr")
