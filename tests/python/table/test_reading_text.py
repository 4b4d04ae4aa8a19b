"""Text that is really numbers, dates or flags: read as what it is, written back as it was."""

from __future__ import annotations

import datetime
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from entivec.table import TableEncoder
from entivec.table.report import TableWarning

N = 40
VALUES = np.round(np.linspace(3.25, 98_765.5, N), 2)
DAYS = pd.date_range("2019-11-20", periods=N, freq="9D")


def column(encoder: TableEncoder) -> pd.Series[Any]:
    return encoder.schema_.iloc[0]


def fitted(values: Any, **parameters: Any) -> tuple[TableEncoder, np.ndarray]:
    encoder = TableEncoder(scale="none", **parameters)
    blocks = encoder.fit_transform(pd.DataFrame({"x": values}))
    return encoder, blocks.dense


def european(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(".,", ",."))


WRITTEN = {
    "thousands": [f"{value:,.2f}" for value in VALUES],
    "decimal comma": [f"{european(value)}" for value in VALUES],
    "euro behind": [f"{european(value)} €" for value in VALUES],
    "dollar before": [f"${value:,.2f}" for value in VALUES],
    "code of a currency": [f"CHF {value:.2f}" for value in VALUES],
    "percent": [f"{value:.2f} %" for value in VALUES],
    "percent, close": [f"{value:.2f}%" for value in VALUES],
    "unit": [f"{value:.2f} kg" for value in VALUES],
    "at least": [f"{value:.2f}+" for value in VALUES],
    "plain": [repr(float(value)) for value in VALUES],
    "thin blanks": [f"{value:,.2f}".replace(",", "\u202f") for value in VALUES],
    "Swiss": [f"{value:,.2f}".replace(",", "'") for value in VALUES],
    "padded": [f"  {value:.2f} " for value in VALUES],
}


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("dtype", ["str", "object", "string"])
def test_numbers(way: str, dtype: str) -> None:
    encoder, dense = fitted(pd.Series(WRITTEN[way], dtype=dtype))
    assert column(encoder)["kind"] == "continuous"
    assert column(encoder)["unreadable_share"] == 0
    np.testing.assert_allclose(dense[:, 0], VALUES, rtol=1e-6)


@pytest.mark.parametrize(
    "way", ["thousands", "decimal comma", "euro behind", "dollar before", "percent", "unit"]
)
def test_numbers_are_written_back_as_they_were(way: str) -> None:
    data = pd.DataFrame({"x": pd.Series(WRITTEN[way], dtype=object)})
    encoder = TableEncoder(scale="standard").fit(data)
    back = encoder.inverse_transform(encoder.transform(data))["x"]
    assert back.dtype == object
    assert back[0] == WRITTEN[way][0]
    again = TableEncoder.from_state(*encoder.to_state())
    pd.testing.assert_series_equal(again.inverse_transform(again.transform(data))["x"], back)


def test_magnitudes_signs_and_ranges() -> None:
    texts = ["$1.2M", "$300K", "-$5", "($40)", "$7-", "−$8", "$10 - $20", "$1e3", *["$2"] * 12]
    _, dense = fitted(texts)
    expected = [1.2e6, 3e5, -5, -40, -7, -8, 15, 1000, *[2] * 12]
    np.testing.assert_allclose(dense[:, 0], expected)


def test_a_range_is_its_middle() -> None:
    _, dense = fitted(["854 - 1242", "700 to 900", *[str(v) for v in range(20)]])
    assert dense[:2, 0].tolist() == [1048, 800]


@pytest.mark.parametrize("mark", ["?", "n/a", " ", "-", "unknown", "N.A.", "not available"])
def test_one_bad_cell_is_missing_and_counted(mark: str) -> None:
    texts = [str(value) for value in range(100, 180)]
    texts[7] = mark
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder, dense = fitted(texts)
    assert np.isnan(dense[7, 0])
    assert np.isfinite(np.delete(dense[:, 0], 7)).all()
    assert column(encoder)["missing_share"] == pytest.approx(1 / 80)
    assert column(encoder)["unreadable_share"] == pytest.approx(1 / 80)


def test_fewer_than_95_percent_stay_text() -> None:
    numbers = [str(value) for value in range(94)]
    words = ["ash", "elm", "oak", "fir", "yew"]
    assert column(fitted([*numbers, *words, "box"])[0])["kind"] == "categorical"
    assert column(fitted([*numbers, "94", *words])[0])["kind"] == "continuous"
    assert column(fitted(numbers, parse="never")[0])["kind"] == "categorical"


@pytest.mark.parametrize(
    "texts",
    [
        [f"{i:05d}" for i in range(1000, 1040)],  # postcodes
        [f"C{i}" for i in range(40)],
        [*(f"{i}.5" for i in range(200, 238)), "V57", "E909"],  # diagnoses
        [f"{i}-{i + 9}" for i in range(0, 400, 10)],  # bands
        [str(2**60 + i) for i in range(40)],
        ["5 kg", "300 g"] * 20,
        [f"1.2.{i}" for i in range(40)],
        ["1", "2"] * 20,
    ],
)
def test_what_is_no_number(texts: list[str]) -> None:
    assert column(fitted(texts, continuous=None)[0])["kind"] in ("categorical", "identifier")


def test_the_user_says_so() -> None:
    encoder, dense = fitted(["5", "x", "7"], numeric=["x"])
    assert dense[:, 0].tolist()[::2] == [5, 7]
    assert column(encoder)["unreadable_share"] == pytest.approx(1 / 3)
    _, dense = fitted(["1.234", "2.345"], numeric={"x": ","})
    assert dense[:, 0].tolist() == [1234, 2345]
    with pytest.raises(ValueError, match="column 'x' is named in numeric= and holds 'a'"):
        fitted(["a", "b"], numeric=["x"])
    with pytest.raises(ValueError, match=r"dates=\{'x': 'ymdh'\} is unknown; give"):
        fitted(["a", "b"], dates={"x": "ymdh"})


DATES = {
    "dd/mm/yyyy": "%d/%m/%Y",
    "mm/dd/yyyy": "%m/%d/%Y",
    "dotted": "%d.%m.%Y",
    "short year": "%d.%m.%y",
    "iso": "%Y-%m-%d",
    "slashes": "%Y/%m/%d",
    "compact": "%Y%m%d",
    "sas": "%d%b%Y",
    "sas, short": "%d%b%y",
    "named": "%B %d, %Y",
    "day first": "%d %b %Y",
    "with time": "%Y-%m-%d 00:00:00",
    "iso with T": "%Y-%m-%dT00:00:00.000",
    "zulu": "%Y-%m-%dT00:00:00Z",
    "American time": "%m/%d/%Y 12:00:00 AM",
}


@pytest.mark.parametrize("way", DATES)
def test_dates(way: str) -> None:
    texts = DAYS.strftime(DATES[way]).tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # not one is ambiguous
        encoder, dense = fitted(texts)
    assert column(encoder)["kind"] == "datetime"
    np.testing.assert_allclose(dense[:, 0], (DAYS - DAYS[0]).days)


@pytest.mark.parametrize("way", ["dd/mm/yyyy", "iso", "compact", "dotted", "short year"])
def test_dates_are_written_back_as_they_were(way: str) -> None:
    data = pd.DataFrame({"x": DAYS.strftime(DATES[way])})
    encoder = TableEncoder(scale="none").fit(data)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(data)), data)


def test_two_offsets_are_one_clock() -> None:
    texts = [f"2024-03-{day:02d}T06:00:00+02:00" for day in range(1, 21)]
    texts[1:2] = ["2024-03-02T04:00:00Z"]
    _, dense = fitted(texts)
    np.testing.assert_allclose(dense[:, 0], range(20), atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "months"), [("{y}-Q{q}", 3), ("{y}Q{q}", 3), ("{y}-{m:02d}", 1), ("{m:02d}/{y}", 1)]
)
def test_periods_as_text(shape: str, months: int) -> None:
    starts = pd.date_range("2015-01-01", periods=24, freq=f"{months}MS")
    texts = [shape.format(y=day.year, q=day.quarter, m=day.month) for day in starts]
    _, dense = fitted(texts)
    np.testing.assert_allclose(dense[:, 0], (starts - starts[0]).days)


def test_pandas_periods_are_dates() -> None:
    periods = pd.Series(pd.period_range("2015-01", periods=30, freq="M"))
    periods[4] = pd.NaT
    data = pd.DataFrame({"x": periods})
    encoder = TableEncoder(scale="none")
    blocks = encoder.fit_transform(data)
    assert column(encoder)["kind"] == "datetime"
    pd.testing.assert_frame_equal(encoder.inverse_transform(blocks), data)


def test_the_column_as_a_whole_tells_day_from_month() -> None:
    early = [f"0{day}/0{month}/2022" for day in range(1, 6) for month in range(1, 6)]
    with pytest.warns(
        TableWarning, match=r"day and month could change places .*dates={'x': 'dmy'}"
    ):
        fitted(early)
    _, dense = fitted([*early, "25/01/2022"])
    assert dense[-1, 0] == 24
    assert dense[1, 0] == 31  # 01/02 is the first of February
    _, dense = fitted(early, dates={"x": "mdy"})
    assert dense[1, 0] == 1


def test_centuries_of_two_digits_lie_together() -> None:
    births = [f"01.06.{year % 100:02d}" for year in range(1948, 1990)]
    encoder, dense = fitted(births)
    assert np.diff(dense[:, 0]).min() > 300
    assert (
        encoder.inverse_transform(encoder.transform(pd.DataFrame({"x": births})))["x"][0]
        == births[0]
    )


def test_zero_dates_are_missing() -> None:
    texts = DAYS.strftime("%Y-%m-%d").tolist()
    texts[3] = "0000-00-00"
    encoder, dense = fitted(texts)
    assert np.isnan(dense[3]).all()
    assert column(encoder)["unreadable_share"] == pytest.approx(1 / N)


def test_seconds_since_1970_where_the_user_says_so() -> None:
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc).timestamp()
    for unit in (1, 1000):
        seconds = (start + 86_400 * np.arange(30)).astype("int64") * unit
        encoder, dense = fitted(seconds, dates=["x"])
        np.testing.assert_allclose(dense[:, 0], range(30))
        back = encoder.inverse_transform(encoder.transform(pd.DataFrame({"x": seconds})))["x"]
        assert back.tolist() == seconds.tolist()
    assert "may be seconds since 1970" in column(fitted(seconds // 1000)[0])["note"]


def test_flags_in_many_spellings() -> None:
    texts = ["yes", "Yes", "Y", "no", "No", "n"] * 8
    encoder = TableEncoder()
    blocks = encoder.fit_transform(pd.DataFrame({"x": texts}))
    assert len(set(blocks.codes[:, 0])) == 2
    assert len({code for code, text in zip(blocks.codes[:, 0], texts, strict=True)
                if text[0].lower() == "y"}) == 1  # fmt: skip
    again = TableEncoder.from_state(*encoder.to_state())
    np.testing.assert_array_equal(again.transform(pd.DataFrame({"x": texts})).codes, blocks.codes)


def test_new_rows_that_cannot_be_read_are_warned_of() -> None:
    encoder, _ = fitted(WRITTEN["dollar before"])
    new = pd.DataFrame({"x": ["$5.00", "a lot", "?", None]})
    with pytest.warns(TableWarning, match=r"column 'x': 1 of 4 cells .*'a lot' \(row position 1\)"):
        dense = encoder.transform(new).dense
    np.testing.assert_array_equal(np.isnan(dense[:, 0]), [False, True, True, True])
    with pytest.raises(
        ValueError, match=r"column 'x' held numbers as text in training and now .*Timestamp"
    ):
        encoder.transform(pd.DataFrame({"x": pd.to_datetime(["2020-01-01"])}))


def test_trained_on_numbers_the_bad_cell_is_shown() -> None:
    encoder, _ = fitted(np.arange(30.0))
    text = r"now holds '\?'; convert it to numbers .* \(row position 2\)"
    with pytest.raises(ValueError, match=text):
        encoder.transform(pd.DataFrame({"x": ["1", "2", "?", "4"]}))
