"""``entivec audience``: what it writes, and how it fails."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from entivec import OfferModel, load
from entivec.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(30), 6)
    kind = np.where(who % 2, "tea", "jam")
    sales = pd.DataFrame(
        {
            "customer": [f"{w:03d}" for w in who],
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 50, 180), "D"),
            "kind": kind,
            "product": [f"{k}{n}" for k, n in zip(kind, rng.integers(0, 4, 180), strict=True)],
        }
    )
    sales.to_csv(tmp_path / "sales.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


BASIC = ["audience", "sales.csv", "--entity", "customer", "--time", "date",
         "--attributes", "product", "kind", "-o", "out.csv"]  # fmt: skip


def test_it_writes_what_the_model_gives(folder, capsys):
    more = ["--offer", "kind=tea", "product=tea1,tea2", "-n", "7", "--save", "model.entivec"]
    assert main([*BASIC, *more]) == 0
    written = pd.read_csv("out.csv", dtype={"customer": str})
    sales = pd.read_csv("sales.csv", dtype={"customer": str}, parse_dates=["date"])
    model = OfferModel("customer", ["product", "kind"], time="date").fit(sales)
    expected = model.audience({"kind": "tea", "product": ["tea1", "tea2"]}, 7)
    pd.testing.assert_frame_equal(written, expected, check_dtype=False, rtol=1e-4)
    assert written["rank"].tolist() == list(range(1, 8))
    again = load("model.entivec").audience({"kind": "tea", "product": ["tea1", "tea2"]}, 7)
    pd.testing.assert_frame_equal(again, expected)
    assert "7 customers in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--offer", "kind=soap"], 1, "'kind' has no value 'soap'"),
        (["--offer", "kind"], 2, "write it as COL=VALUE"),
        (["--query", "kind =="], 1, "is no query of"),
        (["--query", "kind == 'tea'", "-n", "0"], 2, "-n 0: give at least 1"),
    ],
)
def test_what_cannot_be_used_is_one_line(folder, capsys, more, code, message):
    assert main([*BASIC, *more, "--quiet"]) == code
    assert message in capsys.readouterr().err
    assert not (folder / "out.csv").exists()
