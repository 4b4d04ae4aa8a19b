"""A fitted model in service: many threads, forked and spawned workers, no growth."""

import multiprocessing
import resource
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import entivec


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    rows = np.random.default_rng(0).normal(size=(400, 8))
    path = tmp_path_factory.mktemp("served") / "model.entivec"
    entivec.AutoEncoder(3, max_steps=30).fit(rows).save(path)
    return path, entivec.load(path), rows


def embed(path, rows):
    return entivec.load(path).transform(rows)


def test_sixteen_threads_share_a_model(served):
    _, model, rows = served
    expected = model.transform(rows)

    def answer(number):
        at = number % len(rows)
        return np.array_equal(model.transform(rows[at : at + 1])[0], expected[at])

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(answer, range(4000)))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_give_the_same_bits(served, method):
    path, model, rows = served
    expected = model.transform(rows)
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as workers:
        found = list(workers.map(embed, [path] * 2, [rows] * 2))
    assert all(np.array_equal(one, expected) for one in found)


def test_calls_leave_nothing_behind(served):
    _, model, rows = served
    row = rows[:1]
    for _ in range(2000):
        model.transform(row)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(30_000):
        model.transform(row)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2000  # KiB
