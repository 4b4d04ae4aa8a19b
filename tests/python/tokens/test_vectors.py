"""Neighbours of vectors, and the files that other programs read them from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from entivec.tokens import neighbours
from entivec.tokens.neighbours import most_similar
from entivec.tokens.word2vec_format import load_word2vec_format, save_word2vec_format


@pytest.fixture
def vectors() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(200, 5)).astype(np.float32)
    numbers[3] = 0
    numbers[50] = 2 * numbers[40]
    numbers[60] = numbers[40]
    return pd.DataFrame(numbers, index=pd.Index([f"p{i}" for i in range(200)], name="product"))


def naive(vectors: pd.DataFrame, item: str, n: int) -> list[str]:
    own = vectors.loc[item]
    length = np.linalg.norm(vectors, axis=1) * np.linalg.norm(own)
    cosine = ((vectors @ own) / np.where(length > 0, length, 1)).drop(item)
    return list(cosine.sort_values(ascending=False, kind="stable").index[:n])


@pytest.mark.parametrize("cells", [1, 1000, neighbours.MOST_CELLS])
def test_neighbours_are_those_of_the_cosine(
    vectors: pd.DataFrame, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "MOST_CELLS", cells)
    asked = ["p7", "p0", "p199", "p7"]
    found = most_similar(vectors, asked, n=6, what="product")
    assert list(found) == ["product", "neighbour", "similarity"]
    assert list(found["product"]) == np.repeat(asked, 6).tolist()
    expected = [name for item in asked for name in naive(vectors, item, 6)]
    assert list(found["neighbour"]) == expected
    assert found["similarity"].between(-1.0001, 1.0001).all()


def test_equal_neighbours_stand_in_their_order_and_zeros_are_far(vectors: pd.DataFrame) -> None:
    assert list(most_similar(vectors, "p40", n=2)["neighbour"]) == ["p50", "p60"]
    assert set(most_similar(vectors, "p3", n=4)["similarity"]) == {0}


def test_more_neighbours_than_there_are(vectors: pd.DataFrame) -> None:
    found = most_similar(vectors.iloc[:4], "p1", n=10)
    assert sorted(found["neighbour"]) == ["p0", "p2", "p3"]


def test_one_label_may_be_a_tuple() -> None:
    pairs = pd.Index([("a", 1), ("b", 2), ("c", 3)], tupleize_cols=False)
    vectors = pd.DataFrame(np.eye(3), index=pairs)
    assert most_similar(vectors, ("b", 2), n=2)["item"].tolist() == [("b", 2)] * 2


def test_unknown_items_are_named(vectors: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"2 of the items asked for have no vector.*'q1'.*200"):
        most_similar(vectors, ["p1", "q1", "q2"])
    for n in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
            most_similar(vectors, "p1", n=n)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_vectors_survive_a_file_bit_by_bit(vectors, binary, ending, tmp_path) -> None:
    path = tmp_path / f"vectors{ending}"
    save_word2vec_format(vectors, path, binary=binary)
    for given in (None, binary):
        read = load_word2vec_format(path, binary=given, name="product")
        assert list(read.index) == list(vectors.index)
        np.testing.assert_array_equal(read.to_numpy(), vectors.to_numpy())
    first = path.read_bytes()
    save_word2vec_format(vectors, path, binary=binary)
    assert path.read_bytes() == first


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_and_writes_the_same_files(vectors, binary, tmp_path) -> None:
    keyed = pytest.importorskip("gensim.models").KeyedVectors
    vectors = vectors.drop("p3")  # gensim divides by its length, 0
    ours, theirs = str(tmp_path / "ours"), str(tmp_path / "theirs")
    save_word2vec_format(vectors, ours, binary=binary)
    read = keyed.load_word2vec_format(ours, binary=binary)
    np.testing.assert_array_equal(read.vectors, vectors.to_numpy())
    read.save_word2vec_format(theirs, binary=binary)
    again = load_word2vec_format(theirs)
    pd.testing.assert_frame_equal(again, load_word2vec_format(ours))
    found = most_similar(again, "p5", n=5)["neighbour"].tolist()
    assert found == [word for word, _ in read.most_similar("p5", topn=5)]


@pytest.mark.parametrize(
    ("label", "message"),
    [("a b", "white space"), ("", "is empty"), ("x\n", "white space"), (1, "two labels")],
)
def test_labels_that_the_format_cannot_hold(label, message, tmp_path) -> None:
    vectors = pd.DataFrame(np.eye(3), index=pd.Index([label, "y", "1"], dtype=object))
    with pytest.raises(ValueError, match=message):
        save_word2vec_format(vectors, tmp_path / "vectors")
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_none(vectors, tmp_path) -> None:
    path = tmp_path / "vectors"
    path.write_bytes(b"product,price\n1,2\n")
    with pytest.raises(ValueError, match=r"does not begin with.*'product,price'"):
        load_word2vec_format(path)
    for binary in (False, True):
        save_word2vec_format(vectors, path, binary=binary)
        path.write_bytes(path.read_bytes()[:2000])
        with pytest.raises(ValueError, match=r"of 200 vectors|numbers, not 5"):
            load_word2vec_format(path, binary=binary)
