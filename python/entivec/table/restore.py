"""Plain values back into cells of a column's original dtype."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from entivec.base.values import pack_dtype, unpack_dtype

from .cells import Cells, as_arrow, inferred
from .ticks import as_ticks, ticks_per_day

Dtype: TypeAlias = Any  # numpy.dtype or pandas ExtensionDtype

_MARKS: dict[str, Any] = {"None": None, "nan": np.nan, "NaT": pd.NaT, "<NA>": pd.NA}
_OBJECT_NUMBER: dict[str, Callable[[float], Any]] = {
    "integer": round,
    "boolean": lambda value: value >= 0.5,
    "decimal": lambda value: decimal.Decimal(repr(value)),
}


@dataclass(frozen=True)
class Form:
    """How the cells of one source column were written: what is needed to write them so again.

    Attributes
    ----------
    dtype : numpy.dtype or ExtensionDtype
        Dtype of the source column.
    mark : str
        Which of None, nan, NaT and <NA> marks a missing cell, where the dtype leaves it open.
    content : str
        pandas's word for the values of an object column ("integer", "date", ...), else "".
    """

    dtype: Dtype
    mark: str = "nan"
    content: str = ""

    @classmethod
    def of(cls, cells: Cells, dtype: Dtype | None = None) -> Form:
        """Describe the cells (`dtype` where the source column had another than its cells)."""
        if cells.dtype != object:
            return cls(cells.dtype if dtype is None else dtype)
        missing = np.asarray(pd.isna(cells))
        mark = str(cells[int(missing.argmax())]) if missing.any() else "None"
        return cls(
            cells.dtype if dtype is None else dtype,
            mark if mark in _MARKS else "nan",
            inferred(cells),
        )

    def state(self) -> dict[str, Any]:
        """Return the form as JSON-able values."""
        return {"dtype": pack_dtype(self.dtype), "mark": self.mark, "content": self.content}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Form:
        """Rebuild the form that `state` described."""
        return cls(unpack_dtype(state["dtype"]), state["mark"], state["content"])

    @property
    def holds_missing(self) -> bool:
        """Whether the dtype has a missing value."""
        dtype = self.dtype.subtype if isinstance(self.dtype, pd.SparseDtype) else self.dtype
        if isinstance(dtype, pd.IntervalDtype):
            return bool(np.dtype(dtype.subtype).kind not in "iu")
        return not isinstance(dtype, np.dtype) or dtype.kind in "fmMO"

    @property
    def _plain(self) -> Form | None:
        """The form of the cells once a Sparse or dictionary-encoded column is written out."""
        dtype: Any = self.dtype
        if isinstance(dtype, pd.SparseDtype):
            return Form(np.dtype(dtype.subtype), self.mark, self.content)
        if isinstance(dtype, pd.ArrowDtype) and hasattr(dtype.pyarrow_dtype, "value_type"):
            return Form(pd.ArrowDtype(dtype.pyarrow_dtype.value_type))
        if str(dtype) == "string_view[pyarrow]":  # of which Arrow cannot take
            return Form(pd.ArrowDtype(_arrow_string()))
        return None

    def _compressed(self, plain: Cells) -> Cells:
        """Return written-out cells as the Sparse or dictionary-encoded ones they were."""
        if isinstance(self.dtype, pd.SparseDtype):
            return pd.arrays.SparseArray(plain, dtype=self.dtype)
        if str(self.dtype) == "string_view[pyarrow]":
            return pd.arrays.ArrowExtensionArray(as_arrow(plain).cast(self.dtype.pyarrow_dtype))
        return _dictionary_encoded(plain, self.dtype.pyarrow_dtype)

    def labels(self, codes: np.ndarray, values: Sequence[Any]) -> Cells:
        """Return ``values[codes]`` in the original dtype; None among `values` is missing."""
        dtype = self.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            return pd.Categorical(list(values), dtype=dtype).take(codes)
        if (plain := self._plain) is not None:
            return self._compressed(plain.labels(codes, values))
        if not isinstance(dtype, np.dtype):
            return pd.array(list(values), dtype=dtype).take(codes)
        return self._numpy_labels(values, dtype)[codes]

    def _numpy_labels(self, values: Sequence[Any], dtype: np.dtype[Any]) -> np.ndarray:
        if dtype.kind == "O":
            written = np.empty(len(values), dtype=object)
            written[:] = [_MARKS[self.mark] if value is None else value for value in values]
            return written
        if dtype.kind == "M":
            return np.asarray(pd.DatetimeIndex(list(values)).to_numpy().astype(dtype))
        if dtype.kind == "m":
            return np.asarray(pd.TimedeltaIndex(list(values)).to_numpy().astype(dtype))
        return np.array([np.nan if value is None else value for value in values], dtype=dtype)

    def numbers(self, values: np.ndarray, fallback: float) -> Cells:
        """Return float64 numbers (days where the dtype is a time span) in the original dtype.

        Integers are rounded and kept inside their range; `fallback` stands where a value is
        missing and the dtype has no missing value.
        """
        missing = np.isnan(values)
        if missing.any() and not self.holds_missing:
            values = np.where(missing, fallback, values)
        dtype = self.dtype
        if (plain := self._plain) is not None:
            return self._compressed(plain.numbers(values, fallback))
        if self._is_span:
            return self._spans(values, missing)
        if isinstance(dtype, np.dtype):
            return self._numpy_numbers(values, missing, dtype)
        return self._extension_numbers(values, missing)

    @property
    def _is_span(self) -> bool:
        return self.dtype.kind == "m" or self.content.startswith("timedelta")

    @property
    def _span_unit(self) -> str:
        if isinstance(self.dtype, pd.ArrowDtype):
            return str(self.dtype.pyarrow_dtype.unit)
        return "ns" if self.dtype == object else np.datetime_data(self.dtype)[0]

    def _numpy_numbers(
        self, values: np.ndarray, missing: np.ndarray, dtype: np.dtype[Any]
    ) -> np.ndarray:
        if dtype.kind == "O":
            write = _OBJECT_NUMBER.get(self.content, float)
            written = np.empty(len(values), dtype=object)
            written[:] = [
                _MARKS[self.mark] if gap else write(value)
                for value, gap in zip(values.tolist(), missing.tolist(), strict=True)
            ]
            return written
        return rounded(values, dtype)

    def _extension_numbers(self, values: np.ndarray, missing: np.ndarray) -> Cells:
        dtype: Any = self.dtype
        if isinstance(dtype, pd.ArrowDtype):
            return _arrow_numbers(values, missing, dtype)
        numpy_dtype = np.dtype(dtype.numpy_dtype)
        written = rounded(np.where(missing, 0.0, values), numpy_dtype)
        result = pd.array(written, dtype=dtype)
        result[missing] = pd.NA
        return result

    def _spans(self, days: np.ndarray, missing: np.ndarray) -> Cells:
        unit = self._span_unit
        spans = as_ticks(days * ticks_per_day(unit)).astype(f"timedelta64[{unit}]")
        spans[missing] = np.timedelta64("NaT")
        if self.dtype == object:
            written = pd.Series(spans).astype(object).to_numpy(copy=True)
            written[missing] = _MARKS[self.mark]
            return written
        if isinstance(self.dtype, pd.ArrowDtype):
            import pyarrow

            return pd.arrays.ArrowExtensionArray(pyarrow.array(spans))
        return spans.astype(self.dtype)

    def moments(self, ticks: np.ndarray, unit: str, zone: Any) -> Cells:
        """Return UTC moments (datetime64 of `unit`, NaT where missing) in the original dtype."""
        dtype = self.dtype
        moments = ticks.astype(f"datetime64[{unit}]")
        if (plain := self._plain) is not None:
            return self._compressed(plain.moments(ticks, unit, zone))
        if isinstance(dtype, np.dtype) and dtype.kind == "M":
            return moments.astype(dtype)
        if isinstance(dtype, pd.PeriodDtype):
            frequency: Any = dtype.freq
            return pd.Series(moments).dt.to_period(frequency).astype(dtype).array
        if dtype.kind == "O" and isinstance(dtype, np.dtype):
            return self._object_moments(moments, zone)
        if isinstance(dtype, pd.ArrowDtype):
            return _arrow_moments(moments, dtype)
        return pd.Series(moments).dt.tz_localize("UTC").dt.tz_convert(zone).astype(dtype).array

    def _object_moments(self, moments: np.ndarray, zone: Any) -> np.ndarray:
        if self.content == "date":
            written = moments.astype("datetime64[D]").astype(object)
        elif self.content == "datetime64":
            written = np.empty(len(moments), dtype=object)
            written[:] = list(moments)
        else:
            series = pd.Series(moments)
            if zone is not None:
                series = series.dt.tz_localize("UTC").dt.tz_convert(zone)
            written = series.astype(object).to_numpy(copy=True)
        written[np.isnat(moments)] = _MARKS[self.mark]
        return np.asarray(written)


def rounded(values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Return float64 values in a NumPy dtype: rounded and kept in range for integers."""
    if dtype.kind == "b":
        return values >= 0.5
    if dtype.kind in "iu":
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        whole = np.rint(values)
        # The float above the highest int64 is not an int64: those cells get the limit itself.
        inside = np.where((whole > low) & (whole < high), whole, 0.0).astype(dtype)
        inside[whole >= high] = high
        inside[whole <= low] = low
        return inside
    largest = float(np.finfo(dtype).max)
    clipped: np.ndarray = np.clip(values.astype(np.float64), -largest, largest)
    return clipped.astype(dtype)


def _arrow_numbers(values: np.ndarray, missing: np.ndarray, dtype: Any) -> Cells:
    import pyarrow

    kind = dtype.pyarrow_dtype
    if pyarrow.types.is_decimal(kind):
        largest = float(10 ** (kind.precision - kind.scale)) - 10.0**-kind.scale
        inside = np.clip(np.round(values, kind.scale), -largest, largest)
        text = np.array([f"{value:.{kind.scale}f}" for value in np.where(missing, 0.0, inside)])
        numbers = pyarrow.array(text, mask=missing).cast(kind)
    else:
        numpy_dtype = np.dtype(kind.to_pandas_dtype())
        plain = rounded(np.where(missing, 0.0, values), numpy_dtype)
        numbers = pyarrow.array(plain, mask=missing).cast(kind)
    return pd.arrays.ArrowExtensionArray(numbers)


def _arrow_string() -> Any:
    import pyarrow

    return pyarrow.string()


def _dictionary_encoded(plain: Cells, kind: Any) -> Cells:
    import pyarrow

    encoded = as_arrow(plain).combine_chunks().dictionary_encode()
    indices = encoded.indices.cast(kind.index_type)
    array = pyarrow.DictionaryArray.from_arrays(indices, encoded.dictionary, ordered=kind.ordered)
    return pd.arrays.ArrowExtensionArray(array)


def _arrow_moments(moments: np.ndarray, dtype: Any) -> Cells:
    import pyarrow

    kind = dtype.pyarrow_dtype
    written = pyarrow.array(moments)
    if pyarrow.types.is_timestamp(kind):
        written = written.cast(pyarrow.timestamp(kind.unit), safe=False)
    return pd.arrays.ArrowExtensionArray(written.cast(kind, safe=False))


def as_frame(decoded: list[Any], names: pd.Index) -> pd.DataFrame:
    """Return decoded columns as a DataFrame."""
    # Typed one by one: pandas would make text of an object array its string dtype.
    columns = {i: pd.Series(cells, dtype=cells.dtype) for i, cells in enumerate(decoded)}
    frame: pd.DataFrame = pd.DataFrame(columns)
    frame.columns = names
    return frame


def as_array(decoded: list[Any], form: Form) -> np.ndarray:
    """Return decoded columns as an array."""
    array = np.empty((len(decoded[0]), len(decoded)), dtype=form.dtype)
    for position, cells in enumerate(decoded):
        array[:, position] = cells
    return array
