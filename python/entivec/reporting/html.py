"""HTML that nothing in a table can break out of: what is not `Markup` is text, and is escaped."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from typing import Any

import numpy as np

MOST_CHARACTERS = 80
# Control characters, halves of surrogate pairs and what is no character: HTML has no form for them.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_VOID = {"br", "input", "link", "meta"}
_ISLAND = str.maketrans({code: f"\\u{ord(code):04x}" for code in "<>&\u2028\u2029"})


class Markup(str):
    """HTML as it is meant."""

    __slots__ = ()


def clean(value: Any, most: int = MOST_CHARACTERS) -> str:
    """Return a value as text that can be shown: no control characters, cut where too long."""
    text = _UNFIT.sub("\ufffd", str(value))
    return text if len(text) <= most else f"{text[: most - 1]}… ({len(text):,} characters)"


def escaped(text: str) -> Markup:
    """Return text as HTML."""
    return Markup(html.escape(_UNFIT.sub("\ufffd", text)))


def joined(*parts: str) -> Markup:
    """Put HTML and text together; text is escaped."""
    return Markup("".join(p if isinstance(p, Markup) else escaped(str(p)) for p in parts))


def tag(name: str, /, *children: str, **attributes: Any) -> Markup:
    """Return an element; `class_` is the attribute class, `aria_label` is aria-label."""
    told = "".join(
        f" {key.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{_attribute(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    end = "" if name in _VOID else f"{joined(*children)}</{name}>"
    return Markup(f"<{name}{told}>{end}")


def _attribute(value: Any) -> str:
    return html.escape(_UNFIT.sub("\ufffd", str(value)))


def isolated(value: Any, most: int = MOST_CHARACTERS) -> Markup:
    """Return a value of a table within a sentence: writing from right to left stays inside it."""
    return tag("bdi", clean(value, most))


def island(name: str, data: Any) -> Markup:
    """Return data for the page's scripts; nothing in it can end the element it stands in."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = _UNFIT.sub("\ufffd", text).translate(_ISLAND)
    return Markup(f'<script type="application/json" id="data-{name}">{text}</script>')


def packed(numbers: np.ndarray) -> str:
    """Return an array of small whole numbers as base64, lowest byte first."""
    return base64.b64encode(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).decode()


def checksum(text: str) -> str:
    """Return what a Content-Security-Policy calls a script or style sheet by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
