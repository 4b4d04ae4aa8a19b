"""Tables that are read piece by piece: their rows, in any cut, are those of the whole."""

import numpy as np
import pandas as pd
import pytest

import entivec
from entivec.base.joining import together
from entivec.base.source import Source, is_source, read_memory

pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def customers():
    return entivec.datasets.make_customers(3000, random_state=3).customers


@pytest.fixture
def folder(customers, tmp_path):
    customers.iloc[:1800].to_parquet(tmp_path / "a.parquet", row_group_size=700)
    customers.iloc[1800:].to_parquet(tmp_path / "b.parquet", row_group_size=500)
    return tmp_path


def sources(folder):
    import pyarrow.dataset

    yield entivec.scan(folder, memory="1 MB")
    yield entivec.scan([folder / "a.parquet", folder / "b.parquet"], memory="1 MB")
    yield entivec.scan(str(folder / "*.parquet"), memory="1 MB")
    yield entivec.scan(pyarrow.dataset.dataset(folder), memory="1 MB")


def test_the_pieces_are_the_table(folder, customers):
    for source in sources(folder):
        assert source.rows == len(source) == 3000
        assert len(list(source)) > 6
        pd.testing.assert_frame_equal(source.collect(), customers)


def test_any_stretch_of_rows_can_be_read(folder, customers):
    source = entivec.scan(folder, memory="1 MB")
    pieces = list(source.pieces(650, 2300))
    assert np.concatenate([piece.numbers for piece in pieces]).tolist() == list(range(650, 2300))
    pd.testing.assert_frame_equal(together([p.frame for p in pieces]), customers.iloc[650:2300])
    some = list(source.pieces(keep=lambda numbers: numbers % 1000 == 1))
    assert [piece.frame.index[0] for piece in some] == customers.index[[1, 1001, 2001]].tolist()


def test_only_some_columns_are_read(folder, customers):
    source = entivec.scan(folder).only(["age", "plan"] if "plan" in customers else ["age"])
    assert source.names == list(source.collect().columns)
    assert source.collect().index.equals(customers.index)
    with pytest.raises(ValueError, match=r"^column 'agee' is missing; the table has the columns"):
        source.only(["agee"]).collect()


def test_a_callable_is_called_anew_for_every_pass():
    frames = [pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [3]})]
    calls = []

    def read():
        calls.append(1)
        return iter(frames)

    source = entivec.scan(read)
    assert source.rows == 3
    assert source.collect()["x"].tolist() == [1, 2, 3]
    assert source.collect().index.tolist() == [0, 1, 2]
    assert len(calls) >= 3
    with pytest.raises(ValueError, match="frames gave a builtins"):
        entivec.scan(lambda: iter([1])).collect()


def test_the_index_is_a_column_or_the_row_numbers(tmp_path):
    pd.DataFrame({"id": ["u", "v"], "x": [1.0, 2.0]}).to_parquet(tmp_path / "t.parquet")
    assert entivec.scan(tmp_path, index="id").collect().index.tolist() == ["u", "v"]
    assert entivec.scan(tmp_path).collect().index.tolist() == [0, 1]
    with pytest.raises(ValueError, match="index='ident' names no column"):
        entivec.scan(tmp_path, index="ident").collect()


def test_keys_of_folders_are_columns(tmp_path):
    for year in (2023, 2024):
        (tmp_path / f"year={year}").mkdir()
        pd.DataFrame({"x": [1.0, 2.0]}).to_parquet(tmp_path / f"year={year}" / "t.parquet")
    assert entivec.scan(tmp_path).collect()["year"].tolist() == [2023, 2023, 2024, 2024]


def test_what_a_function_makes_of_it_is_a_source(folder, customers, tmp_path):
    class Doubled(entivec.base.source.Derived):
        pass

    made = Doubled(entivec.scan(folder, memory="1 MB"), lambda frame: frame[["age"]] * 2)
    assert made.rows == 3000
    made.to_parquet(tmp_path / "out.pq")
    again = pd.read_parquet(tmp_path / "out.pq")
    pd.testing.assert_frame_equal(again, customers[["age"]] * 2)
    assert next(iter(made.only(["age"]))).columns.tolist() == ["age"]


def test_pieces_of_other_dtypes_become_one_table():
    pieces = [
        pd.DataFrame({"n": [1, 2], "c": pd.Categorical(["a", "b"]), "t": ["x", "y"]}),
        pd.DataFrame({"n": [np.nan, 0.5], "c": pd.Categorical(["c", "b"]), "t": [None, None]}),
        pd.DataFrame({"n": [None], "c": pd.Categorical([None]), "t": [np.nan]}),
    ]
    table = together(pieces)
    assert table["n"].dtype == float
    assert table["n"].tolist()[:2] == [1.0, 2.0]
    assert table["c"].cat.categories.tolist() == ["a", "b", "c"]
    assert table["t"].dtype == pieces[0]["t"].dtype
    assert table["t"].isna().tolist() == [False, False, True, True, True]
    with pytest.raises(ValueError, match="column 't' is not in every piece"):
        together([pieces[0], pieces[0].rename(columns={"t": "u"})])


def test_a_column_of_whole_numbers_with_an_empty_piece_has_room_for_gaps():
    table = together([pd.DataFrame({"n": [1]}), pd.DataFrame({"n": [np.nan]})])
    assert table["n"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("given", "size"),
    [
        (10, 10),
        ("10", 10),
        ("2 GiB", 2 << 30),
        ("1.5MB", 1_500_000),
        ("3k", 3000),
        ("1mib", 1 << 20),
    ],
)
def test_memory_is_a_number_or_text(given, size):
    assert read_memory(given) == size


@pytest.mark.parametrize("given", ["much", "", "GiB", "1.2.3 MB", 0, -1, True, 1.5, None])
def test_memory_that_is_no_size_is_refused(given):
    with pytest.raises(ValueError, match="is no size; give bytes, or text such as '2 GiB'"):
        read_memory(given)


def test_what_is_a_source_and_what_is_not(tmp_path):
    assert all(map(is_source, ["a.parquet", tmp_path, [tmp_path, "b"], lambda: 0, Source("x")]))
    assert not any(map(is_source, [pd.DataFrame(), np.zeros((2, 2)), [[1, 2]], [], None, {"a": 1}]))
    with pytest.raises(ValueError, match="no such Parquet file or folder; check the name"):
        entivec.scan(tmp_path / "nowhere.parquet").collect()
