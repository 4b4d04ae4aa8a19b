"""Spark DataFrames: fitted where their partitions are, embedded by `mapInPandas` (extra ``spark``).

Spark's rows have no index: one column names them. Their numbers, by which samples are drawn, follow
the partitions in their order, so that a frame that is read in the same order has the same bits.
"""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from entivec.base.joining import together
from entivec.base.source import LOOKED_AT, MEMORY, Piece, Source, bytes_of_a_row
from entivec.scale.sending import for_transform

Result = TypeVar("Result")
NUMBER, LANE = "__entivec_number", "__entivec_lane"


def fit(
    estimator: Any,
    frame: Any,
    y: Any = None,
    *,
    id: str | None = None,  # noqa: A002 - what Spark's users call it
    memory: int | str = MEMORY,
    lanes: int = 1,
) -> Any:
    """Fit an estimator over rows on a Spark DataFrame.

    Parameters
    ----------
    estimator : estimator over rows
    frame : pyspark.sql.DataFrame
        Read anew for every pass; ``frame.cache()`` where that is dear.
    y : str or list of str, optional
        Columns that are targets.
    id : column name, optional
        Names the rows; no feature.
    memory : int or str, default "1 GiB"
        What the rows held at a time may take in one process.
    lanes : int, default 1
        Trainings side by side; see `entivec.scan`.

    Returns
    -------
    estimator
        The same, fitted: an ordinary estimator.
    """
    return estimator.fit(SparkSource(frame, id=id, memory=memory, lanes=lanes), y)


def transform(estimator: Any, frame: Any, *, id: str) -> Any:  # noqa: A002
    """Embed a Spark DataFrame, lazily.

    Parameters
    ----------
    estimator : fitted estimator over rows
    frame : pyspark.sql.DataFrame
        With the columns of `fit`; others are not read.
    id : column name
        Is the first column of the output.

    Returns
    -------
    pyspark.sql.DataFrame
        `id` and the components, floats.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    features = list(estimator.feature_names_in_)
    absent = [name for name in [id, *features] if name not in frame.columns]
    if absent:
        raise ValueError(
            f"column {absent[0]!r} is missing; the frame has the columns {frame.columns[:10]!r}"
        )
    names = [str(name) for name in estimator.get_feature_names_out()]
    kind = frame.schema[id].dataType.simpleString()
    schema = ", ".join([f"`{id}` {kind}", *(f"`{name}` float" for name in names)])
    sent = pickle.dumps(for_transform(estimator))
    wanted = list(dict.fromkeys([id, *features]))

    def embedded(rows: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        model = pickle.loads(sent)
        for piece in rows:
            if len(piece):
                codes = pd.DataFrame(np.asarray(model.transform(piece[features])), columns=names)
                codes.insert(0, id, piece[id].array)
                yield codes

    return frame.select(wanted).mapInPandas(embedded, schema)


class SparkSource(Source):
    """The rows of a Spark DataFrame, summarized and trained on where they are.

    Parameters
    ----------
    data : pyspark.sql.DataFrame
    id : column name or None
    memory, lanes
        As in `entivec.scan`.
    """

    def __init__(
        self,
        data: Any,
        *,
        id: str | None = None,  # noqa: A002
        memory: int | str = MEMORY,
        lanes: int = 1,
    ) -> None:
        super().__init__(data, index=id, memory=memory, lanes=lanes)

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns, without the id."""
        return [name for name in self.data.columns if name != self.index]

    @cached_property
    def firsts(self) -> dict[int, int]:
        """Number of the first row of every partition that has rows, by partition."""
        counts = dict(self._by_partition(_counted))
        self.__dict__["rows"] = sum(counts.values())
        firsts, first = {}, 0
        for partition, rows in sorted(counts.items()):
            firsts[partition] = first
            first += rows
        return firsts

    @cached_property
    def rows(self) -> int:
        """Number of rows."""
        _ = self.firsts
        return int(self.__dict__["rows"])

    @cached_property
    def bytes_per_row(self) -> float:
        """What a row takes, by the first ones."""
        heads, rows = [], 0
        for piece in self.pieces(0, min(LOOKED_AT, self.rows)):
            heads.append(piece.frame)
            rows += len(piece.frame)
        return bytes_of_a_row(together(heads)) if heads else 1.0

    def pieces(
        self,
        first: int = 0,
        last: int | None = None,
        keep: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Iterator[Piece]:
        """Bring the rows first … last - 1 here, in their order."""
        last = self.rows if last is None else last
        firsts, index = self.firsts, self.index

        def inside(partition: int, rows: Iterator[pd.DataFrame]) -> list[Piece]:
            found = []
            for piece in _numbered(rows, firsts.get(partition, 0), index):
                chosen = (piece.numbers >= first) & (piece.numbers < last)
                if keep is not None and chosen.any():
                    chosen &= keep(piece.numbers)
                if chosen.any():
                    found.append(Piece(piece.numbers[chosen], piece.frame[chosen]))
            return found

        for _, found in self._by_partition(inside):
            yield from found

    def reduce(
        self,
        function: Callable[[Piece], Result],
        merge: Callable[[Sequence[Result]], Result],
        keep: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Result:
        """Compute the results of partitions where they are, and merge them in their order."""
        firsts, index = self.firsts, self.index

        def reduced(partition: int, rows: Iterator[pd.DataFrame]) -> Any:
            found = []
            for piece in _numbered(rows, firsts.get(partition, 0), index):
                if keep is not None:
                    kept = keep(piece.numbers)
                    piece = Piece(piece.numbers[kept], piece.frame[kept])
                if len(piece.numbers):
                    found.append(function(piece))
            return merge(found) if found else None

        return merge([found for _, found in self._by_partition(reduced) if found is not None])

    def run(
        self,
        function: Callable[[Any, Iterator[Piece]], Result],
        jobs: Sequence[tuple[Any, Sequence[tuple[int, int]]]],
    ) -> list[Result]:
        """Bring the rows of every job together on a worker, and run it there."""
        types = importlib.import_module("pyspark.sql.types")
        number, lane_of = (types.StructField(name, types.LongType()) for name in (NUMBER, LANE))
        firsts, index, every = self.firsts, self.index, [list(spans) for _, spans in jobs]
        tagged = types.StructType([*self._selected().schema.fields, number, lane_of])

        def tag(rows: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
            at = firsts.get(_partition(), 0)
            for frame in rows:
                numbers = np.arange(at, at + len(frame))
                at += len(frame)
                for lane, spans in enumerate(every):
                    chosen = np.zeros(len(frame), dtype=bool)
                    for first, last in spans:
                        chosen |= (numbers >= first) & (numbers < last)
                    if chosen.any():
                        tagged_rows = frame[chosen].copy()
                        tagged_rows[NUMBER], tagged_rows[LANE] = numbers[chosen], lane
                        yield tagged_rows

        sent = pickle.dumps([argument for argument, _ in jobs])

        def ran(rows: pd.DataFrame) -> pd.DataFrame:
            lane = int(rows[LANE].iloc[0])
            rows = rows.sort_values(NUMBER)
            numbers = rows[NUMBER].to_numpy()
            frame = rows.drop(columns=[NUMBER, LANE])
            frame = frame if index is None else frame.set_index(index)
            pieces = []
            for first, last in every[lane]:
                begin, end = np.searchsorted(numbers, [first, last])
                pieces.append(Piece(numbers[begin:end], frame.iloc[begin:end]))
            found = function(pickle.loads(sent)[lane], iter(pieces))
            return pd.DataFrame({"lane": [lane], "found": [pickle.dumps(found)]})

        rows = self._selected().mapInPandas(tag, tagged)
        found = rows.groupBy(LANE).applyInPandas(ran, "lane long, found binary").collect()
        return [pickle.loads(row.found) for row in sorted(found, key=lambda row: row.lane)]

    def _selected(self) -> Any:
        if self.columns is None:
            return self.data
        return self.data.select([*self.columns, *([self.index] if self.index else [])])

    def _by_partition(self, function: Callable[[int, Iterator[pd.DataFrame]], Any]) -> Any:
        """Return what a function gives of every partition's rows, in their order."""

        def applied(rows: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
            partition = _partition()
            found = pickle.dumps(function(partition, rows))
            yield pd.DataFrame({"partition": [partition], "found": [found]})

        made = self._selected().mapInPandas(applied, "partition long, found binary").collect()
        rows = sorted(made, key=lambda row: row.partition)
        return [(int(row.partition), pickle.loads(row.found)) for row in rows]


def _partition() -> int:
    """Number of the partition that this worker computes."""
    return int(importlib.import_module("pyspark").TaskContext.get().partitionId())


def _counted(_: int, rows: Iterator[pd.DataFrame]) -> int:
    return sum(len(frame) for frame in rows)


def _numbered(rows: Iterator[pd.DataFrame], at: int, index: str | None) -> Iterator[Piece]:
    for frame in rows:
        numbers = np.arange(at, at + len(frame))
        at += len(frame)
        if len(frame):
            named = frame.set_axis(pd.Index(numbers), axis=0)
            yield Piece(numbers, named if index is None else frame.set_index(index))
