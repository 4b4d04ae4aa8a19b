"""Targets that guide vectors: their slopes against finite differences, rows by identifier."""

from __future__ import annotations

import numpy as np
import pandas as pd

from entivec.tokens.guidance import label_rows, slopes_of


def labelled():
    rng = np.random.default_rng(0)
    y = pd.DataFrame(
        {
            "number": rng.normal(size=12),
            "flag": rng.random(12) < 0.5,
            "kind": list("abc") * 4,
        },
        index=[f"n{i}" for i in range(12)],
    ).astype({"flag": object})
    y.iloc[2, 0] = np.nan
    y.iloc[3, 1:] = None
    weights = {"number": 0.5, "flag": 2.0, "kind": 3.0}
    return y, label_rows(y, pd.Index([f"n{i}" for i in range(20)]), weights, "node")


def loss(logits: np.ndarray, y: pd.DataFrame) -> float:
    """The same sum from the table itself."""
    number = (y["number"] - y["number"].mean()) / y["number"].std(ddof=0)
    total = 0.5 * np.nansum((logits[:, 0] - number) ** 2) / 2
    for row, (flag, kind) in enumerate(zip(y["flag"], y["kind"], strict=True)):
        if not pd.isna(flag):
            sign = 1 if flag == FIRST else -1
            total += 2.0 * np.logaddexp(0, sign * logits[row, 1])
        if not pd.isna(kind):
            own = logits[row, 2:]
            total += 3.0 * (np.log(np.exp(own).sum()) - own[KINDS.index(kind)])
    return total


FIRST, KINDS = None, []


def test_slopes_are_the_derivatives_of_the_losses():
    global FIRST, KINDS
    y, rows = labelled()
    FIRST = rows.guide.classes("flag")[0]
    KINDS = rows.guide.classes("kind")
    logits = np.random.default_rng(1).normal(size=(12, 2 + len(KINDS)))
    slopes = slopes_of(logits, rows.targets, rows.guide)
    for cell in np.ndindex(logits.shape):
        above, below = logits.copy(), logits.copy()
        above[cell] += 1e-5
        below[cell] -= 1e-5
        expected = (loss(above, y) - loss(below, y)) / 2e-5
        np.testing.assert_allclose(slopes[cell], expected, atol=2e-6)


def test_pulling_lowers_the_loss_of_a_head_and_moves_labelled_rows_only():
    _, rows = labelled()
    vectors = np.random.default_rng(2).normal(size=(20, 6)).astype(np.float32)
    before = vectors.copy()
    rows.pull(vectors, 0.1)
    assert (vectors[12:] == before[12:]).all()
    assert (vectors[:12] != before[:12]).any(axis=1).all()


def test_rows_are_found_by_identifier():
    y, rows = labelled()
    other = label_rows(y.iloc[::-1], pd.Index([f"n{i}" for i in range(20)]), 1.0, "node")
    np.testing.assert_array_equal(rows.rows, np.arange(12))
    np.testing.assert_array_equal(other.rows, rows.rows)
    np.testing.assert_array_equal(other.targets.codes, rows.targets.codes)
