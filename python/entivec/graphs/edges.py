"""Edge lists and raw transactions, read into nodes and edges between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from entivec.events.cutoffs import one_moment
from entivec.events.keys import factorize
from entivec.events.reading import Columns, open_log
from entivec.events.times import read_times
from entivec.table.cells import (
    BOOL,
    EMPTY,
    NUMBER,
    Name,
    cells_of,
    column_error,
    family,
    first_foreign,
)
from entivec.table.continuous import finite_floats


@dataclass(frozen=True)
class EdgeColumns:
    """Which column of a frame is what."""

    source: Name
    target: Name
    weight: Name | None = None
    time: Name | None = None

    def names(self) -> list[Name]:
        """Every column that is read.

        Raises
        ------
        ValueError
            If source or target is not given, or one column is given two purposes.
        """
        for purpose in ("source", "target"):
            if getattr(self, purpose) is None:
                raise ValueError(
                    f"{purpose} is None; name the columns that an edge comes from and goes to, such"
                    " as Node2Vec('payer', 'payee')"
                )
        given = [self.source, self.target, self.weight, self.time]
        names = [name for name in given if name is not None]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"column {name!r} is given two purposes; name each column once")
        return names


@dataclass(frozen=True)
class Edges:
    """Edges of positive weight between nodes.

    Attributes
    ----------
    nodes : pandas.Index
        Sorted, so that their order does not depend on that of the edges.
    source, target : ndarray of shape (edges,), int32
        Positions in `nodes`.
    weight : ndarray of shape (edges,), float64, or None
        None where all are 1. Scaled by a power of two, the largest is in [0.5, 1).
    isolated : pandas.Index
        Nodes all of whose edges weigh 0.
    """

    nodes: pd.Index
    source: np.ndarray
    target: np.ndarray
    weight: np.ndarray | None
    isolated: pd.Index


def read_edges(frame: Any, columns: EdgeColumns, cutoff: Any = None) -> Edges:
    """Read the edges before `cutoff`.

    Raises
    ------
    ValueError
        If a column is absent, a node or weight missing, a weight negative or infinite, a time
        missing or unreadable, or no edge is left; the message names the column and the value.
    """
    log = open_log(frame, columns.names())
    source, target, nodes = _nodes(log, columns)
    weight = None if columns.weight is None else _weights(log, columns.weight)
    kept = _before(log, columns.time, cutoff)
    if kept is not None:
        source, target = source[kept], target[kept]
        weight = None if weight is None else weight[kept]
    met = _met(len(nodes), source, target)
    if weight is not None:
        positive = weight > 0
        if not positive.any():
            column_error(columns.weight, "has no weight above 0", "give at least one edge a weight")
        source, target, weight = source[positive], target[positive], weight[positive]
        weight = weight / 2.0 ** np.frexp(weight.max())[1]
    joined = _met(len(nodes), source, target)
    place = np.cumsum(joined, dtype=np.int32) - np.int32(1)
    return Edges(nodes[joined], place[source], place[target], weight, nodes[met & ~joined])


def _nodes(log: Columns, columns: EdgeColumns) -> tuple[np.ndarray, np.ndarray, pd.Index]:
    """Both ends of every edge as positions in one sorted index."""
    ends = [factorize(name, log.cells(name)) for name in (columns.source, columns.target)]
    for name, (codes, _) in zip((columns.source, columns.target), ends, strict=True):
        _refuse(name, codes < 0, "has no node", "drop such rows, or give them a node of their own")
    (source, sources), (target, targets) = ends
    levels = cells_of(pd.Series(sources.append(targets), dtype=_common(sources, targets)))
    places, nodes = factorize(columns.source, levels)
    return places[: len(sources)][source], places[len(sources) :][target], nodes.rename("node")


def _common(one: pd.Index, other: pd.Index) -> Any:
    return None if one.dtype == other.dtype else one.append(other).dtype


def _weights(log: Columns, name: Name) -> np.ndarray:
    cells = log.cells(name)
    if family(cells) not in (NUMBER, BOOL, EMPTY):
        column_error(
            name,
            f"should hold weights and holds {first_foreign(cells, NUMBER)!r}",
            "give numbers of at least 0",
        )
    weight = finite_floats(name, cells)
    _refuse(name, np.isnan(weight), "has no weight", "give one, or drop such rows")
    negative = weight < 0
    if negative.any():
        row = int(negative.argmax())
        column_error(
            name,
            f"holds the negative weight {weight[row]:g} at row position {row}",
            "weights are amounts or counts of at least 0; give refunds edges of their own",
        )
    return weight


def _before(log: Columns, name: Name | None, cutoff: Any) -> np.ndarray | None:
    """Which edges lie before the cut-off; None for all."""
    if name is None:
        if cutoff is not None:
            raise ValueError(f"cutoff={cutoff!r} needs time=: name the column of the edges' times")
        return None
    times = read_times(name, log.cells(name))
    if cutoff is None:
        return None
    if times.missing is not None:
        _refuse(name, times.missing, "has no time", "give one, or drop such rows")
    if not pd.api.types.is_scalar(cutoff):
        raise ValueError(f"cutoff must be one time for the whole graph, got {cutoff!r}")
    kept = np.asarray(times.ticks < one_moment(cutoff, times.unit, times.zone))
    if not kept.any():
        column_error(name, f"has no time before the cut-off {cutoff}", "give a later cutoff")
    return kept


def _met(nodes: int, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    met = np.zeros(nodes, dtype=bool)
    met[source] = met[target] = True
    return met


def _refuse(name: Name, wrong: np.ndarray, problem: str, advice: str) -> None:
    if wrong.any():
        column_error(
            name,
            f"{problem} in {int(wrong.sum())} rows, the first at position {int(wrong.argmax())}",
            advice,
        )
