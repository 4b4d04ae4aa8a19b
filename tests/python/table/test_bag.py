"""Sparse columns and matrices: the bag of counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from entivec.table import TableEncoder

COUNTS = np.array([[0, 2, 0], [1, 0, 0], [0, 0, 0], [3, 1, 0]])


def frame(dtype: str = "int64") -> pd.DataFrame:
    columns = {
        name: pd.arrays.SparseArray(COUNTS[:, i].astype(dtype), fill_value=np.dtype(dtype).type(0))
        for i, name in enumerate("abc")
    }
    return pd.DataFrame(columns)


@pytest.mark.parametrize("layout", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
@pytest.mark.parametrize("container", ["matrix", "array"])
@pytest.mark.parametrize("dtype", ["int64", "float32", "float64", "bool", "uint8"])
def test_matrix_in_matrix_out(layout: str, container: str, dtype: str) -> None:
    matrix = getattr(sparse, f"{layout}_{container}")(COUNTS.astype(dtype))
    encoder = TableEncoder()
    blocks = encoder.fit_transform(matrix)
    assert [block.shape[1] for block in blocks] == [0, 0, 3]
    np.testing.assert_array_equal(blocks.bags.toarray(), COUNTS.astype(dtype).astype(np.float32))
    np.testing.assert_array_equal(encoder.transform(matrix).bags.toarray(), blocks.bags.toarray())
    restored = encoder.inverse_transform(blocks)
    assert type(restored) is type(matrix)
    assert restored.dtype == matrix.dtype
    np.testing.assert_array_equal(restored.toarray(), matrix.toarray())
    assert encoder.schema_["kind"].tolist() == ["bag"] * 3
    np.testing.assert_array_equal(encoder.transform(COUNTS).bags.toarray(), COUNTS)


@pytest.mark.parametrize("dtype", ["int64", "int8", "float32", "float64", "bool"])
def test_frame_in_frame_out(dtype: str) -> None:
    encoder = TableEncoder()
    blocks = encoder.fit_transform(frame(dtype))
    np.testing.assert_array_equal(blocks.bags.toarray(), COUNTS.astype(dtype).astype(float))
    pd.testing.assert_frame_equal(encoder.inverse_transform(blocks), frame(dtype))


def test_mixed_sparse_dtypes_among_other_columns() -> None:
    data = frame()
    data["b"] = frame("float64")["b"]
    data.insert(1, "text", ["x", "y", "x", "y"])
    encoder = TableEncoder()
    blocks = encoder.fit_transform(data)
    np.testing.assert_array_equal(blocks.bags.toarray(), COUNTS)
    pd.testing.assert_frame_equal(encoder.inverse_transform(blocks), data)
    moved = data[["c", "text", "b", "a"]]
    np.testing.assert_array_equal(encoder.transform(moved).bags.toarray(), COUNTS)


def test_block_index() -> None:
    column = pd.arrays.SparseArray(COUNTS[:, 0], kind="block")
    blocks = TableEncoder().fit_transform(pd.DataFrame({"a": column}))
    np.testing.assert_array_equal(blocks.bags.toarray(), COUNTS[:, :1])


def test_dense_numbers_where_sparse_was() -> None:
    encoder = TableEncoder().fit(frame())
    dense = pd.DataFrame(COUNTS, columns=list("abc"))
    np.testing.assert_array_equal(encoder.transform(dense).bags.toarray(), COUNTS)


def test_sparse_where_dense_was() -> None:
    dense = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=list("abc"))
    encoder = TableEncoder().fit(dense)
    compressed = dense.astype(pd.SparseDtype(float, 0.0))
    expected = encoder.transform(dense).dense
    np.testing.assert_array_equal(encoder.transform(compressed).dense, expected)


def test_share_is_the_mean_over_rows_that_are_not_empty() -> None:
    share = TableEncoder().fit(sparse.csr_matrix(COUNTS)).layout_.bag_share
    np.testing.assert_allclose(share, [(0 + 1 + 3 / 4) / 3, (1 + 0 + 1 / 4) / 3, 0])
    empty = TableEncoder().fit(sparse.csr_matrix((3, 2))).layout_
    assert empty.bag_share.tolist() == [0, 0]
    assert empty.bag_width == 2


def test_duplicate_entries_are_summed_and_input_left_alone() -> None:
    matrix = sparse.csr_matrix((np.ones(3), np.array([1, 1, 0]), np.array([0, 3])), shape=(1, 2))
    blocks = TableEncoder().fit_transform(matrix)
    assert blocks.bags.toarray().tolist() == [[1, 2]]
    assert blocks.bags.has_canonical_format
    assert matrix.nnz == 3


def test_models_may_reconstruct_fractions() -> None:
    encoder = TableEncoder()
    blocks = encoder.fit_transform(frame("int8"))
    guess = blocks._replace(bags=sparse.csr_matrix(COUNTS + 0.4))
    assert encoder.inverse_transform(guess)["a"].tolist() == COUNTS[:, 0].tolist()
    guess = blocks._replace(bags=sparse.csr_matrix(np.full((4, 3), 1e9)))
    assert encoder.inverse_transform(guess)["a"].tolist() == [127] * 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-1.0, r"column {name!r} holds -1\.0, a negative count; sparse columns are counts"),
        (np.nan, "column {name!r} holds nan, which is not a finite count"),
        (np.inf, "column {name!r} holds inf, which is not a finite count"),
    ],
)
def test_what_is_no_count(value: float, text: str) -> None:
    wrong = COUNTS.astype(float)
    wrong[3, 1] = value
    matrix = sparse.csr_matrix(wrong)
    encoder = TableEncoder()
    for call in (encoder.fit, encoder.fit(COUNTS_MATRIX).transform):
        with pytest.raises(ValueError, match=text.format(name=1)):
            call(matrix)
    data = frame("float64").assign(b=pd.arrays.SparseArray(wrong[:, 1], fill_value=0.0))
    for call in (encoder.fit, encoder.fit(frame()).transform):
        with pytest.raises(ValueError, match=text.format(name="b")):
            call(data)


COUNTS_MATRIX = sparse.csr_matrix(COUNTS)


def raises(text: str, call: Any, *arguments: Any) -> None:
    with pytest.raises(ValueError, match=text):
        call(*arguments)


def test_wrong_uses() -> None:
    encoder = TableEncoder().fit(frame())
    text = "column 'b' held sparse counts in training and now holds 'x'; convert it to numbers"
    raises(text, encoder.transform, frame().assign(b="x"))
    encoder.fit(COUNTS_MATRIX)
    raises("X has 2 features, but TableEncoder is expecting 3", encoder.transform, COUNTS[:, :2])
    raises("X was a sparse matrix in training and is now a DataFrame", encoder.transform, frame())
    raises(
        "X was an array in training and is now a sparse matrix",
        TableEncoder().fit(COUNTS).transform,
        COUNTS_MATRIX,
    )
    raises(
        "a sparse matrix must hold numbers, not complex128",
        encoder.fit,
        sparse.csr_matrix(COUNTS * 1j),
    )
    raises("a sparse matrix must hold numbers", encoder.fit(COUNTS_MATRIX).transform, [["a"] * 3])
    raises(
        "categorical= names 1, but the columns of a sparse matrix are counts; give that column",
        TableEncoder(categorical=[1]).fit,
        COUNTS_MATRIX,
    )


def test_a_bag_weighs_what_a_row_holds() -> None:
    encoder = TableEncoder().fit(frame())
    assert encoder.bag_.held == pytest.approx(4 / 3)  # four cells in three rows that are not empty
    assert encoder.layout_.bag_weight == encoder.bag_.held
    assert TableEncoder().fit(pd.DataFrame({"x": [1.5, 2.5]})).layout_.bag_weight == 1
    document, arrays = encoder.to_state()
    assert TableEncoder.from_state(document, arrays).layout_.bag_weight == encoder.bag_.held
