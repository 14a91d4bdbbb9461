from __future__ import annotations

import pytest

from runs.results.metric_order import leading, more_is_better


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("val_r2", True),
        ("test/f1", True),
        ("acc", True),
        ("loss2", False),
        ("val_MAPE", False),
        ("Word-WER", False),
        ("lr", None),
        ("flossing", None),
        ("system/gpu_0_error", None),
    ],
)
def test_a_name_tells_which_value_is_the_better_one(name: str, expected: bool | None) -> None:
    assert more_is_better(name) is expected


def test_one_of_each_kind_leads() -> None:
    assert leading(["epoch", "train_wer", "val_wer", "precision"], 2) == ["precision", "val_wer"]
