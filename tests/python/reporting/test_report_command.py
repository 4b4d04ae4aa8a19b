"""``entivec report``: what it writes, and how it fails."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

import entivec
from entivec.cli import main

BASIC = ["report", "customers.csv", "--id", "customer_id", "--label", "churned", "spend"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    base = entivec.datasets.make_customers(120, random_state=0)
    frame = base.customers[["age", "channel", "income"]].assign(
        churned=base.labels["churned"], spend=base.labels["next_year_spend"]
    )
    frame.to_csv(tmp_path / "customers.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_writes_the_page_of_the_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [*BASIC, "-o", "report.html", "--n-components", "2", "--save", "model.entivec"]
    assert main(command) == 0
    text = Path("report.html").read_text("utf-8")
    assert "<bdi>customers.csv</bdi></h1>" in text
    assert f"entivec {' '.join(command)}" in text
    assert hashlib.sha256(Path("customers.csv").read_bytes()).hexdigest() in text
    for group in ("Labels", "Found", "Columns"):
        assert f'"group":"{group}"' in text
    assert '"name":"spend","group":"Labels","kind":"number"' in text
    assert '"name":"churned","group":"Labels","kind":"level"' in text
    said = capsys.readouterr().err
    assert "2 numbers a row keep" in said
    assert "wrote report.html" in said
    X = pd.read_csv("customers.csv", index_col="customer_id")[["age", "channel", "income"]]
    assert entivec.load("model.entivec").transform(X).shape == (120, 2)


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["-o", "report.pdf"], 2, "'report.pdf' must end in .html"),
        (["-o", "nowhere/report.html"], 1, "the folder nowhere does not exist"),
        (["-o", "report.html", "--label", "chruned"], 1, "did you mean 'churned'?"),
        (["-o", "report.html", "--projection", "mds"], 2, "invalid choice: 'mds'"),
    ],
)
def test_one_line_says_what_is_wrong(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    text: str,
) -> None:
    try:
        returned = main([*BASIC, *arguments])
    except SystemExit as error:  # of argparse
        returned = int(error.code or 0)
    assert returned == code
    assert text in capsys.readouterr().err
    assert not Path("report.html").exists()
