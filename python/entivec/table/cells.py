"""The cells of one column, of whatever dtype, as plain NumPy values."""

from __future__ import annotations

import datetime
import decimal
import numbers
from collections.abc import Hashable, Iterator
from typing import Any, NoReturn, TypeAlias

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from .ticks import ticks_per_day

Cells: TypeAlias = Any  # numpy.ndarray or pandas ExtensionArray: their common methods are not typed
Name: TypeAlias = Hashable

# What the observed cells of a column are. "mixed" is any other or more than one of them.
NUMBER, BOOL, TEXT, BYTES, DATE, SPAN, MIXED, EMPTY = (
    "number",
    "bool",
    "text",
    "bytes",
    "date",
    "span",
    "mixed",
    "empty",
)
PLURAL = {
    NUMBER: "numbers",
    BOOL: "booleans",
    TEXT: "text",
    BYTES: "bytes",
    DATE: "dates",
    SPAN: "time spans",
    EMPTY: "missing values",
}

_FAMILY_OF_KIND = {
    "f": NUMBER,
    "i": NUMBER,
    "u": NUMBER,
    "b": BOOL,
    "M": DATE,
    "m": SPAN,
    "U": TEXT,
    "S": BYTES,
}
_FAMILY_INFERRED = {
    "empty": EMPTY,
    "string": TEXT,
    "bytes": BYTES,
    "boolean": BOOL,
    "integer": NUMBER,
    "floating": NUMBER,
    "mixed-integer-float": NUMBER,
    "decimal": NUMBER,
    "date": DATE,
    "datetime": DATE,
    "datetime64": DATE,
    "timedelta": SPAN,
    "timedelta64": SPAN,
    "period": DATE,
}


def shown(name: Name) -> str:
    """Return a column name as text, the same whether its parts are of NumPy's types or Python's."""
    if isinstance(name, tuple):
        name = tuple(part.item() if isinstance(part, np.generic) else part for part in name)
    return str(name)


def column_error(name: Name, problem: str, advice: str) -> NoReturn:
    """Raise the error of a column: what is wrong (with the value), and what to do."""
    raise ValueError(f"column {name!r} {problem}; {advice}")


def cells_of(column: pd.Series) -> Cells:
    """Return the cells of a pandas column without a copy where pandas has them ready."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        return column.to_numpy()
    if isinstance(dtype, pd.SparseDtype):
        return np.asarray(column.array)
    cells = column.array
    return _undictionaried(cells) if isinstance(dtype, pd.ArrowDtype) else cells


def _undictionaried(cells: Cells) -> Cells:
    """Write out the values of Arrow's dictionary-encoded cells, string views and lists."""
    from pyarrow import types

    chunks = as_arrow(cells)
    if _is_view(chunks.type):
        return pd.arrays.ArrowExtensionArray(chunks.cast("string"))
    if types.is_list(chunks.type) or types.is_large_list(chunks.type):
        several = np.empty(len(cells), dtype=object)
        several[:] = chunks.to_pylist()
        return several
    if not types.is_dictionary(chunks.type):
        return cells
    return pd.arrays.ArrowExtensionArray(chunks.cast(chunks.type.value_type))


def is_arrow(cells: Cells) -> bool:
    """Tell whether the cells are held by Arrow under an Arrow dtype."""
    return isinstance(cells.dtype, pd.ArrowDtype)


def as_arrow(cells: Cells) -> Any:
    """Return the ``pyarrow.ChunkedArray`` behind Arrow cells (no copy)."""
    return cells.__arrow_array__()


def family(cells: Cells) -> str:
    """Return what the observed cells are: NUMBER, BOOL, TEXT, BYTES, DATE, SPAN, MIXED or EMPTY.

    Only object cells are looked at; elsewhere the dtype tells, so a column of a dtype such as
    float or string that has nothing but missing cells is still NUMBER or TEXT here.
    """
    dtype = cells.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return family(cells_of(dtype.categories.to_series()))
    if isinstance(dtype, pd.StringDtype):
        return TEXT
    if isinstance(dtype, pd.ArrowDtype):
        return _arrow_family(dtype.pyarrow_dtype)
    if isinstance(dtype, pd.PeriodDtype):
        return DATE
    if dtype.kind in _FAMILY_OF_KIND:
        return _FAMILY_OF_KIND[dtype.kind]
    known = _FAMILY_INFERRED.get(inferred(cells))
    return known if known is not None else _family_of_values(cells)


def _family_of_values(cells: Cells) -> str:
    """What observed values are where pandas has no word for them: decimals among integers."""
    found = None
    for value in values_of(cells):
        if is_missing(value):
            continue
        own = value_family(value)
        if own not in PLURAL or found not in (None, own):
            return MIXED
        found = own
    return found or EMPTY


def _arrow_family(kind: Any) -> str:
    from pyarrow import types

    if types.is_boolean(kind):
        return BOOL
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return NUMBER
    if types.is_timestamp(kind) or types.is_date(kind):
        return DATE
    if types.is_duration(kind):
        return SPAN
    if types.is_string(kind) or types.is_large_string(kind) or _is_view(kind):
        return TEXT
    if types.is_binary(kind) or types.is_large_binary(kind):
        return BYTES
    return EMPTY if types.is_null(kind) else MIXED


def _is_view(kind: Any) -> bool:
    """Tell whether an Arrow type is a string view, which older versions do not know."""
    return str(kind) == "string_view"


def inferred(cells: Cells) -> str:
    """Return pandas's word for what object cells hold, missing ones aside."""
    return str(infer_dtype(np.asarray(cells, dtype=object), skipna=True))


def value_family(value: object) -> str:
    """Return what one value is; for a value of no family, the name of its type."""
    if isinstance(value, (bool, np.bool_)):
        return BOOL
    if isinstance(value, (datetime.timedelta, np.timedelta64)):  # NumPy's are integers as well
        return SPAN
    if isinstance(value, (numbers.Real, decimal.Decimal)):
        return NUMBER
    if isinstance(value, str):
        return TEXT
    if isinstance(value, bytes):
        return BYTES
    if isinstance(value, (datetime.date, np.datetime64, pd.Period)):
        return DATE
    return type(value).__name__


def is_missing(value: object) -> bool:
    """Tell whether one value is None, NaN, NaT or pd.NA."""
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return isinstance(value, (float, np.floating, decimal.Decimal)) and value != value


def values_of(cells: Cells) -> list[Any]:
    """Return the cells as Python values."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind not in "mM":
        return list(cells.tolist())
    return [v.item() if isinstance(v, np.generic) else v for v in _iterated(cells)]


def _iterated(cells: Cells) -> Iterator[Any]:
    return iter(pd.Series(cells) if isinstance(cells, np.ndarray) else cells)


def first_foreign(cells: Cells, expected: str) -> Any:
    """Return the first observed value that is not of the family `expected`, or None."""
    for value in values_of(cells):
        if not is_missing(value) and value_family(value) != expected:
            return value
    return None


def floats(cells: Cells) -> np.ndarray:
    """Return the numbers, truth values or time spans (in days) as float64, NaN where missing.

    Raises
    ------
    ValueError
        If a time span is counted in months or years, which are of no fixed length.
    """
    if isinstance(cells.dtype, pd.CategoricalDtype):
        codes, levels = distinct(cells)
        return np.asarray(np.append(floats(levels), np.nan)[codes])
    if is_arrow(cells):
        return _arrow_floats(as_arrow(cells))
    if cells.dtype.kind == "m":
        return _days(np.asarray(cells))
    if not isinstance(cells, np.ndarray):
        return np.asarray(cells.to_numpy(dtype="float64", na_value=np.nan))
    if cells.dtype.kind != "O":
        return np.asarray(cells, dtype=np.float64)
    observed = ~pd.isna(cells)
    if observed.any() and value_family(cells[int(observed.argmax())]) == SPAN:
        return np.array([_days_of(value) for value in cells])
    values = np.full(len(cells), np.nan)
    values[observed] = cells[observed].astype(np.float64)
    return values


def _arrow_floats(chunks: Any) -> np.ndarray:
    from pyarrow import types

    if types.is_duration(chunks.type):
        return _days(chunks.to_numpy())
    if types.is_boolean(chunks.type):
        chunks = chunks.cast("uint8")
    values: np.ndarray = np.asarray(chunks.cast("float64", safe=False).to_numpy())
    return values


def _days_of(span: Any) -> float:
    if is_missing(span):
        return np.nan
    if isinstance(span, pd.Timedelta):
        return float(_days(np.array([span.to_timedelta64()]))[0])
    if isinstance(span, datetime.timedelta):
        return float(_days(np.array([span], dtype="timedelta64[us]"))[0])
    return float(_days(np.array([span]))[0])


def _days(spans: np.ndarray) -> np.ndarray:
    unit, multiple = np.datetime_data(spans.dtype)
    if unit in ("M", "Y") and not np.isnat(spans).all():
        span = spans[~np.isnat(spans)][0]
        raise ValueError(f"holds {span!r}, and months and years are of no fixed length")
    if unit in ("W", "generic") or multiple != 1:
        spans = spans.astype("timedelta64[s]" if unit != "generic" else "timedelta64[ns]")
        unit = np.datetime_data(spans.dtype)[0]
    days = spans.astype(np.int64) / ticks_per_day(unit)
    days[np.isnat(spans)] = np.nan
    return np.asarray(days)


def distinct(cells: Cells) -> tuple[np.ndarray, Cells]:
    """Return ``(codes, levels)``: each cell's position among the distinct observed values.

    Missing cells have code -1. Memory is proportional to the cells, never to cells times levels.

    Raises
    ------
    TypeError, NotImplementedError
        If a cell cannot be hashed (a list, dict, set or array).
    """
    if isinstance(cells, pd.Categorical):
        categories = cells.categories
        used = np.flatnonzero(np.bincount(cells.codes + 1, minlength=len(categories) + 1)[1:])
        position = np.full(len(categories) + 1, -1)  # the last entry is for category code -1
        position[used] = np.arange(len(used))
        return position[cells.codes], cells_of(categories.take(used).to_series())
    codes, levels = pd.factorize(cells)
    return codes, levels


def unhashable(name: Name, cells: Cells) -> NoReturn:
    """Raise the error of the first cell that holds a container."""
    for value in values_of(cells):
        try:
            hash(value)
        except TypeError:
            break
    column_error(
        name,
        f"has a {type(value).__name__} in a cell: {value!r}",
        "give each cell one value, for example by one column or one row per element",
    )
