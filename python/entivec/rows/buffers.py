"""The rows of a large table in buffers that fit memory, in an order that is shuffled and known."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

Spans = list[tuple[int, int]]
STREAMS = 8  # places of the table that a buffer is mixed of
BLOCKS_OF_A_GROUP = 16  # that are read one after the other once a place is found


@dataclass(frozen=True)
class Buffers:
    """Which rows train together, by number: a function of the seed, not of how a table is cut.

    The table is cut into groups of consecutive rows. Groups are opened in random order, `STREAMS`
    at a time, and a buffer takes their next blocks in turn, so that a file is read from few places
    and forwards, and yet a buffer is a mixture of the whole.

    Attributes
    ----------
    rows : int
        Of the table.
    most : int
        Rows of a buffer.
    seed : int
    """

    rows: int
    most: int
    seed: int

    @property
    def block(self) -> int:
        """Rows of a block."""
        return max(1, self.most // STREAMS)

    def epoch(self, number: int) -> Iterator[Spans]:
        """Yield the buffers of a pass over the table, as spans (first, last) of rows."""
        width = self.block * BLOCKS_OF_A_GROUP
        groups = -(-self.rows // width)
        order = np.random.default_rng([self.seed, number]).permutation(groups)
        closed = (self._blocks(int(group) * width, width) for group in order)
        streams, spans = deque(islice(closed, STREAMS)), Spans()
        while streams:
            stream = streams.popleft()
            span = next(stream, None)
            if span is None:
                if (fresh := next(closed, None)) is not None:
                    streams.appendleft(fresh)
                continue
            streams.append(stream)
            spans.append(span)
            if len(spans) == STREAMS:
                yield spans
                spans = []
        if spans:
            yield spans

    def rounds(self, lanes: int) -> Iterator[list[Spans]]:
        """Yield, without end, the buffers that `lanes` trainings take side by side."""
        number, held = 0, list[Spans]()
        while True:
            for spans in self.epoch(number):
                held.append(spans)
                if len(held) == lanes:
                    yield held
                    held = []
            number += 1

    def _blocks(self, first: int, width: int) -> Iterator[tuple[int, int]]:
        last = min(first + width, self.rows)
        return ((at, min(at + self.block, last)) for at in range(first, last, self.block))
