"""For every test: the seconds of each file, at the end of a run."""

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.location[0]] += report.duration
    terminalreporter.section("seconds of each file")
    for file, spent in seconds.most_common():
        terminalreporter.write_line(f"{spent:8.1f}  {file}")
