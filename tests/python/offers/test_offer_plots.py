"""Pictures of offers: what is drawn, on which axes, and what is refused."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

import entivec
from entivec import plot
from entivec.evaluate import WeightedAuc


def sales():
    """Two tastes, each customer with one of them."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(80), 10)
    kind = np.where(rng.random(len(who)) < 0.9, who % 2, 1 - who % 2)
    days = pd.to_timedelta(rng.integers(0, 60, len(who)), "D")
    return pd.DataFrame(
        {
            "who": who,
            "when": pd.Timestamp("2024-01-01") + days,
            "kind": np.array(["tea", "jam"])[kind],
        }
    )


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_areas_stand_by_attribute():
    offers = pd.DataFrame()
    found = {
        "brand": WeightedAuc(0.7, 0.8, 0.6, offers),
        "kind": WeightedAuc(0.9, np.nan, 0.5, offers),
    }
    _, ax = plt.subplots()
    assert plot.weighted_auc(found, ax=ax) is ax
    assert [label.get_text() for label in ax.get_yticklabels()] == ["brand", "kind"]
    dots = {
        line.get_label(): list(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2
    }
    assert dots["all"] == [0.7, 0.9]
    assert dots["cold"] == [0.6, 0.5]
    with pytest.raises(ValueError, match="at least one attribute"):
        plot.weighted_auc({})


def test_an_offer_that_becomes_the_other_turns_its_customers():
    log = sales()
    model = entivec.OfferModel("who", ["kind"], time="when", max_epochs=12, early_stopping=False)
    model.fit(log)
    takers = [np.arange(0, 80, 2), np.arange(1, 80, 2)]
    _, ax = plt.subplots()
    drawn = plot.mixing_share(model, {"kind": "tea"}, {"kind": "jam"}, takers, steps=3, ax=ax)
    assert drawn is ax
    one, other = (line.get_ydata() for line in ax.lines[:2])
    assert one[0] > 0.8 > one[-1]
    assert other[-1] > 0.8 > other[0]
    with pytest.raises(ValueError, match="both offers"):
        plot.mixing_share(model, {"kind": "tea"}, {"kind": "jam"}, takers[:1])
