"""Frames of Arrow's capsule in, and polars out: the bits of the same rows in pandas."""

import numpy as np
import pandas as pd
import pytest

import entivec

pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def customers():
    return entivec.datasets.make_customers(500, random_state=0).customers.reset_index(drop=True)


@pytest.fixture(scope="module")
def fitted(customers):
    return model().fit(customers)


def model():
    return entivec.AutoEncoder(4, max_steps=20)


@pytest.mark.parametrize("as_given", ["frame", "lazy", "arrow"])
def test_a_fit_has_the_bits_of_pandas(customers, fitted, as_given):
    frame = pl.from_pandas(customers)
    given = {"frame": frame, "lazy": frame.lazy(), "arrow": pa.table(frame)}[as_given]
    found = model().fit(given)
    assert np.array_equal(found.network_.params, fitted.network_.params)
    assert found.feature_names_in_.tolist() == customers.columns.tolist()
    assert np.array_equal(found.transform(given), fitted.transform(customers))
    assert found.score(given) == fitted.score(customers)
    guided = model().fit(given, frame["gender"] if as_given == "frame" else customers["gender"])
    assert set(np.unique(guided.predict(given).astype(str))) <= {"male", "female", "other"}


def test_output_is_polars_where_asked_for(customers, fitted):
    told = model().fit(customers).set_output(transform="polars")
    embedding = told.transform(pl.from_pandas(customers))
    assert isinstance(embedding, pl.DataFrame)
    assert embedding.columns == fitted.get_feature_names_out().tolist()
    assert np.array_equal(embedding.to_numpy(), fitted.transform(customers).to_numpy())


def test_categories_of_polars_have_the_codes_of_text(customers, fitted):
    text = customers.select_dtypes("str").columns[0]
    named = pl.from_pandas(customers).with_columns(pl.col(text).cast(pl.Categorical))
    assert np.array_equal(fitted.transform(named), fitted.transform(customers).to_numpy())


def test_logs_may_be_lazy():
    orders = entivec.datasets.make_orders(40, random_state=0)
    facts = entivec.FactAggregator("customer_id", time="time", values=["amount"])
    expected = facts.fit_transform(orders)
    found = facts.fit_transform(pl.from_pandas(orders).lazy())
    pd.testing.assert_frame_equal(found, expected, check_exact=True, check_index_type=False)
    with pytest.raises(ValueError, match=r"events has no column 'customer' \(did you mean"):
        entivec.FactAggregator("customer", time="time").fit(pl.from_pandas(orders).lazy())


def test_an_iterator_may_give_polars(customers, fitted):
    frame = pl.from_pandas(customers)
    stored = entivec.scan(lambda: iter([frame[:200], frame[200:]]))
    assert np.array_equal(model().fit(stored).network_.params, fitted.network_.params)


def test_entities_of_a_log_stand_in_a_column():
    orders = entivec.datasets.make_orders(40, random_state=0)
    facts = entivec.FactAggregator("customer_id", time="time", values=["amount"])
    expected = facts.fit_transform(orders)
    facts.set_output(transform="polars")
    for found in (facts.fit_transform(orders), facts.transform(pl.from_pandas(orders))):
        assert found.columns == ["customer_id", *facts.get_feature_names_out()]
        assert found["customer_id"].to_list() == expected.index.tolist()
        assert np.array_equal(found.drop("customer_id"), expected, equal_nan=True)
    dates = orders[["customer_id", "time"]].iloc[:5]
    assert facts.transform(orders, cutoff=dates).columns[:2] == ["customer_id", "time"]

    baskets = entivec.datasets.make_baskets(60, random_state=0).orders
    model = entivec.Item2Vec("order_id", "product_id", n_components=4, max_epochs=1).fit(baskets)
    expected = model.transform(baskets)
    pandas = model.set_output(transform="pandas").transform(baskets)
    pd.testing.assert_frame_equal(pandas, expected)
    polars = model.set_output(transform="polars").transform(baskets)
    assert polars.columns == ["order_id", *model.get_feature_names_out()]
    assert np.array_equal(polars.drop("order_id"), expected)
