"""What is sent to workers, and what the frame there must have."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any


def check_columns(frame: Any, names: Sequence[str]) -> None:
    """Raise where a frame lacks a column."""
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise ValueError(
            f"column {absent[0]!r} is missing; the frame has the columns"
            f" {list(frame.columns[:10])!r}"
        )


def for_transform(estimator: Any) -> Any:
    """Return a copy of a fitted estimator with what `transform` needs: no moments, no history.

    Equal models give equal pickles, by which an engine knows what it has computed already.
    """
    lean = copy.copy(estimator)
    for name in ("_resumable", "history_"):
        lean.__dict__.pop(name, None)
    return lean
