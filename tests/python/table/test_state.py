"""The fitted state: JSON and plain arrays, and the same encoder back."""

from __future__ import annotations

import copy
import datetime
import decimal
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from entivec.base.files import read_model, write_model
from entivec.base.values import unpack_dtype
from entivec.table import TableEncoder


def through_json(encoder: TableEncoder) -> TableEncoder:
    document, arrays = encoder.to_state()
    text = json.dumps(document, allow_nan=False)
    assert all(type(array) is np.ndarray and array.dtype != object for array in arrays.values())
    return TableEncoder.from_state(json.loads(text), arrays)


def same(encoder: TableEncoder, data: Any) -> TableEncoder:
    """Check that the state gives an encoder that does the same both ways."""
    loaded = through_json(encoder)
    assert loaded.get_params() == encoder.get_params()
    blocks, again = encoder.transform(data), loaded.transform(data)
    np.testing.assert_array_equal(again.dense, blocks.dense)
    np.testing.assert_array_equal(again.codes, blocks.codes)
    assert (again.bags != blocks.bags).nnz == 0
    pd.testing.assert_frame_equal(loaded.schema_, encoder.schema_)
    for name, value in vars(encoder.layout_).items():
        np.testing.assert_array_equal(getattr(loaded.layout_, name), value)
    restored, expected = loaded.inverse_transform(again), encoder.inverse_transform(blocks)
    if isinstance(data, pd.DataFrame):
        pd.testing.assert_frame_equal(restored, expected)
    elif sparse.issparse(data):
        assert (restored != expected).nnz == 0
    else:
        np.testing.assert_array_equal(restored, expected)
    return loaded


def column(*values: Any) -> pd.Series:
    return pd.Series([*values, None] * 2, dtype=object)


FRAMES: dict[str, Any] = {
    "text": column("a", "ü\ud800", ""),
    "mixed": column("a", 1, 2.5, True, b"\xff", ("t", 1)),
    "times": column(datetime.time(1), datetime.time(2, 3, 4, 5)),
    "decimals": column(decimal.Decimal("1.10"), "x"),
    "numbers": [1, 0, 1, 0],
    "floats": [0.1, 0.2, 0.1, 0.2],
    "numpy scalars": column(np.int64(5), np.float32(0.5), np.str_("a")),
    "string": pd.Series(["a", None, "b"] * 2, dtype="string"),
    "inferred": pd.Series(["a", None, "b"] * 2),
    "intervals": pd.cut(np.arange(12.0), 3),
    "periods": pd.Series(pd.period_range("2020-01", periods=3, freq="M")).repeat(2),
    "ordered": pd.Categorical(["b", "a", None] * 2, ["b", "a", "c"], ordered=True),
    "category of numbers": pd.Categorical([1.5, 2.5] * 2),
    "category of dates": pd.Categorical(pd.to_datetime(["2020-01-01", "2021-01-01"] * 2)),
    "nullable": pd.Series([1, None, 3, 9], dtype="Int16"),
    "dates": pd.date_range("2020-01-01", periods=9, freq="31h"),
    "zoned": pd.date_range("2020-01-01", periods=9, freq="31h", tz="Europe/Paris"),
    "offset": pd.date_range(
        "2020-01-01", periods=9, tz=datetime.timezone(datetime.timedelta(hours=1))
    ),
    "spans": pd.to_timedelta([1, 5, 9], unit="h"),
    "date objects": column(datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)),
    "span objects": column(datetime.timedelta(1), datetime.timedelta(2)),
    "constant span object": pd.Series([datetime.timedelta(1, 2, 3)] * 2, dtype=object),
    "constant numpy date": pd.Series([np.datetime64("2020-01-01", "us")] * 2, dtype=object),
    "constant": [7, 7],
    "constant date": pd.to_datetime(["2020-01-01"] * 2),
    "missing": [None, None],
    "sparse": pd.arrays.SparseArray([0, 1, 2]),
    "sparse of gaps": pd.arrays.SparseArray([np.nan, 1.0, 2.0, 3.0]),
    "float": [1.5, None, 3.5, 9.25],
}


@pytest.mark.parametrize("name", FRAMES)
def test_round_trip(name: str) -> None:
    data = pd.DataFrame({name: FRAMES[name]}).reset_index(drop=True)
    for scale in ("robust", "none"):
        same(TableEncoder(scale=scale).fit(data), data)


@pytest.mark.parametrize("kind", ["dates", "spans", "zoned"])
def test_round_trip_of_levels_of_time(kind: str) -> None:
    data = pd.DataFrame({"x": list(FRAMES[kind][:3]) * 2})
    same(TableEncoder(categorical=["x"]).fit(data), data)


def test_round_trip_of_arrow() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    for values, kind in (
        (["a", "b", None], pyarrow.string()),
        ([1, 2, None, 4], pyarrow.int16()),
        ([datetime.date(2020, 1, 1), None], pyarrow.date32()),
        ([datetime.datetime(2020, 1, 1), None], pyarrow.timestamp("ms", tz="Asia/Tokyo")),
        ([decimal.Decimal("1.5"), decimal.Decimal("2.5"), None], pyarrow.decimal128(5, 2)),
        (["a", "b", None], pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
    ):
        chunks = pyarrow.chunked_array([pyarrow.array(values * 2, kind)])
        data = pd.DataFrame({"x": pd.arrays.ArrowExtensionArray(chunks)})
        same(TableEncoder().fit(data), data)


@pytest.mark.parametrize(
    "data",
    [
        np.arange(12.0).reshape(4, 3),
        np.array([["a", 1.5], ["b", 2.5], ["a", 3.5]], dtype=object),
        sparse.csc_array(np.array([[0, 1], [2, 0]])),
    ],
    ids=["array", "objects", "matrix"],
)
def test_round_trip_without_names(data: Any) -> None:
    same(TableEncoder().fit(data), data)


@pytest.mark.parametrize(
    "columns",
    [
        pd.Index(["a", "b"], name="names"),
        pd.Index([("a", 1), None], dtype=object, tupleize_cols=False),
        pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None]),
        pd.Index([1.5, np.nan]),
        pd.DatetimeIndex(["2020-01-01", "2021-01-01"]),
        pd.RangeIndex(2),
    ],
    ids=["text", "mixed", "two levels", "floats", "dates", "range"],
)
def test_round_trip_of_column_names(columns: pd.Index) -> None:
    data = pd.DataFrame([[1.5, "a"], [2.5, "b"], [9.5, "a"]], columns=columns)
    loaded = same(TableEncoder().fit(data), data)
    restored = loaded.inverse_transform(loaded.transform(data))
    pd.testing.assert_index_equal(restored.columns, columns, exact="equiv")


def test_parameters_are_kept() -> None:
    parameters: dict[str, Any] = {
        "categorical": ["x"],
        "continuous": ("y",),
        "scale": "standard",
        "max_levels": np.int64(7),
        "min_share": 0.1,
        "parse": "never",
        "numeric": None,
        "dates": None,
        "text_components": 8,
        "text": None,
        "unknown_rate": 0.25,
        "date_parts": ("day of week",),
    }
    data = pd.DataFrame({"x": [1, 2, 1], "y": [0, 1, 0]})
    loaded = through_json(TableEncoder(**parameters).fit(data))
    assert loaded.get_params() == parameters


def test_text_of_a_newer_pandas_is_object_in_an_older_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def older(storage: str) -> str:
        return f"string[{storage}]"

    monkeypatch.setattr(pd, "StringDtype", older)
    assert unpack_dtype({"string": "python", "nan": True}) == np.dtype(object)
    assert unpack_dtype({"string": "python", "nan": False}) == "string[python]"


def test_in_a_model_file(tmp_path: Path) -> None:
    data = pd.DataFrame({name: pd.Series(FRAMES[name]) for name in ("text", "float", "sparse")})
    data["sparse"] = pd.arrays.SparseArray(np.arange(len(data)))
    encoder = TableEncoder().fit(data)
    write_model(tmp_path / "model", *encoder.to_state())
    loaded = TableEncoder.from_state(*read_model(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.transform(data).codes, encoder.transform(data).codes)


class Opaque:
    pass


def test_levels_without_a_saved_form() -> None:
    thing = Opaque()
    encoder = TableEncoder().fit(pd.DataFrame({"x": [thing, thing, 5, 5]}))
    text = "column 'x' cannot be saved: no saved form for a value of type Opaque: .*; convert it to"
    with pytest.raises(ValueError, match=text):
        encoder.to_state()
    names = TableEncoder().fit(pd.DataFrame({thing: [1, 2, 3]}))
    with pytest.raises(ValueError, match=r"the column names cannot be saved: .*; name"):
        names.to_state()


def test_dtypes_without_a_saved_form() -> None:
    dateutil = pytest.importorskip("dateutil.tz")
    zone = dateutil.tzrange("XYZ", -7200)
    data = pd.DataFrame({"x": pd.date_range("2020-01-01", periods=3, tz=zone)})
    for x in (data["x"], data["x"].astype(object), data["x"][:1]):
        encoder = TableEncoder().fit(pd.DataFrame({"x": x}))
        with pytest.raises(ValueError, match="column 'x' cannot be saved: no saved form for the"):
            encoder.to_state()


def broken(**changes: Any) -> dict[str, Any]:
    data = pd.DataFrame({"x": ["a", "b", "a", "b"], "y": [1.5, 2.5, 3.5, 4.5]})
    document = copy.deepcopy(TableEncoder().fit(data).to_state()[0])
    document.update(changes)
    return {key: value for key, value in document.items() if value is not ...}


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        broken(version=99),
        broken(version="1"),
        broken(columns=...),
        broken(columns=[{"kind": "other", "position": 0}]),
        broken(columns=[{"kind": "constant", "position": 9, "fitted": {}}]),
        broken(parameters={"no": 1}),
        broken(names={}),
        broken(),  # its arrays are missing
    ],
)
def test_states_that_are_none(document: Any) -> None:
    with pytest.raises(ValueError, match=r"this is no usable TableEncoder state .*; save it"):
        TableEncoder.from_state(document, {})


def test_a_newer_state_says_so() -> None:
    with pytest.raises(ValueError, match="it was written by a newer version of entivec"):
        TableEncoder.from_state(broken(version=99), {})
