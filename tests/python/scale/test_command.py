"""``entivec embed`` and ``apply`` on several Parquet files."""

import pandas as pd
import pytest

import entivec
from entivec.cli import main

pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def customers():
    made = entivec.datasets.make_customers(400, random_state=2).customers
    return made.reset_index().assign(churned=made.index.str.endswith("1"))


@pytest.fixture
def folder(customers, tmp_path):
    folder = tmp_path / "big"
    folder.mkdir()
    customers.iloc[:250].to_parquet(folder / "a.parquet")
    customers.iloc[250:].to_parquet(folder / "b.parquet")
    return folder


@pytest.mark.slow
def test_several_files_are_embedded_as_one_table(folder, customers, tmp_path, capsys):
    out, model = tmp_path / "out.parquet", tmp_path / "model.entivec"
    files = [str(folder / "a.parquet"), str(folder / "b.parquet")]
    given = ["--id", "customer_id", "--label", "churned", "-o", str(out), "--n-components", "4"]
    assert main(["embed", *files, *given, "--save", str(model)]) == 0
    assert "400 rows in" in capsys.readouterr().err
    written = pd.read_parquet(out)
    assert written.index.name == "customer_id"
    assert written["churned"].tolist() == customers["churned"].tolist()
    features = customers.set_index("customer_id").drop(columns="churned")
    expected = entivec.load(model).transform(features)
    pd.testing.assert_frame_equal(written.drop(columns="churned"), expected)

    again = tmp_path / "again.parquet"
    rest = ["--id", "customer_id", "-o", str(again), "--quiet"]
    assert main(["apply", str(model), str(folder), *rest]) == 0
    pd.testing.assert_frame_equal(pd.read_parquet(again), expected)


@pytest.mark.slow
def test_memory_bounds_what_is_held(folder, customers, tmp_path, capsys):
    out, one = tmp_path / "out.parquet", str(folder / "a.parquet")
    given = ["--id", "customer_id", "-o", str(out), "--n-components", "4", "--memory", "200 kB"]
    assert main(["embed", one, *given]) == 0
    assert "250 rows in" in capsys.readouterr().err
    assert len(pd.read_parquet(out)) == 250
    with pytest.raises(SystemExit, match="2"):
        main(["embed", one, *given[:-1], "much"])
    assert "memory='much' is no size; give bytes" in capsys.readouterr().err
    customers.to_csv(tmp_path / "a.csv", index=False)
    assert main(["embed", str(tmp_path / "a.csv"), *given]) == 1
    assert "a.csv: --memory is for Parquet" in capsys.readouterr().err


def test_logs_are_read_piece_by_piece(tmp_path, capsys):
    orders = entivec.datasets.make_orders(60, random_state=0)
    folder, out = tmp_path / "orders", tmp_path / "out.parquet"
    folder.mkdir()
    orders.iloc[:300].to_parquet(folder / "a.parquet")
    orders.iloc[300:].to_parquet(folder / "b.parquet")
    given = ["--entity", "customer_id", "--time", "time", "-o", str(out), "--memory", "50 kB"]
    assert main(["facts", str(folder), *given, "--values", "amount"]) == 0
    facts = entivec.FactAggregator("customer_id", time="time", values=["amount"])
    expected = facts.fit_transform(orders)
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_exact=True)
    settings = {"n_components": 4, "max_epochs": 1}
    said = ["--n-components", "4", "--max-epochs", "1", "--item", "product"]
    assert main(["items", str(folder), *given, *said]) == 0
    items = entivec.Item2Vec("customer_id", "product", time="time", **settings).fit(orders)
    found = pd.read_parquet(out)
    assert found.index.tolist() == items.vectors_.index.tolist()
    assert (found.to_numpy() == items.vectors_.to_numpy()).all()
    orders.to_csv(tmp_path / "orders.csv", index=False)
    assert main(["facts", str(tmp_path / "orders.csv"), *given]) == 1
    assert "orders.csv: --memory is for Parquet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["a.parquet", "b.csv", "-o", "out.parquet"], 1, "b.csv: several files must be Parquet"),
        (["a.parquet", "b.parquet", "-o", "out.csv"], 2, "out.csv: what several files give is"),
        (["a.parquet", "no.parquet", "-o", "out.parquet"], 1, "no such Parquet file"),
        (["a.parquet", "b.parquet", "-o", "o.parquet", "--label", "x"], 1, "no column 'x'"),
    ],
)
def test_what_cannot_be_ends_with_one_line(folder, monkeypatch, capsys, arguments, code, text):
    monkeypatch.chdir(folder)
    assert main(["embed", *arguments]) == code
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("entivec: error: ")
    assert text in line
