"""scikit-learn's own checks over every estimator."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import entivec
from entivec.estimators import estimators_of

# So few steps leave a posterior where it began, of which fit warns.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
ESTIMATORS = [getattr(entivec, name)(max_steps=5) for name in estimators_of("rows")]
ESTIMATORS.append(entivec.CAE(tied_weights=True, max_steps=5))

MINIBATCHES = "rows are visited in a random order: a weight of two is not the bits of two rows"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": MINIBATCHES,
    "check_sample_weight_equivalence_on_sparse_data": MINIBATCHES,
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda estimator: EXPECTED)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
