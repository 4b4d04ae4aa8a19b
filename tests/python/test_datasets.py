"""The generated tables: believable, repeatable, and truly caused by the factors."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import mutual_info_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler

from entivec.datasets import (
    Customers,
    DisentanglementTable,
    make_customers,
    make_disentanglement_table,
)

FACTORS = ["affluence", "activity", "digital_affinity"]


@pytest.fixture(scope="module")
def base() -> Customers:
    return make_customers(3000, random_state=0)


def linear_probe(base: Customers, model: object) -> Pipeline:
    frame = base.customers
    numbers = list(frame.select_dtypes("number"))
    texts = [name for name in frame if name not in [*numbers, "signup_date"]]
    normal = QuantileTransformer(output_distribution="normal", n_quantiles=200)
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=10)
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), normal), numbers), (one_hot, texts)
    )
    return make_pipeline(columns, model)


def test_tables_share_one_index_of_customers(base: Customers) -> None:
    index = base.customers.index
    assert index.name == "customer_id"
    assert index.is_unique
    assert len(index) == 3000
    for table in (base.labels, base.factors, base.notes):
        assert table.index.equals(index)
    assert base.transactions["customer_id"].isin(index).all()


def test_dimension_table_has_every_kind_of_column(base: Customers) -> None:
    frame = base.customers
    assert frame.shape[1] == 20
    assert list(frame.select_dtypes("bool")) == ["newsletter", "app_user"]
    assert list(frame.select_dtypes("category")) == ["country"]
    assert list(frame.select_dtypes("datetime")) == ["signup_date"]
    assert frame.select_dtypes("float").shape[1] == 6
    assert frame.select_dtypes("int64").shape[1] == 3
    assert frame["city"].nunique() > 300
    assert frame["postcode"].nunique() > 1500


def test_dimension_table_is_believably_dirty(base: Customers) -> None:
    frame = base.customers
    gaps = frame.isna().mean()
    assert gaps["age"] == pytest.approx(0.08, abs=0.02)
    assert gaps["income"] == pytest.approx(0.17, abs=0.03)
    assert gaps["satisfaction"] == pytest.approx(0.43, abs=0.06)
    assert gaps["country"] == gaps["signup_date"] == 0
    assert frame["income"].skew() > 1
    assert frame["channel"].value_counts(normalize=True)["fax"] < 0.01
    assert frame["city"].dropna().str.isupper().mean() == pytest.approx(0.01, abs=0.008)
    assert frame["age"].max() == 125  # a birth year left at its default
    # The better paid answer less often.
    affluence = base.factors["affluence"].groupby(frame["income"].isna()).mean()
    assert affluence[True] > affluence[False] + 0.05


def test_dates_and_tenure_agree(base: Customers) -> None:
    frame = base.customers
    days = (pd.Timestamp("2025-01-01") - frame["signup_date"]).dt.days
    assert ((days / 30.4375).astype(int) == frame["tenure_months"]).all()
    first = base.transactions.groupby("customer_id")["timestamp"].min()
    assert (first.dt.normalize() >= frame["signup_date"].loc[first.index]).all()
    assert base.transactions["timestamp"].is_monotonic_increasing
    assert base.transactions["timestamp"].max() < pd.Timestamp("2025-01-01")


@pytest.mark.parametrize("factor", FACTORS)
def test_dimension_table_reveals_the_factors(base: Customers, factor: str) -> None:
    probe = linear_probe(base, Ridge(3.0))
    r2 = cross_val_score(probe, base.customers, base.factors[factor], cv=3).mean()
    assert 0.5 < r2 < 0.95  # recoverable, but not for nothing


def test_dimension_table_reveals_the_family_stage(base: Customers) -> None:
    probe = linear_probe(base, LogisticRegression(C=0.1, max_iter=500))
    stage = base.factors["family_stage"]
    accuracy = cross_val_score(probe, base.customers, stage.astype(str), cv=3).mean()
    assert accuracy > 0.6 > 2 * stage.value_counts(normalize=True).max()


@pytest.mark.parametrize(("label", "least"), [("churned", 0.75), ("high_value", 0.85)])
def test_labels_follow_the_factors_with_noise(base: Customers, label: str, least: float) -> None:
    y = base.labels[label]
    auc = cross_val_score(LogisticRegression(), base.factors[FACTORS], y, cv=3, scoring="roc_auc")
    assert least < auc.mean() < 0.97
    assert 0.1 < y.mean() < 0.4


def test_next_year_spend_follows_the_factors(base: Customers) -> None:
    spend = np.log(base.labels["next_year_spend"])
    assert cross_val_score(Ridge(), base.factors[FACTORS], spend, cv=3).mean() > 0.3


def test_the_active_buy_more_and_the_gone_stop(base: Customers) -> None:
    bought = base.transactions.groupby("customer_id").size()
    bought = bought.reindex(base.customers.index, fill_value=0)
    assert np.corrcoef(np.log1p(bought), base.factors["activity"])[0, 1] > 0.3
    last = base.transactions.groupby("customer_id")["timestamp"].max()
    gone = base.labels["churned"].loc[last.index]
    assert last[gone].max() < pd.Timestamp("2024-11-03")
    assert last[~gone].max() > pd.Timestamp("2024-12-01")


def test_purchases_follow_the_factors(base: Customers) -> None:
    bought = base.transactions
    toys = bought["category"].eq("toys").groupby(bought["customer_id"]).mean()
    stage = base.factors["family_stage"].loc[toys.index]
    assert toys[stage == "young family"].mean() > 3 * toys[stage == "single"].mean()
    assert (bought["amount"] > 0).all()
    assert (bought["quantity"] >= 1).all()
    assert 0.01 < bought["returned"].mean() < 0.1


def test_notes_speak_of_the_factors(base: Customers) -> None:
    notes = base.notes.dropna()
    assert 0.1 < base.notes.isna().mean() < 0.2
    app = notes.str.contains("app|chat|phone")
    digital = base.factors["digital_affinity"].loc[notes.index]
    assert digital[app].mean() - digital[~app].mean() > 0.8


def assert_same(left: Customers, right: Customers) -> None:
    for name in ("customers", "transactions", "labels", "factors"):
        pd.testing.assert_frame_equal(getattr(left, name), getattr(right, name))
    pd.testing.assert_series_equal(left.notes, right.notes)


def test_same_seed_same_tables() -> None:
    assert_same(make_customers(200, 3), make_customers(200, random_state=3))
    generator = np.random.Generator(np.random.PCG64(3))
    assert_same(make_customers(200, 3), make_customers(200, generator))
    assert not make_customers(200, 4).customers.equals(make_customers(200, 3).customers)
    assert not make_customers(200).customers.equals(make_customers(200).customers)


def test_a_seed_means_the_same_customers_everywhere() -> None:
    """Written down once: another NumPy, pandas or processor must give the same base."""
    base = make_customers(500, random_state=0)
    last = base.customers.iloc[-1]
    assert list(last[["age", "city", "postcode", "income", "channel", "loyalty_points"]]) == [
        34.0, "Parkgate", "FR-27517", 38000.0, "web", 2127
    ]  # fmt: skip
    assert base.customers["income"].sum() == 16_471_100
    assert base.customers["loyalty_points"].sum() == 430_975
    assert len(base.transactions) == 4995
    assert base.transactions["amount"].sum() == pytest.approx(332_646.42, abs=0.001)
    assert base.labels["churned"].sum() == 135
    assert base.labels["next_year_spend"].sum() == pytest.approx(174_249.79, abs=0.001)
    assert base.notes.iloc[0].startswith("Long-standing regular. Asked about student prices.")


def test_one_customer() -> None:
    base = make_customers(1, random_state=0)
    assert base.customers.shape == (1, 20)
    assert list(base.transactions) == [
        "customer_id", "timestamp", "category", "product", "quantity", "amount", "returned"
    ]  # fmt: skip


def test_many_customers_take_seconds() -> None:
    start = time.process_time()
    base = make_customers(100_000, random_state=0)
    assert time.process_time() - start < 10
    assert len(base.customers) == 100_000
    assert len(base.transactions) > 500_000


@pytest.mark.parametrize("n", [0, -1])
def test_no_customers_is_an_error(n: int) -> None:
    message = f"n must be at least 1, got {n}; give the number of"
    with pytest.raises(ValueError, match=f"{message} customers"):
        make_customers(n)
    with pytest.raises(ValueError, match=f"{message} rows"):
        make_disentanglement_table(n)


@pytest.mark.parametrize("n", [2.5, "10", True, None])
def test_n_must_be_an_integer(n: object) -> None:
    with pytest.raises(TypeError, match="n must be an integer, got"):
        make_customers(n)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="n must be an integer, got"):
        make_disentanglement_table(n)  # type: ignore[arg-type]


def test_numpy_integers_are_integers() -> None:
    assert len(make_customers(np.int64(3), np.int64(0)).customers) == 3


# The table of two factors (Bertrand et al., appendix A.4)


@pytest.fixture(scope="module")
def two_factors() -> DisentanglementTable:
    return make_disentanglement_table()


NUMBERS = ["cont1", "cont2", "cont3"]


def test_numbers_are_noisy_views_of_g(two_factors: DisentanglementTable) -> None:
    table, g = two_factors.table, two_factors.factors["g"]
    assert len(table) == 60_000
    assert (g.min(), g.max()) == pytest.approx((0, 100), abs=0.01)
    for name, scale, spread in zip(NUMBERS, (2, 3.1, 1.4), (3, 2, 4), strict=True):
        noise = table[name] / scale - g
        assert noise.mean() == pytest.approx(0, abs=0.05)
        assert noise.std() == pytest.approx(spread, rel=0.01)


def test_g_can_be_found_as_well_as_published(two_factors: DisentanglementTable) -> None:
    numbers, g = two_factors.table[NUMBERS], two_factors.factors["g"]
    first = PCA(1).fit_transform(StandardScaler().fit_transform(numbers)).ravel()
    assert np.corrcoef(first, g)[0, 1] ** 2 == pytest.approx(0.9961, abs=1e-4)
    assert LinearRegression().fit(numbers, g).score(numbers, g) == pytest.approx(0.9972, abs=1e-4)


def test_both_categories_are_the_one_behind_them(two_factors: DisentanglementTable) -> None:
    table, factors = two_factors.table, two_factors.factors
    assert list(table["cat1"].cat.categories) == ["A", "B", "C", "D"]
    assert (table["cat1"] != table["cat2"]).all()
    for name in ("cat1", "cat2"):
        shared = mutual_info_score(factors["category"], table[name])
        assert shared == pytest.approx(np.log(4), abs=1e-3)
    by_level = factors["g"].groupby(factors["category"], observed=True).mean()
    assert np.ptp(by_level) < 1


def test_a_seed_means_the_same_table_everywhere(two_factors: DisentanglementTable) -> None:
    again = make_disentanglement_table(random_state=np.random.Generator(np.random.PCG64(0)))
    pd.testing.assert_frame_equal(again.table, two_factors.table)
    pd.testing.assert_frame_equal(again.factors, two_factors.factors)
    assert not make_disentanglement_table(100, 1).table.equals(two_factors.table[:100])
    assert two_factors.table.iloc[0, :3].tolist() == pytest.approx([125.678, 202.3435, 90.9694])
    assert two_factors.table.iloc[:4]["cat1"].tolist() == ["C", "A", "D", "D"]
