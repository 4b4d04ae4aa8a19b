"""Dask DataFrames: fitted where their partitions are, embedded lazily (extra ``dask``).

Dask schedules, retries what a lost worker took with it, and keeps index and divisions. The state of
a training is with the caller between rounds, so that a lost worker costs the lanes that it had.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from entivec.base.source import (
    LOOKED_AT,
    MEMORY,
    Keep,
    Kept,
    Piece,
    Source,
    bytes_of_a_row,
    cut_at_blocks,
)
from entivec.events.facts import FactAggregator
from entivec.events.in_parts import FactsOfPart
from entivec.events.stored import NUMBER, part_of
from entivec.scale.sending import check_columns, for_transform

Result = TypeVar("Result")
Made = TypeVar("Made")
PART = "__entivec_part"
MERGED_TOGETHER = 8  # results of partitions in one task


def fit(
    estimator: Any,
    frame: Any,
    y: Any = None,
    *,
    memory: int | str = MEMORY,
    lanes: int = 1,
    cutoff: Any = None,
) -> Any:
    """Fit an estimator over rows, or a `FactAggregator`, on a Dask DataFrame.

    Parameters
    ----------
    estimator : estimator over rows, or FactAggregator
    frame : dask.dataframe.DataFrame
        Its index names the rows. For a `FactAggregator` a row is an event. What training reads is
        encoded once and held by the workers of a cluster until the fit is over.
    y : str or list of str, optional
        Columns that are targets.
    memory : int or str, default "1 GiB"
        What the rows held at a time may take in one process; see `entivec.scan`.
    lanes : int, default 1
        Trainings side by side on the workers, where training reads the whole table. The numbers
        depend on it, and not on the number of workers or partitions.
    cutoff : optional
        Of a `FactAggregator`.

    Returns
    -------
    estimator
        The same, fitted: an ordinary estimator, with the bits of a fit on the same rows from disk.

    Raises
    ------
    ValueError
        As the estimator's `fit`.

    Examples
    --------
    >>> import dask.dataframe, entivec
    >>> from entivec.scale import dask as on_dask
    >>> customers = entivec.datasets.make_customers(500, random_state=0).customers
    >>> frame = dask.dataframe.from_pandas(customers, npartitions=3)
    >>> model = on_dask.fit(entivec.AutoEncoder(4, max_steps=50), frame)
    >>> embedding = on_dask.transform(model, frame)
    >>> embedding.npartitions, embedding.compute().index.equals(customers.index)
    (3, True)
    """
    more = {} if cutoff is None else {"cutoff": cutoff}
    return estimator.fit(DaskSource(frame, memory=memory, lanes=lanes), y, **more)


def transform(estimator: Any, frame: Any, *, cutoff: Any = None, entities: Any = None) -> Any:
    """Embed a Dask DataFrame, lazily and partition by partition; or sum events up to facts.

    Parameters
    ----------
    estimator : fitted estimator over rows, or FactAggregator
    frame : dask.dataframe.DataFrame
        With the columns of `fit`; others are not read.
    cutoff, entities : optional
        Of a `FactAggregator`, as its `transform` takes them.

    Returns
    -------
    dask.dataframe.DataFrame
        One row a row of `frame`, with its index and divisions; dtypes are known without computing.
        Of a `FactAggregator`, one row an entity, in as many partitions: the events of an entity are
        brought together on one worker. Pairs of entity and cut-off have the cut-off as a column.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if isinstance(estimator, FactAggregator):
        return _facts(estimator, frame, cutoff, entities)
    names = list(estimator.feature_names_in_)
    check_columns(frame, names)
    columns = estimator.get_feature_names_out()
    index = frame._meta.index[:0]
    meta = pd.DataFrame(np.empty((0, len(columns)), np.float32), index=index, columns=columns)
    return frame[names].map_partitions(_embedded, for_transform(estimator), meta, meta=meta)


def _facts(facts: FactAggregator, frame: Any, cutoff: Any, entities: Any) -> Any:
    """Bring the events of every entity together, in their order, and sum them up there."""
    dask, collections = _dask(), importlib.import_module("dask.dataframe")
    source = DaskSource(frame)
    source = source.only(facts._columns(source))
    of = frame.npartitions
    work = FactsOfPart.of_source(facts, source, of, cutoff, entities)
    columns = source._selected
    meta = columns._meta.assign(**{NUMBER: np.int64(0), PART: np.int64(0)})
    tagged = [
        dask.delayed(_tagged)(part, first, str(facts.entity), of)
        for part, first in zip(columns.to_delayed(), source.firsts, strict=True)
    ]
    cut = collections.from_delayed(tagged, meta=meta, verify_meta=False)
    cut = cut.set_index(PART, divisions=[*range(of), of])
    shared = dask.delayed(work, traverse=False)
    empty = _with_dates(work.nothing())
    parts = [
        dask.delayed(_facts_of_part)(part, number, shared)
        for number, part in enumerate(cut.to_delayed())
    ]
    return collections.from_delayed(parts, meta=empty, verify_meta=False)


def _tagged(events: pd.DataFrame, first: int, entity: str, of: int) -> pd.DataFrame:
    numbers = np.arange(first, first + len(events))
    return events.assign(**{NUMBER: numbers, PART: part_of(events[entity], of)})


def _facts_of_part(events: pd.DataFrame, number: int, work: FactsOfPart) -> pd.DataFrame:
    in_order = events.sort_values(NUMBER).drop(columns=NUMBER).reset_index(drop=True)
    return _with_dates(work(number, in_order))


def _with_dates(facts: pd.DataFrame) -> pd.DataFrame:
    """Facts of pairs with the cut-off as a column: Dask's index has one level."""
    several = facts.index.nlevels > 1
    return facts.reset_index(level=1) if several else facts


def _embedded(rows: pd.DataFrame, estimator: Any, empty: pd.DataFrame) -> pd.DataFrame:
    embedding: pd.DataFrame = estimator.transform(rows) if len(rows) else empty
    return embedding


def _dask() -> Any:
    """Dask, whose own types are not strict."""
    return importlib.import_module("dask")


class DaskSource(Source):
    """The rows of a Dask DataFrame, summarized and trained on where they are.

    Parameters
    ----------
    data : dask.dataframe.DataFrame
    memory, lanes
        As in `entivec.scan`.
    """

    def __init__(self, data: Any, *, memory: int | str = MEMORY, lanes: int = 1) -> None:
        super().__init__(data, memory=memory, lanes=lanes)

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns, without the index."""
        return list(self._selected.columns)

    @property
    def _selected(self) -> Any:
        return self.data if self.columns is None else self.data[self.columns]

    @cached_property
    def lengths(self) -> list[int]:
        """Rows of every partition."""
        counts = self.data.map_partitions(len, meta=("rows", "int64"))
        return [int(count) for count in counts.compute()]

    @cached_property
    def firsts(self) -> list[int]:
        """Number of the first row of every partition."""
        return [0, *np.cumsum(self.lengths).tolist()][:-1]

    @cached_property
    def rows(self) -> int:
        """Number of rows."""
        return sum(self.lengths)

    @cached_property
    def bytes_per_row(self) -> float:
        """What a row takes, by the first ones."""
        return bytes_of_a_row(
            self._selected.get_partition(number).head(LOOKED_AT, npartitions=1)
            for number, length in enumerate(self.lengths)
            if length
        )

    def pieces(
        self,
        first: int = 0,
        last: int | None = None,
        keep: Keep | None = None,
    ) -> Iterator[Piece]:
        """Bring the rows first … last - 1 here, in their order."""
        last = self.rows if last is None else last
        for number in self._partitions([(first, last)]):
            frame = self._selected.get_partition(number).compute()
            yield from _pieces(frame, self.firsts[number], self.piece_rows, first, last, keep)

    def reduce(
        self,
        function: Callable[[Piece], Result],
        merge: Callable[[Sequence[Result]], Result],
        keep: Keep | None = None,
    ) -> Result:
        """Compute the results of partitions where they are, and merge them in a tree."""
        dask = _dask()
        shared = dask.delayed((function, merge, keep, self.piece_rows), traverse=False)
        parts = self._selected.to_delayed()
        found = [
            dask.delayed(_reduced)(part, first, shared)
            for part, first, length in zip(parts, self.firsts, self.lengths, strict=True)
            if length
        ]
        while len(found) > 1:
            groups = [
                found[at : at + MERGED_TOGETHER] for at in range(0, len(found), MERGED_TOGETHER)
            ]
            found = [dask.delayed(_merged)(group, shared) for group in groups]
        result: Result = dask.compute(found[0])[0]
        return result

    def keep(self, function: Callable[[Piece], Made], block: int) -> DaskKept[Made]:
        """Say what is made of the pieces; workers make it once and hold it, on disk if need be."""
        return DaskKept(self, function, block)

    def _partitions(self, spans: Sequence[tuple[int, int]]) -> list[int]:
        """Which partitions hold rows of some spans."""
        ends = np.cumsum(self.lengths)
        found = set[int]()
        for first, last in spans:
            low, high = np.searchsorted(ends, [first, last - 1], side="right").tolist()
            found.update(range(low, high + 1))
        return sorted(number for number in found if self.lengths[number])


class DaskKept(Kept[Made]):
    """What a function makes of the pieces of a Dask DataFrame.

    The workers of a cluster make it once, and a lost worker's part anew. Without a cluster it is
    made whenever it is asked for, as this process would have to hold it all.
    """

    _source: DaskSource

    def _made(self, number: int, spans: Sequence[tuple[int, int]] | None = None) -> Any:
        """What is made of a partition, or of what lies in spans of it."""
        dask, source = _dask(), self._source
        shared = dask.delayed((self._function, self._block), traverse=False)
        return dask.delayed(_made)(self._rows[number], source.firsts[number], shared, spans)

    @cached_property
    def _rows(self) -> list[Any]:
        """The partitions, as they are read."""
        return list(self._source._selected.to_delayed())

    @cached_property
    def _held(self) -> dict[int, Any] | None:
        """What is made of every partition that has rows, by its number, where workers hold it."""
        if not _has_cluster():
            return None
        numbers = [number for number, length in enumerate(self._source.lengths) if length]
        made = _dask().persist(*(self._made(number) for number in numbers))
        return dict(zip(numbers, made, strict=True))

    def run(
        self,
        function: Callable[[Any, Iterator[Made]], Result],
        jobs: Sequence[tuple[Any, Sequence[tuple[int, int]]]],
    ) -> list[Result]:
        """Run every job on a worker, and return their results in order."""
        dask, held = _dask(), self._held
        tasks = []
        for argument, spans in jobs:
            numbers = self._source._partitions(spans)
            made = [self._made(n, spans) if held is None else held[n] for n in numbers]
            cut = [dask.delayed(_cut)(part, spans) for part in made]
            tasks.append(dask.delayed(_ran)(dask.delayed(argument, traverse=False), function, cut))
        return list(dask.compute(*tasks))


def _has_cluster() -> bool:
    try:
        importlib.import_module("distributed").get_client()
    except ValueError:
        return False
    return True


def _pieces(
    frame: pd.DataFrame,
    first: int,
    rows: int,
    begin: int,
    end: int,
    keep: Keep | None = None,
) -> Iterator[Piece]:
    """The rows begin … end - 1 of the table that lie in a partition, a piece at a time."""
    numbers = np.arange(first, first + len(frame))
    for at in range(max(begin, first), min(end, first + len(frame)), rows):
        stop = min(at + rows, end, first + len(frame))
        piece = Piece(numbers[at - first : stop - first], frame.iloc[at - first : stop - first])
        if keep is not None:
            kept = keep(piece.numbers)
            piece = Piece(piece.numbers[kept], piece.frame[kept])
        if len(piece.numbers):
            yield piece


def _reduced(frame: pd.DataFrame, first: int, shared: tuple[Any, ...]) -> Any:
    function, merge, keep, rows = shared
    pieces = _pieces(frame, first, rows, first, first + len(frame), keep)
    found = [function(piece) for piece in pieces]
    return merge(found) if found else None


def _merged(results: list[Any], shared: tuple[Any, ...]) -> Any:
    found = [result for result in results if result is not None]
    return shared[1](found) if found else None


def _made(
    frame: pd.DataFrame, first: int, shared: tuple[Any, ...], spans: Any
) -> list[tuple[int, Any]]:
    """What is made of a partition, or of its blocks in spans, and the row that each begins with."""
    function, block = shared
    made = []
    for cut in cut_at_blocks(Piece(np.arange(first, first + len(frame)), frame), block):
        begins = int(cut.numbers[0])
        if spans is None or any(begin <= begins < end for begin, end in spans):
            made.append((begins, function(cut)))
    return made


def _cut(made: list[tuple[int, Any]], spans: Any) -> list[tuple[int, int, Any]]:
    """What lies in spans: which of them, the row it begins with, and itself."""
    return [
        (at, first, one)
        for first, one in made
        for at, (begin, end) in enumerate(spans)
        if begin <= first < end
    ]


def _ran(argument: Any, function: Any, cut: list[list[tuple[int, int, Any]]]) -> Any:
    """Put what is made into the order of the spans, which partitions do not know."""
    in_order = sorted((one for part in cut for one in part), key=lambda one: one[:2])
    return function(argument, (made for _, _, made in in_order))
