"""Generated baskets and logs: what the tables say of themselves, and what vectors find in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from entivec.datasets import make_baskets, make_log


def test_baskets_hold_what_their_errands_are_for() -> None:
    from entivec.datasets._baskets import ERRANDS

    year = make_baskets(3000, random_state=0)
    orders, products = year.orders, year.products
    assert orders["time"].is_monotonic_increasing
    assert orders.groupby("order_id")[["customer_id", "time"]].nunique().eq(1).all(axis=None)
    assert orders["customer_id"].isin(year.customers.index).all()
    assert set(orders["product_id"]) == set(products.index[~products["cold"]])
    assert products.groupby("category")["cold"].sum().eq(1).all()
    category = orders["product_id"].map(products["category"])
    wanted = orders["order_id"].map(year.errands).astype(str).map(ERRANDS)
    planned = [own in all_ for own, all_ in zip(category, wanted, strict=True)]
    assert 0.83 < np.mean(planned) < 0.92
    assert not pd.DataFrame({"o": orders["order_id"], "c": category}).duplicated().any()
    own_tier = orders["customer_id"].map(year.customers["tier"]).astype(str)
    same = own_tier == orders["product_id"].map(products["tier"]).astype(str)
    assert 0.5 < same.mean() < 0.7
    for_babies = year.errands[year.errands == "nursery"].index
    shopped = orders[orders["order_id"].isin(for_babies)].drop_duplicates("order_id")
    households = shopped["customer_id"].map(year.customers["household"])
    assert households.eq("young family").mean() > 0.95


def test_neither_events_nor_pages_alone_tell_buyers_from_strugglers() -> None:
    web = make_log(3000, random_state=0)
    assert web.log["time"].is_monotonic_increasing
    assert set(web.log["customer_id"]) == set(web.outcomes.index)
    own = web.log["customer_id"].map(web.intentions).astype(str)
    told = {}
    tokens = {"event": web.log["event"], "page": web.log["page"]}
    for name, token in {**tokens, "both": tokens["event"] + tokens["page"]}.items():
        shares = pd.crosstab(own, token, normalize="index")
        told[name] = abs(shares.loc["buys"] - shares.loc["struggles"]).sum() / 2
    assert told["event"] < 0.03
    assert told["page"] < 0.03
    assert told["both"] > 0.1
    converted = web.outcomes.groupby(web.intentions, observed=True)["converted"].mean()
    assert converted["buys"] > 0.65
    assert converted.drop("buys").max() < 0.35
    assert ((web.outcomes["revenue"] > 0) == web.outcomes["converted"]).all()


@pytest.mark.parametrize(("make", "table"), [(make_baskets, "orders"), (make_log, "log")])
def test_a_seed_means_the_same_tables(make, table) -> None:
    first = make(60, random_state=3)
    again = make(60, random_state=np.random.Generator(np.random.PCG64(3)))
    for name in vars(first):
        one, other = getattr(first, name), getattr(again, name)
        assert one.equals(other), name
    assert not getattr(make(60, random_state=4), table).equals(getattr(first, table))
    assert len(getattr(make(1, random_state=0), table)) >= 1
    with pytest.raises(ValueError, match="n must be at least 1, got 0; give the number of"):
        make(0)
    with pytest.raises(TypeError, match="n must be an integer"):
        make(2.5)
