"""The map: every row a point, coloured by what one likes, with its neighbours."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from entivec.evaluate import neighbours
from entivec.reporting.coded import Coded, code
from entivec.reporting.drawings import scatter
from entivec.reporting.groups import Groups
from entivec.reporting.html import Markup, clean, joined, packed, tag
from entivec.reporting.projection import STEPS, project, quantised
from entivec.reporting.subject import Section, Subject
from entivec.reporting.words import cell, number

MOST_BYTES = 2_400_000  # of all columns
LEAST_BYTES = 4 / 3  # of a cell, in base64
FEWEST_ROWS = 1_500
NEIGHBOURS = 6
LEVELS = (2**15, 2**10, 2**8 - 1, 63)  # of a column at most, as many as there is room for
MOST_DOTS = 2_500  # of the picture without script
COLOURS = 8
HELP = (
    "Arrow keys go from point to point, plus and minus zoom, Escape lets go. A point's values and"
    " nearest neighbours in the embedding (cosine) among those drawn stand beside the map."
)


def section(subject: Subject, groups: Groups, most: int, method: str) -> Section:
    """Return the map of at most `most` rows."""
    rows, columns = _columns(subject, groups, most)
    codes = subject.embedding.to_numpy()[rows]
    plane, how = project(codes, method, subject.seed)
    places = quantised(plane)
    k = min(NEIGHBOURS, len(rows) - 1)
    data = {
        "ids": [clean(cell(name), 60) for name in subject.frame.index[rows]],
        "x": packed(places[:, 0]),
        "y": packed(places[:, 1]),
        "k": k,
        "neighbours": packed(nearest(codes, k)),
        "columns": [column.coded.document(column.name, column.group) for column in columns],
    }
    n, shown = len(subject.frame), f"All {len(rows):,} rows"
    if len(rows) < n:
        shown = f"A random sample of {len(rows):,} of the {n:,} rows (seed {subject.seed})"
    lead = f"{shown}, drawn by {how}. Near in the map is roughly near in the embedding."
    return Section("map", "The map", lead, _body(columns[0], places), {"map": data})


class Colour(NamedTuple):
    """What points can be coloured by."""

    name: Any
    group: str
    coded: Coded


def _columns(subject: Subject, groups: Groups, most: int) -> tuple[np.ndarray, list[Colour]]:
    """Return the rows that are drawn and all columns of theirs.

    Where there is no room for every distinct value of every column numbers are rounded, and a wide
    table is drawn by fewer rows.
    """
    offered = _offered(subject, groups)
    n = min(len(subject.frame), most)
    fitting = max(FEWEST_ROWS, int(MOST_BYTES / LEAST_BYTES / len(offered)))
    rows = subject.sample(min(n, fitting))
    for levels in LEVELS if fitting >= n else LEVELS[-1:]:
        columns = [
            Colour(column.name, group, code(column.iloc[rows], levels)) for column, group in offered
        ]
        if sum(column.coded.size() for column in columns) <= MOST_BYTES:
            break
    return rows, columns


def _offered(subject: Subject, groups: Groups) -> list[tuple[pd.Series[Any], str]]:
    """Return labels first, then what was found, then the columns, with the names of their kind."""
    labels = [(subject.labels.iloc[:, i], "Labels") for i in range(subject.labels.shape[1])]
    found = [(groups.names(), "Found"), (subject.row_errors, "Found")]
    own = [(subject.frame.iloc[:, i], "Columns") for i in range(subject.frame.shape[1])]
    return [*labels, *found, *own]


def nearest(codes: np.ndarray, k: int) -> np.ndarray:
    """Positions (n, k) of the rows nearest by cosine similarity, the nearest first."""
    if k < 1:
        return np.empty((len(codes), 0), np.uint16)
    found = neighbours(codes, n=k)["neighbour"].to_numpy()
    return np.asarray(found.reshape(len(codes), k), dtype=np.uint16)


def _body(colour: Colour, places: np.ndarray) -> Markup:
    name, _, column = colour
    label = f"Map of the rows, coloured by {clean(name)}"
    canvas = tag(
        "canvas", id="canvas", tabindex=0, role="application", hidden=True,
        aria_label=label, aria_describedby="map-help",
    )  # fmt: skip
    static = tag("div", _static(column, places, label), id="static")
    tip = tag("div", id="tip", role="tooltip", hidden=True)
    legend = tag("div", _legend(name, column), id="legend")
    panel = tag("div", id="panel", aria_live="polite", hidden=True)
    return joined(
        _controls(),
        tag(
            "div",
            tag("div", static, canvas, tip, class_="stage"),
            tag("div", legend, panel, class_="beside"),
            class_="map",
        ),
        tag("p", HELP, class_="note scripted", id="map-help", hidden=True),
    )


def _controls() -> Markup:
    look = {"type": "search", "list": "ids", "autocomplete": "off", "placeholder": "id of a row"}
    buttons = [
        tag("button", text, type="button", id=name, aria_label=told)
        for text, name, told in (
            ("+", "nearer", "Zoom in"),
            ("−", "farther", "Zoom out"),
            ("Whole map", "whole", None),
        )
    ]
    return tag(
        "div",
        tag("label", "Colour by ", tag("select", id="colour")),
        tag("label", "Find ", tag("input", id="search", **look)),
        tag("datalist", id="ids"),
        tag("span", *buttons, class_="buttons"),
        class_="controls",
        hidden=True,
    )


def _static(column: Coded, places: np.ndarray, label: str) -> Markup:
    """Return the picture for readers without script."""
    step = -(-len(places) // MOST_DOTS)
    thin = slice(None, None, step)
    x, y = (places[thin, axis] / STEPS for axis in (0, 1))
    return scatter(x, y, _classes(column)[thin], label)


def _classes(column: Coded) -> np.ndarray:
    codes = column.codes.astype(int)
    if column.kind == "level":
        classes = np.where(codes > COLOURS, "other", np.char.add("c", (codes - 1).astype(str)))
    elif _few(column):
        shades = [_swatch(column, place) for place in range(len(column.levels))]
        classes = np.array(shades)[codes - 1]
    else:
        rank = pd.Series(codes).where(codes > 0).rank(pct=True).to_numpy()
        shade = np.nan_to_num(np.clip(rank * 8, 0, 7)).astype(int)
        classes = np.char.add("v", shade.astype(str))
    return np.where(codes == 0, "none", classes)


def _few(column: Coded) -> bool:
    """Return whether numbers or dates are few enough for a shade each."""
    return column.kind != "level" and column.exact and 0 < len(column.levels) <= COLOURS


def _swatch(column: Coded, place: int) -> str:
    """Return the class of a level's colour, as map.js has it."""
    if column.kind == "level":
        return f"c{place}"
    return f"v{round((COLOURS - 1) * place / max(1, len(column.levels) - 1))}"


def _spoken(column: Coded) -> list[str]:
    if column.kind == "number":
        return [number(level) for level in column.levels]
    if column.kind == "date":
        return [cell(pd.Timestamp(level, unit="D")) for level in column.levels]
    return column.levels


def _legend(name: Any, column: Coded) -> Markup:
    if column.kind != "level" and not _few(column):
        return tag("p", f"{clean(name)}: dark is low, light is high")
    items = [
        tag("li", tag("i", class_=f"swatch {_swatch(column, place)}"), tag("bdi", level))
        for place, level in enumerate(_spoken(column)[:COLOURS])
    ]
    if len(column.levels) > COLOURS:
        items.append(tag("li", tag("i", class_="swatch other"), "other"))
    return joined(tag("h3", tag("bdi", clean(name))), tag("ul", *items))
