"""How a text was written, so that others can be written like it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_TOKEN = re.compile(r"%(\{[^}]*\}|-?[A-Za-z]|%)")


def template_of(found: re.Match[str], tokens: Mapping[str, str]) -> str:
    """Return the text of a match with tokens, "%d" or "%{any,thing}", in place of its groups."""
    text, parts, at = found.string, [], 0
    named = [name for name in found.re.groupindex if name in tokens and found[name]]
    for name in sorted(named, key=found.start):
        parts += [text[at : found.start(name)].replace("%", "%%"), tokens[name]]
        at = found.end(name)
    return "".join([*parts, text[at:].replace("%", "%%")])


def fill(template: str, written: Callable[[str], str]) -> str:
    """Return a template with what `written` gives for each token in place of it."""
    return _TOKEN.sub(
        lambda found: "%" if found[1] == "%" else written(found[1].strip("{}")), template
    )
