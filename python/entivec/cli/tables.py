"""Tables on disk: read and checked before any work starts, written whole or not at all."""

from __future__ import annotations

import csv
import gzip
import re
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entivec.base import atomic
from entivec.base.hints import did_you_mean
from entivec.cli.dialect import (
    FOUND_OUT,
    PACKED,
    Dialect,
    Wishes,
    check_names_are_names,
    find_dialect,
    lines_before_names,
    open_bytes,
)
from entivec.cli.errors import InputError, UsageError
from entivec.cli.header import read_header

# pandas is imported inside the functions: asking for help must not wait for it.
if TYPE_CHECKING:
    import pandas as pd

READABLE = ".csv, .csv.gz or .parquet"
_ALSO = "; .tsv, .txt, .xlsx, .zip, .bz2 and .xz are read as well"
_TEXT = (".csv", ".tsv", ".txt", ".dat", ".data")
# What other programs write where a value is missing.
MISSING = ["", "#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"]
_TOTAL = re.compile(
    r"(grand |sub)?totals?|overall|sum|(gesamt)?summe|gesamt|somme|total général|suma|totale|"
    r"totaal|razem|итого|合計|average|avg|mean|durchschnitt|mittelwert|moyenne|promedio|gemiddelde|"
    r"среднее|平均",
    re.IGNORECASE,
)
_FOOT = 5  # last lines that may be a footer
_LAYOUT = ("sep", "skiprows", "header", "names", "index_col", "skipinitialspace")
_TOP = 30  # lines of a sheet that are looked at for its names
PLAIN_NUMBER = r"-?(0|[1-9]\d{0,14})(\.\d+)?"


@dataclass(frozen=True)
class Columns:
    """What each column of a file is for; columns not named here are features.

    Attributes
    ----------
    id, label, drop : column names
    text : sequence of str
        Features read as text, whatever they look like.
    levels : dict of str to collection of str
        Texts that are no sign of a missing value, by feature.
    known : sequence of str
        Features that are known to be there.
    """

    id: str | None = None
    label: Sequence[str] = ()
    drop: Sequence[str] = ()
    text: Sequence[str] = ()
    levels: Mapping[str, Collection[str]] = field(default_factory=dict)
    known: Sequence[str] = ()

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
    """The two halves of a file: what a model sees and what is kept aside, on one index of ids.

    Attributes
    ----------
    features, labels : DataFrame
    notes : list of str
        What was found out about the file, and done.
    decimal : str
        Decimal mark of the file.
    """

    features: pd.DataFrame
    labels: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    decimal: str = "."


def format_of(path: Path) -> str | None:
    """Return "csv", "parquet" or, for any other ending, None."""
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return "csv"
    return "parquet" if name.endswith((".parquet", ".pq")) else None


def read(path: Path, columns: Columns, wishes: Wishes = FOUND_OUT) -> Table:
    """Read a table whose ids are present and unique; ids and labels are kept as they stand."""
    with explained(path):
        kind = _readable(path)
        found = _READERS[kind](path, columns, wishes)
    frame, notes = found.frame, list(found.notes)
    if frame.empty:
        raise InputError(f"{path}: has no rows; give at least one row below the header")
    frame = _without_foot(_without_names_among_rows(frame, columns, notes), notes)
    frame = _without_totals(frame, columns.id, notes)
    frame = _one_row_each(frame, columns, wishes.duplicates, notes)
    frame.index = _index(path, frame, columns.id)
    labels = frame[list(columns.label)]
    features = frame.drop(columns=[*columns.label, *columns.drop])
    features = features.drop(columns=[columns.id] if columns.id else [])
    if not features.shape[1]:
        raise InputError(
            f"{path}: no column is left for the model; name fewer in --label and --drop"
        )
    return Table(features, labels, notes, found.decimal)


def read_log(
    path: Path, text: Sequence[str], others: Sequence[str], time: str | None
) -> pd.DataFrame:
    """Read the named columns of a file with one row an event; in CSV those in `text` as text."""
    import pandas as pd

    columns = Columns(drop=others, text=text)
    columns.check()
    with explained(path):
        frame = _READERS[_readable(path)](path, columns, FOUND_OUT).frame[[*text, *others]]
        if time is not None and is_text(frame[time].dtype):
            frame = frame.assign(**{time: pd.to_datetime(frame[time], format="ISO8601")})
    return frame


def column_names(path: Path, wishes: Wishes = FOUND_OUT, named: Sequence[str] = ()) -> list[str]:
    """Return the columns of a file without reading its rows."""
    with explained(path):
        kind = _readable(path)
        if kind == "text":
            dialect = find_dialect(path, wishes)
            return read_header(path, dialect.header, dialect.rows, named).kept
        if kind == "excel":
            return list(_read_excel(path, Columns(known=named), wishes).frame.columns)
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
        atomic.write_atomically(path, save)


def check_writable(path: Path) -> None:
    """Find out before the work, not after it, that a file cannot be written."""
    try:
        atomic.check_writable(path)
    except OSError as error:
        raise InputError(str(error)) from error


def with_labels(embedding: pd.DataFrame, labels: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Append the labels; in Parquet those that are plain numbers become numbers."""
    import pandas as pd

    if format_of(path) == "parquet":
        labels = labels.apply(typed)
    return pd.concat([embedding, labels], axis=1)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what readers and writers raise into one line about the file."""
    try:
        yield
    except ImportError as error:
        needed = "Excel needs openpyxl; pip install entivec[excel]"
        if not path.name.lower().endswith((".xlsx", ".xlsm")):
            needed = "Parquet needs pyarrow; pip install pyarrow"
        raise InputError(f"{path}: {needed}, or use CSV") from error
    except LookupError as error:
        raise InputError(f"{path}: {one_line(error)}; check --encoding") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: is not {error.encoding} text ({error.reason}); say which: --encoding"
        ) from error
    except (ValueError, OSError, EOFError, zlib.error, zipfile.BadZipFile, csv.Error) as error:
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
        raise InputError(f"{path}: is a folder; give a {READABLE} file{_ALSO}")
    name = path.name.lower()
    for ending in PACKED:
        name = name.removesuffix(ending)
    if name.endswith(_TEXT) or path.name.lower().endswith(".zip"):
        return "text"
    if name.endswith((".xlsx", ".xlsm")):
        return "excel"
    if format_of(path) == "parquet":
        return "parquet"
    raise InputError(f"{path}: cannot read this kind of file; give {READABLE}{_ALSO}")


def _check_columns(path: Path, names: Sequence[str], columns: Columns) -> None:
    for name in columns.named():
        if name not in names:
            hint = did_you_mean(name, names)
            raise InputError(
                f"{path}: no column {name!r}{hint}; the columns are {_listed(list(names))}"
            )


def _listed(names: list[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


@dataclass(frozen=True)
class _Found:
    frame: pd.DataFrame
    notes: Sequence[str] = ()
    decimal: str = "."


def _read_text(path: Path, columns: Columns, wishes: Wishes) -> _Found:
    dialect = find_dialect(path, wishes)
    header = read_header(path, dialect.header, dialect.rows, [*columns.named(), *columns.known])
    _check_columns(path, header.kept, columns)
    # Text as it stands, no word read as missing: "007" and "NA" are ids and labels too.
    untouched = [*([columns.id] if columns.id else []), *columns.label]
    as_text = header.kept if dialect.decimal == "," else [*columns.text, *untouched]
    settings: dict[str, Any] = {
        "sep": dialect.separator,
        "skiprows": dialect.skipped,
        "header": 0,
        "names": header.names,
        "index_col": False,
        "dtype": dict.fromkeys(as_text, str),
        "keep_default_na": False,
        "na_values": {
            name: _marks(name, columns, wishes) for name in header.names if name not in untouched
        },
        "low_memory": False,
        "skipinitialspace": True,
    }
    frame = _parsed(path, dialect.encoding, settings)[header.kept]
    notes = [*_in_words(dialect), *header.notes]
    if wishes.missing is None:
        notes += _read_as_missing(frame, path, dialect.encoding, settings, columns)
    return _Found(frame, notes, dialect.decimal)


def _before_names(lines: int) -> str:
    what = "line before the names is" if lines == 1 else f"{lines} lines before the names are"
    return f"the first {what} left out"


def _in_words(dialect: Dialect) -> list[str]:
    notes = []
    if dialect.skipped:
        notes.append(_before_names(dialect.skipped))
    if not dialect.encoding.startswith("utf-8"):
        odd = f", which may be wrong ({dialect.odd!r}); say which: --encoding"
        notes.append(f"is read as {dialect.encoding}{odd if dialect.odd else ''}")
    if dialect.decimal == ",":
        notes.append("numbers have a decimal comma")
    return notes


def _marks(name: str, columns: Columns, wishes: Wishes) -> list[str]:
    """What is read as a missing value in a column."""
    if wishes.missing is not None:
        return ["", *wishes.missing]
    if name in columns.levels:
        return [mark for mark in MISSING if mark not in columns.levels[name]]
    return [""] if name in columns.text else MISSING


def _parsed(path: Path, encoding: str, settings: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    with warnings.catch_warnings(), open_bytes(path) as raw:
        # Without index_col=False pandas takes surplus leading cells for row labels; with it, it
        # warns and loses the last ones.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            frame: pd.DataFrame = pd.read_csv(raw, encoding=encoding, **settings)
        except pd.errors.ParserWarning as error:
            raise InputError(
                f"{path}: rows have more cells than the {len(settings['names'])} names of the"
                " header; quote cells that hold the separator, or say which it is: --sep"
            ) from error
        except pd.errors.ParserError as error:
            raise InputError(
                f"{path}: {one_line(error)}; quote cells that hold the separator, or say which it "
                "is: --sep"
            ) from error
        except UnicodeDecodeError:
            if not encoding.startswith("utf-8"):
                raise
        else:
            return frame
    return _parsed(path, "cp1252", settings)  # beyond what was looked at, it is not UTF-8


def _read_as_missing(
    frame: pd.DataFrame, path: Path, encoding: str, settings: dict[str, Any], columns: Columns
) -> list[str]:
    """Say where text "NA" and the like, which may be a level, is read as a missing value."""
    import pandas as pd

    names = [
        name
        for name in frame.columns
        if name in settings["na_values"] and is_text(frame[name].dtype) and frame[name].isna().any()
    ]
    if not names:
        return []
    with open_bytes(path) as raw:
        plain = pd.read_csv(
            raw,
            encoding=encoding,
            usecols=names,
            keep_default_na=False,
            dtype=str,
            **{key: settings[key] for key in _LAYOUT},
        )
    notes = []
    for name in names:
        cells = plain[name][frame[name].isna().to_numpy() & (plain[name] != "").to_numpy()]
        if len(cells) > 1:
            notes.append(
                f"column {name!r}: {len(cells)} cells {cells.iloc[0]!r} are read as missing; "
                f"--categorical {name} keeps them as a level"
            )
    return notes


def _read_parquet(path: Path, columns: Columns, _: Wishes) -> _Found:
    import pandas as pd

    frame: pd.DataFrame = pd.read_parquet(path)
    if frame.index.names != [None]:
        frame = frame.reset_index()
    frame.columns = frame.columns.map(str)
    return _of_frame(path, frame, columns)


def _read_excel(path: Path, columns: Columns, wishes: Wishes) -> _Found:
    import pandas as pd

    marks = list(wishes.missing) if wishes.missing is not None else MISSING
    untouched = [*([columns.id] if columns.id else []), *columns.label, *columns.text]
    sheet, top, notes = _sheet(path)
    skipped = lines_before_names(top)
    if skipped:
        notes.append(_before_names(skipped))
    check_names_are_names(path, top[skipped], top[skipped + 1 :])
    frame: pd.DataFrame = pd.read_excel(
        path,
        sheet_name=sheet,
        skiprows=skipped,
        keep_default_na=False,
        na_values=["", *marks],
        dtype=dict.fromkeys(untouched, str),
    )
    frame.columns = frame.columns.map(str)
    found = _of_frame(path, frame, columns)
    return _Found(found.frame, [*notes, *found.notes])


def _sheet(path: Path) -> tuple[str, list[list[str]], list[str]]:
    """The first sheet that holds a table, its first lines, and what is to be said of it."""
    import pandas as pd

    try:
        book = pd.ExcelFile(path)
    except (ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: is no workbook; save it again as .xlsx or CSV") from error
    with book:
        names = [str(name) for name in book.sheet_names]
        for name in names:
            cells = pd.read_excel(book, sheet_name=name, header=None, nrows=_TOP, dtype=object)
            if cells.shape[1] > 1 and len(cells) > 1:
                break
        else:
            raise InputError(f"{path}: no sheet holds a table of at least two columns")
    top = cells.astype(object).where(cells.notna(), "").astype(str).to_numpy().tolist()
    notes = [f"has {len(names)} sheets; {name!r} is read"] if len(names) > 1 else []
    return name, top, notes


def _of_frame(path: Path, frame: pd.DataFrame, columns: Columns) -> _Found:
    import pandas as pd

    some = frame.head(30).astype(object).where(frame.head(30).notna(), "").astype(str)
    rows = [tuple(row) for row in some.itertuples(index=False)]
    given = ["" if name.startswith("Unnamed: ") else name for name in frame.columns]
    header = read_header(path, given, rows, [*columns.named(), *columns.known])
    frame.columns = header.names
    _check_columns(path, header.kept, columns)
    frame.index = pd.RangeIndex(len(frame))
    return _Found(frame[header.kept], header.notes)


_READERS = {"text": _read_text, "excel": _read_excel, "parquet": _read_parquet}


def _without_foot(frame: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Leave out empty rows, and last lines of a report that fill nothing but their first cell."""
    nothing = (frame.isna() | (frame == "")).all(axis=1)
    if nothing.any() and not nothing.all() and frame.shape[1] > 1:
        rows = int(nothing.sum())
        notes.append("an empty row is left out" if rows == 1 else f"{rows} empty rows are left out")
        frame = frame[~nothing].reset_index(drop=True)
    if frame.shape[1] < 3 or len(frame) < 2 * _FOOT:
        return frame
    empty = frame.iloc[-_FOOT:].isna() | (frame.iloc[-_FOOT:] == "")
    bare = empty.iloc[:, 1:].all(axis=1).to_numpy()
    rows = int(bare[::-1].cumprod().sum())
    if rows == 0 or rows == _FOOT:
        return frame
    first = frame.iloc[-rows:, 0].dropna()
    said = f" ({str(first.iloc[0])[:40]!r})" if len(first) else ""
    lines = "line is" if rows == 1 else f"{rows} lines are"
    notes.append(f"the last {lines} no row{said} and left out")
    return frame.iloc[:-rows]


def _without_names_among_rows(
    frame: pd.DataFrame, columns: Columns, notes: list[str]
) -> pd.DataFrame:
    """Leave out rows that repeat the names, as files have that were put together from several."""
    first = frame.iloc[:, 0]
    if frame.shape[1] < 2 or not is_text(first.dtype):
        return frame
    like = (first == frame.columns[0]).to_numpy(dtype=bool, na_value=False)
    rows = [
        row for row in like.nonzero()[0].tolist() if list(frame.iloc[row]) == list(frame.columns)
    ]
    if not rows:
        return frame
    several = f"{len(rows)} rows repeat the names and are left out"
    notes.append(several if len(rows) > 1 else "a row repeats the names and is left out")
    frame = frame.drop(index=frame.index[rows]).reset_index(drop=True)
    untouched = {columns.id, *columns.label, *columns.text}
    return frame.assign(
        **{name: typed(frame[name]) for name in frame.columns if name not in untouched}
    )


def _without_totals(frame: pd.DataFrame, key: str | None, notes: list[str]) -> pd.DataFrame:
    """Leave out last rows of totals and means."""
    found: list[str] = []
    while len(frame) > 2:
        last = frame.iloc[-1]
        said = (
            [str(last[key])] if key else [str(cell) for cell in last if isinstance(cell, str)][:1]
        )
        if not said or not _TOTAL.fullmatch(said[0].strip().rstrip(":")):
            break
        found.insert(0, said[0])
        frame = frame.iloc[:-1]
    if len(found) == 1:
        notes.append(f"the last row holds totals ({found[0]!r}) and is left out")
    elif found:
        listed = ", ".join(map(repr, found))
        notes.append(f"the last {len(found)} rows hold totals ({listed}) and are left out")
    return frame


def _one_row_each(
    frame: pd.DataFrame, columns: Columns, how: str, notes: list[str]
) -> pd.DataFrame:
    """Make one row of the rows that share an id, where asked for."""
    if columns.id is None or how == "error" or not frame[columns.id].duplicated().any():
        return frame
    rows = len(frame)
    first = frame.drop_duplicates(columns.id)
    if how == "mean":
        numbers = frame.select_dtypes("number").columns.difference([columns.id, *columns.label])
        means = frame.groupby(columns.id, sort=False)[list(numbers)].mean()
        first = first.assign(**{name: means[name].to_numpy() for name in numbers})
    notes.append(f"{rows - len(first)} rows repeat an id; of each id the {how} is kept")
    return first.reset_index(drop=True)


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
            f"({int(ids.duplicated().sum())} rows repeat an id), or say --duplicates first or mean"
        )


def is_text(dtype: Any) -> bool:
    """Tell whether a column of this dtype holds text (or Python objects, as text often does)."""
    from pandas.api.types import is_object_dtype, is_string_dtype

    return bool(is_object_dtype(dtype) or is_string_dtype(dtype))


def typed(label: pd.Series[Any]) -> pd.Series[Any]:
    """Make numbers of a label read as text, where that changes none of them."""
    import pandas as pd

    if not all(isinstance(value, str) for value in label):
        return label
    known = label != ""
    typed: pd.Series[Any] = label.where(known)
    if label[known].str.fullmatch(PLAIN_NUMBER).all():
        typed = pd.to_numeric(typed)
    return typed
