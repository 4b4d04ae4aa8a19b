"""Vectors of items and customers from events."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import entivec
from entivec.tokens.base import histories
from entivec.tokens.skip_gram import train_skip_gram

DEPARTMENTS, PRODUCTS = 5, 12


@pytest.fixture(scope="module")
def events():
    """Baskets of five products of one department each, ten baskets a customer of two."""
    rng = np.random.default_rng(0)
    baskets = 1500
    favourite = rng.integers(0, DEPARTMENTS, baskets // 10)
    department = np.repeat(favourite, 10)
    elsewhere = rng.random(baskets) < 0.3
    department[elsewhere] = rng.integers(0, DEPARTMENTS, elsewhere.sum())
    department = np.repeat(department, 5)
    product = rng.integers(0, PRODUCTS, len(department))
    return pd.DataFrame(
        {
            "basket": np.repeat(np.arange(baskets), 5),
            "customer": np.repeat(np.arange(baskets) // 10, 5),
            "product": [f"{d}-{p}" for d, p in zip(department, product, strict=True)],
            "department": department,
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(len(product)), "h"),
        }
    )


def item_model(**parameters):
    return entivec.Item2Vec("basket", "product", n_components=16, **parameters)


def customer_model(**parameters):
    return entivec.Customer2Vec("customer", "product", time="time", n_components=16, **parameters)


def share_of_own(model):
    near = model.most_similar(model.vectors_.index, n=5)
    return (near["item"].str[0] == near["neighbour"].str[0]).mean()


@pytest.mark.parametrize("method", ["cbow", "skipgram"])
def test_products_of_a_department_lie_near_each_other(events, method):
    model = item_model(method=method).fit(events)
    assert share_of_own(model) > 0.9
    losses = model.history_["train_loss"]
    assert losses.iloc[-1] < losses.iloc[0]


@pytest.mark.parametrize("method", ["cbow", "skipgram", "dbow", "dm"])
def test_bits_depend_on_neither_threads_nor_the_order_of_the_log(events, method):
    make = item_model if method in ("cbow", "skipgram") else customer_model
    one = make(method=method, max_epochs=2, n_jobs=1).fit(events).vectors_
    for n_jobs in (2, 3):
        shuffled = events.sample(frac=1, random_state=n_jobs)
        other = make(method=method, max_epochs=2, n_jobs=n_jobs).fit(shuffled).vectors_
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_few_wide_baskets_do_not_set_the_steps_of_all():
    sizes = np.repeat([5, 900], [400, 2])
    codes = np.random.default_rng(0).integers(0, 50, sizes.sum())
    sentences = histories(np.concatenate([[0], np.cumsum(sizes)]), codes)
    options = item_model(subsample=0.0)._options("cbow", seed=0, epochs=1, tokens=50)
    scale = train_skip_gram(sentences, np.bincount(codes).astype(float), options).input_scale
    contexts = np.repeat(sizes, sizes) - 1
    assert scale == pytest.approx(np.exp(np.log(contexts).mean()), rel=1e-5)
    assert scale < contexts.mean() / 5


@pytest.mark.parametrize("make", ["items", "customers"])
def test_targets_of_any_type_guide_vectors(events, make):
    """How many of a customer's products are odd ones: what stands together says nothing of it."""
    odd = events["product"].str.split("-").str[1].astype(int) % 2
    share = odd.groupby(events["customer"]).mean()
    y = pd.DataFrame({"share": share, "many": share > 0.5})
    y["level"] = pd.qcut(share, 3, labels=["few", "some", "lots"]).astype(str)
    y = y.astype({"many": object})
    y.iloc[::7, 0] = np.nan
    y.iloc[1::5, 1:] = None
    y = y.sample(frac=0.9, random_state=0)
    make_model = entivec.Item2Vec if make == "items" else entivec.Customer2Vec
    model = make_model("customer", "product", n_components=16, max_epochs=20, random_state=0)

    def found(weight, targets):
        model.set_params(guide_weight=weight).fit(events, targets)
        vectors = model.transform(events) if make == "items" else model.vectors_
        return vectors, np.corrcoef(LinearRegression().fit(vectors, share).predict(vectors), share)

    free, alone = found(1.0, None)
    _, told = found(1.0, y)
    assert told[0, 1] > alone[0, 1] + 0.1
    pd.testing.assert_frame_equal(found(0.0, y)[0], free, check_exact=True)


def test_attributes_give_unseen_items_a_vector(events):
    model = item_model(attributes=["department"]).fit(events)
    new = pd.DataFrame({"product": ["new", "3-4"], "department": [3, 3]})
    vectors = model.vectors_of(new)
    np.testing.assert_array_equal(vectors.loc["3-4"], model.vectors_.loc["3-4"])
    cosine = model.vectors_ @ vectors.loc["new"] / np.linalg.norm(model.vectors_, axis=1)
    assert cosine.nlargest(5).index.str.startswith("3-").all()


def test_items_roll_up_to_any_column(events):
    model = item_model(time="time", max_epochs=2).fit(events)
    rolled = model.transform(events, by="customer")
    own = events.loc[events["customer"] == 7, "product"]
    np.testing.assert_allclose(rolled.loc[7], model.vectors_.loc[own].mean(), rtol=1e-5)
    late = model.transform(events, by="customer", entities=[7], half_life="1h")
    last = events.loc[events["customer"] == 7, "product"].iloc[-1]
    assert np.linalg.norm(late.loc[7] - model.vectors_.loc[last]) < np.linalg.norm(
        rolled.loc[7] - model.vectors_.loc[last]
    )
    with pytest.warns(UserWarning, match="1 of 2 rows are without a known item"):
        early = model.transform(events, entities=[0, 1499], cutoff="2024-01-02")
    assert (early.loc[1499] == 0).all()


@pytest.mark.parametrize("method", ["dbow", "dm"])
def test_inference_agrees_with_training(events, method, tmp_path):
    model = customer_model(method=method)
    trained = model.fit(events).vectors_.to_numpy()
    inferred = model.transform(events)
    # Beyond what all have in common, too: the mean vector alone has a cosine of .8.
    for centre in (0, trained.mean(axis=0)):
        one, other = trained - centre, inferred.to_numpy() - centre
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        assert ((one * other).sum(axis=1) / lengths).mean() > 0.95
    model.save(tmp_path / "m")
    again = entivec.load(tmp_path / "m").transform(events, entities=[5, 3])
    pd.testing.assert_frame_equal(again, inferred.loc[[5, 3]], check_exact=True)


def test_items_are_saved_and_loaded(events, tmp_path):
    model = item_model(attributes=["department"], max_epochs=1).fit(events)
    model.save(tmp_path / "m")
    loaded = entivec.load(tmp_path / "m")
    pd.testing.assert_frame_equal(loaded.vectors_, model.vectors_, check_exact=True)
    pd.testing.assert_frame_equal(loaded.transform(events), model.transform(events))
    pd.testing.assert_frame_equal(loaded.context_vectors_, model.context_vectors_, check_exact=True)


@pytest.mark.parametrize(("events", "epochs"), [(10, 100), (250_000, 40), (10**7, 20), (0, 100)])
def test_few_events_are_read_more_often(events, epochs):
    assert item_model()._epochs(events) == epochs
    assert item_model(max_epochs=3)._epochs(events) == 3


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"basket": [1, 2], "product": ["a", "a"]}, "only one item, 'a'"),
        ({"basket": [1, 2], "product": ["a", "b"]}, "every history has at most one item"),
        ({"basket": [1, 1]}, "no column 'product'"),
    ],
)
def test_what_cannot_be_learnt_from_is_an_error(frame, message):
    with pytest.raises(ValueError, match=message):
        item_model().fit(pd.DataFrame(frame))
