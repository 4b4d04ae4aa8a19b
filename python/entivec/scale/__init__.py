"""Larger than memory, larger than a machine: one path, of which disk and Dask are thin callers.

What is computed of a table's rows knows no engine:

``Gauge(piece)``
    Summarizes rows: exact counts of levels and gaps, sums and products of the dense cells on a
    grid, as whole numbers. A uniform sample, by a hash of the row's number (`Drawn`), decides
    kinds, scales and which levels have codes; it is the sketch of the quantiles, whose ranks are
    within sqrt(ln(2/δ) / 2k) of the rows', k rows sampled, with certainty 1 - δ (Dvoretzky, Kiefer
    & Wolfowitz 1956; Massart 1990): 0.4 % at 200,000 rows and 99 %.
``merge(summaries)``
    Adds them up, to the same bits in any order and any partition.
``Encode(piece)``
    Makes of rows what a network reads.
``Lane``, ``train``, ``averaged``
    A training on a buffer of these, from a state that is given, and the mean of several in their
    order.

A `Source` says where rows are and runs these there: `Source.reduce` (summaries), `Source.keep`
(rows as a network reads them, which an engine makes once) and `Kept.run` (lanes). `entivec.scan`
is the one of files and iterators, `entivec.scale.dask` that of Dask. A fit is
`estimator.fit(source)`; its bits depend on the rows, the memory and the number of lanes, never on
the partition, the engine or the workers.
"""

from entivec.base.source import Kept, Piece, Source, scan
from entivec.rows.stream import Encode, Lane, Trained, averaged, train
from entivec.rows.summary import Drawn, Gauge, Summary, merge

__all__ = [
    "Drawn",
    "Encode",
    "Gauge",
    "Kept",
    "Lane",
    "Piece",
    "Source",
    "Summary",
    "Trained",
    "averaged",
    "merge",
    "scan",
    "train",
]
