"""Same seed, same bits: for any number of threads, in workers, after a fork."""

import multiprocessing
import os

import numpy as np
import pytest
from joblib import Parallel, delayed

from entivec import AutoEncoder


def _bits(table, **parameters) -> bytes:
    model = AutoEncoder(4, max_steps=25, dropout=0.1, **parameters).fit(table)
    return model.transform(table).to_numpy().tobytes() + model.network_.params.tobytes()


def test_same_bits_for_any_number_of_threads(customers):
    assert _bits(customers, n_jobs=1) == _bits(customers, n_jobs=2) == _bits(customers, n_jobs=3)


def test_same_bits_every_time_and_other_bits_for_another_seed(customers):
    assert _bits(customers) == _bits(customers)
    assert _bits(customers) != _bits(customers, random_state=1)


def test_same_bits_in_joblib_workers(customers):
    expected = _bits(customers)
    assert Parallel(n_jobs=2)(delayed(_bits)(customers) for _ in range(2)) == [expected] * 2


def _bits_to_queue(queue, table) -> None:
    queue.put(_bits(table, n_jobs=2))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python 3.12 warns of any fork beside threads
def test_same_bits_in_a_child_forked_after_use(customers):
    expected = _bits(customers, n_jobs=2)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_bits_to_queue, args=(queue, customers))
    child.start()
    assert queue.get(timeout=60) == expected
    child.join(timeout=60)
    assert child.exitcode == 0


def test_order_of_columns_is_that_of_the_fit(customers):
    model = AutoEncoder(4, max_steps=5).fit(customers)
    shuffled = customers[list(reversed(customers.columns))]
    np.testing.assert_array_equal(model.transform(shuffled), model.transform(customers))
