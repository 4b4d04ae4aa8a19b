"""How to make the page again: settings, versions, seeds, checksums and code."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from entivec._versions import versions
from entivec.reporting.html import Markup, clean, joined, tag
from entivec.reporting.subject import Section, Subject
from entivec.reporting.tables import Cell, table

VERSIONS = {"bfloat16", "levels built", "levels usable"}  # that no figure depends on


def section(
    subject: Subject, settings: Mapping[str, Any], code: str | None, files: Mapping[str, str]
) -> Section:
    """Return what the page was made of.

    Parameters
    ----------
    settings : mapping
        Of the report.
    code : str or None
        What makes it again; written down from the model where None.
    files : mapping of str to str
        Checksums by file name.
    """
    checksums = dict(files) or {name: checksum(frame) for name, frame in subject.tables.items()}
    if subject.labels.shape[1] and not files:
        checksums["y"] = checksum(subject.labels)
    body = joined(
        tag("pre", tag("code", code or _code(subject, settings)), tabindex=0),
        _pairs("Checksums of the data", checksums, "SHA-256"),
        _folded("Settings of the model", subject.whole.get_params(deep=True)),
        _folded("Versions", {k: v for k, v in versions().items() if k not in VERSIONS}),
    )
    lead = (
        f"{type(subject.whole).__name__} with seed {subject.whole.random_state!r}; the report draws"
        f" its samples, clusters and map with seed {subject.seed}. Same seeds, same numbers."
    )
    return Section("again", "How to make this again", lead, body)


def _pairs(caption: str, values: Mapping[str, Any], what: str = "Value") -> Markup:
    rows = [[str(key), Cell(tag("code", clean(value, 300)))] for key, value in values.items()]
    return table(caption, ["Name", what], rows)


def _folded(caption: str, values: Mapping[str, Any]) -> Markup:
    return tag("details", tag("summary", caption), _pairs(caption, values))


def checksum(frame: pd.DataFrame) -> str:
    """SHA-256 of a table's cells, index and column names in memory."""
    digest = hashlib.sha256(repr([str(name) for name in frame.columns]).encode("utf-8", "replace"))
    plain = frame.copy(deep=False)
    for place in range(frame.shape[1]):
        if frame.dtypes.iloc[place].kind == "O":
            plain.isetitem(place, frame.iloc[:, place].map(repr).array)
    digest.update(np.ascontiguousarray(pd.util.hash_pandas_object(plain).to_numpy()).tobytes())
    return digest.hexdigest()


def _code(subject: Subject, settings: Mapping[str, Any]) -> str:
    options = "".join(f", {name}={value!r}" for name, value in settings.items())
    if subject.whole is subject.model:
        given, lines = "X", [f"X = ...  # {_shape(subject.frame)}"]
    else:
        given, lines = "frames", ["frames = {"]
        for name, frame in subject.tables.items():
            lines.append(f"    {name!r}: ...,  # {_shape(frame)}")
        lines.append("}")
    labels = ""
    if subject.labels.shape[1]:
        lines.append(f"y = ...  # {', '.join(clean(name) for name in subject.labels.columns)}")
        labels = ", y"
    return "\n".join(
        [
            "import entivec",
            "",
            *lines,
            f"model = entivec.{subject.whole!r}.fit({given})",
            f'entivec.report(model, {given}{labels}, path="report.html"{options})',
        ]
    )


def _shape(frame: pd.DataFrame) -> str:
    return f"{frame.shape[0]:,} rows × {frame.shape[1]:,} columns"
