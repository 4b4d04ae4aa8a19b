"""The encoder as a scikit-learn estimator."""

from __future__ import annotations

import pickle
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from entivec.table import Blocks, TableEncoder

TUPLE = "transform returns three blocks; the check compares one array (own test below)"
EXPECTED = {
    "check_pipeline_consistency": TUPLE,
    "check_estimators_pickle": TUPLE,
    "check_methods_sample_order_invariance": TUPLE,
    "check_fit_idempotent": TUPLE,
    "check_dataframe_column_names_consistency": "columns are found by name in any order",
}


@parametrize_with_checks([TableEncoder()], expected_failed_checks=lambda _: EXPECTED)
def test_conformance(estimator: Any, check: Any) -> None:
    check(estimator)


def table(rows: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "number": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows)),
            "text": rng.choice(["a", "b", "c"], rows),
            "flag": rng.random(rows) < 0.5,
            "date": pd.date_range("2020-01-01", periods=rows, freq="h"),
            "count": pd.arrays.SparseArray(rng.integers(0, 3, rows)),
        }
    )


def assert_same(left: Blocks, right: Blocks) -> None:
    np.testing.assert_array_equal(left.dense, right.dense, strict=True)
    np.testing.assert_array_equal(left.codes, right.codes, strict=True)
    assert left.bags.shape == right.bags.shape
    assert (left.bags != right.bags).nnz == 0


def test_pickle_and_joblib(tmp_path: Any) -> None:
    encoder = TableEncoder().fit(table())
    fresh = pickle.dumps(encoder)
    blocks = encoder.transform(table())
    assert pickle.dumps(encoder) == fresh  # look-ups made by transform are not state
    assert_same(pickle.loads(fresh).transform(table()), blocks)
    joblib.dump(encoder, tmp_path / "encoder")
    assert_same(joblib.load(tmp_path / "encoder").transform(table()), blocks)


def test_idempotent_fit_order_and_subset_invariance() -> None:
    data = table()
    encoder = TableEncoder().fit(data)
    blocks = encoder.transform(data)
    assert_same(encoder.fit(data).transform(data), blocks)
    order = np.random.default_rng(1).permutation(len(data))[:17]
    subset = encoder.transform(data.iloc[order])
    assert_same(subset, Blocks(*(block[order] for block in blocks)))
    shuffled = TableEncoder().fit(data.iloc[np.random.default_rng(2).permutation(len(data))])
    np.testing.assert_allclose(shuffled.transform(data).dense, blocks.dense, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(shuffled.transform(data).codes, blocks.codes)


def test_in_a_pipeline() -> None:
    pipeline = make_pipeline(TableEncoder())
    assert_same(pipeline.fit(table()).transform(table()), TableEncoder().fit_transform(table()))


def test_fit_transform_is_fit_then_transform_bit_for_bit() -> None:
    for scale in ("robust", "standard", "none"):
        encoder = TableEncoder(scale=scale)
        assert_same(encoder.fit_transform(table(70_000)), encoder.transform(table(70_000)))


def test_blocks_are_as_promised() -> None:
    blocks = TableEncoder().fit_transform(table())
    for block in (blocks, TableEncoder().fit(table()).transform(table())):
        assert isinstance(block, Blocks)
        assert block.dense.dtype == np.float32
        assert block.dense.flags.c_contiguous
        assert block.codes.dtype == np.int32
        assert block.codes.flags.c_contiguous
        assert block.bags.format == "csr"
        assert block.bags.dtype == np.float32
        assert block.bags.indices.dtype == block.bags.indptr.dtype == np.int32


def test_input_is_left_alone() -> None:
    data = table()
    before = data.copy(deep=True)
    TableEncoder().fit_transform(data)
    pd.testing.assert_frame_equal(data, before)


def test_clone_and_parameters() -> None:
    encoder = TableEncoder(categorical=["a"], scale="none", max_levels=3)
    assert clone(encoder).get_params() == encoder.get_params()
    assert set(encoder.get_params()) == {
        "categorical", "continuous", "scale", "max_levels", "min_share", "parse", "numeric",
        "dates", "text_components", "text", "unknown_rate", "date_parts"
    }  # fmt: skip


def test_unfitted() -> None:
    for call in (
        lambda: TableEncoder().transform(table()),
        lambda: TableEncoder().inverse_transform((1, 2, 3)),
        lambda: TableEncoder().get_feature_names_out(),
        lambda: TableEncoder().schema_,
        lambda: TableEncoder().to_state(),
    ):
        with pytest.raises(NotFittedError):
            call()


def test_features_in() -> None:
    encoder = TableEncoder().fit(table())
    assert encoder.n_features_in_ == 5
    assert encoder.feature_names_in_.tolist() == ["number", "text", "flag", "date", "count"]
    assert encoder.feature_names_in_.dtype == object
    encoder.fit(np.zeros((2, 2)))
    assert encoder.n_features_in_ == 2
    assert not hasattr(encoder, "feature_names_in_")
    assert not hasattr(encoder.fit(pd.DataFrame({0: [1], "a": [2]})), "feature_names_in_")


def test_feature_names_out() -> None:
    parts = ("time of day", "day of week", "day of year")
    encoder = TableEncoder(date_parts=parts).fit(table())
    names = encoder.get_feature_names_out()
    assert names.dtype == object
    assert names.tolist() == [
        "number",
        "date days",
        "date time of day sin",
        "date time of day cos",
        "date day of week sin",
        "date day of week cos",
        "date day of year sin",
        "date day of year cos",
        "text",
        "flag",
        "count",
    ]
    blocks = encoder.transform(table())
    assert len(names) == sum(block.shape[1] for block in blocks)
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        encoder.get_feature_names_out(["a", "b", "c", "d", "e"])
    with pytest.raises(ValueError, match=r"length equal to the number of columns \(5\), got 1"):
        encoder.get_feature_names_out(["a"])
    unnamed = TableEncoder().fit(np.arange(6.0).reshape(3, 2))
    assert unnamed.get_feature_names_out().tolist() == ["0", "1"]
    assert unnamed.get_feature_names_out(["a", "b"]).tolist() == ["a", "b"]
