"""Rankings and offers against what came: known answers, and naive loops."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from entivec.evaluate import hit_rate, ndcg, recall_at, weighted_auc

SCORES = pd.DataFrame(
    [[5.0, 4, 3, 2, 1], [1, 2, 3, 4, 5], [1, 1, 1, 1, 1]],
    index=["a", "b", "c"],
    columns=["p", "q", "r", "s", "t"],
)
TRUTH = pd.DataFrame(
    {"who": ["a", "a", "b", "c", "d"], "what": ["q", "t", "s", "r", "p"]}, index=[9, 9, 9, 9, 9]
)


def tidy(scores):
    order = np.argsort(-scores.to_numpy(), axis=1, kind="stable")
    return pd.DataFrame(
        {
            "who": np.repeat(scores.index, scores.shape[1]),
            "rank": np.tile(np.arange(1, scores.shape[1] + 1), len(scores)),
            "what": scores.columns[order.ravel()],
        }
    )


@pytest.fixture(params=["scores", "tidy"])
def recommended(request):
    return SCORES if request.param == "scores" else tidy(SCORES)


def test_known_answers(recommended):
    # a: q at 2; b: s at 2; c: r at 3; d was not recommended anything
    assert hit_rate(recommended, TRUTH, 2) == 2 / 4
    assert hit_rate(recommended, TRUTH, 3) == 3 / 4
    assert recall_at(recommended, TRUTH, 2) == (1 / 2 + 1 + 0 + 0) / 4
    at_2 = 1 / math.log2(3)
    best = 1 + at_2  # a has two true items
    assert ndcg(recommended, TRUTH, 2) == pytest.approx((at_2 / best + at_2) / 4)
    assert ndcg(recommended, TRUTH, 1) == 0
    assert recall_at(recommended, TRUTH, 99) == 3 / 4


def test_what_was_seen_is_left_out_and_others_move_up(recommended):
    seen = pd.Series(["p", "t", "q"], index=["a", "b", "c"])
    assert hit_rate(recommended, TRUTH, 1, seen=seen) == 2 / 4
    assert hit_rate(recommended, TRUTH, 2, seen=seen) == 3 / 4
    assert hit_rate(recommended, TRUTH, 5, seen=TRUTH) == 0
    assert hit_rate(recommended, TRUTH, 1, seen=pd.Series(["none"], index=["nobody"])) == 0


def test_many_entities_agree_with_a_loop():
    rng = np.random.default_rng(0)
    scores = pd.DataFrame(rng.normal(size=(40, 30))).rename(columns=lambda c: f"i{c}")
    pairs = pd.DataFrame({"u": rng.integers(0, 40, 90), "i": rng.integers(0, 30, 90)})
    pairs["i"] = "i" + pairs["i"].astype(str)
    recall, gains = [], []
    for user, group in pairs.groupby("u"):
        true = set(group["i"])
        top = scores.loc[user].sort_values(ascending=False).index[:7]
        recall.append(len(true & set(top)) / len(true))
        gain = sum(1 / math.log2(r + 2) for r, item in enumerate(top) if item in true)
        gains.append(gain / sum(1 / math.log2(r + 2) for r in range(min(7, len(true)))))
    assert recall_at(scores, pairs, 7) == pytest.approx(np.mean(recall))
    assert ndcg(scores, pairs, 7) == pytest.approx(np.mean(gains))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((SCORES, TRUTH, 0), "n is 0; give a whole number of at least 1"),
        ((SCORES, TRUTH, True), "n is True"),
        ((SCORES, TRUTH.iloc[:0]), "truth is empty"),
        ((SCORES, TRUTH.assign(more=1)), r"truth has the columns \['who', 'what', 'more'\]"),
        ((SCORES, ["p"]), "truth is a list; give a Series of items indexed by entity"),
        ((SCORES.to_numpy(), TRUTH), "recommended is a ndarray"),
        ((SCORES.rename(columns={"p": "rank"}), TRUTH), "give entity, rank, item"),
    ],
)
def test_what_cannot_be_used_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        hit_rate(*arguments)


def test_areas_agree_with_scikit_learn_and_are_weighted():
    rng = np.random.default_rng(1)
    scores = pd.DataFrame(rng.integers(0, 9, (50, 4)) / 9, columns=list("wxyz"))  # with ties
    taken = rng.random((50, 4)) < [0.2, 0.5, 0.1, 0.0]
    row, column = np.nonzero(taken)
    truth = pd.DataFrame({"c": row, "o": scores.columns[column]})
    frequency = pd.Series({"w": 500, "x": 199, "y": 20, "z": 1000})
    found = weighted_auc(scores, truth, frequency)
    areas = [roc_auc_score(taken[:, j], scores.iloc[:, j]) for j in range(3)]
    np.testing.assert_allclose(found.offers["auc"].iloc[:3], areas)
    assert np.isnan(found.offers.loc["z", "auc"])  # nobody took it: it weighs nothing
    assert found.overall == pytest.approx(np.average(areas, weights=[500, 199, 20]))
    assert found.popular == pytest.approx(areas[0])
    assert found.cold == pytest.approx(np.average(areas[1:], weights=[199, 20]))
    assert found.offers["band"].tolist() == ["popular", "cold", "cold", "popular"]
    twice = pd.concat([truth, truth])  # who takes an offer twice is one taker of it
    by_test = weighted_auc(scores, twice)
    np.testing.assert_allclose(by_test.offers["auc"], found.offers["auc"])
    assert by_test.offers["frequency"].tolist() == (2 * taken.sum(axis=0)).tolist()


def test_events_without_a_score_are_counted_or_refused():
    scores = pd.DataFrame({"x": [1.0, 2.0]}, index=["a", "b"])
    truth = pd.Series(["x", "x", "y"], index=["b", "nobody", "a"])
    with pytest.warns(UserWarning, match="2 of 3 events of truth have no score"):
        assert weighted_auc(scores, truth).overall == 1
    with pytest.raises(ValueError, match="none of the 1 events of truth has a score"):
        weighted_auc(scores, truth.iloc[1:2])
    with pytest.raises(ValueError, match="twice"):
        weighted_auc(pd.concat([scores, scores]), truth)
