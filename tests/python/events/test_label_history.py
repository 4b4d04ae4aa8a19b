"""An entity's own past outcomes: what was known, and nothing that came later."""

from __future__ import annotations

import pandas as pd
import pytest

from entivec import label_history

DATES = pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"])


def labels(last=1.0):
    index = pd.MultiIndex.from_product([["a", "b"], DATES], names=["who", "at"])
    return pd.Series([1.0, 0.0, 1.0, last, 0.0, 0.0, 0.0, last], index=index)


def test_outcomes_are_known_a_horizon_later_and_never_before():
    cutoffs = pd.DataFrame({"who": ["a", "b", "a"], "at": DATES[[2, 2, 3]]})
    at_once = label_history(labels(), cutoffs)
    assert at_once["outcome_count"].tolist() == [2, 2, 3]
    assert at_once["outcome_mean"].tolist() == pytest.approx([0.5, 0, 2 / 3])
    later = label_history(labels(), cutoffs, horizon="30D")
    assert later["outcome_count"].tolist() == [1, 1, 3]
    assert later["outcome_recency"].tolist() == [30, 30, 1]
    changed = label_history(labels(last=99.0), cutoffs)
    pd.testing.assert_frame_equal(changed, at_once, check_exact=True)


def test_labels_without_a_time_are_refused():
    with pytest.raises(ValueError, match="indexed by entity and time"):
        label_history(pd.Series([1.0]), DATES[0])
