"""Tables on disk: read and checked before any work starts, written whole or not at all."""

from __future__ import annotations

import csv
import gzip
import os
import re
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from entivec.base.atomic import write_atomically

# pandas is imported inside the functions: asking for help must not wait for it.
if TYPE_CHECKING:
    import pandas as pd

READABLE = ".csv, .csv.gz or .parquet"
# What other programs write where a value is missing.
MISSING = ["", "#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"]
DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?")
PLAIN_NUMBER = r"-?(0|[1-9]\d{0,14})(\.\d+)?"


class InputError(Exception):
    """Something the user gave cannot be used; the text is the one line they will read."""

    exit_code = 1


class UsageError(InputError):
    """The command line contradicts itself, whatever the data."""

    exit_code = 2


@dataclass(frozen=True)
class Columns:
    """What each column of a file is for; columns not named here are features."""

    id: str | None = None
    label: Sequence[str] = ()
    drop: Sequence[str] = ()
    text: Sequence[str] = ()

    def named(self) -> list[str]:
        """Every column the user has named, in the order id, label, drop, text."""
        return [*([self.id] if self.id else []), *self.label, *self.drop, *self.text]

    def check(self) -> None:
        """Raise UsageError where one column is given two purposes."""
        for name, times in Counter(self.named()).items():
            if times > 1:
                raise UsageError(f"column {name!r} is named {times} times; give it one purpose")


@dataclass(frozen=True)
class Table:
    """The two halves of a file: what a model sees and what is kept aside, on one index of ids."""

    features: pd.DataFrame
    labels: pd.DataFrame


def format_of(path: Path) -> str | None:
    """Return "csv", "parquet" or, for any other ending, None."""
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return "csv"
    return "parquet" if name.endswith((".parquet", ".pq")) else None


def read(path: Path, columns: Columns) -> Table:
    """Read a table whose ids are present and unique; ids and labels are kept as they stand."""
    with explained(path):
        frame = (
            _read_csv(path, columns) if _readable(path) == "csv" else _read_parquet(path, columns)
        )
    if frame.empty:
        raise InputError(f"{path}: has no rows; give at least one row below the header")
    frame.index = _index(path, frame, columns.id)
    labels = frame[list(columns.label)]
    features = frame.drop(columns=[*columns.label, *columns.drop])
    features = features.drop(columns=[columns.id] if columns.id else [])
    if not features.shape[1]:
        raise InputError(
            f"{path}: no column is left for the model; name fewer in --label and --drop"
        )
    return Table(_with_dates(features), labels)


def read_log(
    path: Path, text: Sequence[str], others: Sequence[str], time: str | None
) -> pd.DataFrame:
    """Read the named columns of a file with one row an event; in CSV those in `text` as text."""
    columns = Columns(drop=others, text=text)
    columns.check()
    with explained(path):
        frame = (
            _read_csv(path, columns) if _readable(path) == "csv" else _read_parquet(path, columns)
        )
    frame = frame[[*text, *others]]
    return frame if time is None else frame.assign(**_with_dates(frame[[time]]))


def column_names(path: Path) -> list[str]:
    """Return the columns of a file without reading its rows."""
    with explained(path):
        if _readable(path) == "csv":
            return _csv_header(path)[1]
        import pyarrow.parquet

        names = [str(name) for name in pyarrow.parquet.read_schema(path).names]
        # How pandas stores an index without a name.
        return [name for name in names if not name.startswith("__index_level_")]


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a table with its index, by the ending of the path; the old file stays until done."""

    def save(part: Path) -> None:
        if format_of(path) == "parquet":
            frame.to_parquet(part)
        elif path.name.lower().endswith(".gz"):
            # Neither name nor time stamp inside: the same table gives the same bytes.
            with part.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
                frame.to_csv(packed)
        else:
            frame.to_csv(part)

    with explained(path):
        write_atomically(path, save)


def check_writable(path: Path) -> None:
    """Find out before the work, not after it, that a file cannot be written."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give the name of a file in it")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; make it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path}: no permission to write in {path.parent}; choose another folder")


def with_labels(embedding: pd.DataFrame, labels: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Append the labels; in Parquet those that are plain numbers become numbers."""
    import pandas as pd

    if format_of(path) == "parquet":
        labels = labels.apply(_typed)
    return pd.concat([embedding, labels], axis=1)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what readers and writers raise into one line about the file."""
    try:
        yield
    except ImportError as error:
        raise InputError(
            f"{path}: Parquet needs pyarrow; pip install pyarrow, or use CSV"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8") from error
    except (ValueError, OSError, EOFError, zlib.error, csv.Error) as error:
        raise InputError(f"{path}: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """Return the text of an error as one line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def _readable(path: Path) -> str:
    if not path.exists():
        raise InputError(f"{path}: no such file; check the name and the folder")
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give a {READABLE} file")
    kind = format_of(path)
    if kind is None:
        raise InputError(f"{path}: cannot read this kind of file; give {READABLE}")
    return kind


def _open_text(path: Path) -> IO[str]:
    # utf-8-sig: spreadsheets put a byte-order mark before the first column's name.
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _csv_header(path: Path) -> tuple[str, list[str]]:
    """Return the separator (the commonest of , ; tab | in the header) and the column names."""
    with _open_text(path) as lines:
        header = next((line for line in lines if line.strip()), "")
    unquoted = re.sub(r'"[^"]*"', "", header)
    separator = max(",;\t|", key=unquoted.count)
    names = next(csv.reader([header], delimiter=separator), [])
    if not names:
        raise InputError(f"{path}: is empty; the first line must name the columns")
    # An unnamed column gets the name pandas will give it.
    return separator, [name or f"Unnamed: {i}" for i, name in enumerate(names)]


def _check_columns(path: Path, names: list[str], columns: Columns) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise InputError(f"{path}: {times} columns are named {name!r}; rename all but one")
        if name.startswith("Unnamed: ") and name not in columns.named():
            raise InputError(
                f"{path}: a column has no name; name it or leave it out: --drop {name!r}"
            )
    for name in columns.named():
        if name not in names:
            raise InputError(f"{path}: no column {name!r}; the columns are {_listed(names)}")


def _listed(names: list[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _read_csv(path: Path, columns: Columns) -> pd.DataFrame:
    import pandas as pd

    separator, names = _csv_header(path)
    _check_columns(path, names, columns)
    # Text as it stands, no word read as missing: "007" and "NA" are ids and labels too.
    untouched = [*([columns.id] if columns.id else []), *columns.label]
    with warnings.catch_warnings():
        # Without index_col=False pandas takes surplus leading cells for row labels; with it, it
        # warns and loses the last ones.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            return pd.read_csv(
                path,
                sep=separator,
                index_col=False,
                dtype=dict.fromkeys([*columns.text, *untouched], str),
                keep_default_na=False,
                na_values={name: MISSING for name in names if name not in untouched},
                low_memory=False,
            )
        except pd.errors.ParserWarning as error:
            raise InputError(
                f"{path}: rows have more cells than the {len(names)} names of the header"
            ) from error


def _read_parquet(path: Path, columns: Columns) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = pd.read_parquet(path)
    if frame.index.names != [None]:
        frame = frame.reset_index()
    frame.columns = frame.columns.map(str)
    _check_columns(path, list(frame.columns), columns)
    frame.index = pd.RangeIndex(len(frame))
    return frame


def _index(path: Path, frame: pd.DataFrame, name: str | None) -> pd.Index[Any]:
    import pandas as pd

    index: pd.Index[Any] = pd.RangeIndex(len(frame), name="row")
    if name is not None:
        _check_ids(path, frame[name], name)
        index = pd.Index(frame[name], name=name)
    return index


def _check_ids(path: Path, ids: pd.Series[Any], name: str) -> None:
    missing = ids.isna() | ids.astype(str).str.strip().isin(MISSING)
    if missing.any():
        row = int(missing.to_numpy().argmax())
        raise InputError(
            f"{path}: row {row + 1} has no {name} (it is {ids.iloc[row]!r}); "
            "give every row its own id, or remove it"
        )
    repeated = ids.duplicated(keep=False).to_numpy()
    if repeated.any():
        value = ids[repeated].iloc[0]
        first, second = (ids == value).to_numpy().nonzero()[0][:2] + 1
        raise InputError(
            f"{path}: {name} {value!r} stands in rows {first} and {second}; keep one row per id "
            f"({int(ids.duplicated().sum())} rows repeat an id)"
        )


def _with_dates(features: pd.DataFrame) -> pd.DataFrame:
    """Read text columns that hold ISO dates as dates, which CSV cannot mark."""
    import pandas as pd

    dates = {}
    for name in features.columns[[is_text(dtype) for dtype in features.dtypes]]:
        known = features[name].dropna()
        if len(known) and all(DATE.fullmatch(str(value)) for value in known.head(1000)):
            try:
                dates[name] = pd.to_datetime(features[name])
            except ValueError:
                continue  # later rows hold something else: it stays text
    return features.assign(**dates) if dates else features


def is_text(dtype: Any) -> bool:
    """Tell whether a column of this dtype holds text (or Python objects, as text often does)."""
    from pandas.api.types import is_object_dtype, is_string_dtype

    return bool(is_object_dtype(dtype) or is_string_dtype(dtype))


def _typed(label: pd.Series[Any]) -> pd.Series[Any]:
    """Make numbers of a label read as text, where that changes none of them."""
    import pandas as pd

    if not all(isinstance(value, str) for value in label):
        return label
    known = label != ""
    typed: pd.Series[Any] = label.where(known)
    if label[known].str.fullmatch(PLAIN_NUMBER).all():
        typed = pd.to_numeric(typed)
    return typed
