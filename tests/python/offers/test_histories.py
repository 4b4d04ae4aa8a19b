"""HistoryEncoder: what it learns, what it may see, who has no history, files."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import entivec
from entivec.base.training import split
from entivec.evaluate import hit_rate
from entivec.offers.words import Words, words_of

COLUMNS = {"entity": "who", "item": "item", "time": "day", "search": "query"}
QUICK = {
    "n_components": 8,
    "hidden": (12,),
    "max_epochs": 3,
    "batch_size": 32,
    "early_stopping": False,
}
LEARNT = {"max_epochs": 40, "learning_rate": 5e-3, "dropout": 0.0}


def make_log(customers=80, seed=0):
    """Customers of three tastes, which their table and their searches tell too."""
    rng = np.random.default_rng(seed)
    taste = rng.integers(0, 3, customers)
    n = rng.integers(3, 9, customers)
    owner = np.repeat(np.arange(customers), n)
    day = np.concatenate([np.cumsum(rng.integers(0, 3, k)) for k in n])
    letter = np.array(list("abc"))[taste[owner]]
    number = rng.integers(0, 5, len(owner))
    log = pd.DataFrame(
        {
            "who": [f"c{c:03d}" for c in owner],
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"),
            "item": [f"{a}{i}" for a, i in zip(letter, number, strict=True)],
            "query": [f"{a}-thing red" if s else None
                      for a, s in zip(letter, rng.random(len(owner)) < 0.4, strict=True)],
        }
    )  # fmt: skip
    table = pd.DataFrame(
        {"taste": np.array(["x", "y", "z"])[taste], "age": rng.normal(40, 9, customers)},
        index=pd.Index([f"c{c:03d}" for c in range(customers)], name="who"),
    )
    return log.sample(frac=1, random_state=seed).reset_index(drop=True), table


def make_model(**changed):
    return entivec.HistoryEncoder(**{**COLUMNS, **QUICK, **changed})


@pytest.fixture(scope="module")
def data():
    return make_log()


@pytest.fixture(scope="module")
def fitted(data):
    return make_model().fit(*data)


def test_vectors_by_customer_and_by_item(fitted, data):
    log, table = data
    vectors = fitted.transform(log, table)
    assert vectors.shape == (80, 8)
    assert vectors.index.tolist() == table.index.tolist()
    assert vectors.columns[0] == "historyencoder0"
    items = fitted.item_vectors_
    assert items.shape == (log["item"].nunique(), 8)
    assert items.index.name == "item"
    said = fitted.recommend(log, table, n=4, exclude_seen=False)
    scores = vectors.to_numpy() @ items.to_numpy().T + fitted.item_bias_.to_numpy()
    expected = pd.DataFrame(scores, index=vectors.index, columns=items.index)
    for who, group in said.groupby("who"):
        best = expected.loc[who].sort_values(ascending=False, kind="stable")[:4]
        np.testing.assert_allclose(group["score"], best, rtol=1e-4, atol=1e-5)
    assert said.columns.tolist() == ["who", "rank", "item", "score"]
    assert said["rank"].tolist() == [1, 2, 3, 4] * 80


def test_it_learns_tastes_from_histories_alone():
    log, table = make_log(200, 1)
    model = make_model(search=None, **LEARNT).fit(log)
    letter = {"x": "a", "y": "b", "z": "c"}
    said = model.recommend(log, n=3, exclude_seen=False)
    right = said["item"].str[0] == said["who"].map(table["taste"].map(letter))
    assert right.mean() > 0.9
    truth = log.drop_duplicates("who", keep="last").set_index("who")["item"]
    assert hit_rate(said, truth, 3) > 0.3


def test_customers_without_history_are_scored_by_their_row(data):
    log, table = data
    model = make_model(**LEARNT).fit(log, table)
    new = pd.DataFrame({"taste": ["x", "z"], "age": [40.0, 40.0]}, index=["new1", "new2"])
    with pytest.warns(UserWarning, match="2 of 2 customers have no history, such as 'new1'"):
        said = model.recommend(log, new, n=1, entities=new.index)
    assert said["item"].str[0].tolist() == ["a", "c"]


def test_searches_count(data):
    log, _ = data
    model = make_model(**LEARNT).fit(log)
    asked = pd.DataFrame(
        {"who": ["p", "q", "r"], "day": log["day"].max(), "item": None,
         "query": ["A-thing", "c thing RED", "never heard of"]}
    )  # fmt: skip
    assert model.recommend(asked, n=1)["item"].str[0].tolist()[:2] == ["a", "c"]


def test_what_is_seen_is_left_out(fitted, data):
    log, table = data
    said = fitted.recommend(log, table, n=99)
    had = set(zip(log["who"], log["item"], strict=True))
    assert not had & set(zip(said["who"], said["item"], strict=True))
    items = log["item"].nunique()
    assert (said.groupby("who").size() == items - log.groupby("who")["item"].nunique()).all()


def test_nothing_sees_the_future(fitted, data):
    log, table = data
    cutoff = pd.Timestamp("2024-01-06")
    past = log[log["day"] < cutoff]
    other = log.copy()
    other.loc[other["day"] >= cutoff, ["item", "query"]] = ["a0", "b thing"]
    own = fitted.transform(past, table)
    for given in (log, other):
        seen = fitted.transform(given, table, cutoff=cutoff)
        pd.testing.assert_frame_equal(seen, own, check_exact=True)
    said = fitted.recommend(past, table)
    pd.testing.assert_frame_equal(fitted.recommend(other, table, cutoff=cutoff), said)


def test_same_bits_for_any_n_jobs_alone_and_together(fitted, data):
    log, table = data
    together = fitted.transform(log, table)
    for jobs in (1, 2, 3):
        again = clone(fitted).set_params(n_jobs=jobs).fit(log, table)
        pd.testing.assert_frame_equal(again.transform(log, table), together, check_exact=True)
        pd.testing.assert_frame_equal(again.recommend(log, table), fitted.recommend(log, table))
    for who in together.index[:5]:
        alone = fitted.transform(log[log["who"] == who], table)
        pd.testing.assert_frame_equal(alone, together.loc[[who]], check_exact=True)


def test_files_and_pickles(fitted, data, tmp_path):
    fitted.save(tmp_path / "model.entivec")
    for again in (entivec.load(tmp_path / "model.entivec"), pickle.loads(pickle.dumps(fitted))):
        pd.testing.assert_frame_equal(again.transform(*data), fitted.transform(*data))
        pd.testing.assert_frame_equal(again.recommend(*data), fitted.recommend(*data))
        pd.testing.assert_frame_equal(again.history_, fitted.history_)


def test_cold_items_and_unseen_ones(data):
    log, _ = data
    extra = pd.DataFrame({"who": "c000", "day": log["day"].max(), "item": ["rare"], "query": None})
    log = pd.concat([log, extra], ignore_index=True)
    model = make_model(min_count=2).fit(log)
    assert "rare" not in model.item_vectors_.index
    unseen = pd.DataFrame({"who": ["n"], "day": [log["day"].max()], "item": ["new"], "query": None})
    assert np.isfinite(model.transform(unseen).to_numpy()).all()
    assert "new" not in set(model.recommend(unseen, n=99)["item"])


def test_where_order_means_nothing(data):
    log, _ = data
    model = make_model(ordered=False, search=None).fit(log)
    shuffled = log.sample(frac=1, random_state=5)
    later = shuffled.assign(day=log["day"].min())
    pd.testing.assert_frame_equal(model.fit(log).history_[["train_loss"]],
                                  clone(model).fit(log).history_[["train_loss"]])  # fmt: skip
    np.testing.assert_allclose(model.transform(later), model.transform(log), atol=1e-5)


def test_without_layers_and_other_inputs_it_is_matrix_factorisation(data):
    log, _ = data
    plain = {"hidden": (), "search": None, "age": False, "tied": False, "n_components": 3}
    model = make_model(**plain).fit(log)
    items = len(model.item_vectors_)
    # A vector an item and code as input, one and a bias an item as output: nothing else is learnt.
    assert len(model.network_.params) == 3 * (items + 2) + 4 * items
    had = pd.crosstab(log["who"], log["item"])[model.item_vectors_.index]
    share = had.to_numpy() / had.to_numpy().sum(axis=1, keepdims=True)
    inputs = model.network_.params[4 * items :].reshape(items + 2, 3)[2:]
    np.testing.assert_allclose(model.transform(log), share @ inputs, atol=1e-6)


def test_many_items_are_sampled(data):
    log, table = data
    model = make_model(full_softmax=4, **LEARNT).fit(log, table)
    losses = model.history_["validation_loss"]
    assert losses.iloc[-1] < losses.iloc[0] - 0.3


def test_words():
    log = pd.DataFrame({"q": ["red shoes", None, "Red  hat", 7.0]}, dtype=object)
    words = Words.fit("q", log, np.arange(4), 2)
    assert list(words.known) == ["red"]
    assert words_of("") == []
    words = Words.fit("q", log, np.array([0, 1]), 1)
    assert list(words.known) == ["red", "red shoes", "shoes"]  # those of these events alone
    offsets, tokens = words.transform(log, np.array([2, 1, 0]))
    assert offsets.tolist() == [0, 1, 1, 4]
    assert tokens.tolist() == [0, 0, 2, 1]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"item": None}, "item is None; name the column"),
        ({"item": "itme"}, "events has no column 'itme' .did you mean 'item'"),
        ({"hidden": (0,)}, "hidden holds 0"),
        ({"min_count": 10_000}, "no item is left"),
        ({"search": "nope"}, "events has no column 'nope'"),
        ({"max_epochs": None}, "max_steps and max_epochs are both None"),
    ],
)
def test_what_cannot_be_used_is_refused(data, changed, message):
    with pytest.raises(ValueError, match=message):
        make_model(**changed).fit(data[0])


def test_tables_of_customers_that_cannot_be_used(fitted, data):
    log, table = data
    with pytest.raises(ValueError, match="customers is missing: the model was fitted with"):
        fitted.transform(log)
    with pytest.raises(ValueError, match="customers has 'c000' twice"):
        make_model().fit(log, pd.concat([table, table]))
    with pytest.raises(ValueError, match="set their identifier as the index"):
        make_model().fit(log, table.reset_index())
    with pytest.raises(ValueError, match="customers is a ndarray"):
        make_model().fit(log, table.to_numpy())
    with pytest.warns(UserWarning, match="79 of 80 customers have no row in customers"):
        fitted.transform(log, table.iloc[:1])
    with pytest.raises(ValueError, match="fitted without"):
        make_model().fit(log).transform(log, table)
    single = log.drop_duplicates("who")
    with pytest.raises(ValueError, match="0 of 80 customers have an item and something before it"):
        make_model().fit(single)
    with pytest.raises(ValueError, match="n is 0"):
        fitted.recommend(log, table, n=0)


def test_what_training_starts_from_has_not_seen_who_is_held_out():
    log, _ = make_log(200)
    log["day"] = log.groupby("who").cumcount()  # everybody has a label
    model = make_model(search=None, max_steps=1, learning_rate=1e-12).fit(log)
    owners = model.encoder_.transform(log).entities
    trained, held_out = split(np.arange(len(owners)), model.validation_fraction, model._seed())
    assert len(held_out) == 20
    share = log[log["who"].isin(owners[trained])]["item"].value_counts(normalize=True)
    bias = model.item_bias_
    np.testing.assert_allclose(np.exp(bias), share.reindex(bias.index), rtol=1e-4)
