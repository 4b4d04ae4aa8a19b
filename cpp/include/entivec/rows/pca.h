// Principal components of an encoded table without its one-hot matrix.
#pragma once

#include "entivec/rows/centred_table.h"

namespace entivec {

struct Pca {
  VectorXd mean;             // (p)
  MatrixXd components;       // (d, p), orthonormal rows, the largest entry of each positive
  VectorXd singular_values;  // (d), divided by √n: standard deviations along the components
};

// The first `count` components. Narrow tables: eigenvectors of the covariance. Wide ones: restarted block Krylov
// iteration (Musco & Musco 2015) on the operator, until the residuals are below 1e-5 of the first eigenvalue.
Pca fit_pca(const CentredTable& table, Index count, std::uint64_t seed);

// The same from a mean and a covariance.
Pca fit_pca(const VectorXd& mean, const MatrixXd& covariance, Index count, std::uint64_t seed);

}  // namespace entivec
