"""Figures made of long trainings: measured run by run, kept after each, judged together."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import report

Run = dict[str, Any]


class Figure(NamedTuple):
    """How a figure is measured, summed up and drawn, at the full scale or that of a smoke run.

    `runs` yields what identifies a run beside what measures it.
    """

    runs: Callable[[Any], Iterator[tuple[Run, Callable[[], Run]]]]
    summary: Callable[[Any, list[Run]], tuple[str, list[str], dict[str, Any]]]
    draw: Callable[[list[Run], dict[str, Any]], None] | None = None


def measure(file: str, figure: Figure, scale: Any, keep: bool) -> list[str]:
    """Measure what is missing of a figure, print it, and keep it after every run."""
    path = report.RESULTS / f"{file}.json"
    done: list[Run] = json.loads(path.read_text())["runs"] if keep and path.exists() else []
    for key, point in figure.runs(scale):
        if any(key.items() <= run.items() for run in done):
            continue
        done.append({**key, **point()})
        print(file, done[-1], flush=True)
        if keep:
            report.write(file, {"runs": done}, "unfinished")
    text, failures, more = figure.summary(scale, done)
    print(text)
    if keep:
        report.write(file, {"runs": done, **more}, text)
        if figure.draw:
            figure.draw(done, more)
    return failures


def main(
    family: str,
    figures: Mapping[str, Figure],
    scales: Mapping[bool, Any],
    arguments: Sequence[str] | None = None,
) -> int:
    """Measure the figures asked for, `scales[smoke]` large; return the exit status."""
    parser = argparse.ArgumentParser(description=f"The {family} family's figures.")
    parser.add_argument("figures", nargs="*", choices=[*figures, []], help="all unless named")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, nothing written")
    given = parser.parse_args(arguments)
    failures = []
    for name in given.figures or figures:
        file = f"{family}-{name}"
        failures += measure(file, figures[name], scales[given.smoke], keep=not given.smoke)
    if given.smoke:
        print("smoke run: figures of so small a run mean nothing")
        return 0
    return report.verdict(failures)
