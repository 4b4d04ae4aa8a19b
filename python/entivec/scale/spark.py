"""Spark DataFrames: fitted where their partitions are, embedded by `mapInPandas` (extra ``spark``).

Spark's rows have no index: one column names them. Their numbers, by which samples are drawn, follow
the partitions in their order, so that a frame that is read in the same order has the same bits.
Timestamps are moments, in UTC, whatever the time zone of the session.
"""

from __future__ import annotations

import importlib
import pickle
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
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
    inside,
)
from entivec.events.facts import FactAggregator
from entivec.events.in_parts import FactsOfPart
from entivec.events.stored import MOST_PARTS, part_of
from entivec.scale.sending import check_columns, for_transform

Result = TypeVar("Result")
Made = TypeVar("Made")
ID, NUMBER, LANE, PART, MADE = (
    f"__entivec_{name}" for name in ("id", "number", "lane", "part", "made")
)


def fit(
    estimator: Any,
    frame: Any,
    y: Any = None,
    *,
    id: str | None = None,  # noqa: A002 - what Spark's users call it
    memory: int | str = MEMORY,
    lanes: int = 1,
    cutoff: Any = None,
) -> Any:
    """Fit an estimator over rows, or a `FactAggregator`, on a Spark DataFrame.

    Parameters
    ----------
    estimator : estimator over rows, or FactAggregator
    frame : pyspark.sql.DataFrame
        Read anew for every pass before training (three, and one that encodes it); ``frame.cache()``
        where that is dear. What training reads is held in Spark's storage until the fit is over.
    y : str or list of str, optional
        Columns that are targets.
    id : column name, optional
        Names the rows; no feature.
    memory : int or str, default "1 GiB"
        What the rows held at a time may take in one process.
    lanes : int, default 1
        Trainings side by side; see `entivec.scan`.
    cutoff : optional
        Of a `FactAggregator`.

    Returns
    -------
    estimator
        The same, fitted: an ordinary estimator.
    """
    more = {} if cutoff is None else {"cutoff": cutoff}
    return estimator.fit(SparkSource(frame, id=id, memory=memory, lanes=lanes), y, **more)


def transform(
    estimator: Any,
    frame: Any,
    *,
    id: str | None = None,  # noqa: A002
    cutoff: Any = None,
    entities: Any = None,
) -> Any:
    """Embed a Spark DataFrame, lazily; or sum events up to facts.

    Parameters
    ----------
    estimator : fitted estimator over rows, or FactAggregator
    frame : pyspark.sql.DataFrame
        With the columns of `fit`; others are not read.
    id : column name
        Is the first column of the output. A `FactAggregator` knows its own.
    cutoff, entities : optional
        Of a `FactAggregator`, as its `transform` takes them.

    Returns
    -------
    pyspark.sql.DataFrame
        `id` and the components, floats. Of a `FactAggregator`, the entity, the cut-off where pairs
        were given, and the facts; the events of an entity are brought together on one worker.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if isinstance(estimator, FactAggregator):
        return _facts(estimator, frame, cutoff, entities)
    if id is None:
        raise ValueError("id is None; name the column that says which row is which")
    features = list(estimator.feature_names_in_)
    check_columns(frame, [id, *features])
    names = [str(name) for name in estimator.get_feature_names_out()]
    kind = frame.schema[id].dataType.simpleString()
    schema = ", ".join([f"`{id}` {kind}", *(f"`{name}` float" for name in names)])
    packed = sent(estimator)
    moments = zoned(estimator, frame)
    # The id may be a timestamp, too; it goes out as it came.
    columns = [*in_ticks(frame.select(features), moments), functions().col(f"`{id}`").alias(ID)]

    def embedded(rows: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        model = received(packed)
        for piece in rows:
            if len(piece):
                read = from_ticks(piece[features], moments)
                codes = pd.DataFrame(np.asarray(model.transform(read)), columns=names)
                codes.insert(0, id, piece[ID].array)
                yield codes

    return frame.select(columns).mapInPandas(embedded, schema)


def _facts(facts: FactAggregator, frame: Any, cutoff: Any, entities: Any) -> Any:
    """Bring the events of every entity together, in their order, and sum them up there."""
    types = importlib.import_module("pyspark.sql.types")
    source = SparkSource(frame)
    source = source.only(facts._columns(source))
    of = max(1, min(int(frame.sparkSession.conf.get("spark.sql.shuffle.partitions")), MOST_PARTS))
    work = FactsOfPart.of_source(facts, source, of, cutoff, entities)
    entity, firsts, read = str(facts.entity), source.firsts, source._reader()
    selected = source._selected()
    long = [types.StructField(name, types.LongType()) for name in (NUMBER, PART)]

    def tag(rows: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        at = firsts.get(_partition(), 0)
        for events in rows:
            numbers = np.arange(at, at + len(events))
            at += len(events)
            yield events.assign(**{NUMBER: numbers, PART: part_of(read(events)[entity], of)})

    def summed(events: pd.DataFrame) -> pd.DataFrame:
        in_order = events.sort_values(NUMBER)
        own = in_order[in_order[NUMBER] >= 0].drop(columns=[NUMBER, PART])
        return work(int(in_order[PART].iloc[0]), read(own.reset_index(drop=True))).reset_index()

    tagged = selected.mapInPandas(tag, types.StructType([*selected.schema.fields, *long]))
    # A part without events may have rows that are asked for: every part has one more, left out.
    number = functions().lit(-1).cast("long").alias(NUMBER)
    parts = frame.sparkSession.range(of).select(number, functions().col("id").alias(PART))
    every = selected.limit(1).crossJoin(parts)
    number_kind = {"float64": "double", "float32": "float"}[facts.dtype]
    named_facts = [f"`{name}` {number_kind}" for name in facts.get_feature_names_out()]
    names = [entity, *[n for n in work.nothing().index.names[1:] if n is not None]]
    moment = "timestamp_ntz" if facts.zone_ is None else "timestamp"
    kinds = [frame.schema[entity].dataType.simpleString(), moment]
    keys = [f"`{name}` {kind}" for name, kind in zip(names, kinds, strict=False)]
    schema = ", ".join([*keys, *named_facts])
    return tagged.unionByName(every).groupBy(PART).applyInPandas(summed, schema)


def sent(estimator: Any) -> bytes:
    """Return what workers are sent of a fitted estimator."""
    return pickle.dumps(for_transform(estimator))


_RECEIVED: dict[bytes, Any] = {}


def received(packed: bytes) -> Any:
    """Return what was sent; a worker opens it once."""
    if packed not in _RECEIVED:
        _RECEIVED.clear()
        _RECEIVED[packed] = pickle.loads(packed)
    return _RECEIVED[packed]


def zoned(estimator: Any, frame: Any) -> list[str]:
    """Which columns are moments for a fitted estimator; dates without a zone stay as they are."""
    columns = getattr(estimator.table_, "columns_", [])
    aware = {str(c.name) for c in columns if getattr(c, "zone", None) is not None}
    return [name for name in moments_of(frame) if name in aware]


def moments_of(frame: Any) -> list[str]:
    """Names of the columns that hold timestamps with the session's time zone."""
    kind = importlib.import_module("pyspark.sql.types").TimestampType
    return [field.name for field in frame.schema.fields if isinstance(field.dataType, kind)]


def in_ticks(frame: Any, moments: Sequence[str]) -> list[Any]:
    """Spark's columns of a frame, moments as microseconds since 1970.

    pandas would have them on the clock of the session's zone, on which an hour a year is there
    twice.
    """
    columns = []
    for name in frame.columns:
        column = functions().col(f"`{name}`")
        moment = name in moments
        columns.append(functions().unix_micros(column).alias(name) if moment else column)
    return columns


def from_ticks(rows: pd.DataFrame, moments: Sequence[str]) -> pd.DataFrame:
    """Rows as pandas has them of the same file: moments in UTC."""
    ticks = {name: pd.to_datetime(rows[name], unit="us", utc=True) for name in moments}
    return rows.assign(**{name: read.dt.as_unit("us") for name, read in ticks.items()})


def functions() -> Any:
    """Spark's functions of columns, of Connect where the session is."""
    return importlib.import_module("pyspark.sql.functions")


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

    @property
    def moments(self) -> list[str]:
        """Names of the columns that are moments."""
        return [name for name in moments_of(self.data) if name != self.index]

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
        head = min(LOOKED_AT, self.rows)
        return bytes_of_a_row(piece.frame for piece in self._brought(0, head, None, LOOKED_AT))

    def pieces(
        self,
        first: int = 0,
        last: int | None = None,
        keep: Keep | None = None,
    ) -> Iterator[Piece]:
        """Bring the rows first … last - 1 here, in their order."""
        last = self.rows if last is None else last
        return self._brought(first, last, keep, self.piece_rows)

    def _brought(self, first: int, last: int, keep: Keep | None, rows: int) -> Iterator[Piece]:
        pieces = self._pieces(rows, lambda numbers: inside(numbers, first, last, keep), last)
        for _, found in self._by_partition(lambda *own: list(pieces(*own))):
            yield from found

    def reduce(
        self,
        function: Callable[[Piece], Result],
        merge: Callable[[Sequence[Result]], Result],
        keep: Keep | None = None,
    ) -> Result:
        """Compute the results of partitions where they are, and merge them in their order."""
        pieces = self._pieces(self.piece_rows, keep)

        def reduced(partition: int, batches: Iterator[Any]) -> Any:
            found = [function(piece) for piece in pieces(partition, batches)]
            return merge(found) if found else None

        return merge([found for _, found in self._by_partition(reduced) if found is not None])

    def keep(self, function: Callable[[Piece], Made], block: int) -> SparkKept[Made]:
        """Say what is made of the pieces; Spark makes it once and holds it, on disk if need be."""
        return SparkKept(self, function, block)

    def _selected(self) -> Any:
        data = self.data
        if self.columns is not None:
            data = data.select([*self.columns, *([self.index] if self.index else [])])
        return data.select(in_ticks(data, self.moments))

    def _reader(self) -> Callable[[pd.DataFrame], pd.DataFrame]:
        """What makes the rows of a piece of those that Spark hands over, named by their numbers."""
        index, columns = self.index, self.columns
        moments = [name for name in self.moments if columns is None or name in columns]

        def read(rows: pd.DataFrame) -> pd.DataFrame:
            named = rows if index is None else rows.set_index(index)
            return from_ticks(named, moments)

        return read

    def _pieces(
        self, most: int, keep: Keep | None = None, last: int | None = None
    ) -> Callable[[int, Iterator[Any]], Iterator[Piece]]:
        """What makes pieces of a partition's Arrow batches: of about `most` rows, those kept alone.

        Rows from `last` on are not looked at.
        """
        arrow = importlib.import_module("pyarrow")
        firsts, read = self.firsts, self._reader()

        def piece(numbers: list[np.ndarray], batches: list[Any]) -> Piece:
            every = np.concatenate(numbers)
            frame = arrow.Table.from_batches(batches).to_pandas()
            return Piece(every, read(frame.set_axis(pd.Index(every), axis=0)))

        def pieces(partition: int, batches: Iterator[Any]) -> Iterator[Piece]:
            at, numbers, held = firsts.get(partition, 0), list[np.ndarray](), list[Any]()
            for batch in batches:
                if last is not None and at >= last:
                    break
                own = np.arange(at, at + batch.num_rows)
                at += batch.num_rows
                if keep is not None:
                    kept = keep(own)
                    own, batch = own[kept], batch.filter(arrow.array(kept))
                if len(own):
                    numbers.append(own)
                    held.append(batch)
                if sum(map(len, numbers)) >= most:
                    yield piece(numbers, held)
                    numbers, held = [], []
            if held:
                yield piece(numbers, held)

        return pieces

    def _by_partition(self, function: Callable[[int, Iterator[Any]], Any]) -> list[tuple[int, Any]]:
        """Return what a function gives of every partition's Arrow batches, in their order."""
        arrow = importlib.import_module("pyarrow")

        def applied(batches: Iterator[Any]) -> Iterator[Any]:
            partition = _partition()
            found = pickle.dumps(function(partition, batches))
            yield arrow.RecordBatch.from_pydict({"partition": [partition], "found": [found]})

        made = self._selected().mapInArrow(applied, "partition long, found binary").collect()
        rows = sorted(made, key=lambda row: row.partition)
        return [(int(row.partition), pickle.loads(row.found)) for row in rows]


class SparkKept(Kept[Made]):
    """What a function makes of the pieces of a Spark DataFrame, once; let go with this object."""

    _source: SparkSource

    @cached_property
    def _frame(self) -> Any:
        """A row a block, or a part of one: the row of the table it begins with, and itself."""
        arrow = importlib.import_module("pyarrow")
        function, block = self._function, self._block
        pieces = self._source._pieces(self._source.piece_rows)

        def made(batches: Iterator[Any]) -> Iterator[Any]:
            for piece in pieces(_partition(), batches):
                for cut in cut_at_blocks(piece, block):
                    packed = pickle.dumps(function(cut))
                    row = {NUMBER: [int(cut.numbers[0])], MADE: [packed]}
                    yield arrow.RecordBatch.from_pydict(row)

        schema = f"{NUMBER} long, {MADE} binary"
        frame = self._source._selected().mapInArrow(made, schema).persist()
        weakref.finalize(self, _let_go, frame).atexit = False
        return frame

    def run(
        self,
        function: Callable[[Any, Iterator[Made]], Result],
        jobs: Sequence[tuple[Any, Sequence[tuple[int, int]]]],
    ) -> list[Result]:
        """Bring what every job asks for together on a worker, and run it there."""
        sql = functions()
        lane = sql.lit(None).cast("int")
        for number, (_, spans) in enumerate(jobs):
            for first, last in spans:
                inside = sql.col(NUMBER).between(first, last - 1)
                lane = sql.when(inside, number).otherwise(lane)
        arguments = pickle.dumps([argument for argument, _ in jobs])
        every = [list(spans) for _, spans in jobs]

        def ran(rows: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
            held = [own for own in rows if len(own)]
            if not held:
                return
            number = int(held[0][LANE].iloc[0])
            by_row = pd.concat(held).set_index(NUMBER)[MADE].sort_index()
            made = (
                pickle.loads(packed)
                for first, last in every[number]
                for packed in by_row.loc[first : last - 1]
            )
            result = function(pickle.loads(arguments)[number], made)
            yield pd.DataFrame({"lane": [number], "found": [pickle.dumps(result)]})

        asked = self._frame.withColumn(LANE, lane).where(sql.col(LANE).isNotNull())
        apart = asked.repartitionById(len(jobs), sql.col(LANE))
        results = apart.mapInPandas(ran, "lane long, found binary").collect()
        return [pickle.loads(row.found) for row in sorted(results, key=lambda row: row.lane)]


def _let_go(frame: Any) -> None:
    with suppress(Exception):  # a session that was stopped holds nothing
        frame.unpersist()


def _partition() -> int:
    """Number of the partition that this worker computes."""
    return int(importlib.import_module("pyspark").TaskContext.get().partitionId())


def _counted(_: int, batches: Iterator[Any]) -> int:
    return sum(batch.num_rows for batch in batches)
