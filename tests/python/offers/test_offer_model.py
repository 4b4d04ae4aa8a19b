"""OfferModel: offers as queries, what it learns, what it may see, each part switched off."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import entivec
from entivec.evaluate import weighted_auc
from entivec.offers import (
    BilinearInteraction,
    FeatureCompression,
    KeyGenerator,
    MaskNet,
    group_by_bags,
    min_hash,
    mix_groups,
    recency_weights,
)

QUICK = {"max_epochs": 2, "early_stopping": False, "batch_size": 64}
ATTRIBUTES = ["product", "kind", "tags"]


def make_sales(customers=90, each=12, seed=0):
    """Customers who like one of three kinds; products belong to kinds, some carry two tags."""
    rng = np.random.default_rng(seed)
    taste = rng.integers(0, 3, customers)
    who = np.repeat(np.arange(customers), each)
    kind = np.where(rng.random(len(who)) < 0.85, taste[who], rng.integers(0, 3, len(who)))
    number = rng.integers(0, 6, len(who))
    organic = number % 2 == 0
    days = pd.to_timedelta(rng.integers(0, 90, len(who)), "D")
    sales = pd.DataFrame(
        {
            "who": [f"c{w:02d}" for w in who],
            "when": pd.Timestamp("2024-01-01") + days,
            "product": [f"p{k}{n}" for k, n in zip(kind, number, strict=True)],
            "kind": np.array(["tea", "jam", "nails"])[kind],
            "tags": np.where(organic, "organic|cheap", "cheap"),
        }
    )  # fmt: skip
    index = pd.Index([f"c{w:02d}" for w in range(customers)], name="who")
    people = pd.DataFrame({"taste": np.array(["t", "j", "n"])[taste], "age": 40.0}, index=index)
    people["age"] += rng.normal(size=customers)
    return sales, people


def make_model(**changed):
    given = {"several": {"tags": "|"}, **QUICK, **changed}
    return entivec.OfferModel("who", ATTRIBUTES, time="when", **given)


@pytest.fixture(scope="module")
def data():
    return make_sales()


@pytest.fixture(scope="module")
def fitted(data):
    return make_model(max_epochs=12).fit(*data)


OFFERS = {"tea": {"kind": "tea"}, "jam or tea": "kind in ['jam', 'tea']"}


def test_it_finds_who_likes_what(fitted, data):
    _, people = data
    found = fitted.score(None, {kind: {"kind": kind} for kind in ("tea", "jam", "nails")})
    truth = people["taste"].map({"t": "tea", "j": "jam", "n": "nails"})
    assert weighted_auc(found, truth).overall > 0.95
    who = fitted.audience({"kind": "tea"}, n=10)
    assert who.columns.tolist() == ["who", "rank", "score"]
    assert (people.loc[who["who"], "taste"] == "t").mean() > 0.8
    both = fitted.audience("kind in ['jam', 'tea']", n=30)["who"]
    assert (people.loc[both, "taste"] != "n").mean() > 0.9


def test_offers_are_dicts_masks_and_queries_of_the_same_meaning(fitted, data):
    sales, _ = data
    asked = {"kind": ["tea", "jam"], "tags": "organic"}
    mask = sales["kind"].isin(["tea", "jam"]) & sales["tags"].str.contains("organic")
    query = "kind != 'nails' and tags.str.contains('organic')"
    by = [fitted.offer_vectors(offer).to_numpy() for offer in (asked, mask, query)]
    np.testing.assert_array_equal(by[0], by[1])
    np.testing.assert_array_equal(by[0], by[2])
    rows = fitted.transactions_.matching(asked)
    assert len(rows) == mask.sum()
    named = fitted.score(["c03", "c01"], OFFERS)
    assert named.index.tolist() == ["c03", "c01"]
    assert named.columns.tolist() == list(OFFERS)
    assert fitted.score(None, [{"kind": "tea"}]).columns.tolist() == ["{'kind': 'tea'}"]


@pytest.mark.parametrize(
    ("offer", "message"),
    [
        ({"kind": "tea", "product": "p10"}, r"matches none of 1,080 transactions"),
        ({"kind": "soap"}, r"'kind' has no value 'soap'; it has"),
        ([{"brand": "x"}], r"the offer names 'brand', which is no attribute"),
        ([{}], "the offer is an empty dict"),
        ("kind = 'tea'", "is no query of"),
        ("price > 3", "is no query of"),
        (np.ones(3, dtype=bool), "give a dict of attribute to values"),
        ([], "offers is empty"),
    ],
)
def test_offers_that_cannot_be_used_are_refused(fitted, offer, message):
    with pytest.raises(ValueError, match=message):
        fitted.offer_vectors(offer)


@pytest.mark.parametrize(
    "changed",
    [
        {"augmentations": 0},
        {"mixture": 0.0},
        {"mask": False},
        {"bilinear": False},
        {"hidden": ()},
        {"mask": False, "bilinear": False, "hidden": ()},
        {"meta_features": 1},
        {"half_life": 30.0},
        {"several": None},
        {"key_length": 5.0},
    ],
)
def test_every_part_can_be_switched_off_and_changes_the_fit(data, changed):
    sales, _ = data
    model = make_model(**changed).fit(sales)
    plain = make_model().fit(sales)
    assert np.isfinite(model.history_["validation_loss"]).all()
    assert model.history_["train_loss"].iloc[0] != plain.history_["train_loss"].iloc[0]
    assert model.score(None, OFFERS).shape == (90, 2)


def test_scores_count_how_much_customers_do(data):
    sales, _ = data
    busy = sales[(sales["who"] != "c00") | (sales.groupby("who").cumcount() < 3)]
    model = make_model(half_life=20.0).fit(busy)
    counted = model.score(None, OFFERS)
    plain = model.set_params(activity=False).score(None, OFFERS)
    weighted = model.activity_
    np.testing.assert_allclose(
        counted - plain, np.log1p(weighted.to_numpy())[:, None] * [1, 1], atol=1e-5
    )
    assert weighted.sum() == pytest.approx(len(busy), rel=1e-5)
    assert make_model().fit(busy).activity_.loc[["c00", "c01"]].tolist() == [3, 12]


def test_vectors_and_scores_belong_together(fitted):
    vectors = fitted.vectors_
    assert vectors.shape == (90, 3 * 16)
    assert fitted.offer_vectors(OFFERS).shape == (2, 9 * 16)
    scores = fitted.score(None, OFFERS)
    assert scores.index.equals(vectors.index)
    assert scores.index.name == "who"
    best = fitted.audience(OFFERS["tea"], n=99)
    assert best["who"].tolist() == scores["tea"].sort_values(
        ascending=False, kind="stable").index.tolist()  # fmt: skip


def test_same_bits_for_any_n_jobs_and_order_of_customers(fitted, data):
    sales, people = data
    own = fitted.score(None, OFFERS)
    for jobs in (1, 2, 3):
        again = clone(fitted).set_params(n_jobs=jobs).fit(sales, people)
        pd.testing.assert_frame_equal(again.score(None, OFFERS), own, check_exact=True)
    alone = pd.concat([fitted.score([who], OFFERS) for who in own.index[:4]])
    pd.testing.assert_frame_equal(alone, own.iloc[:4], check_exact=True)


def test_files_and_pickles(fitted, tmp_path):
    fitted.save(tmp_path / "model.entivec")
    for again in (entivec.load(tmp_path / "model.entivec"), pickle.loads(pickle.dumps(fitted))):
        own = again.score(None, {**OFFERS, "organic": "tags.str.contains('organic')"})
        pd.testing.assert_frame_equal(own[list(OFFERS)], fitted.score(None, OFFERS))
        pd.testing.assert_frame_equal(again.history_, fitted.history_)


def test_bags_and_vocabularies_are_of_the_training_period(data):
    sales, _ = data
    model = make_model().fit(sales[sales["when"] < "2024-03-01"])
    before = model.offer_vectors({"kind": "tea"})
    pd.testing.assert_frame_equal(model.offer_vectors({"kind": "tea"}), before)
    assert len(model.transactions_) == (sales["when"] < "2024-03-01").sum()
    late = sales.assign(kind=sales["kind"].where(sales["when"] < "2024-03-01", "soap"))
    again = make_model().fit(late[late["when"] < "2024-03-01"])
    pd.testing.assert_frame_equal(again.offer_vectors({"kind": "tea"}), before)
    with pytest.raises(ValueError, match="'kind' has no value 'soap'"):
        again.score(None, {"kind": "soap"})


def test_customers_without_a_past(fitted):
    rows = pd.DataFrame({"taste": ["t", "n"], "age": [40.0, 40.0]}, index=["n1", "n2"])
    offers = {kind: {"kind": kind} for kind in ("tea", "nails")}
    scores = fitted.score(rows.index, offers, rows)
    assert np.isfinite(scores.to_numpy()).all()
    with pytest.warns(UserWarning, match="1 of 2 customers have no transactions, such as 'n1'"):
        assert fitted.score(["n1", "c01"], OFFERS).notna().to_numpy().all()


def test_rare_values_are_pooled(data):
    sales, _ = data
    rare = sales.copy()
    rare.loc[0, "product"] = "unique"
    model = make_model(min_count=2).fit(rare)
    with pytest.raises(ValueError, match="has no value 'unique'"):
        model.score(None, {"product": "unique"})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"item_attributes": []}, "item_attributes is empty"),
        ({"item_attributes": ["prodct"], "several": None}, "did you mean 'product'"),
        ({"several": {"colour": "|"}}, "several names 'colour', which is none"),
        ({"hidden": (0,)}, "hidden holds 0"),
        ({"meta_features": 6}, "meta_features"),
        ({"block": 1000}, "1080 transactions are 1 blocks of 1000"),
        ({"time": None, "half_life": 3.0}, "half_life is given and time is None"),
    ],
)
def test_what_cannot_be_used_is_refused(data, changed, message):
    with pytest.raises(ValueError, match=message):
        make_model().set_params(**changed).fit(data[0])


def test_tables_of_customers(data):
    sales, people = data
    model = make_model().set_params(customer_attributes=["taste"]).fit(sales, people)
    again = make_model().fit(sales, people[["taste"]])
    pd.testing.assert_frame_equal(model.score(None, OFFERS), again.score(None, OFFERS))
    with pytest.raises(ValueError, match="customers has no column 'income'"):
        make_model().set_params(customer_attributes=["income"]).fit(sales, people)


# Parts ------------------------------------------------------------------------


def test_group_by_bags_of_tables_and_of_rows_have_the_same_bits():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(9, 5)).astype(np.float32)
    codes, keys = rng.integers(0, 9, 50), rng.choice(list("abcd"), 50)
    fused = group_by_bags(keys, table, codes)
    gathered = group_by_bags(keys, table[codes])
    for one, other in zip(fused, gathered, strict=True):
        np.testing.assert_array_equal(one, other)
    frame = pd.DataFrame(table[codes].astype(float))
    np.testing.assert_allclose(fused[0], frame.groupby(keys).transform("mean"), atol=1e-6)
    variance = frame.groupby(keys).transform(lambda part: part.var(ddof=0))
    np.testing.assert_allclose(fused[1], variance, atol=1e-6)


def test_parts_alone():
    keys = KeyGenerator(["a", "b", "c", "d"], 2.0, random_state=3).draw(4000)
    assert keys.any(axis=1).all()
    expected = 2 / (1 - 0.5**4)
    assert keys.sum(axis=1).mean() == pytest.approx(expected, abs=0.06)
    again = KeyGenerator(["a", "b", "c", "d"], 2.0, random_state=4).draw(4000)
    assert not again.equals(keys)
    mixed = mix_groups(np.arange(40) % 10, 1.0)
    assert 2 <= len(set(mixed)) <= 6
    np.testing.assert_array_equal(mix_groups([0, 1, 1, 2], 0.0), [0, 1, 1, 2])
    same = [min_hash([[1, 2, 3], [2, 3, 4]], seed) for seed in range(1500)]
    assert np.mean([a == b for a, b in same]) == pytest.approx(0.5, abs=0.05)
    weights = recency_weights([0, 10, 20], 10)
    np.testing.assert_allclose(weights, np.array([1, 2, 4]) * 3 / 7, rtol=1e-6)


def test_networks_of_meta_features_alone():
    rng = np.random.default_rng(0)
    x, bags = rng.normal(size=(4, 10)), rng.normal(size=(2, 4, 10)) ** 2
    compression = FeatureCompression(10, meta_features=2, width=3, random_state=1)
    kernel, bias = compression.params[:60].reshape(10, 6), compression.params[60:]
    metas = compression.transform(x)
    np.testing.assert_allclose(metas.reshape(4, 6), x @ kernel + bias, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="1 to 5 meta-features but got 6"):
        FeatureCompression(10, meta_features=6)

    mask = MaskNet(10, meta_features=2, width=3)
    first, second = np.split(mask.params, [21 * 6])
    hidden = np.maximum(np.hstack(bags) @ first[:120].reshape(20, 6) + first[120:], 0)
    y = hidden @ second[:36].reshape(6, 6) + second[36:]
    expected = (2 / (1 + np.exp(-y))).reshape(4, 2, 3)
    np.testing.assert_allclose(mask.gate(*bags), expected, rtol=1e-4)
    knows_nothing = MaskNet(10, 2, 3, params=np.zeros_like(mask.params))
    np.testing.assert_array_equal(knows_nothing.gate(*bags), 1)

    pairs = BilinearInteraction(meta_features=2, width=3, random_state=2)
    own = pairs.params.reshape(2, 4, 2, 3)  # offer's meta-feature, its numbers and bias, customer's
    offers, customers = metas, rng.normal(size=(3, 2, 3)).astype(np.float32)
    contracted = np.einsum("oqi,qipj->oqpj", offers, own[:, :3]) + own[:, 3]
    np.testing.assert_allclose(pairs.contract(offers), contracted, rtol=1e-4, atol=1e-5)
    products = np.einsum("cpj,oqpj->coqp", customers, contracted)
    found = pairs.interact(customers, pairs.contract(offers))
    np.testing.assert_allclose(found, products, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=r"params is of shape \(3,\); give \(48,\)"):
        BilinearInteraction(2, 3, params=np.zeros(3))
