"""Pictures as inline SVG: no style attributes, which the page's policy forbids, only classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from entivec.reporting.html import Markup, joined, tag
from entivec.reporting.words import number

SHADES = 10  # of the heat map, in the style sheet


def bar(share: float, class_: str = "") -> Markup:
    """Return a bar of a share in [0, 1], for a cell of a table."""
    width = round(100 * min(max(share, 0.0), 1.0), 1) if np.isfinite(share) else 0
    filled = tag("rect", width=width, height=6, class_="fill")
    track = tag("rect", width=100, height=6, class_="track")
    return tag(
        "svg", track, filled, class_=f"bar {class_}".strip(), viewBox="0 0 100 6",
        preserveAspectRatio="none", aria_hidden="true",
    )  # fmt: skip


def lines(
    series: dict[str, tuple[np.ndarray, np.ndarray]], across: str, upwards: str, label: str
) -> Markup:
    """Return a chart of named lines, each given by x and y."""
    x = np.concatenate([x for x, _ in series.values()])
    y = np.concatenate([y for _, y in series.values()])
    frame = _Frame.of(x, y)
    parts = [frame.axes(across, upwards)]
    for place, (name, (xs, ys)) in enumerate(series.items()):
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(frame.x(xs), frame.y(ys), strict=True))
        parts.append(tag("polyline", points=points, class_=f"line s{place}"))
        parts.append(_key(name, place, frame.right))
    return _picture(joined(*parts), 720, 300, label)


def histogram(values: np.ndarray, threshold: float, across: str, label: str) -> Markup:
    """Return how often values come, those from a threshold on in another colour."""
    top = float(np.quantile(values, 0.999)) if len(values) else 1.0
    counts, edges = np.histogram(np.minimum(values, top), bins=48)
    frame = _Frame.of(edges, np.array([0, counts.max(initial=1)]), height=200)
    parts = [frame.axes(across, "rows")]
    for many, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        a, b = frame.x(np.array([left, right]))
        height = frame.bottom - float(frame.y(np.array([many]))[0])
        beyond = "beyond" if left >= threshold else "within"
        parts.append(
            tag("rect", x=f"{a + 0.5:.1f}", y=f"{frame.bottom - height:.1f}", class_=beyond,
                width=f"{max(b - a - 1, 0.5):.1f}", height=f"{height:.1f}")
        )  # fmt: skip
    return _picture(joined(*parts), 720, 200, label)


def scatter(x: np.ndarray, y: np.ndarray, classes: np.ndarray, label: str) -> Markup:
    """Return points, coordinates in [0, 1], as one path per class of the style sheet."""
    parts = []
    for shade in np.unique(classes):
        those = classes == shade
        path = "".join(f"M{round(728 * a)} {round(520 - 520 * b)}h0"
                       for a, b in zip(x[those], y[those], strict=True))  # fmt: skip
        parts.append(tag("path", d=path, class_=f"dots {shade}"))
    return tag(
        "svg", *parts, class_="picture", viewBox="-8 -8 744 536", role="img", aria_label=label
    )


def heat(shares: np.ndarray, rows: Sequence[str], columns: Sequence[str], label: str) -> Markup:
    """Return a heat map of shares (rows, columns) in [0, 1]."""
    left, top, cell, line = 190, 6, max(9, min(22, 720 // max(len(columns), 1))), 18
    shade = np.clip((shares * SHADES).astype(int), 0, SHADES - 1)
    parts = []
    for q in range(SHADES):
        cells = zip(*np.nonzero(shade == q), strict=True)
        path = "".join(f"M{left + j * cell} {top + i * line}h{cell - 1}v{line - 1}h{1 - cell}z"
                       for i, j in cells)  # fmt: skip
        if path:
            parts.append(tag("path", d=path, class_=f"heat{q}"))
    for i, name in enumerate(rows):
        parts.append(tag("text", name, x=left - 8, y=top + i * line + 13, text_anchor="end"))
    under = top + len(rows) * line
    for j, name in enumerate(columns):
        if len(columns) <= 30 or j % 5 == 0:
            parts.append(tag("text", name, x=left + j * cell + cell // 2, y=under + 14,
                             text_anchor="middle"))  # fmt: skip
    return _picture(joined(*parts), left + cell * len(columns) + 8, under + 24, label)


def _picture(inside: Markup, width: int, height: int, label: str) -> Markup:
    return tag(
        "svg", inside, class_="picture", viewBox=f"0 0 {width} {height}", role="img",
        aria_label=label, width=width,
    )  # fmt: skip


def _key(name: str, place: int, right: float) -> Markup:
    y = 22 + 20 * place
    stroke = tag("line", x1=right - 130, x2=right - 106, y1=y, y2=y, class_=f"line s{place}")
    return joined(stroke, tag("text", name, x=right - 98, y=y + 4))


class _Frame:
    """The axes of a chart: from values to places."""

    def __init__(self, low: np.ndarray, high: np.ndarray, height: int) -> None:
        self.low, self.high = low, high
        self.left, self.right, self.top, self.bottom = 74.0, 692.0, 12.0, height - 44.0

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, height: int = 300) -> _Frame:
        """Hold all finite values."""
        low = np.array([np.nanmin(x), np.nanmin(y)], dtype=float)
        high = np.array([np.nanmax(x), np.nanmax(y)], dtype=float)
        high = np.where(high > low, high, low + 1)
        return cls(low, high, height)

    def x(self, values: np.ndarray) -> np.ndarray:
        share = (values - self.low[0]) / (self.high[0] - self.low[0])
        return np.asarray(self.left + share * (self.right - self.left))

    def y(self, values: np.ndarray) -> np.ndarray:
        share = (values - self.low[1]) / (self.high[1] - self.low[1])
        return np.asarray(self.bottom - share * (self.bottom - self.top))

    def axes(self, across: str, upwards: str) -> Markup:
        parts = []
        for value in _ticks(self.low[1], self.high[1]):
            y = round(float(self.y(np.array([value]))[0]), 1)
            parts.append(tag("line", x1=self.left, x2=self.right, y1=y, y2=y, class_="grid"))
            parts.append(tag("text", number(value), x=self.left - 8, y=y + 4, text_anchor="end"))
        for value in _ticks(self.low[0], self.high[0]):
            x = round(float(self.x(np.array([value]))[0]), 1)
            parts.append(tag("text", number(value), x=x, y=self.bottom + 18, text_anchor="middle"))
        parts.append(tag("text", across, x=(self.left + self.right) / 2, y=self.bottom + 38,
                         text_anchor="middle", class_="axis"))  # fmt: skip
        middle = (self.top + self.bottom) / 2
        parts.append(tag("text", upwards, x=10, y=middle, text_anchor="middle", class_="axis",
                         transform=f"rotate(-90 10 {middle})"))  # fmt: skip
        return joined(*parts)


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers from `low` to `high`."""
    step = 10 ** np.floor(np.log10((high - low) / 4))
    step *= min((1, 2, 5, 10), key=lambda many: abs((high - low) / (many * step) - 4.5))
    first = np.ceil(low / step - 1e-9)
    return [
        float(f"{k * step:.10g}") + 0.0 for k in np.arange(first, np.floor(high / step + 1e-9) + 1)
    ]
