#include "entivec/rows/pca.h"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <cmath>

#include "entivec/core/check.h"
#include "entivec/core/rng.h"

namespace entivec {

namespace {

constexpr Index kFullWidth = 256;         // up to here all eigenvectors cost next to nothing
constexpr Index kCovarianceWidth = 3000;  // up to here the covariance fits comfortably (72 MB)
constexpr Index kOversampling = 10;
constexpr int kBlocks = 4, kRestarts = 30;
constexpr double kTolerance = 1e-5;

using Operator = std::function<MatrixXd(const MatrixXd&)>;

struct Eigenpairs {
  VectorXd values;   // descending
  MatrixXd vectors;  // (p, count)
};

// Eigen's solver reads column-major matrices and sorts ascending.
Eigenpairs symmetric_eigen(const Eigen::MatrixXd& matrix, Index count) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix);
  return {solver.eigenvalues().reverse().head(count), solver.eigenvectors().rowwise().reverse().leftCols(count)};
}

MatrixXd orthonormal(const MatrixXd& block) {
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(block);
  return qr.householderQ() * Eigen::MatrixXd::Identity(block.rows(), std::min(block.rows(), block.cols()));
}

MatrixXd random_block(Index rows, Index cols, std::uint64_t seed) {
  const Random random(seed, Stream::kPca);
  MatrixXd block(rows, cols);
  for (Index i = 0; i < block.size(); ++i) block.data()[i] = random.normal(static_cast<std::uint64_t>(i));
  return block;
}

// Orthonormal basis of [Q, AQ, A²Q, …] and the operator applied to it.
void krylov_basis(const Operator& multiply, const MatrixXd& start, MatrixXd& basis, MatrixXd& image) {
  const Index b = start.cols(), width = std::min<Index>(start.rows(), b * kBlocks);
  basis = MatrixXd(start.rows(), width);
  image = MatrixXd(start.rows(), width);
  MatrixXd block = start;
  for (Index at = 0; at < width;) {
    // Twice: where the rank is exhausted a block is mere rounding, which its first normalisation brings back to size.
    for (int pass = 0; pass < 2; ++pass) {
      block -= basis.leftCols(at) * (basis.leftCols(at).transpose() * block).eval();
      block = orthonormal(block);
    }
    const Index n = std::min(b, width - at);
    basis.middleCols(at, n) = block.leftCols(n);
    block = multiply(basis.middleCols(at, n));
    image.middleCols(at, n) = block;
    at += n;
  }
}

Eigenpairs krylov_eigen(const Operator& multiply, Index width, Index count, std::uint64_t seed) {
  const Index b = std::min(width, count + kOversampling);
  MatrixXd start = random_block(width, b, seed), basis, image;
  Eigenpairs pairs;
  for (int restart = 0; restart < kRestarts; ++restart) {
    krylov_basis(multiply, start, basis, image);
    const Eigen::MatrixXd small = basis.transpose() * image;
    const Eigenpairs inner = symmetric_eigen((small + small.transpose()) / 2, b);
    pairs = {inner.values.head(count), basis * inner.vectors.leftCols(count)};
    const MatrixXd residual = image * inner.vectors.leftCols(count) - pairs.vectors * pairs.values.asDiagonal();
    if (residual.colwise().norm().maxCoeff() <= kTolerance * pairs.values[0]) break;
    start = basis * inner.vectors;
  }
  return pairs;
}

Eigenpairs leading_eigenpairs(const MatrixXd& covariance, Index count, std::uint64_t seed) {
  const Index width = covariance.cols();
  if (width <= kFullWidth || 8 * (count + kOversampling) >= width) return symmetric_eigen(covariance, count);
  return krylov_eigen([&](const MatrixXd& q) -> MatrixXd { return covariance * q; }, width, count, seed);
}

Eigenpairs leading_eigenpairs(const CentredTable& table, Index count, std::uint64_t seed) {
  const Index width = table.width();
  if (width > kCovarianceWidth && 4 * (count + kOversampling) < width)
    return krylov_eigen([&](const MatrixXd& q) { return table.multiply_covariance(q); }, width, count, seed);
  return leading_eigenpairs(table.covariance(), count, seed);
}

Pca as_pca(const VectorXd& mean, const Eigenpairs& pairs) {
  Pca pca{mean, pairs.vectors.transpose(), pairs.values.cwiseMax(0).cwiseSqrt()};
  for (Index k = 0; k < pairs.values.size(); ++k) {
    Index largest = 0;
    pca.components.row(k).cwiseAbs().maxCoeff(&largest);
    if (pca.components(k, largest) < 0) pca.components.row(k) *= -1;
  }
  return pca;
}

void check_components(Index count, Index width) {
  check(count >= 1 && count <= width, "fit_pca", "1 <= components <= encoded width", count);
}

}  // namespace

Pca fit_pca(const CentredTable& table, Index count, std::uint64_t seed) {
  check_components(count, table.width());
  return as_pca(table.mean(), leading_eigenpairs(table, count, seed));
}

Pca fit_pca(const VectorXd& mean, const MatrixXd& covariance, Index count, std::uint64_t seed) {
  check_components(count, covariance.cols());
  return as_pca(mean, leading_eigenpairs(covariance, count, seed));
}

}  // namespace entivec
