"""What of a column is lost is said: in the schema, in warnings and in the scores."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from entivec import AutoEncoder
from entivec.table import TableEncoder
from entivec.table.report import TableWarning
from entivec.table.text import TextFeatures

RNG = np.random.default_rng(0)
ROWS = 200
STREETS = [f"{name} {kind}" for name in ("oak", "elm", "mill", "lake", "hill", "church", "park")
           for kind in ("street", "road", "lane", "avenue", "court", "square")]  # fmt: skip


def schema(values: Any, name: str = "x", **parameters: Any) -> pd.Series[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        return TableEncoder(**parameters).fit(pd.DataFrame({name: values})).schema_.iloc[0]


def many(rows: int = ROWS) -> np.ndarray:
    return np.array([f"{STREETS[i % 42]} no {i // 3}" for i in range(rows)], dtype=object)


def test_a_column_that_is_nearly_all_other_warns_once() -> None:
    with pytest.warns(TableWarning) as caught:
        TableEncoder(text_components=0).fit(pd.DataFrame({"address": many()}))
    told = [str(one.message) for one in caught]
    assert len(told) == 1
    assert told[0].startswith("column 'address' has ")
    assert "'oak street no 0', 'oak road no 0'" in told[0]
    assert "raise max_levels (50) or lower min_share (0.002)" in told[0]


def test_what_numbers_of_the_text_tell_is_not_lost() -> None:
    frame = pd.DataFrame({"address": many()})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder = TableEncoder().fit(frame)
    row = encoder.schema_.iloc[0]
    assert row["other_share"] > 0.9
    assert row["lost_share"] == 0
    assert re.search(
        r"has \d+ distinct texts, \d+ of them with a code; 16 numbers hold \d+%", row["note"]
    )
    assert schema(many(), text_components=0)["lost_share"] == row["other_share"]
    numbers = encoder.transform(frame).dense
    assert numbers.var(axis=0).sum() == pytest.approx(0.1 * row["other_share"], rel=1e-3)


@pytest.mark.parametrize(
    "fit",
    [
        TableEncoder().fit,
        TableEncoder().fit_transform,
        AutoEncoder(1, max_steps=5).fit,
        make_pipeline(AutoEncoder(1, max_steps=5)).fit_transform,
    ],
)
def test_warnings_point_at_the_users_line(fit: Any) -> None:
    age = np.resize([999, *RNG.integers(20, 70, 20)], ROWS)
    with pytest.warns(TableWarning) as caught:
        fit(pd.DataFrame({"age": age, "x": RNG.random(ROWS)}))
    assert [one.filename for one in caught] == [__file__]


def test_scores_judge_the_numbers_in_place_of_the_code() -> None:
    frame = pd.DataFrame({"street": many(), "x": RNG.normal(size=ROWS)})
    model = AutoEncoder(17, max_steps=20, n_jobs=1).fit(frame)
    _, error, deviation = model.network_.squares(
        model.network_.table(model.table_.transform(frame)), None, 1
    )
    numbers = model.table_.transform(frame).dense[:, :16]
    assert deviation[0] >= np.square(numbers - numbers.mean(axis=0)).sum() * 0.999
    assert deviation[0] < 0.3 * ROWS
    assert 1 - error[0] / deviation[0] > 0.8


def test_a_clean_table_warns_of_nothing() -> None:
    frame = pd.DataFrame(
        {
            "plan": RNG.choice(["a", "b", "c"], ROWS),
            "age": RNG.integers(18, 90, ROWS),
            "spend": RNG.gamma(2, 50, ROWS),
            "since": pd.date_range("2020-01-01", periods=ROWS),
            "flag": RNG.random(ROWS) > 0.5,
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (TableEncoder().fit(frame).schema_["note"] == "").all()


def test_a_mark_among_few_whole_numbers_is_no_code() -> None:
    note = schema(np.resize([999, *range(20, 40)], ROWS), "age")["note"]
    assert note.startswith("holds 999 in 10 of 200 cells")
    assert "categorical" not in note


def test_a_constant_that_changes_is_warned_of() -> None:
    frame = pd.DataFrame({"currency": "EUR", "x": RNG.normal(size=ROWS)})
    encoder = TableEncoder().fit(frame)
    new = frame.head(3).assign(currency=["EUR", "USD", None])
    with pytest.warns(TableWarning, match="'currency' was 'EUR' in every .* 'USD' in 1 of 3;"):
        encoder.transform(new)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.transform(frame)


@pytest.mark.parametrize("mark", [999, -1])
def test_marks_among_numbers_are_reported_and_left(mark: int) -> None:
    values = RNG.integers(20, 70, ROWS)
    values[::20] = mark
    frame = pd.DataFrame({"age": values})
    with pytest.warns(TableWarning, match=f"column 'age' holds {mark} in 10 of 200 cells"):
        encoder = TableEncoder(scale="none").fit(frame)
    assert encoder.transform(frame).dense[0, 0] == mark


def test_a_far_date_is_reported() -> None:
    dates = pd.Series(pd.date_range("2020-01-01", periods=ROWS)).astype("datetime64[s]")
    dates[::10] = pd.Timestamp("9999-12-31").as_unit("s")
    with pytest.warns(TableWarning, match=r"column 'until' holds 9999-12-31 in 20 of 200 cells"):
        TableEncoder().fit(pd.DataFrame({"until": dates}))


def test_codes_are_suggested_as_categories() -> None:
    note = schema(RNG.choice([101, 205, 340, 999], ROWS), "branch")["note"]
    assert "4 whole numbers that repeat and leave holes" in note
    assert "categorical=['branch']" in note
    assert schema(RNG.integers(0, 6, ROWS), "children")["note"] == ""


def test_whole_numbers_that_are_dates_are_reported() -> None:
    days = pd.date_range("2020-01-01", periods=ROWS).strftime("%Y%m%d").astype(int)
    assert "may be dates (20200101); dates=['x'] reads them so" in schema(days)["note"]
    assert schema(days, dates=["x"])["kind"] == "datetime"
    assert schema(days + 40)["note"] == ""


def test_capitals_are_reported_and_blanks_trimmed() -> None:
    row = schema(np.resize(["Bonn", "Bonn ", "bonn", "Köln"], ROWS))
    assert row["levels"] == 3
    assert "differ by capitals alone ('Bonn', 'bonn')" in row["note"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("code", [f"K-{i:04d}" for i in range(ROWS)]),
        ("number", 2**60 + np.arange(ROWS)),
        ("customer_id", np.arange(5000, 5000 + ROWS)),
    ],
)
def test_identifiers_are_left_out_with_a_word(name: str, values: Any) -> None:
    frame = pd.DataFrame({name: values, "x": np.arange(ROWS) % 7 + 0.5})
    with pytest.warns(TableWarning, match=f"column '{name}' names the rows .* left out"):
        encoder = TableEncoder().fit(frame)
    assert encoder.schema_["kind"].tolist() == ["identifier", "continuous"]
    assert encoder.layout_.sources == ["x"]
    new = frame.assign(**{name: values[::-1]})
    back = encoder.inverse_transform(encoder.transform(new))
    assert back[name].isna().all()
    again = TableEncoder.from_state(*encoder.to_state())
    pd.testing.assert_frame_equal(again.schema_, encoder.schema_)
    named = TableEncoder(categorical=[name])
    assert schema(values, name, categorical=[name])["kind"] == "categorical"
    assert named.fit(frame).layout_.sources == [name, "x"]


def test_measurements_are_no_identifiers() -> None:
    assert schema(np.arange(ROWS), "minutes")["kind"] == "continuous"
    assert schema(RNG.permutation(ROWS) + 0.5, "id")["kind"] == "continuous"
    assert schema(many(), "street")["kind"] == "categorical"


def test_near_texts_are_near() -> None:
    texts = many()
    features, numbers = TextFeatures.fit(list(texts), np.ones(len(texts)), 16)
    same, typo, other = features.transform(
        ["lake avenue no 9", "lake avenu no 9", "church road no 3"]
    )
    assert np.linalg.norm(same - typo) < np.linalg.norm(same - other)
    assert numbers.var(axis=0).sum() == pytest.approx(1, rel=1e-3)
    assert features.transform([]).shape == (0, features.width)


def test_text_with_many_levels_is_rebuilt_as_the_nearest() -> None:
    frame = pd.DataFrame({"street": many(), "x": RNG.normal(size=ROWS)})
    encoder = TableEncoder(text_components=24).fit(frame)
    blocks = encoder.transform(frame)
    assert blocks.dense.shape[1] == 25
    assert encoder.layout_.sources == ["street", "x"]
    back = encoder.inverse_transform(blocks)
    assert (back["street"] == frame["street"]).mean() > 0.9
    again = TableEncoder.from_state(*encoder.to_state())
    pd.testing.assert_frame_equal(again.inverse_transform(again.transform(frame)), back)
    assert TableEncoder(text_components=0).fit(frame).transform(frame).dense.shape[1] == 1


def test_text_with_gaps() -> None:
    street = many()
    street[5] = None
    encoder = TableEncoder().fit(pd.DataFrame({"street": street}))
    blocks = encoder.transform(pd.DataFrame({"street": street}))
    assert np.isnan(blocks.dense[5]).all()
    assert blocks.codes[5, 0] == 0
    assert pd.isna(encoder.inverse_transform(blocks)["street"][5])


@pytest.mark.parametrize("kind", ["text", "list", "set"])
def test_several_labels_in_a_cell_are_a_bag(kind: str) -> None:
    known = np.array(["art", "food", "sport", "music", "travel"])
    picked = [sorted(known[RNG.random(5) < 0.5]) or ["art"] for _ in range(ROWS)]
    make = {"text": "|".join, "list": list, "set": set}[kind]
    cells = np.empty(ROWS, dtype=object)
    cells[:] = [make(labels) for labels in picked]
    cells[3] = None
    data = pd.DataFrame({"likes": pd.Series(cells, dtype=object), "x": RNG.normal(size=ROWS)})
    encoder = TableEncoder().fit(data)
    assert encoder.schema_["kind"].tolist() == ["bag", "continuous"]
    blocks = encoder.transform(data)
    assert blocks.bags.shape == (ROWS, 5)
    assert blocks.bags.sum(axis=1)[0] == len(picked[0])
    back = encoder.inverse_transform(blocks)["likes"]
    assert back[3] is None
    split = [set(cell.split("|")) if kind == "text" else set(cell) for cell in back.drop(3)]
    assert split == [set(labels) for i, labels in enumerate(picked) if i != 3]
    again = TableEncoder.from_state(*encoder.to_state())
    np.testing.assert_array_equal(again.transform(data).bags.toarray(), blocks.bags.toarray())
    with pytest.raises(ValueError, match=r"column 'likes' held several labels .* now holds 5"):
        encoder.transform(data.assign(likes=pd.Series([5] * ROWS, dtype=object)))


def test_missing_is_an_answer_where_it_is_usual() -> None:
    alley = np.array([None] * ROWS, dtype=object)
    alley[:12] = ["gravel", "paved"] * 6
    size = np.where(np.arange(ROWS) < 12, 5.0, 0.0) + RNG.normal(size=ROWS)
    frame = pd.DataFrame({"alley": pd.Series(alley, dtype=object), "size": size})
    model = AutoEncoder(2, max_steps=200, n_jobs=1).fit(frame)
    back = model.reconstruct(frame)["alley"]
    assert back[12:].isna().mean() > 0.95
    assert model.reconstruction_error(frame, per_column=True)["alley"][12:].isna().all()
    assert TableEncoder().fit(frame).schema_["levels"][0] == 2


@pytest.mark.parametrize("dtype", ["float64", "object"])
def test_a_code_column_that_is_text_in_training_and_numbers_later(dtype: str) -> None:
    codes = pd.DataFrame({"zip": np.resize(["02139", "94110", "10001", "x"], 40)})
    numeric = codes[codes["zip"] != "x"]
    encoder = TableEncoder(categorical=["zip"]).fit(numeric)
    new = pd.DataFrame({"zip": numeric["zip"].astype(int).astype(dtype)})
    np.testing.assert_array_equal(encoder.transform(new).codes, encoder.transform(numeric).codes)
    with pytest.raises(ValueError, match="column 'zip' held text in training and now holds"):
        TableEncoder(categorical=["zip"]).fit(codes).transform(new)


def test_explained_variance_of_what_is_lost_is_zero() -> None:
    lost = [f"{a} {b}" for a, b in zip(many(), RNG.permutation(ROWS), strict=True)]
    frame = pd.DataFrame({"lost": lost, "x": RNG.normal(size=ROWS)})
    table = TableEncoder(text_components=0)
    model = AutoEncoder(1, max_steps=100, n_jobs=1, table=table).fit(frame)
    assert model.score(frame) < 0.6  # of two columns, one is not explained at all
    assert model.validation_score_ < 0.6
