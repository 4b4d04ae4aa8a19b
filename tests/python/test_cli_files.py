"""Files as programs write them: packed, laid out, with heads and feet; or one line of advice."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from entivec.cli.dialect import Wishes
from entivec.cli.errors import InputError
from entivec.cli.tables import Columns, Table, read

ROWS = 30
CUSTOMERS = pd.DataFrame(
    {
        "id": [f"C{i:02d}" for i in range(ROWS)],
        "plan": np.resize(["basic", "plus", "pro"], ROWS),
        "age": 20 + 7 * np.arange(ROWS) % 50,
        "spend": np.round(10 + 3.7 * np.arange(ROWS), 2),
    }
)
CSV = CUSTOMERS.to_csv(index=False)
BODY = CSV.partition("\n")[2]


def found(path: Path, **wishes: str) -> Table:
    return read(path, Columns(id="id"), Wishes(**wishes))  # type: ignore[arg-type]


def is_whole(table: Table) -> bool:
    expected = CUSTOMERS.set_index("id")
    pd.testing.assert_frame_equal(table.features, expected, check_dtype=False, check_names=False)
    return True


PLAIN: dict[str, bytes] = {
    "a.csv.bz2": bz2.compress(CSV.encode()),
    "a.csv.xz": lzma.compress(CSV.encode()),
    "a.tsv.gz": gzip.compress(CSV.replace(",", "\t").encode()),
    "return.csv": CSV.replace("\n", "\r").encode(),
    "both.csv": CSV.replace("\n", "\r\n").encode(),
    "blanks.txt": CUSTOMERS.to_string(index=False).encode(),
    "blanks.dat": CUSTOMERS.to_string(index=False).encode(),
    "after_comma.csv": CSV.replace(",", ", ").encode(),
    "ends.csv": CSV.replace("\n", ",\n").encode(),
    "rows_end.csv": ("id,plan,age,spend\n" + BODY.replace("\n", ",\n")).encode(),
    "pipes.txt": CSV.replace(",", "|").encode(),
    "tabs.csv": CSV.replace(",", "\t").encode(),
    "utf16.csv": CSV.encode("utf-16-be"),
    "bom.csv": CSV.encode("utf-8-sig"),
    "bom_twice.csv": b"\xef\xbb\xbf" + CSV.encode("utf-8-sig"),
    "carets.csv": CSV.replace(",", "^").encode(),
    "tildes.txt": CSV.replace(",", "~").encode(),
    "hive.csv": CSV.replace(",", "\x01").encode(),
    "packed.csv": gzip.compress(CSV.encode()),
    "not_packed.csv.gz": CSV.encode(),
}


@pytest.mark.parametrize("name", PLAIN)
def test_read_without_a_word(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(PLAIN[name])
    table = found(tmp_path / name)
    assert is_whole(table)
    assert [note for note in table.notes if "utf-16" not in note] == []


TOLD = {
    "sep.csv": ("sep=;\n" + CSV.replace(",", ";"), "the first line before the names is left out"),
    "report.csv": (f"Customers\n\nof 2024\n{CSV}", "the first 3 lines before the names are left"),
    "remarks.csv": (f"# of 2024\n# from a shop\n{CSV}", "the first 2 lines before the names"),
    "total.csv": (f"{CSV}Total,,1,2\n", "the last row holds totals ('Total')"),
    "summe.csv": (f"{CSV},,,\nGesamtsumme:,,1,2\n", "the last row holds totals ('Gesamtsumme:')"),
    "source.csv": (f"{CSV}Source: a shop,,,\n", "the last line is no row ('Source: a shop')"),
    "count.csv": (f"{CSV}\n(30 rows affected)\n", "the last line is no row ('(30 rows affected)')"),
    "mean.csv": (
        f"{CSV}Average,,1,2\nTotal,,1,2\n",
        "the last 2 rows hold totals ('Average', 'Total') and are left out",
    ),
    "title.csv": (f"Report,of,2024,\n,,,\n{CSV}", "the first 2 lines before the names are left"),
    "groups.csv": (f"Customer,,Money,\n{CSV}", "the first line before the names is left out"),
    "together.csv": (CSV + "id,plan,age,spend\n" * 2, "2 rows repeat the names and are left out"),
    "once_more.csv": (f"{CSV}id,plan,age,spend\n", "a row repeats the names and is left out"),
    "gap.csv": (f"{CSV},,,\n", "an empty row is left out"),
}


@pytest.mark.parametrize("name", TOLD)
def test_read_with_a_word(tmp_path: Path, name: str) -> None:
    text, note = TOLD[name]
    (tmp_path / name).write_text(text)
    table = found(tmp_path / name)
    assert is_whole(table)
    assert any(note in said for said in table.notes)


def test_an_archive_of_a_mac(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("data/", "__MACOSX/data/._a.csv", "data/.DS_Store"):
            archive.writestr(name, b"")
        archive.writestr("data/a.csv", CSV)
    assert is_whole(found(tmp_path / "a.zip"))
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.writestr("data/b.csv", CSV)
    with pytest.raises(InputError, match="holds 2 files; pack one file alone"):
        found(tmp_path / "a.zip")


def test_letters_that_are_no_western_ones_are_doubted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CSV.replace("basic", "базовый").encode("cp1251"))
    assert (
        "is read as cp1252, which may be wrong ('áàçîâûé'); say which: --encoding"
        in found(path).notes
    )
    assert found(path, encoding="cp1251").features["plan"].iloc[0] == "базовый"
    path.write_bytes(CSV.replace("basic", "Müßiggänger").encode("cp1252"))
    assert found(path).notes == ["is read as cp1252"]
    path.write_bytes(CSV.replace("basic", "базовый").encode("utf-32"))
    assert found(path).features["plan"].iloc[0] == "базовый"


def test_files_whose_ending_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "")
    with pytest.raises(InputError, match=r"is a workbook; name it .xlsx"):
        found(path)
    CUSTOMERS.to_parquet(path)
    with pytest.raises(InputError, match=r"is a Parquet file; name it .parquet"):
        found(path)


def test_workbooks(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "a.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"About": ["this file"]}).to_excel(book, sheet_name="Cover", index=False)
        CUSTOMERS.to_excel(book, sheet_name="Data", index=False, startrow=3)
        book.sheets["Data"]["A1"] = "Customers of 2024"
    table = found(path)
    assert is_whole(table)
    assert table.notes == [
        "has 2 sheets; 'Data' is read", "the first 3 lines before the names are left out"
    ]  # fmt: skip
    CUSTOMERS.to_excel(path, index=False, header=False)
    with pytest.raises(InputError, match=r"the first line looks like data \(C00, basic, 20"):
        found(path)
    path.write_bytes(b"PK")
    with pytest.raises(InputError, match="is no workbook; save it again"):
        found(path)


def test_what_to_do_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(CSV.replace("id,", "ID,", 1))
    with pytest.raises(InputError, match=r"no column 'id' \(did you mean 'ID'\?\)"):
        found(path)
    path.write_text(f"{CSV}C99,plus,1,2,3,4\n")
    with pytest.raises(InputError, match=r"quote cells that hold the separator, or say .*--sep"):
        found(path)
    path.write_text(BODY)
    with pytest.raises(InputError, match="the first line looks like data"):
        found(path)
