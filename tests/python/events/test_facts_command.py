"""``entivec facts``: what it writes, and how it fails."""

from __future__ import annotations

import pandas as pd
import pytest

from entivec import FactAggregator, load
from entivec.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    events = pd.DataFrame(
        {
            "customer": ["007", "12", "007", "12", "007"],
            "date": ["2024-01-03", "2024-02-01", "2024-02-20 18:30", "2024-03-01", "2024-05-01"],
            "amount": [10.0, 5.0, 30.0, 7.5, 99.0],
            "branch": ["01", "02", "01", "01", "9"],
        }
    )
    events.to_csv(tmp_path / "orders.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


BASIC = ["facts", "orders.csv", "--entity", "customer", "--time", "date", "-o", "facts.csv"]


def test_it_writes_what_the_estimator_gives(folder, capsys):
    more = ["--values", "amount", "--categories", "branch", "--windows", "all", "90D", "--cutoff"]
    extra = ["--rfm", "marketing", "--describe", "words.csv", "--save", "facts.entivec"]
    assert main([*BASIC, *more, "2024-04-01", *extra]) == 0
    written = pd.read_csv("facts.csv", dtype={"customer": str}, index_col="customer")
    log = pd.read_csv("orders.csv", dtype={"customer": str, "branch": str})
    log["date"] = pd.to_datetime(log["date"], format="ISO8601")
    facts = FactAggregator(
        "customer",
        time="date",
        values=["amount"],
        categories=["branch"],
        windows=[None, "90D"],
        rfm="marketing",
    )
    expected = facts.fit_transform(log, cutoff="2024-04-01")
    pd.testing.assert_frame_equal(written, expected, check_index_type=False, check_dtype=False)
    assert written.index.tolist() == ["007", "12"]  # text, as it stands
    assert "branch_share_01" in written
    words = pd.read_csv("words.csv", index_col="column")
    assert words.index.tolist() == written.columns.tolist()
    again = load("facts.entivec").transform(log, cutoff="2024-04-01")
    pd.testing.assert_frame_equal(again, expected)
    said = capsys.readouterr().err
    assert "summing up 5 events" in said
    assert "2 entities × " in said


def test_parquet_without_times(folder):
    command = ["facts", "orders.csv", "--entity", "branch", "--values", "amount"]
    assert main([*command, "--statistics", "sum", "--quiet", "-o", "out.parquet"]) == 0
    assert pd.read_parquet("out.parquet").loc["01", "amount_sum"] == 47.5


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--values", "amont"], 1, "orders.csv: no column 'amont'"),
        (["--values", "branch"], 0, ""),
        (["--windows", "90"], 1, "windows holds '90', which is no stretch of time"),
        (["--cutoff", "soon"], 1, "cutoff='soon' is no time"),
        (["--cutoff", "1999-01-01"], 1, "no event lies before the cut-off"),
        (["-o", "facts.doc"], 2, "facts.doc: must end in"),
        (["--statistics", "median"], 1, "statistic 'median' is unknown; the known are count"),
    ],
)
def test_one_line_says_what_is_wrong(folder, capsys, arguments, code, text):
    assert main([*BASIC, *arguments]) == code
    said = capsys.readouterr().err
    assert text in said
    if code:
        assert said.strip().splitlines()[-1].startswith("entivec: error: ")


def test_a_cutoff_needs_times(folder, capsys):
    command = ["facts", "orders.csv", "--entity", "customer", "--cutoff", "2024-01-01"]
    assert main([*command, "-o", "facts.csv"]) == 2
    assert "--cutoff needs --time" in capsys.readouterr().err
