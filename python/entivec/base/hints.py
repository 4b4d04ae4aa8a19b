"""Hints at what somebody meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


def did_you_mean(name: Any, names: Iterable[Any]) -> str:
    """Return a hint at the name that is nearest to one that is not there, or ""."""
    known = {str(other).casefold(): str(other) for other in names}
    near = difflib.get_close_matches(str(name).casefold(), known, n=1)
    return f" (did you mean {known[near[0]]!r}?)" if near else ""
