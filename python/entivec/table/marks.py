"""What people and programs write where a value is missing."""

from __future__ import annotations

import re

_WORDS = (
    "?|-|--|---|–|—|.|..|...|*|x|#|#n/a|#na|#null!|#value!|#ref!|#div/0!|<na>|n/a|n.a.|n.a|na|n.d.|nd|"
    "nan|-nan|nat|null|(null)|nil|none|(none)|missing|(missing)|unknown|(unknown)|unk|undefined|unspecified|"
    "not available|not applicable|not known|not given|not provided|not specified|no data|no value|"
    "tbd|tba|k.a.|keine angabe|0000-00-00|00/00/0000|00.00.0000|00-00-0000|0000-00-00 00:00:00"
)
MARKS = frozenset(["", *_WORDS.split("|")])
_VARIES = re.compile(r"varies\b.*|see \w+|not \w+")


def is_mark(text: str) -> bool:
    """Tell whether a text among numbers or dates says that there is no value."""
    word = text.strip().lower()
    return word in MARKS or _VARIES.fullmatch(word) is not None
