"""Level values, column names, dtypes and parameters as typed JSON, and back; no pickle anywhere."""

from __future__ import annotations

import base64
import datetime
import decimal
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import pandas_dtype

_PLAIN = (str, int, bool, type(None))


MOST_QUOTED = 80


def quoted(value: Any) -> str:
    """Return a value as messages show it: in Python's types, and no longer than a line.

    Examples
    --------
    >>> import numpy as np
    >>> from entivec.base.values import quoted
    >>> quoted(np.int64(7))
    '7'
    >>> len(quoted("x" * 1_000_000))
    80
    """
    if isinstance(value, np.generic) and not isinstance(value, (np.datetime64, np.timedelta64)):
        value = value.item()
    text = repr(value)
    return text if len(text) <= MOST_QUOTED else f"{text[: MOST_QUOTED - 1]}…"


def pack(value: Any) -> Any:
    """Return `value` as JSON: plain for str, int, bool, finite float and None, else typed.

    Raises
    ------
    TypeError
        If values of this type have no form in JSON here.
    """
    if isinstance(value, np.generic) and not isinstance(value, (np.datetime64, np.timedelta64)):
        value = value.item()
    if type(value) in _PLAIN or (type(value) is float and math.isfinite(value)):
        return value
    for name, (kind, write, _) in _TYPED.items():
        if type(value) is kind:
            return {"type": name, "value": write(value)}
    raise TypeError(f"no saved form for a value of type {type(value).__name__}: {value!r}")


def unpack(packed: Any) -> Any:
    """Return the value that `pack` wrote."""
    if not isinstance(packed, dict):
        return packed
    return _TYPED[packed["type"]][2](packed["value"])


def pack_zone(zone: Any) -> str | None:
    """Return a time zone by name.

    Raises
    ------
    TypeError
        If pandas finds no zone, or another one, by that name.
    """
    if zone is None:
        return None
    name = str(zone)
    try:
        found = pd.Timestamp(0, tz=name)
    except (ValueError, KeyError, OSError, AttributeError, TypeError):
        found = None
    if found is None or found.utcoffset() != pd.Timestamp(0, tz=zone).utcoffset():
        raise TypeError(f"no saved form for the time zone {zone!r}")
    return name


def _pack_moment(value: pd.Timestamp) -> list[Any]:
    zone = pack_zone(value.tz)
    plain = value if zone is None else value.tz_convert("UTC").tz_localize(None)
    return [plain.isoformat(), zone]


def _unpack_moment(packed: list[Any]) -> pd.Timestamp:
    moment: pd.Timestamp = pd.Timestamp(packed[0])
    if packed[1] is not None:
        moment = moment.tz_localize("UTC").tz_convert(packed[1])
    return moment


def _pack_interval(value: Any) -> list[Any]:
    return [pack(value.left), pack(value.right), value.closed]


def _unpack_interval(packed: list[Any]) -> Any:
    return pd.Interval(unpack(packed[0]), unpack(packed[1]), closed=packed[2])


def _pack_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


# name: (exact type, value to JSON, JSON to value)
_TYPED: dict[str, tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "float": (float, repr, float),  # NaN and the infinities, as column names
    "bytes": (bytes, _pack_bytes, base64.b64decode),
    "timestamp": (pd.Timestamp, _pack_moment, _unpack_moment),
    "datetime": (
        datetime.datetime,
        datetime.datetime.isoformat,
        datetime.datetime.fromisoformat,
    ),
    "date": (datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    "time": (datetime.time, datetime.time.isoformat, datetime.time.fromisoformat),
    "timedelta": (pd.Timedelta, pd.Timedelta.isoformat, pd.Timedelta),
    "span": (
        datetime.timedelta,
        lambda value: [value.days, value.seconds, value.microseconds],
        lambda packed: datetime.timedelta(*packed),
    ),
    "datetime64": (
        np.datetime64,
        lambda value: [str(value), np.datetime_data(value.dtype)[0]],
        lambda packed: np.datetime64(*packed),
    ),
    "decimal": (decimal.Decimal, str, decimal.Decimal),
    "interval": (pd.Interval, _pack_interval, _unpack_interval),
    "period": (
        pd.Period,
        lambda value: [str(value), value.freqstr],
        lambda packed: pd.Period(packed[0], freq=packed[1]),
    ),
    "tuple": (
        tuple,
        lambda value: [pack(item) for item in value],
        lambda packed: tuple(unpack(item) for item in packed),
    ),
}


def pack_dtype(dtype: Any) -> Any:
    """Return a dtype as JSON.

    Raises
    ------
    TypeError
        If the dtype has no form in JSON here.
    """
    packed = _pack_dtype(dtype)
    try:
        unpacked = unpack_dtype(packed)
    except (TypeError, ValueError, KeyError):
        unpacked = None
    if unpacked != dtype:
        raise TypeError(f"no saved form for the dtype {dtype}")
    return packed


def _pack_dtype(dtype: Any) -> Any:
    if isinstance(dtype, np.dtype):
        return {"numpy": dtype.str}
    if isinstance(dtype, pd.CategoricalDtype):
        categories = dtype.categories
        return {
            "categories": [pack(value) for value in categories],
            "of": _pack_dtype(categories.dtype),
            "ordered": bool(dtype.ordered),
        }
    if isinstance(dtype, pd.SparseDtype):
        return {"sparse": _pack_dtype(dtype.subtype), "fill": pack(dtype.fill_value)}
    if isinstance(dtype, pd.ArrowDtype):
        return {"arrow": _pack_arrow(dtype.pyarrow_dtype)}
    if isinstance(dtype, pd.StringDtype):
        missing = getattr(dtype, "na_value", pd.NA)
        return {"string": dtype.storage, "nan": missing is not pd.NA}
    return {"pandas": str(dtype)}


def unpack_dtype(packed: Any) -> Any:
    """Return the dtype that `pack_dtype` wrote."""
    if "numpy" in packed:
        return np.dtype(packed["numpy"])
    if "categories" in packed:
        values = [unpack(value) for value in packed["categories"]]
        index = pd.Index(values, dtype=unpack_dtype(packed["of"]))
        return pd.CategoricalDtype(index, ordered=packed["ordered"])
    if "sparse" in packed:
        return pd.SparseDtype(unpack_dtype(packed["sparse"]), unpack(packed["fill"]))
    if "arrow" in packed:
        return pd.ArrowDtype(_unpack_arrow(packed["arrow"]))
    if "string" in packed:
        return _unpack_string(packed["string"], packed["nan"])
    return pandas_dtype(packed["pandas"])


def _unpack_string(storage: str, nan: bool) -> Any:
    if not nan:
        return pd.StringDtype(storage)
    try:
        return pd.StringDtype(storage, na_value=np.nan)
    except (
        TypeError
    ):  # a pandas older than the one that saved: there text with NaN is of dtype object
        return np.dtype(object)


def _pack_arrow(kind: Any) -> str:
    import pyarrow

    return _pack_bytes(pyarrow.schema([("column", kind)]).serialize().to_pybytes())


def _unpack_arrow(packed: str) -> Any:
    import pyarrow

    buffer = pyarrow.py_buffer(base64.b64decode(packed))
    return pyarrow.ipc.read_schema(buffer).field(0).type


def pack_index(index: pd.Index) -> dict[str, Any]:
    """Return column names as JSON."""
    packed: dict[str, Any] = {
        "labels": [pack(label) for label in index],
        "names": [pack(name) for name in index.names],
    }
    if not isinstance(index, pd.MultiIndex):
        packed["dtype"] = pack_dtype(index.dtype)
    return packed


def unpack_index(packed: dict[str, Any]) -> pd.Index:
    """Return the column names that `pack_index` wrote."""
    labels = [unpack(label) for label in packed["labels"]]
    names = [unpack(name) for name in packed["names"]]
    if "dtype" not in packed:
        index: pd.Index = pd.MultiIndex.from_tuples(labels, names=names)
        return index
    dtype = unpack_dtype(packed["dtype"])
    flat: pd.Index = pd.Index(labels, dtype=dtype, name=names[0], tupleize_cols=False)
    return flat
