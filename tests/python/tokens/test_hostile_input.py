"""Logs as they come: baskets of one, empty histories, unseen and missing items, endless names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import entivec


def log(**columns) -> pd.DataFrame:
    frame = {
        "order": np.repeat(np.arange(6), 2),
        "product": ["tea", "milk", "tea", "jam", "nail", "screw"] * 2,
    }
    return pd.DataFrame({**frame, **columns})


def items(**parameters) -> entivec.Item2Vec:
    return entivec.Item2Vec("order", "product", n_components=4, max_epochs=2, **parameters)


def customers(**parameters) -> entivec.Customer2Vec:
    return entivec.Customer2Vec("order", "product", n_components=4, max_epochs=2, **parameters)


SINGLE = [items(), items(method="skipgram"), customers(), customers(method="dm")]
MODELS = [*SINGLE, customers(order=2)]  # to which tea alone and tea after tea are two


def finite(vectors: pd.DataFrame) -> bool:
    return bool(np.isfinite(vectors.to_numpy()).all())


@pytest.mark.parametrize("model", MODELS)
def test_baskets_of_one_add_nothing_and_harm_nothing(model) -> None:
    alone = pd.DataFrame({"order": [10, 11, 12], "product": ["tea", "rare", "milk"]})
    model.fit(pd.concat([log(), alone], ignore_index=True))
    assert finite(model.vectors_)
    assert finite(model.transform(alone))


@pytest.mark.parametrize("model", SINGLE)
def test_one_item_only_is_an_error(model) -> None:
    with pytest.raises(ValueError, match="only one item, 'tea'"):
        model.fit(log(product="tea"))


@pytest.mark.parametrize("model", MODELS)
def test_no_event_and_no_item_are_errors(model) -> None:
    with pytest.raises(ValueError, match=r"no rows|no item|empty|no event"):
        model.fit(log().iloc[:0])
    with pytest.raises(ValueError, match="product"):
        model.fit(log(product=None))


@pytest.mark.parametrize("model", SINGLE)
def test_an_error_leaves_the_former_fit(model) -> None:
    before = model.fit(log()).vectors_.copy()
    with pytest.raises(ValueError, match="only one item"):
        model.fit(log(product="tea"))
    pd.testing.assert_frame_equal(model.vectors_, before)


@pytest.mark.parametrize("model", MODELS)
def test_missing_items_are_passed_over(model) -> None:
    gaps = log()
    gaps.loc[[1, 6], "product"] = None
    blank = pd.concat([gaps, pd.DataFrame({"order": [99], "product": [None]})], ignore_index=True)
    with pytest.warns(UserWarning, match="1 of 7 rows are without a known item, such as 99"):
        rolled = model.fit(blank).transform(blank)
    assert (rolled.loc[99] == 0).all()
    assert finite(rolled)
    if isinstance(model, entivec.Item2Vec):
        assert not model.vectors_.index.isna().any()
    else:
        assert (model.vectors_.loc[99] == 0).all()


@pytest.mark.parametrize("model", MODELS)
def test_unseen_items_and_unknown_entities_are_zero_and_counted(model) -> None:
    model.fit(log())
    new = pd.DataFrame({"order": [1, 1, 2], "product": ["tea", "unseen", "unseen"]})
    with pytest.warns(UserWarning, match="2 of 3 rows are without a known item, such as 2"):
        rolled = model.transform(new, entities=[1, 2, 77])
    assert rolled.index.tolist() == [1, 2, 77]
    assert (rolled.loc[[2, 77]] == 0).all(axis=None)
    assert (rolled.loc[1] != 0).any()
    with pytest.raises(ValueError, match=r"'unseen'|77"):
        model.most_similar(["unseen", 77])


def test_names_of_a_million_characters(tmp_path) -> None:
    long = "x" * 1_000_000
    model = items().fit(log(product=log()["product"].replace({"tea": long, "milk": long + "y"})))
    assert {long, long + "y"} <= set(model.vectors_.index)
    assert len(model.most_similar(long, n=2)) == 2
    model.save(tmp_path / "m")
    pd.testing.assert_frame_equal(entivec.load(tmp_path / "m").vectors_, model.vectors_)
    model.save_word2vec_format(tmp_path / "words")
    again = model.load_word2vec_format(tmp_path / "words")
    np.testing.assert_array_equal(again.to_numpy(), model.vectors_.to_numpy())


@pytest.mark.parametrize("value", ["Straße 7", "日本", "a,b\n", "", " ", "nan", "None"])
def test_any_text_is_a_name(value) -> None:
    model = items().fit(log(product=log()["product"].replace({"tea": value})))
    assert value in model.vectors_.index


@pytest.mark.parametrize("model", [items(window=1), customers(window=1, method="dm")])
def test_windows_wider_than_histories(model) -> None:
    wide = type(model)(**{**model.get_params(), "window": 1000})
    assert finite(wide.fit(log()).vectors_)


def test_skip_gram_of_endless_histories_stays_finite() -> None:
    rng = np.random.default_rng(0)
    product = np.concatenate([rng.permutation(1100) for _ in range(6)])
    endless = pd.DataFrame({"order": np.repeat(np.arange(6), 1100), "product": product})
    model = entivec.Item2Vec(
        "order", "product", method="skipgram", n_components=16, max_epochs=2, learning_rate=0.1
    )
    assert np.abs(model.fit(endless).vectors_.to_numpy()).max() < 10


def test_a_vocabulary_that_is_cut_to_nothing() -> None:
    with pytest.raises(ValueError, match=r"no item is left.*min_count=50"):
        items(min_count=50).fit(log())


def test_messages_are_short() -> None:
    with pytest.raises(ValueError, match=r"only one item, 'x+…") as caught:
        items().fit(log(product="x" * 1_000_000))
    assert len(str(caught.value)) < 300
