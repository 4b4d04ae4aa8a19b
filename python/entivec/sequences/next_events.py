"""What comes next, as a tidy frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from entivec.base.top import top_places
from entivec.sequences.fitting import part_names
from entivec.sequences.network import Log
from entivec.sequences.reading import Reading
from entivec.table.blocks import FIRST_LEVEL

if TYPE_CHECKING:
    from entivec.sequences.encoder import SequenceEncoder

STATES_AT_A_TIME = 1024


def next_events(
    estimator: SequenceEncoder,
    events: Any,
    n: int,
    cutoff: Any,
    entities: Any,
    exclude_seen: bool,
    after: str,
) -> pd.DataFrame:
    """Return `SequenceEncoder.predict_next`."""
    if estimator.objective == "contrastive" or not len(estimator.categories):
        raise ValueError(
            "predict_next needs an objective that says events ('next' or 'reconstruct', here"
            f" {estimator.objective!r}) and at least one of categories"
        )
    if after not in ("last", "every"):
        raise ValueError(f"after is {after!r}; give 'last' or 'every'")
    reading = estimator._read_log(events, cutoff, entities)
    network, threads = estimator.network_, estimator._threads()
    if after == "every":
        states = network.trace(reading.log, threads)
        owner = np.repeat(np.arange(len(reading.log.lengths)), reading.log.lengths)
        until = np.arange(1, len(states) + 1)
    else:
        _, states = network.embed(reading.log, threads)
        owner, until = np.arange(len(states)), reading.log.offsets[1:]
    seen = (reading.log, owner, until) if exclude_seen else None
    found, probabilities = _most_probable(estimator, states, n, seen)
    numbers = network.net.numbers(network.params, states, threads)
    frame = _index(estimator, reading, owner, events, after)
    return _tidy(estimator, frame, found, probabilities, numbers, reading)


def _most_probable(
    estimator: SequenceEncoder,
    states: np.ndarray,
    n: int,
    seen: tuple[Log, np.ndarray, np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Codes and probabilities (states, n), most probable first; -1 and NaN beyond the last."""
    network, threads = estimator.network_, estimator._threads()
    levels = network.levels[0] - FIRST_LEVEL
    n = min(n, levels)
    codes = np.full((len(states), n), -1, dtype=np.int64)
    best = np.full((len(states), n), np.nan, dtype=np.float32)
    for first in range(0, len(states), STATES_AT_A_TIME):
        part = slice(first, first + STATES_AT_A_TIME)
        given = np.ascontiguousarray(states[part])
        scores = network.net.probabilities(network.params, 0, given, threads)
        if seen is not None:
            _leave_out(scores, part, *seen)
        top = top_places(scores, n)
        own = np.take_along_axis(scores, top, axis=1)
        codes[part] = np.where(own >= 0, top + FIRST_LEVEL, -1)
        best[part] = np.where(own >= 0, own, np.nan)
    return codes, best


def _leave_out(
    scores: np.ndarray, part: slice, log: Log, owner: np.ndarray, until: np.ndarray
) -> None:
    for row, (own, end) in enumerate(zip(owner[part], until[part], strict=True)):
        codes = log.codes[log.offsets[own] : end, 0]
        scores[row, codes[codes >= FIRST_LEVEL] - FIRST_LEVEL] = -1


def _index(
    estimator: SequenceEncoder, reading: Reading, owner: np.ndarray, events: Any, after: str
) -> pd.DataFrame:
    """Whose states they are, and after which event."""
    own = reading.index[owner]
    frame = own.to_frame(index=False)
    if after == "every":
        rows = reading.rows
        frame.insert(0, "event", events.index[rows] if isinstance(events, pd.DataFrame) else rows)
    return frame


def _tidy(
    estimator: SequenceEncoder,
    frame: pd.DataFrame,
    codes: np.ndarray,
    probabilities: np.ndarray,
    numbers: np.ndarray,
    reading: Reading,
) -> pd.DataFrame:
    count = codes.shape[1]
    tidy = frame.loc[frame.index.repeat(count)].reset_index(drop=True)
    tidy["rank"] = np.tile(np.arange(1, count + 1), len(frame))
    flat = codes.ravel()
    names = estimator.encoder_.inverse(np.maximum(flat, 0), 0)
    tidy[part_names(estimator.encoder_, estimator.numbers_)[0]] = pd.Series(names).infer_objects()
    tidy["probability"] = probabilities.ravel()
    expected = estimator.numbers_.invert(numbers)
    for name, column in zip(estimator.numbers_.names, expected.T, strict=True):
        values: Any = np.repeat(column, count)
        if name == "gap":
            values = np.maximum(values, 0)
            if reading.blocks.unit is not None:
                values = pd.to_timedelta(values, unit="s")
        tidy[name if name not in tidy else f"expected_{name}"] = values
    return tidy[flat >= 0].reset_index(drop=True)
