"""Tables that are never held as a whole: read piece by piece, anew for every pass."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from entivec.base.joining import together
from entivec.base.parquet import Part, check_names, is_dataset, parquet_parts, write_parquet

if TYPE_CHECKING:
    from typing_extensions import Self

MEMORY = "1 GiB"
ROWS_TOGETHER = 256  # that the core computes together: pieces are whole numbers of them
MOST_ROWS_OF_A_PIECE = 1 << 18
SHARE_OF_A_PIECE = 1 / 32  # of the memory; as Arrow, pandas and blocks it is held several times
BYTES_OF_A_NUMBER = 8
LOOKED_AT = 1000  # rows that tell what one takes
MOST_READERS = 16  # files held open for what comes next, a lane
MERGED_TOGETHER = 8  # results of pieces
Result = TypeVar("Result")
Made = TypeVar("Made")
Keep = Callable[[np.ndarray], np.ndarray]
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_SIZE = re.compile(r"\s*([0-9.]+)\s*([kmg]i?|)b?\s*", re.IGNORECASE)


class Piece(NamedTuple):
    """Rows of a table, with their numbers in it."""

    numbers: np.ndarray
    frame: pd.DataFrame


class Source:
    """A table on disk or in pieces, as `fit`, `transform` and `score` take it.

    Iterating over it gives DataFrames, again and again.

    Parameters
    ----------
    data : path, list of paths, pyarrow.dataset.Dataset, or callable
        Parquet files, a folder or pattern of them (``"big/*.parquet"``), or a callable without
        arguments that returns a new iterator of frames (pandas, polars, Arrow) at each call.
    index : column name or None, default None
        Column that names the rows. By default what pandas stored as the index, else row numbers.
    columns : sequence of column names, default None
        Those to read; by default all.
    memory : int or str, default "1 GiB"
        What the rows held at a time may take, in bytes or as text such as "500 MB". The
        interpreter and the libraries take about 0.3 GiB beside it.
    lanes : int, default 1
        Trainings side by side; see `scan`.

    Raises
    ------
    ValueError
        If the memory cannot be read, or there is no such file.

    Examples
    --------
    >>> import entivec, pandas as pd
    >>> frames = [pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [3]})]
    >>> source = entivec.scan(lambda: iter(frames), memory="100 MB")
    >>> source.rows, [len(frame) for frame in source]
    (3, [2, 1])
    """

    def __init__(
        self,
        data: Any,
        *,
        index: str | None = None,
        columns: Sequence[str] | None = None,
        memory: int | str = MEMORY,
        lanes: int = 1,
    ) -> None:
        self.data = data
        self.lanes = lanes
        self._readers: dict[int, _Reader] = {}  # open files, by the row that comes next
        self.index = index
        self.columns = None if columns is None else list(columns)
        self.memory = read_memory(memory)

    def __repr__(self) -> str:
        return f"scan({self.data!r}, memory={self.memory:,})"

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return (piece.frame for piece in self.pieces())

    def __len__(self) -> int:
        return self.rows

    def only(self, columns: Sequence[str] | None) -> Self:
        """Return the same source with these columns alone read, beside the index."""
        narrow = copy.copy(self)
        narrow._readers = {}
        narrow.columns = None if columns is None else list(columns)
        for cached in ("names", "bytes_per_row"):
            narrow.__dict__.pop(cached, None)
        return narrow

    @cached_property
    def rows(self) -> int:
        """Number of rows; a callable is called once to count them."""
        if callable(self.data):
            return sum(len(as_pandas(frame)) for frame in self.data())
        return sum(part.rows for part in self.parts)

    @cached_property
    def parts(self) -> list[Part]:
        """What can be read by itself: row groups. A callable is one part."""
        if callable(self.data):
            frames = self.data
            return [Part(0, self.rows, lambda columns, _: _chosen(frames(), columns, self.index))]
        return list(parquet_parts(self.data))

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns, without the index."""
        for piece in self._read(self.parts[:1], LOOKED_AT):
            return list(piece.frame.columns)
        return []

    @cached_property
    def bytes_per_row(self) -> float:
        """What a row takes, by the first ones: the same however they are typed and cut."""
        return bytes_of_a_row(piece.frame for piece in self._read(self.parts, LOOKED_AT))

    @property
    def piece_rows(self) -> int:
        """Rows of a piece."""
        wanted = int(self.memory * SHARE_OF_A_PIECE / self.bytes_per_row)
        return max(1, min(MOST_ROWS_OF_A_PIECE, wanted) // ROWS_TOGETHER) * ROWS_TOGETHER

    def pieces(
        self,
        first: int = 0,
        last: int | None = None,
        keep: Keep | None = None,
    ) -> Iterator[Piece]:
        """Yield the rows first … last - 1 in their order, none of the pieces empty.

        Parameters
        ----------
        first, last : int
        keep : callable, optional
            Takes row numbers (n,) and tells which to keep, bool (n,).
        """
        end = self.rows if last is None else last
        parts = [part for part in self.parts if part.first < end and first < part.first + part.rows]
        wanted = partial(inside, first=first, last=end, keep=keep)
        return self._read(parts, self.piece_rows, wanted)

    def reduce(
        self,
        function: Callable[[Piece], Result],
        merge: Callable[[Sequence[Result]], Result],
        keep: Keep | None = None,
    ) -> Result:
        """Return what `merge` makes of the results of `function` for every piece.

        An engine that holds the table elsewhere computes them there.

        Parameters
        ----------
        function : callable
            Of a piece.
        merge : callable
            Of a sequence of results, in the order of the pieces; associative.
        keep : callable, optional
            As in `pieces`.
        """
        held: list[Result] = []
        for piece in self.pieces(keep=keep):
            held.append(function(piece))
            if len(held) == MERGED_TOGETHER:
                held = [merge(held)]
        return merge(held)

    def keep(self, function: Callable[[Piece], Made], block: int) -> Kept[Made]:
        """Say what is made of the pieces, to be handed out in `Kept.run`.

        Parameters
        ----------
        function : callable
            Of a piece.
        block : int
            Rows; what is handed out begins and ends at multiples of it.
        """
        return Kept(self, function, block)

    def spans(self, spans: Sequence[tuple[int, int]]) -> Iterator[Piece]:
        """Yield the rows of several spans (first, last) in turn."""
        for first, last in spans:
            # Spans that follow one another go on in the file where the last one ended.
            reader = self._readers.pop(first, None) or _Reader(self.pieces(first))
            yield from reader.take(last)
            self._readers[last] = reader
            while len(self._readers) > MOST_READERS * self.lanes:
                self._readers.pop(next(iter(self._readers)))

    def collect(self) -> pd.DataFrame:
        """Return the whole table as one DataFrame."""
        return together(list(self))

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the table to one Parquet file, a row group a piece; a former file stays until done.

        Parameters
        ----------
        path : path-like
        """
        write_parquet(self, path)

    def _read(
        self,
        parts: Iterable[Part],
        rows: int,
        keep: Keep | None = None,
    ) -> Iterator[Piece]:
        wanted = self.columns
        if wanted is not None and self.index is not None and self.index not in wanted:
            wanted = [*wanted, self.index]
        for part in parts:
            at = part.first
            for batch in part.read(wanted, rows):
                numbers = np.arange(at, at + len(batch))
                at += len(batch)
                if keep is not None:
                    chosen = keep(numbers)
                    numbers, batch = numbers[chosen], _filtered(batch, chosen)
                if len(numbers):
                    yield Piece(numbers, self._indexed(as_pandas(batch), numbers))

    def _indexed(self, frame: pd.DataFrame, numbers: np.ndarray) -> pd.DataFrame:
        if self.index is not None:
            if self.index not in frame.columns and self.index in frame.index.names:
                return frame
            if self.index not in frame.columns:
                raise ValueError(
                    f"index={self.index!r} names no column; the columns are"
                    f" {list(frame.columns[:10])!r}"
                )
            return frame.set_index(self.index)
        named = frame.index.name is not None or frame.index.nlevels > 1
        return frame if named else frame.set_axis(pd.Index(numbers), axis=0)


class _Reader:
    """Pieces of a table from some row on, cut where they are asked to end."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self._held: Piece | None = None

    def take(self, last: int) -> Iterator[Piece]:
        """Yield the rows up to `last`."""
        while True:
            piece = self._held or next(self._pieces, None)
            self._held = None
            if piece is None:
                return
            count = int(np.searchsorted(piece.numbers, last))
            if count < len(piece.numbers):
                self._held = Piece(piece.numbers[count:], piece.frame.iloc[count:])
                piece = Piece(piece.numbers[:count], piece.frame.iloc[:count])
            if count:
                yield piece
            if self._held is not None:
                return


def inside(numbers: np.ndarray, first: int, last: int, keep: Keep | None = None) -> np.ndarray:
    """Tell which row numbers are first … last - 1, and are to be kept, bool (n,)."""
    within: np.ndarray = (numbers >= first) & (numbers < last)
    return within if keep is None or not within.any() else within & keep(numbers)


def cut_at_blocks(piece: Piece, block: int) -> Iterator[Piece]:
    """Yield the rows of a piece, cut where their numbers pass a multiple of `block`."""
    inner = np.flatnonzero(np.diff(piece.numbers // block)) + 1
    for begin, end in pairwise([0, *inner.tolist(), len(piece.numbers)]):
        yield Piece(piece.numbers[begin:end], piece.frame.iloc[begin:end])


def bytes_of_a_row(frames: Iterable[pd.DataFrame]) -> float:
    """Return what a row takes, by the first ones, and asks for no more frames than these.

    Eight bytes a cell, and what is written in it where it is text.
    """
    head, rows = [], 0
    for own in frames:
        head.append(own)
        rows += len(own)
        if rows >= LOOKED_AT:
            break
    if not head:
        return 1.0
    frame, total = together(head).iloc[:LOOKED_AT], 0.0
    for name in frame.columns:
        column = frame[name]
        total += BYTES_OF_A_NUMBER
        if not (is_numeric_dtype(column.dtype) or is_datetime64_any_dtype(column.dtype)):
            lengths = [len(str(value)) for value in column.dropna()]
            total += BYTES_OF_A_NUMBER + sum(lengths) / max(len(lengths), 1)
    return total


class Kept(Generic[Made]):
    """What a function makes of the pieces of a source, handed out by spans of rows.

    From disk it is made anew whenever it is asked for, as it may be larger than memory. An engine
    makes it once, where the rows are, and holds it there.
    """

    def __init__(self, source: Source, function: Callable[[Piece], Made], block: int) -> None:
        self._source = source
        self._function = function
        self._block = block

    def run(
        self,
        function: Callable[[Any, Iterator[Made]], Result],
        jobs: Sequence[tuple[Any, Sequence[tuple[int, int]]]],
    ) -> list[Result]:
        """Return ``function(argument, made)`` of every job ``(argument, spans of rows)``.

        The spans begin and end at multiples of the block, or where the table ends.
        """
        return [
            function(argument, map(self._function, self._source.spans(spans)))
            for argument, spans in jobs
        ]


class Derived(Source):
    """What a function makes of every piece of a source: lazy, and a source itself."""

    def __init__(self, source: Source, function: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        super().__init__(source.data, index=source.index, memory=source.memory)
        self._source = source
        self._function = function

    @cached_property
    def rows(self) -> int:
        """Number of rows."""
        return self._source.rows

    @cached_property
    def parts(self) -> list[Part]:
        """Those of what it is derived from."""
        return self._source.parts

    @property
    def piece_rows(self) -> int:
        """Rows of a piece."""
        return self._source.piece_rows

    def pieces(
        self,
        first: int = 0,
        last: int | None = None,
        keep: Keep | None = None,
    ) -> Iterator[Piece]:
        """Yield the rows first … last - 1 in their order."""
        for piece in self._source.pieces(first, last, keep):
            made = self._function(piece.frame)
            yield Piece(piece.numbers, made if self.columns is None else made[self.columns])

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(next(iter(self)).columns)


def scan(
    data: Any,
    *,
    index: str | None = None,
    columns: Sequence[str] | None = None,
    memory: int | str = MEMORY,
    lanes: int = 1,
) -> Source:
    """Open a table that is larger than memory, for `fit`, `transform` and `score`.

    A path or a `pyarrow.dataset.Dataset` may also be given to these as it is; `scan` is where the
    index and the memory are said.

    Parameters
    ----------
    data : path, list of paths, pyarrow.dataset.Dataset, callable, or Source
        Parquet files, a folder or pattern of them (``"big/*.parquet"``), or a callable without
        arguments that returns a new iterator of frames at each call.
    index : column name or None, default None
        Column that names the rows. By default what pandas stored as the index, else row numbers.
    columns : sequence of column names, default None
        Those to read; by default all.
    memory : int or str, default "1 GiB"
        What the rows held at a time may take.
    lanes : int, default 1
        Trainings side by side, where training reads the whole table; after every round of buffers
        their parameters are averaged. The numbers depend on it, and not on where lanes run.

    Returns
    -------
    Source

    Raises
    ------
    ValueError
        If the memory cannot be read, or there is no such file.

    Examples
    --------
    >>> import entivec, os, tempfile
    >>> customers = entivec.datasets.make_customers(1000, random_state=0).customers
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     customers.to_parquet(os.path.join(folder, "customers.parquet"))
    ...     stored = entivec.scan(folder, memory="200 MB")
    ...     model = entivec.AutoEncoder(8, max_steps=50).fit(stored)
    ...     model.transform(stored).to_parquet(os.path.join(folder, "embedding"))
    ...     embedding = model.transform(stored).collect()
    >>> embedding.index.equals(customers.index)
    True
    """
    if isinstance(data, Source):
        return data
    return Source(data, index=index, columns=columns, memory=memory, lanes=lanes)


def is_source(data: Any) -> bool:
    """Tell whether a table is one that is read in pieces."""
    if isinstance(data, (Source, str, os.PathLike)):
        return True
    if (
        isinstance(data, list)
        and data
        and all(isinstance(path, (str, os.PathLike)) for path in data)
    ):
        return True
    return callable(data) or is_dataset(data)


def read_memory(memory: int | str) -> int:
    """Return a size in bytes.

    Raises
    ------
    ValueError
        If it cannot be read or is not above zero.
    """
    found = _SIZE.fullmatch(memory) if isinstance(memory, str) else None
    if found is not None and found[1].count(".") <= 1 and found[1] != ".":
        size = int(float(found[1]) * _UNITS[found[2].lower()])
    else:
        size = memory if isinstance(memory, int) and not isinstance(memory, bool) else 0
    if size <= 0:
        raise ValueError(f"memory={memory!r} is no size; give bytes, or text such as '2 GiB'")
    return size


def as_pandas(frame: Any) -> pd.DataFrame:
    """Return a frame of pandas, or of Arrow's capsule, as a DataFrame.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(frame, pd.DataFrame):
        return frame
    if hasattr(frame, "__arrow_c_stream__"):
        import pyarrow as pa

        read: pd.DataFrame = pa.table(frame).to_pandas()
        return read
    kind = f"{type(frame).__module__}.{type(frame).__name__}"
    raise ValueError(f"an iterator of frames gave a {kind}; give DataFrames, or Arrow frames")


def _chosen(frames: Iterable[Any], columns: Sequence[str] | None, index: Any) -> Iterator[Any]:
    for frame in frames:
        table = as_pandas(frame)
        if columns is None:
            yield table
            continue
        check_names(columns, [*table.columns, *map(str, table.index.names)])
        yield table[[name for name in columns if name in table.columns]]


def _filtered(batch: Any, chosen: np.ndarray) -> Any:
    if isinstance(batch, pd.DataFrame):
        return batch[chosen]
    return batch.filter(chosen)
