"""`evaluate.neighbour_agreement`: against a loop over rows; labels by identifier."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from entivec.evaluate import neighbour_agreement


@pytest.fixture
def vectors() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(60, 4)), index=[f"p{i}" for i in range(60)])


@pytest.fixture
def labels(vectors: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {"aisle": rng.choice(list("abc"), 60), "shelf": rng.integers(0, 5, 60)}, vectors.index
    )


def by_hand(vectors: pd.DataFrame, label: pd.Series, n: int, items: list[str]) -> float:
    unit = vectors.div(np.sqrt((vectors**2).sum(axis=1)), axis=0)
    same = []
    for item in items:
        near = (unit @ unit.loc[item]).drop(item).nlargest(n).index
        same += [label[item] == label[other] for other in near]
    return float(np.mean(same))


def test_it_is_the_share_of_a_loop(vectors: pd.DataFrame, labels: pd.DataFrame) -> None:
    everyone = list(vectors.index)
    expected = {name: by_hand(vectors, labels[name], 7, everyone) for name in labels}
    found = neighbour_agreement(vectors, labels, n=7)
    assert found.to_dict() == pytest.approx(expected)
    assert neighbour_agreement(vectors, labels["aisle"], n=7) == pytest.approx(expected["aisle"])
    few = by_hand(vectors, labels["shelf"], 3, ["p7", "p9"])
    assert neighbour_agreement(vectors, labels["shelf"], n=3, items=["p7", "p9"]) == few


def test_labels_are_met_by_identifier(vectors: pd.DataFrame, labels: pd.DataFrame) -> None:
    more = pd.concat([labels, labels.set_axis([f"q{i}" for i in range(60)])]).sample(
        frac=1, random_state=0
    )
    assert neighbour_agreement(vectors, more).equals(neighbour_agreement(vectors, labels))


def test_rows_without_a_label_are_left_out(vectors: pd.DataFrame, labels: pd.DataFrame) -> None:
    gaps = labels["aisle"].astype(object)
    gaps.iloc[:20] = None
    expected = neighbour_agreement(vectors.iloc[20:], labels["aisle"].iloc[20:])
    assert neighbour_agreement(vectors, gaps) == expected
    assert neighbour_agreement(vectors, labels["aisle"].iloc[20:]) == expected
    assert np.isnan(neighbour_agreement(vectors, gaps, items=["p0", "p3"]))
    assert np.isnan(neighbour_agreement(vectors, labels["aisle"].iloc[:1]))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a"] * 60, "labels is a list; give a Series or DataFrame indexed by identifier"),
        (pd.Series(["a", "b"], index=["p1", "p1"]), "labels has 'p1' more than once"),
        (pd.Series(["a", "b"]), "no row of vectors, such as 'p0', has a label"),
    ],
)
def test_labels_that_cannot_be_met(vectors: pd.DataFrame, labels, message) -> None:
    with pytest.raises(ValueError, match=message):
        neighbour_agreement(vectors, labels)


def test_unknown_items_are_named(vectors: pd.DataFrame, labels: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="'q1'"):
        neighbour_agreement(vectors, labels, items=["q1"])
    with pytest.raises(ValueError, match="n must be a whole number"):
        neighbour_agreement(vectors, labels, n=0)


def test_item_vectors_are_drawn_by_the_labels_of_all_products() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    import entivec

    year = entivec.datasets.make_baskets(200, random_state=0)
    model = entivec.Item2Vec("order_id", "product_id", n_components=8, max_epochs=1)
    department = year.products["department"]
    ax = entivec.plot.embedding(model.fit(year.orders).vectors_, department)
    drawn = sum(len(dots.get_offsets()) for dots in ax.collections)
    assert drawn == len(model.vectors_) < len(department)
    plt.close("all")
