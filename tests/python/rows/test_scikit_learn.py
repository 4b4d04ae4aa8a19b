"""scikit-learn's own checks over every estimator."""

import pytest
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
    check(estimator)
