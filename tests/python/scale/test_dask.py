"""Dask DataFrames: the bits of disk for any number of partitions, lazily, and with workers lost."""

import pickle
import uuid
from contextlib import nullcontext
from functools import partial

import numpy as np
import pandas as pd
import pytest

import entivec

dask = pytest.importorskip("dask")
pytest.importorskip("dask.dataframe")
pytest.importorskip("pyarrow")
import dask.dataframe as dd  # noqa: E402

from entivec.scale import dask as on_dask  # noqa: E402
from entivec.scale.sending import for_transform  # noqa: E402

pytestmark = pytest.mark.slow

ROWS = 3000
MEMORY = "1 MB"  # of which a quarter, some 900 rows, is a sample


@pytest.fixture(scope="module")
def customers():
    return entivec.datasets.make_customers(ROWS, random_state=5).customers


@pytest.fixture(autouse=True)
def _in_this_process():
    with dask.config.set(scheduler="synchronous"):
        yield


def model(steps):
    # A network whatever the guard thinks of so short a training: its bits depend on every step.
    return entivec.AutoEncoder(4, linear_path=False, max_steps=steps)


@pytest.fixture(scope="module", params=[10, 30], ids=["sample", "whole"])
def stored(request, customers, tmp_path_factory):
    """A fit from disk, by a sample and by the whole table."""
    path = tmp_path_factory.mktemp("stored") / "customers.parquet"
    customers.to_parquet(path, row_group_size=550)
    return request.param, model(request.param).fit(entivec.scan(path, memory=MEMORY, lanes=2))


@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_the_bits_are_those_of_disk_for_any_partitions(stored, customers, partitions):
    steps, known = stored
    frame = dd.from_pandas(customers, npartitions=partitions)
    fitted = on_dask.fit(model(steps), frame, memory=MEMORY, lanes=2)
    assert type(fitted) is entivec.AutoEncoder
    assert np.array_equal(fitted.network_.params, known.network_.params)
    assert fitted.validation_score_ == known.validation_score_
    told, expected = (one.table_.schema_.drop(columns="dtype") for one in (fitted, known))
    assert told.equals(expected)


def test_a_frame_that_fits_has_the_bits_of_memory(customers):
    frame = dd.from_pandas(customers, npartitions=3)
    fitted = on_dask.fit(model(10), frame)
    assert np.array_equal(fitted.network_.params, model(10).fit(customers).network_.params)


@pytest.fixture(scope="module")
def fitted(customers):
    return model(10).fit(customers.iloc[:1000])


def test_transform_is_lazy_and_keeps_index_and_divisions(fitted, customers):
    frame = dd.from_pandas(customers.assign(more=1), npartitions=5)
    embedding = on_dask.transform(fitted, frame)
    assert embedding.divisions == frame.divisions
    assert (embedding.dtypes == "float32").all()
    assert embedding.columns.tolist() == fitted.get_feature_names_out().tolist()
    expected = fitted.transform(customers)
    pd.testing.assert_frame_equal(embedding.compute(), expected, check_index_type=False)
    with pytest.raises(ValueError, match="column 'age' is missing; the frame has the columns"):
        on_dask.transform(fitted, frame.drop(columns=["age"]))


def test_partitions_may_be_empty_or_typed_otherwise(customers):
    parts = np.array_split(np.arange(ROWS), 4)
    text = customers.select_dtypes("str").columns[0]
    number = customers.select_dtypes("number").columns[0]
    pieces = [customers.iloc[part] for part in parts]
    pieces[1] = pieces[1].assign(**{text: pieces[1][text].astype("category")})
    pieces[2] = pieces[2].assign(**{number: np.nan})
    plain = pd.concat([pieces[0], customers.iloc[parts[1]], pieces[2], pieces[3]])

    def part(number):
        return pieces[number] if number < 4 else customers.iloc[:0]

    order = [0, 4, 1, 2, 3, 4]
    frame = dd.from_map(part, order, meta=customers.iloc[:0], enforce_metadata=False)
    fitted = on_dask.fit(model(10), frame, memory=MEMORY)
    known = on_dask.fit(model(10), dd.from_pandas(plain, npartitions=1, sort=False), memory=MEMORY)
    assert np.array_equal(fitted.network_.params, known.network_.params)
    assert len(on_dask.transform(fitted, frame).compute()) == ROWS


def test_what_travels_is_small_and_equal_for_equal_models(customers):
    rows = customers.iloc[:1500]
    one, other = (entivec.AutoEncoder(4, max_steps=20).fit(rows) for _ in range(2))
    sent = [pickle.dumps(for_transform(fitted)) for fitted in (one, other)]
    assert sent[0] == sent[1]
    assert len(sent[0]) < len(pickle.dumps(one)) / 2
    embedding = pickle.loads(sent[0]).transform(rows)
    pd.testing.assert_frame_equal(embedding, one.transform(rows))


def test_a_lost_worker_costs_no_fit(stored, customers, monkeypatch):
    distributed = pytest.importorskip("distributed")
    steps, known = stored
    if steps == 10:
        pytest.skip("once is enough, by the whole table")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
        dask.config.set(scheduler="dask.distributed"),
    ):
        frame = dd.from_pandas(customers, npartitions=4)
        source = on_dask.DaskSource(frame, memory=MEMORY, lanes=2)
        rounds, run = [], on_dask.DaskKept.run

        def lossy(kept, function, jobs):
            rounds.append(len(jobs))
            if len(rounds) == 2:
                workers = list(client.scheduler_info()["workers"])
                client.run(_die, workers=workers[:1], on_error="ignore")
            return run(kept, function, jobs)

        monkeypatch.setattr(on_dask.DaskKept, "run", lossy)
        fitted = model(steps).fit(source)
        assert len(rounds) > 2
        assert np.array_equal(fitted.network_.params, known.network_.params)
        embedding = on_dask.transform(fitted, frame).compute()
        pd.testing.assert_frame_equal(embedding, known.transform(customers), check_index_type=False)


@pytest.mark.parametrize("cluster", [False, True])
def test_what_is_made_of_rows_is_made_once_where_a_cluster_holds_it(customers, tmp_path, cluster):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.Client(processes=False, dashboard_address=":0") if cluster else nullcontext(),
        dask.config.set(scheduler="dask.distributed" if cluster else "threads"),
    ):
        frame = dd.from_pandas(customers.iloc[:100], npartitions=3)
        kept = on_dask.DaskSource(frame).keep(partial(_noted, tmp_path), 20)
        jobs = [("a", [(80, 100), (0, 20)]), ("b", [(40, 60)])]
        for _ in range(2):
            found = kept.run(_rows_of, jobs)
            assert found == [("a", [*range(80, 100), *range(20)]), ("b", [*range(40, 60)])]
    made = sorted(int(path.name.split("-")[0]) for path in tmp_path.iterdir())
    # Blocks begin at 0, 20, …; partitions cut two of them. Elsewhere what is asked for, each time.
    assert made == ([0, 20, 34, 40, 60, 67, 80] if cluster else [0, 0, 40, 40, 80, 80])


def _noted(folder, piece):
    (folder / f"{piece.numbers[0]}-{uuid.uuid4()}").touch()
    return piece.numbers.tolist()


def _rows_of(argument, made):
    return argument, [row for one in made for row in one]


def _die():
    import os

    os._exit(1)


def test_duplicated_ids_stay(fitted, customers):
    rows = customers.iloc[[5, 3, 5, 9, 3]]
    frame = dd.from_pandas(rows, npartitions=2, sort=False)
    found = on_dask.transform(fitted, frame).compute()
    assert found.index.tolist() == rows.index.tolist()
    pd.testing.assert_frame_equal(found, fitted.transform(rows), check_index_type=False)


@pytest.fixture(scope="module")
def orders():
    made = entivec.datasets.make_orders(60, random_state=0)
    made.loc[::70, "customer_id"] = None
    return made


def facts_of(frame, **asked):
    found = on_dask.transform(aggregator().fit(frame.compute()), frame, **asked)
    computed = found.compute()
    assert (found.dtypes == computed.dtypes).all()
    if isinstance(asked.get("cutoff"), pd.DataFrame):
        computed = computed.set_index("when", append=True)
    return computed.sort_index()


def aggregator():
    return entivec.FactAggregator(
        "customer_id", time="time", values=["amount"], categories=["channel"]
    )


@pytest.mark.filterwarnings("ignore:column 'customer_id' is missing")
@pytest.mark.filterwarnings("ignore:1 of 4 entities have no events")
def test_facts_are_summed_where_the_events_are(orders, monkeypatch):
    frame = dd.from_pandas(orders, npartitions=3, sort=False)
    known = aggregator().fit(orders)
    ids = known.transform(orders).index[[40, 3, 7]].append(pd.Index(["nobody"]))
    cut = orders["time"].quantile(0.7)
    days = pd.DataFrame(
        {"customer_id": ids[[2, 0, 2]], "when": cut - pd.to_timedelta([0, 9, 60], "D")}
    )
    by_entity = pd.Series(cut, index=ids[:3])
    with monkeypatch.context() as here:
        here.setattr(on_dask.DaskSource, "collect", None)
        for cutoff in (None, cut):
            fitted = on_dask.fit(aggregator(), frame, cutoff=cutoff)
            counts = fitted.vocabularies_[0].counts
            assert (
                counts.tolist()
                == aggregator().fit(orders, cutoff=cutoff).vocabularies_[0].counts.tolist()
            )
    for asked in (
        {},
        {"cutoff": cut},
        {"cutoff": cut, "entities": ids},
        {"cutoff": by_entity},
        {"cutoff": days},
    ):
        expected = known.transform(orders, **asked).sort_index()
        found = facts_of(frame, **asked)
        pd.testing.assert_frame_equal(found, expected, check_exact=True, check_index_type=False)


def test_facts_of_a_log_have_the_bits_of_memory():
    orders = entivec.datasets.make_orders(60, random_state=0)
    frame = dd.from_pandas(orders, npartitions=3)
    facts = entivec.FactAggregator("customer_id", time="time", values=["amount"])
    expected = facts.fit_transform(orders)
    for memory in ("1 GiB", "50 kB"):
        events = on_dask.DaskSource(frame, memory=memory)
        found = on_dask.fit(facts, frame, memory=memory).transform(events)
        pd.testing.assert_frame_equal(found, expected, check_exact=True, check_index_type=False)
