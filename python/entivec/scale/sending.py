"""What travels to workers."""

from __future__ import annotations

import copy
from typing import Any


def for_transform(estimator: Any) -> Any:
    """Return a copy of a fitted estimator with what `transform` needs: no moments, no history.

    Equal models give equal pickles, by which an engine knows what it has computed already.
    """
    lean = copy.copy(estimator)
    for name in ("_resumable", "history_"):
        lean.__dict__.pop(name, None)
    return lean
