"""What people and programs write where a value is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORDS = (
    "?|-|--|---|–|—|.|..|...|*|x|#|#n/a|#na|#null!|#value!|#ref!|#div/0!|<na>|n/a|n.a.|n.a|na|n.d.|nd|"
    "nan|-nan|nat|null|(null)|nil|none|(none)|missing|(missing)|unknown|(unknown)|unk|undefined|unspecified|"
    "not available|not applicable|not known|not given|not provided|not specified|no data|no value|"
    "tbd|tba|k.a.|keine angabe|0000-00-00|00/00/0000|00.00.0000|00-00-0000|0000-00-00 00:00:00"
)
MARKS = frozenset(["", *_WORDS.split("|")])
_STARTS = ("varies", "see ", "not ")
_VARIES = re.compile(r"varies\b.*|see \w+|not \w+")


_FIRST = 8  # texts of a column of which one is written its usual way, almost surely


def written_so(grammar: re.Pattern[str], texts: Sequence[str], share: float) -> list[re.Match[str]]:
    """Return the matches among texts; none where the share that fits is hopeless.

    Parameters
    ----------
    grammar : compiled pattern
    texts : sequence of str
    share : float
        That must match. Where it is most of them, the first few tell.
    """
    if share > 0.5 and not any(grammar.fullmatch(text) for text in texts[:_FIRST]):
        return []
    found = [match for text in texts if (match := grammar.fullmatch(text))]
    return found if len(found) >= share * len(texts) else []


def is_mark(text: str) -> bool:
    """Tell whether a text among numbers or dates says that there is no value."""
    word = text.strip().lower()
    if word in MARKS:
        return True
    return word.startswith(_STARTS) and _VARIES.fullmatch(word) is not None
