"""Search for the parameters of an estimator."""
