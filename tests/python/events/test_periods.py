"""Entities by products by periods: counts and totals as of a date."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import entivec


@pytest.fixture(scope="module")
def log():
    random = np.random.default_rng(0)
    n = 400
    return pd.DataFrame(
        {
            "who": random.choice(["ann", "bob", "eve"], n),
            "when": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(random.integers(0, 200 * 24, n), unit="h"),
            "what": random.choice(["fig", "pear", None], n, p=[0.6, 0.3, 0.1]),
            "paid": np.where(random.random(n) < 0.1, np.nan, random.gamma(2.0, 10.0, n)),
        }
    )


@pytest.fixture(scope="module")
def encoder(log):
    return entivec.EventEncoder("who", time="when", categories=["what"], values=["paid"]).fit(log)


def by_hand(log, edges, who, what, value=None):
    own = log[(log["who"] == who) & (log["what"] == what)]
    inside = [own[(own["when"] >= a) & (own["when"] < b)] for a, b in edges]
    return [len(part) if value is None else part[value].sum() for part in inside]


@pytest.mark.parametrize("value", [None, "paid"])
@pytest.mark.parametrize("period", ["30D", "1 month"])
def test_it_counts_and_adds_up(log, encoder, period, value):
    cutoff = pd.Timestamp("2024-06-15 07:00")
    frame = encoder.periods(log, period=period, count=4, value=value, cutoff=cutoff)
    assert frame.columns.names == ["what", "period"]
    assert frame.columns.tolist() == [(p, k) for p in ["fig", "pear"] for k in (-4, -3, -2, -1)]
    assert frame.index.equals(pd.Index(["ann", "bob", "eve"], name="who"))
    one = pd.Timedelta("30D") if period == "30D" else pd.DateOffset(months=1)
    edges = [(cutoff - k * one, cutoff - (k - 1) * one) for k in (4, 3, 2, 1)]
    for who in frame.index:
        for what in ("fig", "pear"):
            expected = by_hand(log, edges, who, what, value)
            np.testing.assert_allclose(frame.loc[who, what], expected, rtol=1e-6)


def test_nothing_sees_the_future(log, encoder):
    cutoffs = pd.Series(pd.to_datetime(["2024-03-01", "2024-05-01"]), index=["ann", "eve"])
    frame = encoder.periods(log, period="7D", count=3, cutoff=cutoffs)
    assert frame.index.tolist() == ["ann", "eve"]
    changed = log[log["when"] < log["who"].map(cutoffs).fillna(pd.Timestamp("2030-01-01"))]
    pd.testing.assert_frame_equal(
        encoder.periods(changed, period="7D", count=3, cutoff=cutoffs), frame
    )


def test_an_event_at_the_end_of_a_period_belongs_to_the_next(encoder):
    days = pd.to_datetime(["2024-02-01", "2024-02-08", "2024-02-15"])
    log = pd.DataFrame({"who": "ann", "when": days, "what": "fig", "paid": 1.0})
    frame = encoder.periods(log, period="7D", count=2, cutoff="2024-02-15")
    assert frame["fig"].to_numpy().tolist() == [[1, 1]]
    # Without a cut-off the last event is seen.
    assert encoder.periods(log, period="7D", count=2)["fig"].to_numpy().tolist() == [[1, 1]]
    assert encoder.periods(log, period="1h", count=1)["fig"].to_numpy().tolist() == [[1]]


def test_several_dates_of_an_entity_and_entities_without_events(log, encoder):
    pairs = pd.DataFrame({"who": ["ann", "ann"], "as of": pd.to_datetime(["2024-03-01"] * 2)})
    pairs.loc[1, "as of"] += pd.Timedelta("30D")
    frame = encoder.periods(log, period="30D", count=2, cutoff=pairs)
    assert frame.index.names == ["who", "as of"]
    older, newer = frame["fig"].to_numpy()
    assert newer[0] == older[1]
    with pytest.warns(UserWarning, match="1 of 2 entities have no events"):
        frame = encoder.periods(log, entities=["nobody", "bob"])
    assert frame.loc["nobody"].eq(0).all()
    assert frame.loc["bob"].sum() > 0


def test_months_are_those_of_the_clock(encoder):
    days = pd.to_datetime(["2024-02-29 23:30", "2024-03-01 00:30"]).tz_localize("Europe/Berlin")
    log = pd.DataFrame({"who": "ann", "when": days, "what": "fig", "paid": 1.0})
    cutoff = pd.Timestamp("2024-04-01", tz="Europe/Berlin")
    frame = encoder.periods(log, period="1 month", count=2, cutoff=cutoff)
    assert frame["fig"].to_numpy().tolist() == [[1, 1]]


def test_joined_tokens_are_text():
    log = pd.DataFrame({"who": 1, "day": pd.to_datetime(["2024-01-01"]), "a": "x", "b": 3})
    encoder = entivec.EventEncoder("who", time="day", categories=[["a", "b"]]).fit(log)
    assert encoder.periods(log, count=1).columns.tolist() == [("x|3", -1)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"count": 0}, "count is 0"),
        ({"category": 1}, "category is 1; the encoder has 1"),
        ({"value": "piad"}, "value is 'piad', which is none of values"),
        ({"period": "soon"}, "'soon', which is no stretch of time"),
        ({"count": 2**30}, "too many cells; keep the most frequent products with max_items="),
    ],
)
def test_bad_parameters_are_named(log, encoder, given, message):
    with pytest.raises(ValueError, match=message):
        encoder.periods(log, **given)


def test_periods_need_times():
    log = pd.DataFrame({"who": [1, 1], "step": [1, 2], "what": ["a", "b"]})
    encoder = entivec.EventEncoder("who", time="step", categories=["what"]).fit(log)
    with pytest.raises(ValueError, match="periods need times"):
        encoder.periods(log)
