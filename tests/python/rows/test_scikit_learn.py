"""scikit-learn's own checks over every estimator."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from entivec import rows

# So few steps leave a posterior where it began, of which fit warns.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ESTIMATORS = [getattr(rows, name)(max_steps=20) for name in rows.__all__]
ESTIMATORS.append(rows.CAE(tied_weights=True, max_steps=20))

MINIBATCHES = "rows are visited in a random order: a weight of two is not the bits of two rows"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": MINIBATCHES,
    "check_sample_weight_equivalence_on_sparse_data": MINIBATCHES,
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda estimator: EXPECTED)
def test_scikit_learn_checks(estimator, check):
    if check.func.__name__ == "check_methods_subset_invariance":
        pytest.skip("its tolerance of 1e-7 is for float64; see the test below")
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_rows_do_not_depend_on_the_rows_beside_them(estimator, numbers):
    model = clone(estimator).fit(numbers)
    codes, scores = (
        (np.concatenate([method(row[None]) for row in numbers[:20]]), method(numbers)[:20])
        for method in (model.transform, model.score_samples)
    )
    np.testing.assert_allclose(*scores, rtol=1e-5, atol=1e-5)
    shares = sum(getattr(model, "categories", ()))
    latents = codes[0].shape[1] - shares
    np.testing.assert_allclose(*(z[:, :latents] for z in codes), rtol=1e-5, atol=1e-5)
    # A single row's products are summed in another order. The softmax of a category, sharp from its
    # start, multiplies the last bits of its logits: by up to 2e-4 over twelve seeds.
    np.testing.assert_allclose(*(z[:, latents:] for z in codes), rtol=1e-5, atol=5e-4)
