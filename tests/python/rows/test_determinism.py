"""Same seed, same bits: for any number of threads, in workers, after a fork, alone or not."""

import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pytest
from joblib import Parallel, delayed

import entivec
from entivec import AutoEncoder, _core
from entivec.estimators import estimators_of


def _bits(table, **parameters) -> bytes:
    model = AutoEncoder(4, max_steps=25, dropout=0.1, **parameters).fit(table)
    return model.transform(table).to_numpy().tobytes() + model.network_.params.tobytes()


def test_same_bits_for_any_number_of_threads(customers):
    assert _bits(customers, n_jobs=1) == _bits(customers, n_jobs=2) == _bits(customers, n_jobs=3)


def test_same_bits_every_time_and_other_bits_for_another_seed(customers):
    assert _bits(customers) == _bits(customers)
    free = {"linear_path": False}  # where the guard keeps PCA, no seed shows
    assert _bits(customers, **free) != _bits(customers, random_state=1, **free)


@pytest.mark.slow
def test_same_bits_in_joblib_workers(customers):
    expected = _bits(customers)
    assert Parallel(n_jobs=2)(delayed(_bits)(customers) for _ in range(2)) == [expected] * 2


def _bits_to_queue(queue, table) -> None:
    queue.put(_bits(table, n_jobs=2))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of any fork beside threads
def test_same_bits_in_a_child_forked_after_use(customers):
    expected = _bits(customers, n_jobs=2)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_bits_to_queue, args=(queue, customers))
    child.start()
    assert queue.get(timeout=600) == expected
    child.join(timeout=600)
    assert child.exitcode == 0


def test_order_of_columns_is_that_of_the_fit(customers):
    model = AutoEncoder(4, max_steps=5).fit(customers)
    shuffled = customers[list(reversed(customers.columns))]
    np.testing.assert_array_equal(model.transform(shuffled), model.transform(customers))


LEVEL_SCRIPT = """
import sys
import numpy as np
import entivec
from entivec import _core
rng = np.random.default_rng(0)
table = rng.normal(size=(300, 2)) @ rng.normal(size=(2, 7)) + 0.1 * rng.normal(size=(300, 7))
model = entivec.AutoEncoder(2, max_steps=20).fit(table)
assert _core.level == sys.argv[1]
np.save(sys.argv[2], model.transform(table))
"""


def test_cpu_levels_agree(tmp_path):
    codes = {}
    for level in _core.levels_usable():
        path = tmp_path / f"{level}.npy"
        environment = {**os.environ, "ENTIVEC_ISA": level}
        command = [sys.executable, "-c", LEVEL_SCRIPT, level, str(path)]
        subprocess.run(command, env=environment, check=True)
        codes[level] = np.load(path)
    slowest, *others = codes.values()
    for other in others:
        np.testing.assert_allclose(other, slowest, atol=2e-3)


# Widths that leave something over of vectors of any length, and ones that do not.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", estimators_of("rows"))
@pytest.mark.parametrize(("code", "hidden"), [(5, (13, 7)), (19, (64, 32)), (2, (70,))])
def test_a_row_has_the_same_bits_alone_and_among_others(name, code, hidden, customers):
    own = {} if name in ("CAE", "ConvAutoEncoder") else {"hidden_layer_sizes": hidden}
    model = getattr(entivec, name)(code, max_steps=20, **own).fit(customers)
    methods = [model.transform, model.score_samples]
    methods += [model.log_likelihood] if hasattr(model, "log_likelihood") else []
    for method in methods:
        among = np.asarray(method(customers))
        for own in ([9], [7, 3], range(11), range(6, 43)):
            np.testing.assert_array_equal(np.asarray(method(customers.iloc[list(own)])), among[own])


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "gelu", "silu"])
def test_no_activation_depends_on_where_a_row_lies(activation, numbers):
    model = AutoEncoder(3, hidden_layer_sizes=(70, 13), activation=activation, max_steps=20).fit(
        numbers
    )
    among = model.transform(numbers)
    alone = np.concatenate([model.transform(row[None]) for row in numbers[:30]])
    np.testing.assert_array_equal(alone, among[:30])
