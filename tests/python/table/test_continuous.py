"""Numbers: the recipe's scaling, its inverse, dtypes and extremes."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import entivec
from entivec.table import TableEncoder
from entivec.table.scaling import Scaler
from entivec.table.together import ContinuousColumns


def skewed(rows: int = 500) -> np.ndarray:
    return np.random.default_rng(0).lognormal(sigma=1.5, size=rows)


def dense(values: Any, **parameters: Any) -> np.ndarray:
    return TableEncoder(**parameters).fit_transform(pd.DataFrame({"x": values})).dense[:, 0]


def back(values: Any, **parameters: Any) -> Any:
    encoder = TableEncoder(**parameters)
    return encoder.inverse_transform(encoder.fit_transform(pd.DataFrame({"x": values})))["x"]


@pytest.mark.parametrize("form", ["DataFrame", "array"])
def test_columns_together_have_the_bits_of_each_alone(
    monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    rng = np.random.default_rng(0)
    table: Any = np.column_stack([skewed(), 1e6 * skewed(), rng.normal(size=500), np.arange(500.0)])
    table[rng.random(table.shape) < 0.2] = np.nan
    if form == "DataFrame":
        table = pd.DataFrame(table, columns=[*"abcd"])
        table["text"] = rng.choice([*"xyz"], 500)
        table["flag"] = rng.random(500) < 0.5
        table["whole"] = rng.integers(0, 100, 500)
        table["own"] = pd.array(rng.normal(size=500), dtype="Float64")
        table["day"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(500), "D")
    encoder = TableEncoder().fit(table)
    together = encoder.transform(table)
    monkeypatch.setattr("entivec.table.together._CELLS", 500)  # several pieces
    pieces = encoder.transform(table)
    fitted = TableEncoder().fit_transform(table)
    monkeypatch.setattr(ContinuousColumns, "encode", lambda *_: ())
    apart = encoder.transform(table)
    for blocks in (together, pieces, fitted):
        np.testing.assert_array_equal(blocks.dense, apart.dense)
        np.testing.assert_array_equal(blocks.codes, apart.codes)
    assert np.isnan(together.dense).any()


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", ">f8"])
def test_numbers_of_any_type_are_those_of_float64(dtype: str) -> None:
    table = (100 * np.random.default_rng(0).normal(size=(300, 3))).astype(dtype)
    encoder = TableEncoder().fit(table)
    expected = encoder.transform(table.astype("float64")).dense
    np.testing.assert_array_equal(encoder.transform(table).dense, expected)
    frame = pd.DataFrame(table.astype(table.dtype.newbyteorder("=")), columns=[*"abc"])
    of_frame = TableEncoder().fit(frame).transform(frame).dense
    np.testing.assert_array_equal(of_frame, expected)


def test_an_infinite_number_is_named_by_its_row_in_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("entivec.table.together._CELLS", 20)
    table = np.random.default_rng(0).normal(size=(100, 3))
    encoder = TableEncoder().fit(table)
    table[77, 2] = np.inf
    with pytest.raises(ValueError, match="row position 77"):
        encoder.transform(table)


def naive_robust(x: np.ndarray) -> np.ndarray:
    """The scale, cell by cell from its text."""
    seen = x[~np.isnan(x)]
    ordered = np.sort(seen)

    def quantile(q: float) -> float:
        place = q * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (place - low) * (ordered[high] - ordered[low])

    m, w = quantile(0.5), (quantile(0.75) - quantile(0.25)) / 1.349
    if w == 0:
        m, w = seen.mean(), seen.std()
    u = (x - m) / w
    u = u / np.sqrt((1 + np.sqrt(1 + (u / 3) ** 2)) / 2)
    observed = u[~np.isnan(u)]
    return (u - observed.mean()) / observed.std()


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("ties", [False, True])
def test_robust_is_its_formula(gaps: bool, ties: bool) -> None:
    x = skewed(600)
    if ties:
        x[:480] = 1.0  # interquartile range 0: mean and standard deviation
    if gaps:
        x[::7] = np.nan
    np.testing.assert_allclose(dense(x), naive_robust(x), rtol=2e-5, atol=2e-6)


def test_standard_and_none() -> None:
    x = skewed()
    expected = (x - x.mean()) / x.std()
    np.testing.assert_allclose(dense(x, scale="standard"), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(dense(x, scale="none"), x.astype(np.float32))


def test_missing_is_nan_and_comes_back() -> None:
    x = skewed()
    x[3] = np.nan
    assert np.isnan(dense(x)).nonzero()[0].tolist() == [3]
    assert np.isnan(back(x)).to_numpy().nonzero()[0].tolist() == [3]


@pytest.mark.parametrize("scale", ["robust", "standard", "none"])
def test_inverse(scale: str) -> None:
    x = skewed()
    np.testing.assert_allclose(back(x, scale=scale), x, rtol=1e-4, atol=1e-5)


def test_far_out_comes_back_and_an_error_there_stays_gentle() -> None:
    encoder = TableEncoder().fit(pd.DataFrame({"x": skewed()}))
    far = np.array([30.0, 1e4, 1e8, -1e8]) * encoder.columns_[0].scaler.width
    blocks = encoder.transform(pd.DataFrame({"x": far}))
    np.testing.assert_allclose(encoder.inverse_transform(blocks)["x"], far, rtol=1e-5)
    off = blocks._replace(dense=(1.01 * blocks.dense).astype(np.float32))
    np.testing.assert_allclose(encoder.inverse_transform(off)["x"], far, rtol=0.05)


def test_light_tails_keep_their_geometry() -> None:
    x = np.random.default_rng(0).normal(size=1000)
    expected = (x - x.mean()) / x.std()
    assert np.corrcoef(dense(x), expected)[0, 1] > 0.999


def test_few_cells_are_standardised() -> None:
    x = skewed(40)
    np.testing.assert_allclose(dense(x), (x - x.mean()) / x.std(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(back(x), x, rtol=1e-5)


def test_a_column_of_before_is_undone_as_it_was_made() -> None:
    former = {"centre": 1.0, "width": 2.0, "squash": True, "mean": 0.1, "sd": 0.5}
    scaler = Scaler.from_state(former)
    x, encoded = np.array([-3.0, 1.0, 9.0]), np.empty(3, np.float32)
    scaler.encode(x, encoded)
    u = (x - 1) / 2
    np.testing.assert_allclose(encoded, (u / np.sqrt(1 + (u / 3) ** 2) - 0.1) / 0.5, rtol=1e-6)
    np.testing.assert_allclose(scaler.decode(encoded), x, rtol=1e-5)
    assert Scaler.from_state(former | {"squash": False}).squash == "none"


def test_unseen_numbers_use_training_statistics() -> None:
    encoder = TableEncoder(scale="standard").fit(pd.DataFrame({"x": [0.0, 1.0, 2.0]}))
    new = encoder.transform(pd.DataFrame({"x": [5.0]})).dense
    np.testing.assert_allclose(new, [[4 / np.sqrt(2 / 3)]], rtol=1e-6)


def test_columns_in_any_memory_order_and_byte_order() -> None:
    x = skewed(300)
    packed = np.zeros(300, dtype=[("mark", "i1"), ("x", "f8")])
    packed["x"] = x
    for values in (packed["x"], x.astype(">f8"), np.repeat(x, 2)[::2], np.array([x, x]).T[:, 0]):
        np.testing.assert_array_equal(dense(values), dense(x))
        encoder = TableEncoder().fit(np.array([x, x]).T)
        few = np.stack([values, values], axis=1)[:3]
        np.testing.assert_array_equal(encoder.transform(few).dense[:, 0], dense(x)[:3])


def test_bits_are_those_of_the_formula_at_every_processor_level() -> None:
    encoder = TableEncoder().fit(pd.DataFrame({"x": skewed(2000)}))
    scaler, x = encoder.columns_[0].scaler, skewed(3000)
    u = (x - scaler.centre) / scaler.width
    g = np.sqrt(u * u * (1.0 / 9.0) + 1.0)
    squashed = (u / np.sqrt(g * 0.5 + 0.5)).astype(np.float32)
    expected = (squashed - np.float32(scaler.mean)) / np.float32(scaler.sd)
    np.testing.assert_array_equal(encoder.transform(pd.DataFrame({"x": x})).dense[:, 0], expected)


DTYPES = ["int8", "uint8", "int64", "uint64", "Int32", "UInt8", "float32", "Float32", "Float64"]
ARROW_DTYPES = ["int64[pyarrow]", "uint8[pyarrow]", "double[pyarrow]", "float[pyarrow]"]


@pytest.mark.parametrize("dtype", [*DTYPES, *ARROW_DTYPES])
def test_dtypes_come_back(dtype: str) -> None:
    x = pd.Series([1, 5, 9, 100, 7, 7, 0], dtype=dtype)
    restored = back(x)
    assert restored.dtype == x.dtype
    np.testing.assert_allclose(restored.to_numpy(float), x.to_numpy(float), rtol=1e-4, atol=1e-4)
    if "float" not in dtype.lower() and "double" not in dtype:
        assert restored.tolist() == x.tolist()


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "int64[pyarrow]", "double[pyarrow]"])
def test_nullable_with_gaps(dtype: str) -> None:
    x = pd.Series([1, None, 9, 100, 7], dtype=dtype)
    restored = back(x)
    assert restored.isna().tolist() == x.isna().tolist()
    observed = restored.dropna().to_numpy(float)
    np.testing.assert_allclose(observed, x.dropna().to_numpy(float), rtol=1e-5)
    assert np.isnan(dense(x)).tolist() == x.isna().tolist()


def test_integers_stay_in_their_range() -> None:
    encoder = TableEncoder().fit(pd.DataFrame({"x": np.array([0, 100, 255], dtype=np.uint8)}))
    blocks = encoder.transform(pd.DataFrame({"x": [0, 0]}))
    far = blocks._replace(dense=np.array([[99.0], [-99.0]], dtype=np.float32))
    assert encoder.inverse_transform(far)["x"].tolist() == [255, 0]
    wide = TableEncoder(scale="standard").fit(pd.DataFrame({"x": [-(2**63), 0, 2**63 - 1]}))
    far = blocks._replace(dense=np.array([[1e9], [-1e9]], dtype=np.float32))
    assert wide.inverse_transform(far)["x"].tolist() == [2**63 - 1, -(2**63)]


def test_missing_in_an_integer_column_is_its_centre() -> None:
    encoder = TableEncoder().fit(pd.DataFrame({"x": [1, 2, 3, 4, 100]}))
    blocks = encoder.transform(pd.DataFrame({"x": [np.nan]}))
    assert np.isnan(blocks.dense).all()
    restored = encoder.inverse_transform(blocks)["x"]
    assert restored.tolist() == [3]  # the median
    assert restored.dtype == np.int64


def test_objects_of_numbers() -> None:
    whole = pd.Series([1, None, 9, 100, 7], dtype=object)
    assert back(whole).tolist() == whole.tolist()
    assert back(whole).dtype == object
    assert type(back(whole)[0]) is int
    mixed = pd.Series([1, 2.5, pd.NA, 7], dtype=object)
    assert back(mixed)[2] is pd.NA
    assert type(back(mixed)[0]) is float
    exact = pd.Series([decimal.Decimal("1.5"), decimal.Decimal(2), decimal.Decimal(7)])
    assert all(type(value) is decimal.Decimal for value in back(exact))
    np.testing.assert_allclose(back(exact).astype(float), [1.5, 2, 7], rtol=1e-6)


def test_arrow_decimals_and_dictionaries() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    money = pd.array(
        [decimal.Decimal("1.25"), None, decimal.Decimal("99.50"), decimal.Decimal("7.00")],
        dtype=pd.ArrowDtype(pyarrow.decimal128(4, 2)),
    )
    assert back(money).tolist() == list(money)
    assert back(money).dtype == money.dtype
    encoder = TableEncoder().fit(pd.DataFrame({"x": money}))
    far = encoder.transform(pd.DataFrame({"x": money}))
    far = far._replace(dense=np.full((1, 1), 1e9, dtype=np.float32), codes=far.codes[:1])
    far = far._replace(bags=far.bags[:1])
    assert encoder.inverse_transform(far)["x"].tolist() == [decimal.Decimal("99.99")]
    coded = pyarrow.chunked_array([pyarrow.array([5, 9, None, 100]).dictionary_encode()])
    column = pd.Series(pd.arrays.ArrowExtensionArray(coded))
    restored = back(column)
    assert restored.dtype == column.dtype
    assert restored.isna().tolist() == [False, False, True, False]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_time_spans(unit: str) -> None:
    spans = np.array([5, 60, 3600, 86400, 90061], dtype="timedelta64[s]")
    column = pd.Series(spans.astype(f"timedelta64[{unit}]"))
    restored = back(column)
    assert restored.dtype == column.dtype
    assert restored.tolist() == column.tolist()
    gaps = column.where(column.index != 2)
    assert back(gaps).isna().tolist() == [False, False, True, False, False]


def test_fine_time_spans_come_back_nearly() -> None:
    column = pd.Series(pd.to_timedelta([1.0005, 60.25, 3600.125], unit="s"))
    np.testing.assert_allclose(
        back(column).dt.total_seconds(), column.dt.total_seconds(), rtol=1e-4, atol=0.01
    )


def test_objects_and_arrow_of_time_spans() -> None:
    days = [datetime.timedelta(days=d) for d in (1, 2, 7)]
    column = pd.Series([*days, None], dtype=object)
    assert back(column).tolist() == column.tolist()
    assert back(column).dtype == object
    pyarrow = pytest.importorskip("pyarrow")
    arrow = pd.Series(pd.array([*days, None], dtype=pd.ArrowDtype(pyarrow.duration("us"))))
    assert back(arrow).dtype == arrow.dtype
    assert back(arrow)[:3].tolist() == arrow[:3].tolist()
    assert back(arrow).isna()[3]


def test_extremes_are_finite_and_warn_nothing() -> None:
    huge = np.array([1.7e308, -1.7e308, 0.0, 1.0, 2.0])
    tiny = np.array([5e-324, 1e-310, 0.0, 2e-320, 3e-300])
    mixed = np.array([1e-300, 1e300, 1.0, 2.0, 3.0])
    for x in (huge, tiny, mixed, -mixed, huge[:3]):
        for scale in ("robust", "standard"):
            assert np.isfinite(dense(x, scale=scale)).all()
            assert np.isfinite(back(x, scale=scale)).all()


def test_unseen_extremes_are_finite() -> None:
    for scale in ("robust", "standard"):
        encoder = TableEncoder(scale=scale).fit(pd.DataFrame({"x": [1.0, 2.0, 3.0]}))
        new = encoder.transform(pd.DataFrame({"x": [1.7e308, -1.7e308]}))
        assert np.isfinite(new.dense).all()
        assert np.isfinite(encoder.inverse_transform(new)["x"]).all()


def test_unscaled_numbers_must_fit_float32() -> None:
    fine = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    large = pd.DataFrame({"x": [1e39, 2.0, 3.0]})
    text = "column 'x' holds 1e\\+39, too large for float32; scale it down or use scale=\"robust\""
    with pytest.raises(ValueError, match=text):
        TableEncoder(scale="none").fit(large)
    with pytest.raises(ValueError, match=text):
        TableEncoder(scale="none").fit(fine).transform(large)


def test_one_value_with_gaps_named_continuous() -> None:
    x = pd.Series([5.0, np.nan, 5.0])
    encoded = dense(x, continuous=["x"])
    assert encoded[[0, 2]].tolist() == [0.0, 0.0]
    assert back(x, continuous=["x"]).equals(x)


def test_flags_named_continuous() -> None:
    for column in (
        pd.Series([True, False, True]),
        pd.Series([True, None, False], dtype="boolean"),
        pd.Series([True, None, False], dtype="bool[pyarrow]"),
        pd.Series([True, None, False], dtype=object),
    ):
        restored = back(column, continuous=["x"])
        assert restored.dtype == column.dtype
        pd.testing.assert_series_equal(restored, column, check_names=False)


def test_benign_drift_of_dtype() -> None:
    values = [1, 2, 5, 9]
    encoder = TableEncoder().fit(pd.DataFrame({"x": values}))
    expected = encoder.transform(pd.DataFrame({"x": values})).dense
    for column in (
        pd.Series(values, dtype="float32"),
        pd.Series(values, dtype="Int64"),
        pd.Series(values, dtype="Float64"),
        pd.Series(values, dtype="int64[pyarrow]"),
        pd.Series(values, dtype=object),
        pd.Series([decimal.Decimal(value) for value in values], dtype=object),
        pd.Series(values, dtype="category"),
        pd.Series(pd.arrays.SparseArray(values)),
    ):
        new = encoder.transform(pd.DataFrame({"x": column})).dense
        np.testing.assert_array_equal(new, expected)
    gaps = pd.Series([1, None, 5, 9], dtype="category")
    new = encoder.transform(pd.DataFrame({"x": gaps})).dense
    np.testing.assert_array_equal(new[[0, 2, 3]], expected[[0, 2, 3]])
    assert np.isnan(new[1, 0])


@pytest.mark.parametrize("scale", ["robust", "standard"])
def test_a_column_counts_by_its_weight(scale: str) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(400, 3)), columns=[*"abc"])
    encoder = TableEncoder(continuous={"a": 0.25, "b": None}, scale=scale)
    fitted = encoder.fit_transform(table)
    np.testing.assert_allclose(fitted.dense.std(axis=0), [0.5, 1.0, 1.0], rtol=1e-5)
    np.testing.assert_array_equal(encoder.transform(table).dense, fitted.dense)
    pd.testing.assert_frame_equal(encoder.inverse_transform(fitted), table, rtol=1e-4)


def test_pca_leaves_what_counts_little_until_last() -> None:
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 3)), columns=[*"abc"])
    for light in table:
        codec = TableEncoder(continuous={light: 0.01})
        model = entivec.AutoEncoder(2, hidden_layer_sizes=(), max_steps=1, table=codec).fit(table)
        lost = model.reconstruction_error(table, per_column=True).mean() / [
            0.01 if name == light else 1.0 for name in table
        ]
        assert lost.idxmax() == light
        assert lost.drop(light).max() < 0.1 < lost[light]


@pytest.mark.parametrize("weight", [0, -1.0, float("nan"), float("inf"), True, "much"])
def test_what_is_no_weight_is_refused(weight: Any) -> None:
    with pytest.raises(ValueError, match=r"continuous=\{'x': .*\} is no weight; give"):
        dense([1.0, 2.0, 3.0], continuous={"x": weight})
