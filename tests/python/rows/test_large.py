"""Tables larger than memory: as in memory where they fit, close to it where they do not."""

import itertools

import numpy as np
import pandas as pd
import pytest

import entivec
from entivec._core import fit_pca
from entivec.base.joining import together
from entivec.base.source import Piece
from entivec.estimators import estimators_of, find_estimator
from entivec.rows.buffers import Buffers
from entivec.rows.network import core_layout, core_table
from entivec.rows.summary import Drawn, Gauge, hashed, merge

pytestmark = pytest.mark.slow

pytest.importorskip("pyarrow")
ROWS = 4_000
COLUMNS = [
    "age", "gender", "city", "income", "segment", "channel", "signup_date", "newsletter",
    "visits_per_month", "satisfaction", "loyalty_points",
]  # fmt: skip
SMALL = "1400 kB"  # of which a quarter, some 2,250 rows, is a sample
SMALLER = "820 kB"  # 1,350 rows


@pytest.fixture(scope="module")
def customers():
    made = entivec.datasets.make_customers(ROWS, random_state=5)
    return made.customers[COLUMNS].assign(churned=made.customers["age"].rank(pct=True).gt(0.7))


@pytest.fixture(scope="module")
def folder(customers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("customers")
    customers.iloc[:2500].to_parquet(folder / "a.parquet", row_group_size=1500)
    customers.iloc[2500:].to_parquet(folder / "b.parquet", row_group_size=550)
    return folder


def model(**parameters):
    return entivec.AutoEncoder(**{"n_components": 4, "max_steps": 30, **parameters})


# A network whatever the guard thinks of so short a training: its bits depend on every step.
FREE = {"linear_path": False}


def params(fitted):
    return fitted.network_.params


def test_a_table_that_fits_has_the_bits_of_memory(folder, customers):
    memory = model(max_steps=20, **FREE).fit(customers)
    stored = model(max_steps=20, **FREE).fit(folder)
    assert np.array_equal(params(memory), params(stored))
    assert stored.validation_score_ == memory.validation_score_
    embedding = stored.transform(folder).collect()
    pd.testing.assert_frame_equal(embedding, memory.transform(customers))
    assert stored.score(folder) == pytest.approx(memory.score(customers), abs=1e-9)


@pytest.fixture(scope="module")
def sampled(folder):
    return model().fit(entivec.scan(folder, memory=SMALL))


def test_a_table_that_does_not_fit_is_embedded_as_well(sampled, folder, customers):
    memory = model().fit(customers)
    assert abs(sampled.score(folder) - memory.score(customers)) < 0.01
    assert sampled.pca_validation_score_ == pytest.approx(memory.pca_validation_score_, abs=0.03)
    assert sampled.validation_score_ >= sampled.pca_validation_score_


def test_levels_and_gaps_are_counted_in_all_rows(sampled, customers):
    for column in sampled.table_.columns_:
        if column.kind == "categorical" and column.block == "codes" and hasattr(column, "levels"):
            counts = customers[column.name].value_counts(normalize=True)
            assert column.rows == ROWS
            for level, share in zip(column.levels, column.share[2:], strict=True):
                assert share == pytest.approx(counts[level])
        if column.kind in ("continuous", "datetime"):
            assert column.missing_share == pytest.approx(customers[column.name].isna().mean())


def test_the_bits_do_not_depend_on_how_the_table_is_cut(folder, customers, tmp_path):
    known = model(**FREE).fit(entivec.scan(folder, memory=SMALL))
    for group in (350, 4_000):
        customers.to_parquet(tmp_path / "one.parquet", row_group_size=group)
        again = model(**FREE).fit(entivec.scan(tmp_path / "one.parquet", memory=SMALL))
        assert np.array_equal(params(again), params(known))
        assert again.pca_validation_score_ == known.pca_validation_score_
    frames = [customers.iloc[a : a + 450] for a in range(0, ROWS, 450)]
    again = model(**FREE).fit(entivec.scan(lambda: iter(frames), memory=SMALL))
    assert np.array_equal(params(again), params(known))


@pytest.fixture(scope="module")
def streamed(folder):
    return model(max_steps=120).fit(entivec.scan(folder, memory=SMALLER, lanes=2))


def test_a_long_training_reads_the_whole_table(streamed, folder, customers):
    memory = model(max_steps=120).fit(customers)
    assert streamed.n_iter_ >= 120
    assert len(streamed.history_) > 5
    assert abs(streamed.score(folder) - memory.score(customers)) < 0.02
    assert streamed.history_["train_loss"].iloc[-1] < streamed.history_["train_loss"].iloc[0]


def test_a_long_training_has_the_same_bits_for_any_cut(streamed, customers, tmp_path):
    customers.to_parquet(tmp_path / "one.parquet", row_group_size=850)
    again = model(max_steps=120).fit(
        entivec.scan(tmp_path / "one.parquet", memory=SMALLER, lanes=2)
    )
    assert np.array_equal(params(again), params(streamed))


def test_lanes_are_part_of_the_numbers(streamed, folder):
    one = model(max_steps=120).fit(entivec.scan(folder, memory=SMALLER))
    assert not np.array_equal(params(one), params(streamed))
    assert one.score(folder) == pytest.approx(streamed.score(folder), abs=0.02)


@pytest.mark.parametrize("steps", [15, 60])
def test_targets_are_columns_of_the_table(folder, customers, steps):
    guided = model(max_steps=steps).fit(entivec.scan(folder, memory=SMALLER), "churned")
    assert "churned" not in guided.feature_names_in_
    known = guided.predict(customers.drop(columns="churned"))
    assert (known == customers["churned"]).mean() > 0.8
    assert guided.transform(folder).collect().index.equals(customers.index)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_estimator_over_rows_reads_from_disk(customers, tmp_path):
    few = customers[["age", "income", "segment", "city", "signup_date", "satisfaction"]].iloc[:900]
    few.to_parquet(tmp_path / "few.parquet", row_group_size=300)
    for name in estimators_of("rows"):
        stored = entivec.scan(tmp_path / "few.parquet", memory="150 kB")  # a sample of 460 rows
        fitted = find_estimator(name)(4, max_steps=10).fit(stored)
        assert fitted.transform(stored).collect().shape[0] == 900, name
        assert np.isfinite(fitted.score(stored)), name


def test_an_embedding_is_written_piece_by_piece(sampled, folder, customers, tmp_path):
    sampled.transform(entivec.scan(folder, memory="270 kB")).to_parquet(tmp_path / "out.pq")
    import pyarrow.parquet

    assert pyarrow.parquet.ParquetFile(tmp_path / "out.pq").num_row_groups > 5
    written = pd.read_parquet(tmp_path / "out.pq")
    pd.testing.assert_frame_equal(written, sampled.transform(customers))


def test_a_training_goes_on(sampled, folder):
    warm = model(warm_start=True, max_steps=15).fit(entivec.scan(folder, memory=SMALL))
    first = params(warm).copy()
    warm.fit(entivec.scan(folder, memory=SMALL))
    assert not np.array_equal(params(warm), first)


def test_what_cannot_be_is_said(folder, sampled):
    with pytest.raises(ValueError, match="y must name columns of the table on disk, got 'chrned'"):
        model().fit(folder, "chrned")
    with pytest.raises(ValueError, match="y must name columns of the table on disk, got a Series"):
        model().fit(folder, pd.Series([1]))
    with pytest.raises(ValueError, match="sample_weight is not taken with a table on disk"):
        model().fit(folder, sample_weight=[1.0])
    with pytest.raises(ValueError, match="partial_fit takes a frame"):
        model().partial_fit(folder)
    other = folder.parent / "other.parquet"
    pd.DataFrame({"x": [1.0]}).to_parquet(other)
    with pytest.raises(ValueError, match="column 'age' is missing"):
        sampled.transform(other).collect()


# Summaries -------------------------------------------------------------------------------------


def test_summaries_add_up_to_the_same_bits(customers):
    frame = customers.drop(columns="churned")
    table = entivec.TableEncoder().fit(frame)
    gauge = Gauge.of(table, table.transform(frame), 2)
    whole = gauge(Piece(np.arange(ROWS), frame))
    for cuts in ([1, 2500], [300, 301, 3500, 3_999]):
        edges = [0, *cuts, ROWS]
        parts = [
            gauge(Piece(np.arange(a, b), frame.iloc[a:b])) for a, b in itertools.pairwise(edges)
        ]
        for summary in (merge(parts), merge([merge(parts[::-1][:2]), *parts[:-2]])):
            assert summary.rows == ROWS
            assert np.array_equal(summary.observed, whole.observed)
            assert np.array_equal(summary.sum, whole.sum)
            assert np.array_equal(summary.second, whole.second)
    assert merge(parts).minus(parts[0]).rows == ROWS - 300


def test_components_from_summaries_are_those_of_the_table(customers):
    frame = customers.drop(columns="churned")
    table = entivec.TableEncoder().fit(frame)
    blocks = table.transform(frame)
    gauge = Gauge.of(table, blocks, 1)
    layout = core_layout(table.layout_)
    exact = fit_pca(layout, core_table(layout, blocks), None, 6, 0, 1)
    found = gauge.pca(layout, gauge(Piece(np.arange(ROWS), frame)), 6, 0)
    assert np.allclose(found.mean, exact.mean, atol=1e-3)
    assert np.allclose(found.singular_values, exact.singular_values, rtol=2e-3)
    aligned = np.abs(found.components @ exact.components.T)
    assert np.allclose(np.linalg.svd(aligned)[1], 1, atol=1e-2)


def test_a_sample_depends_on_row_numbers_alone():
    numbers = np.arange(100_000)
    drawn = Drawn(0.1, 7)(numbers)
    assert abs(drawn.mean() - 0.1) < 0.005
    assert np.array_equal(Drawn(0.1, 7)(numbers[50_000:]), drawn[50_000:])
    assert (Drawn(0.2, 7)(numbers) >= drawn).all()
    assert Drawn(0.1, 8)(numbers)[drawn].mean() < 0.2
    assert len(np.unique(hashed(numbers, 0))) == len(numbers)


def test_buffers_visit_every_row_once_an_epoch():
    buffers = Buffers(10_007, 512, 3)
    spans = [span for buffer in buffers.epoch(0) for span in buffer]
    visited = np.concatenate([np.arange(*span) for span in spans])
    assert np.array_equal(np.sort(visited), np.arange(10_007))
    assert all(sum(b - a for a, b in buffer) <= 512 for buffer in buffers.epoch(0))
    first = next(iter(buffers.epoch(0)))
    assert len({a // (16 * 64) for a, _ in first}) == 8  # of eight places
    blocks = -(-10_007 // 64)
    assert len(list(buffers.epoch(0))) == -(-blocks // 8)  # the last places alone fill buffers, too
    assert spans != [span for buffer in buffers.epoch(1) for span in buffer]
    rounds = buffers.rounds(3)
    assert len(next(rounds)) == 3


def test_pieces_of_other_dtypes_give_the_same_codes(customers):
    frame = customers.drop(columns="churned")
    table = entivec.TableEncoder().fit(frame)
    text = next(c.name for c in table.columns_ if c.kind == "categorical")
    whole = table.transform(frame)
    named = frame.assign(**{text: frame[text].astype("category")}).iloc[100:400]
    arrow = frame.iloc[100:400].convert_dtypes(dtype_backend="pyarrow")
    for piece in (named, arrow):
        blocks = table.transform(piece)
        assert np.array_equal(blocks.codes, whole.codes[100:400])
        assert np.array_equal(blocks.dense, whole.dense[100:400], equal_nan=True)
    mixed = together([named, frame.iloc[400:500]])[text].astype(object)
    assert mixed.isna().tolist() == frame[text].iloc[100:500].isna().tolist()
    assert set(mixed.dropna()) == set(frame[text].iloc[100:500].dropna())
