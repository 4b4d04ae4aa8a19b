"""The command line: what it writes, what it prints where, and how it fails."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import entivec
from entivec.cli import commands, main, tables
from entivec.cli.commands import _check_names
from entivec.cli.tables import Columns, InputError
from entivec.datasets import make_customers

ROWS = 120
DIMENSIONS = ["age", "gender", "income", "segment", "signup_date", "newsletter", "postcode"]


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    """A small table with text ids that keep leading zeros, and labels that look like numbers."""
    base = make_customers(ROWS, random_state=0)
    frame = base.customers[DIMENSIONS].reset_index(drop=True)
    frame.insert(0, "customer_id", [f"{i:05d}" for i in range(ROWS)])
    frame["branch"] = ["007", "NA", "1.50", ""] * (ROWS // 4)
    frame["churned"] = base.labels["churned"].to_numpy().astype(int)
    return frame


@pytest.fixture
def folder(tmp_path: Path, customers: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the table; what is trained there is trained for a few steps."""
    customers.to_csv(tmp_path / "customers.csv", index=False)
    monkeypatch.chdir(tmp_path)
    new_model = commands.new_model

    def few_steps(*given: Any, **columns: Any) -> Any:
        return new_model(*given, **columns).set_params(max_steps=20)

    monkeypatch.setattr(commands, "new_model", few_steps)
    return tmp_path


def embed(*arguments: str, table: str = "customers.csv", output: str = "out.csv") -> int:
    fixed = ["--id", "customer_id", "--label", "branch", "churned", "--n-components", "3"]
    return main(["embed", table, *fixed, "--n-jobs", "1", "-o", output, *arguments])


def as_text(path: str) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


# embed


def test_embed_writes_one_embedding_per_id(
    folder: Path, customers: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    assert embed() == 0
    written = as_text("out.csv")
    assert list(written) == [
        "customer_id", "autoencoder0", "autoencoder1", "autoencoder2", "branch", "churned"
    ]  # fmt: skip
    assert list(written["customer_id"]) == list(customers["customer_id"])  # leading zeros kept
    assert list(written["branch"]) == list(customers["branch"])
    assert list(written["churned"]) == [str(value) for value in customers["churned"]]
    codes = written.iloc[:, 1:4].astype(float)
    assert np.isfinite(codes).all(axis=None)
    assert (codes.std() > 0.1).all()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.fullmatch(
        r"120 rows in \d+\.\d s \([\d,]+ rows/s\); explained variance on held-out rows "
        r"-?\d\.\d{3} \(PCA -?\d\.\d{3}\); wrote out\.csv",
        printed.err.splitlines()[-1],
    )


def test_embed_gives_the_model_features_only(folder: Path, customers: pd.DataFrame) -> None:
    assert embed("--drop", "postcode", "--save", "model.entivec", "--seed", "5") == 0
    model = entivec.load("model.entivec")
    assert list(model.feature_names_in_) == [name for name in DIMENSIONS if name != "postcode"]
    assert model.random_state == 5
    features = customers.set_index("customer_id")[list(model.feature_names_in_)]
    written = pd.read_csv("out.csv", dtype={"customer_id": str}, index_col=0).iloc[:, :3]
    np.testing.assert_allclose(written, model.transform(features), rtol=1e-4, atol=1e-5)


def test_the_same_seed_writes_the_same_bytes(folder: Path) -> None:
    outputs = ["a.csv", "b.csv", "c.csv.gz", "d.csv.gz", "other.csv"]
    for output, seed in zip(outputs, "00001", strict=True):
        assert embed("--quiet", "--model", "VAE", "--seed", seed, output=output) == 0
    data = [(folder / output).read_bytes() for output in outputs]
    assert data[0] == data[1] != data[4]
    assert data[2] == data[3]
    assert data[2][4:8] == bytes(4)  # gzip's time stamp
    pd.testing.assert_frame_equal(as_text("a.csv"), as_text("c.csv.gz"))


def test_embed_reads_and_writes_parquet(folder: Path, customers: pd.DataFrame) -> None:
    typed = customers.astype({"churned": "int8"}).set_index("customer_id")
    typed.to_parquet("customers.parquet")
    assert embed(table="customers.parquet", output="out.parquet") == 0
    written = pd.read_parquet("out.parquet")
    assert written.index.name == "customer_id"
    assert list(written.index) == list(customers["customer_id"])
    assert written["churned"].dtype == np.int8
    assert written["autoencoder0"].dtype == np.float32


def test_an_output_is_replaced_not_overwritten(folder: Path) -> None:
    """A reader of the former file keeps the former file, whole."""
    Path("out.csv").write_text("former")
    Path("reader.csv").hardlink_to("out.csv")
    assert embed("--quiet") == 0
    assert Path("reader.csv").read_text() == "former"


def test_labels_that_are_plain_numbers_are_numbers_in_parquet(folder: Path) -> None:
    assert embed(output="out.parquet") == 0
    written = pd.read_parquet("out.parquet")
    assert written["churned"].dtype == np.int64
    assert list(written["branch"].dropna().unique()) == ["007", "NA", "1.50"]
    assert written["branch"].isna().sum() == ROWS // 4
    assert list(written.index[:2]) == ["00000", "00001"]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_and_byte_order_marks_are_understood(
    folder: Path, customers: pd.DataFrame, separator: str
) -> None:
    columns = tables.Columns(id="customer_id", label=["branch"], text=["postcode"])
    # A comma inside a quoted name must not be taken for the separator.
    renamed = customers.rename(columns={"age": "a,g,e,,,,,,,,"})
    renamed.to_csv("other.csv", sep=separator, index=False, encoding="utf-8-sig", quoting=1)
    plain, other = (tables.read(Path(name), columns) for name in ("customers.csv", "other.csv"))
    renamed_back = other.features.rename(columns={"a,g,e,,,,,,,,": "age"})
    pd.testing.assert_frame_equal(renamed_back, plain.features)
    pd.testing.assert_frame_equal(other.labels, plain.labels)


def test_without_an_id_rows_are_numbered(folder: Path) -> None:
    arguments = ["--drop", "customer_id", "postcode", "--n-components", "2", "-o", "out.csv"]
    assert main(["embed", "customers.csv", *arguments]) == 0
    assert list(as_text("out.csv")["row"]) == [str(i) for i in range(ROWS)]


def test_dates_are_read_as_dates(folder: Path) -> None:
    assert embed("--save", "model.entivec") == 0
    schema = entivec.load("model.entivec").table_.schema_.set_index("column")
    assert schema.loc["signup_date", "kind"] == "datetime"
    assert schema.loc["postcode", "kind"] == "categorical"


def test_text_that_only_begins_like_dates_stays_text(folder: Path) -> None:
    frame = pd.DataFrame({"day": ["2024-01-01"] * 1000 + ["soon"], "x": range(1001)})
    frame.to_csv("days.csv", index=False)
    day = tables.read(Path("days.csv"), tables.Columns()).features["day"]
    assert day.iloc[-1] == "soon"
    assert day.iloc[0] == "2024-01-01"


def test_categorical_numbers_keep_their_zeros(folder: Path, customers: pd.DataFrame) -> None:
    customers.assign(shop=["01", "1", "2"] * (ROWS // 3)).to_csv("shops.csv", index=False)
    assert embed("--categorical", "shop", "--save", "m.entivec", table="shops.csv") == 0
    model = entivec.load("m.entivec")
    shop = next(column for column in model.table_.columns_ if column.name == "shop")
    assert sorted(shop.levels) == ["01", "1", "2"]


def test_numbers_are_categories_where_the_user_says_so(
    folder: Path, customers: pd.DataFrame
) -> None:
    customers.assign(shop=[1, 2, 3] * (ROWS // 3)).to_parquet("shops.parquet")
    assert embed("--categorical", "shop", "--save", "m.entivec", table="shops.parquet") == 0
    schema = entivec.load("m.entivec").table_.schema_.set_index("column")
    assert schema.loc["shop", "kind"] == "categorical"


def test_quiet_prints_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert embed("--quiet") == 0
    assert capsys.readouterr() == ("", "")


# apply


def test_apply_gives_the_embeddings_of_embed(folder: Path, customers: pd.DataFrame) -> None:
    assert embed("--save", "model.entivec") == 0
    customers.drop(columns=["branch", "churned"]).to_csv("new.csv", index=False)
    without = ["apply", "model.entivec", "new.csv", "--id", "customer_id", "-o", "new_out.csv"]
    # Labels may be absent from new rows even if named, or kept aside.
    assert main([*without, "--label", "branch", "churned"]) == 0
    aside = ["apply", "model.entivec", "customers.csv", "--id", "customer_id", "-o", "all_out.csv"]
    assert main([*aside, "--label", "branch", "--drop", "churned"]) == 0
    trained, new, everything = as_text("out.csv"), as_text("new_out.csv"), as_text("all_out.csv")
    codes = ["autoencoder0", "autoencoder1", "autoencoder2"]
    for written in (new, everything):
        assert list(written["customer_id"]) == list(trained["customer_id"])
        np.testing.assert_allclose(
            written[codes].astype(float), trained[codes].astype(float), rtol=1e-4, atol=1e-5
        )
    assert list(new) == ["customer_id", *codes]
    assert list(everything) == ["customer_id", *codes, "branch"]
    assert list(everything["branch"]) == list(customers["branch"])


def test_apply_to_parquet(folder: Path, customers: pd.DataFrame) -> None:
    assert embed("--save", "model.entivec") == 0
    frame = customers.set_index("customer_id").astype({"signup_date": "datetime64[ns]"})
    frame.drop(columns="branch").to_parquet("new.parquet")
    arguments = ["--id", "customer_id", "--label", "churned", "-o", "new_out.parquet"]
    assert main(["apply", "model.entivec", "new.parquet", *arguments]) == 0
    written = pd.read_parquet("new_out.parquet")
    trained = pd.read_csv("out.csv", dtype={"customer_id": str}, index_col=0)
    np.testing.assert_allclose(written.iloc[:, :3], trained.iloc[:, :3], rtol=1e-4, atol=1e-5)
    # An index without a name is no column of the table.
    frame.index = pd.Index([f"x{i}" for i in range(ROWS)])
    frame.drop(columns=["branch", "churned"]).to_parquet("n.pq")
    assert main(["apply", "model.entivec", "n.pq", "-o", "new_out.csv"]) == 0


def test_apply_reads_text_as_in_training(folder: Path, customers: pd.DataFrame) -> None:
    """A text column whose new values all look like numbers must not become a number."""
    coded = customers.assign(shop=["01", "02", "x"] * (ROWS // 3), gap=["yes", "no", None] * 40)
    coded.to_csv("shops.csv", index=False)
    assert embed("--save", "m.entivec", "--n-components", "5", table="shops.csv") == 0
    digits = coded[coded["shop"] != "x"].assign(gap=None)
    digits.to_csv("digits.csv", index=False)
    arguments = ["--id", "customer_id", "--drop", "branch", "churned", "-o", "new.csv"]
    assert main(["apply", "m.entivec", "digits.csv", *arguments]) == 0
    frame = digits.set_index("customer_id")
    model = entivec.load("m.entivec")
    expected = model.transform(frame[list(model.feature_names_in_)])
    written = pd.read_csv("new.csv", dtype={"customer_id": str}, index_col=0)
    np.testing.assert_allclose(written, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda f: f.drop(columns="age"),
            "new.csv: no column 'age', which the model was trained on",
        ),
        (
            lambda f: f.assign(shoe=1),
            "new.csv: the model does not know column 'shoe'; keep it aside (--label shoe) "
            "or leave it out (--drop shoe)",
        ),
        (lambda f: f.assign(age="old"), "new.csv: .*'?age'?.*"),
    ],
)
def test_apply_to_another_kind_of_table_is_one_line(
    folder: Path,
    customers: pd.DataFrame,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[pd.DataFrame], pd.DataFrame],
    message: str,
) -> None:
    assert embed("--save", "model.entivec", "--quiet") == 0
    change(customers).to_csv("new.csv", index=False)
    arguments = ["--id", "customer_id", "--label", "branch", "churned", "-o", "new_out.csv"]
    assert main(["apply", "model.entivec", "new.csv", *arguments, "--quiet"]) == 1
    line = one_line(capsys)
    assert line == f"entivec: error: {message}" or re.search(message, line)
    assert not Path("new_out.csv").exists()


def test_apply_with_a_feature_as_label_is_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert embed("--save", "model.entivec", "--quiet") == 0
    arguments = ["--id", "customer_id", "--label", "branch", "churned", "age", "-o", "new_out.csv"]
    assert main(["apply", "model.entivec", "customers.csv", *arguments, "--quiet"]) == 1
    assert "the model needs column 'age'; take it out of --label" in one_line(capsys)


def test_apply_with_a_file_that_is_no_model(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["customers.csv", "--id", "customer_id", "-o", "out.csv"]
    assert main(["apply", "nowhere.entivec", *arguments]) == 1
    assert one_line(capsys).startswith("entivec: error: nowhere.entivec: ")
    Path("text.entivec").write_text("no model")
    assert main(["apply", "text.entivec", *arguments]) == 1
    assert one_line(capsys).startswith("entivec: error: text.entivec: ")


# Errors


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert len(lines) == 1, printed.err
    return lines[0]


HEADER = "customer_id,age,city\n"
BAD_TABLES = {
    "empty": (b"", "is empty; the first line must name the columns"),
    "no rows": (HEADER, "has no rows; give at least one row below the header"),
    "no id column": ("id,age\n1,2\n", "no column 'customer_id'; the columns are id, age"),
    "missing id": (
        HEADER + "1,30,A\n,31,B\n",
        "row 2 has no customer_id (it is ''); give every row its own id, or remove it",
    ),
    "blank id": (HEADER + "1,30,A\n  ,31,B\n", "row 2 has no customer_id (it is '')"),
    "null id": (HEADER + "1,30,A\nNULL,31,B\n", "row 2 has no customer_id (it is 'NULL')"),
    "repeated id": (
        HEADER + "07,30,A\n7,31,B\n07,32,C\n",
        "customer_id '07' stands in rows 1 and 3; keep one row per id (1 rows repeat an id)",
    ),
    "unnamed column": (
        "customer_id,age,\n1,2,x\n",
        "1 column has no name; name it or leave it out: --drop 'Unnamed: 2'",
    ),
    "unnamed columns": (
        "customer_id,,age,\n1,y,2,x\n",
        "2 columns have no name; name them or leave them out: --drop 'Unnamed: 1' 'Unnamed: 3'",
    ),
    "no names": (
        "1,30,5\n2,31,6\n3,32,7\n4,33,8\n",
        "the first line looks like data (1, 30, 5), not like names",
    ),
    "mistyped id": (
        "customer-id,age\n1,2\n",
        "no column 'customer_id' (did you mean 'customer-id'?)",
    ),
    "surplus cells": (HEADER + "1,30,A,x\n2,31,B,y\n", "rows have more cells than the 3 names"),
    "ragged": (HEADER + "1,30,A\n2,31,B,y\n", "Expected 3 fields in line 3, saw 4"),
    "only an id": ("customer_id\n1\n2\n", "no column is left for the model"),
    "infinite": (HEADER + "1,inf,A\n2,3,B\n3,4,C\n", "age"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_table_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    content, message = BAD_TABLES[case]
    table, output = tmp_path / "bad.csv", tmp_path / "out.csv"
    table.write_bytes(content if isinstance(content, bytes) else content.encode())
    output.write_text("former")
    arguments = ["--id", "customer_id", "-o", str(output), "--quiet"]
    assert main(["embed", str(table), *arguments]) == 1
    line = one_line(capsys)
    assert line.startswith(f"entivec: error: {table}: ")
    assert message in line
    assert output.read_text() == "former"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "out.csv"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.csv", None, "no such file; check the name and the folder"),
        ("a_folder.csv", "folder", "is a folder; give a .csv, .csv.gz or .parquet file"),
        ("table.ods", b"x", "cannot read this kind of file; give .csv, .csv.gz or .parquet"),
        ("table.xlsx", b"x", "table.xlsx"),
        ("broken.zip", b"x", "not a zip file"),
        ("broken.csv.gz", b"no gzip", "Not a gzipped file"),
        ("broken.parquet", b"no parquet", "arquet"),
    ],
)
def test_a_bad_file_is_one_clear_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: bytes | str | None,
    message: str,
) -> None:
    table = tmp_path / name
    if content == "folder":
        table.mkdir()
    elif isinstance(content, bytes):
        table.write_bytes(content)
    assert main(["embed", str(table), "--quiet", "-o", str(tmp_path / "out.csv")]) == 1
    line = one_line(capsys)
    assert line.startswith(f"entivec: error: {table}: ")
    assert message in line


def test_missing_ids_in_parquet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "t.parquet"
    pd.DataFrame({"customer_id": [1.0, np.nan], "age": [3, 4]}).to_parquet(table)
    arguments = ["--id", "customer_id", "--quiet", "-o", str(tmp_path / "out.csv")]
    assert main(["embed", str(table), *arguments]) == 1
    assert "row 2 has no customer_id" in one_line(capsys)


def test_without_pyarrow_parquet_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_engine(*_: object, **__: object) -> None:
        raise ImportError("Unable to find\na usable engine")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", no_engine)
    assert embed("--quiet", output="out.parquet") == 1
    assert "Parquet needs pyarrow; pip install pyarrow, or use CSV" in one_line(capsys)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("nowhere/out.csv", "the folder nowhere does not exist; make it first"),
        ("a_folder.csv", "is a folder; give the name of a file in it"),
    ],
)
def test_a_bad_output_is_found_before_the_work(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    output: str,
    message: str,
) -> None:
    Path("a_folder.csv").mkdir()
    monkeypatch.setattr(tables, "read", lambda *_: pytest.fail("work has begun"))
    assert embed("--quiet", output=output) == 1
    assert message in one_line(capsys)


def test_no_permission_is_found_before_the_work(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    assert embed("--quiet") == 1
    assert "no permission to write in" in one_line(capsys)


def test_a_failed_write_leaves_the_former_output(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(self: pd.DataFrame, path: Path, **_: object) -> None:
        Path(path).write_text("half a tab")
        raise OSError(28, "No space left on device")

    Path("out.csv").write_text("former")
    before = sorted(folder.iterdir())
    monkeypatch.setattr(pd.DataFrame, "to_csv", half)
    assert embed("--quiet") == 1
    assert one_line(capsys) == "entivec: error: out.csv: No space left on device"
    assert Path("out.csv").read_text() == "former"
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("model", "name", "refused"),
    [
        ("JointVAE", "jointvae_c0_0", True),
        ("AutoEncoder", "autoencoder_c0", False),
        ("AutoEncoder", "autoencoder1_total", False),
    ],
)
def test_names_of_categories_are_the_embeddings_own_too(
    model: str, name: str, refused: bool
) -> None:
    columns = Columns(label=[name])
    if refused:
        with pytest.raises(InputError, match=f"column '{name}' would clash"):
            _check_names(model.lower(), columns)
    else:
        _check_names(model.lower(), columns)


def test_a_name_of_the_embedding_is_refused(
    folder: Path, customers: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    customers.assign(autoencoder1=1).to_csv("clash.csv", index=False)
    message = "column 'autoencoder1' would clash with the embedding's own"
    assert embed("--label", "autoencoder1", "--quiet", table="clash.csv") == 1
    assert message in one_line(capsys)
    assert embed("--quiet", "--save", "m.entivec") == 0
    arguments = ["--label", "branch", "churned", "autoencoder1", "--id", "customer_id"]
    assert main(["apply", "m.entivec", "clash.csv", *arguments, "-o", "out.csv", "--quiet"]) == 1
    assert message in one_line(capsys)


def test_ctrl_c_is_no_traceback(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tables, "read", interrupted)
    assert embed("--quiet") == 130
    assert one_line(capsys) == "entivec: interrupted"
    assert not Path("out.csv").exists()


def test_warnings_are_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import warnings

    read = tables.read

    def warned(*arguments: object) -> tables.Table:
        warnings.simplefilter("always")
        warnings.warn("something\nodd", UserWarning, stacklevel=1)
        return read(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(tables, "read", warned)
    assert embed("--quiet") == 0
    assert one_line(capsys) == "entivec: warning: something odd"


# Usage


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["embed"],
        ["embed", "customers.csv"],
        ["embed", "customers.csv", "-o", "out.xlsx"],
        ["embed", "customers.csv", "-o", "out.csv", "--n-components", "0"],
        ["embed", "customers.csv", "-o", "out.csv", "--n-components", "1.5"],
        ["embed", "customers.csv", "-o", "out.csv", "--n-components", "many"],
        ["demo", "--rows", "10"],
        ["demo", "--rows", "ten"],
        ["nonsense"],
    ],
)
def test_arguments_that_cannot_be_understood(folder: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--drop", "branch"], "column 'branch' is named 2 times; give it one purpose"),
        (["--model", "Oracle"], "--model 'Oracle' is unknown; choose from AutoEncoder, CAE, "),
        (["--save", "out.csv"], "one file is named twice; give every input and output its own"),
        (["-o", "./customers.csv"], "one file is named twice"),
    ],
)
def test_contradictions_are_usage_errors(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert embed("--quiet", *arguments) == 2
    assert message in one_line(capsys)


def test_n_components_may_be_a_fraction(folder: Path) -> None:
    assert embed("--n-components", "0.2", "--save", "model.entivec") == 0
    assert entivec.load("model.entivec").n_components == 0.2


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert re.fullmatch(r"entivec \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


def test_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["versions"]) == 0
    assert "entivec" in capsys.readouterr().out


def test_help_waits_for_nothing_heavy() -> None:
    code = (
        "import sys, entivec; before = set(sys.modules)\n"
        "from entivec.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'sklearn', 'matplotlib', 'pyarrow'} & set(sys.modules) - before\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_module_runs_as_the_command() -> None:
    command = [sys.executable, "-m", "entivec.cli", "embed", "nowhere.csv", "-o", "out.csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    expected = "entivec: error: nowhere.csv: no such file; check the name and the folder"
    assert done.stderr.splitlines()[-1] == expected
    assert "Traceback" not in done.stderr


# demo


@pytest.mark.slow
def test_demo_writes_tables_model_pictures_and_explains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "demo"
    arguments = ["--rows", "1000", "--n-components", "4", "--n-jobs", "1"]
    assert main(["demo", "-o", str(folder), *arguments]) == 0
    printed = capsys.readouterr()
    for words in (
        r"1,000 generated customers: 20 columns of mixed kinds became 4 numbers each",
        r"1,000 rows in \d+\.\d s \([\d,]+ rows/s\)",
        r"Explained variance on held-out rows: 0\.\d{3}; PCA with as many numbers: 0\.\d{3}",
        r"kept best +\w+ ",
        r"kept worst +\w+ ",
        r"'other': \d\d% of city, \d\d% of postcode",
        r"churned +0\.[5-9]\d\d +0\.[5-9]\d\d +0\.[4-9]\d\d +0\.[4-9]\d\d",
        r"high_value +0\.[6-9]\d\d",
        r"Customer C0000501 and the three nearest by embedding:",
    ):
        assert re.search(words, printed.out), f"{words} not in:\n{printed.out}"
    assert "training AutoEncoder" in printed.err
    names = {path.name for path in folder.iterdir()}
    pictures = {
        "column_errors.png", "embedding_affluence.png", "embedding_family_stage.png",
        "history.png", "score.png",
    }  # fmt: skip
    assert names == {"customers.csv", "embeddings.csv", "model.entivec", *pictures}
    for picture in pictures:
        assert (folder / picture).read_bytes().startswith(b"\x89PNG")
    assert len(pd.read_csv(folder / "embeddings.csv", index_col="customer_id")) == 1000


def test_demo_in_parquet_is_quiet_but_for_the_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entivec.cli.demo._summary", lambda *_: "the summary")
    monkeypatch.setattr("entivec.cli.demo.new_model", lambda _: entivec.AutoEncoder(max_steps=5))
    arguments = ["--rows", "1000", "--format", "parquet", "--quiet"]
    assert main(["demo", "-o", str(tmp_path), *arguments]) == 0
    assert capsys.readouterr() == ("the summary\n", "")
    embeddings = pd.read_parquet(tmp_path / "embeddings.parquet")
    assert embeddings.index.name == "customer_id"
    assert len(pd.read_parquet(tmp_path / "customers.parquet")) == 1000


def test_demo_into_a_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "taken"
    file.write_text("")
    assert main(["demo", "-o", str(file)]) == 1
    assert one_line(capsys) == f"entivec: error: {file}: cannot make this folder (File exists)"


def test_demo_without_matplotlib_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["demo", "-o", str(tmp_path)]) == 1
    assert "pip install entivec[plot]" in one_line(capsys)


# graph


@pytest.fixture
def edges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    frame = entivec.datasets.make_payments(60, random_state=0).payments.iloc[:800]
    frame = frame.assign(payer="0" + frame["payer"], note="none")
    frame.to_csv(tmp_path / "payments.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return frame


def graph(*arguments: str, output: str = "nodes.csv") -> int:
    fixed = ["graph", "payments.csv", "--source", "payer", "--target", "payee", "-o", output]
    small = ["--n-components", "4", "--num-walks", "2", "--walk-length", "9", "--max-epochs", "1"]
    return main([*fixed, *small, *arguments])


def test_graph_writes_one_vector_per_node(
    edges: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--weight", "amount", "--time", "timestamp", "--cutoff", "2024-03-01"]
    assert graph(*given, "--save", "graph.entivec") == 0
    model = entivec.load("graph.entivec")
    expected = clone(model).fit(edges, cutoff="2024-03-01").vectors_
    pd.testing.assert_frame_equal(model.vectors_, expected, check_index_type=False)
    written = pd.read_csv("nodes.csv", dtype={"node": str}, index_col="node")
    np.testing.assert_allclose(written, expected, rtol=1e-6)
    assert written.index.tolist() == expected.index.tolist()
    assert "nodes in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--weight", "prize"], "no column 'prize'"),
        (["--weight", "note"], "note"),
        (["--cutoff", "2024-03-01"], "--cutoff needs --time"),
        (["--weight", "payer"], "column 'payer' is named 2 times"),
        (["--p", "-1"], "'p' parameter of Node2Vec"),
    ],
)
def test_graph_says_what_it_cannot_use(
    edges: pd.DataFrame,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert graph(*arguments) > 0
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("entivec: error: ")
    assert message in error
    assert not Path("nodes.csv").exists()


def test_graph_needs_a_known_kind_of_output(edges: pd.DataFrame) -> None:
    assert graph(output="nodes.txt") == 2
