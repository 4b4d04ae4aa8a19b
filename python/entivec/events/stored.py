"""Logs in Parquet files: read piece by piece, text as codes; cut by entity where they are too long.

A column of text takes four bytes an event, however long its values are. Of entities that are cut
apart each has all of its events in one part, in their order, so that what is computed of it has the
same bits.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from entivec.base.joining import together
from entivec.base.parquet import write_parquet
from entivec.base.source import Source
from entivec.table.cells import Cells, Name, cells_of, values_of

BYTES_OF_A_CELL = 8
COPIES = 4  # of a cell while events are sorted and counted
MOST_PARTS = 256
NUMBER = "__entivec_number"


class StoredColumns:
    """The columns of a source, as `open_log` gives them."""

    def __init__(self, source: Source) -> None:
        self._columns = {name: _Growing() for name in source.columns or source.names}
        self._rows = 0
        for frame in source:
            self._rows += len(frame)
            for name, column in self._columns.items():
                column.add(frame[name])

    def __len__(self) -> int:
        return self._rows

    def cells(self, name: Name) -> Cells:
        """Return the cells of a column; of text, a Categorical."""
        return self._columns[str(name)].cells()


class _Growing:
    """A column that grows by pieces."""

    def __init__(self) -> None:
        self._codes: list[np.ndarray] = []
        self._levels: pd.Index | None = None
        self._pieces: list[pd.Series] = []

    def add(self, piece: pd.Series) -> None:
        if isinstance(piece.dtype, pd.CategoricalDtype):
            piece = piece.astype(piece.cat.categories.dtype)
        if not pd.api.types.is_string_dtype(piece.dtype) or piece.isna().all():
            self._pieces.append(piece)
            self._codes.append(np.full(len(piece), -1, dtype=np.int32))
            return
        codes, found = pd.factorize(piece)
        levels: pd.Index = pd.Index(found)
        self._levels = levels if self._levels is None else self._grown(levels)
        place = np.append(self._levels.get_indexer(levels), -1).astype(np.int32)
        self._codes.append(place[codes])
        self._pieces.append(piece.iloc[:0])

    def _grown(self, levels: pd.Index) -> pd.Index:
        assert self._levels is not None
        fresh = levels[self._levels.get_indexer(levels) < 0]
        return self._levels.append(fresh) if len(fresh) else self._levels

    def cells(self) -> Cells:
        """Return the whole column."""
        if self._levels is None:
            frames = [piece.to_frame("cells") for piece in self._pieces]
            return cells_of(together(frames)["cells"])
        for piece in self._pieces:
            if len(piece) and not piece.isna().all():
                value = values_of(piece.array[:1])[0]
                raise ValueError(
                    f"column {piece.name!r} holds text and {value!r}; write it as one type"
                )
        return pd.Categorical.from_codes(np.concatenate(self._codes), self._levels)


class LogPart(Source):
    """The events of some entities: part `number` of `of`."""

    def __init__(self, files: list[str], memory: int, number: int, of: int) -> None:
        super().__init__(files, memory=memory)
        self.number, self.of = number, of


def parts_of(source: Source, columns: int) -> int:
    """How many parts a log is cut into so that one of them fits the memory."""
    taken = source.rows * columns * BYTES_OF_A_CELL * COPIES
    return int(min(MOST_PARTS, -(-taken // source.memory)))


def mapped(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return an array in a temporary file, which goes when nobody has the array any more.

    What is read and written of it is in memory as long as there is room for it.
    """
    if 0 in shape:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(prefix="entivec-") as file:
        return np.asarray(np.memmap(file, dtype, "w+", shape=shape))


@contextmanager
def cut_by_entity(
    source: Source, entity: str, columns: Sequence[str], parts: int
) -> Iterator[list[LogPart]]:
    """Write a log to temporary files so that each entity's events are in one of `parts` parts.

    Events without an entity are in the first. A further column, `NUMBER`, is the place in the log.
    """
    with tempfile.TemporaryDirectory(prefix="entivec-") as folder:
        for number, piece in enumerate(source.only(columns).pieces()):
            frame = piece.frame.assign(**{NUMBER: piece.numbers})
            part = part_of(frame[entity], parts)
            for at in np.unique(part).tolist():
                (Path(folder) / str(at)).mkdir(exist_ok=True)
                rows = frame[part == at]
                write_parquet([rows], Path(folder) / str(at) / f"{number:06d}.parquet")
        found = sorted(Path(folder).iterdir(), key=lambda path: int(path.name))
        yield [
            LogPart(sorted(map(str, path.iterdir())), source.memory, int(path.name), parts)
            for path in found
        ]


def part_of(entities: Any, parts: int) -> np.ndarray:
    """Return the part of each entity, by a hash of its value whatever its dtype, int64 (n,)."""
    cells = pd.Series(entities).reset_index(drop=True)
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(cells.cat.categories.dtype)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        hashed: np.ndarray = pd.util.hash_array(values)
    else:
        hashed = np.asarray(pd.util.hash_pandas_object(cells.astype(object), index=False))
    return np.where(cells.isna(), 0, hashed % np.uint64(parts)).astype(np.int64)
