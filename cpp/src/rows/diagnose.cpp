#include "entivec/rows/diagnose.h"

#include "pieces.h"

namespace entivec {

namespace {

constexpr Index kJacobianRows = 32;  // a Jacobian has as many rows as the code is wide

}  // namespace

void jacobians(const Fitted& fitted, const TableView& table, MatrixRef j) {
  const Index d = fitted.model.code();
  for_each_piece(fitted, table.rows, kJacobianRows, [&](Scratch& s, Index, Index first, Index size) {
    gather(fitted.model.layout(), table, first, size, s.batch);
    fitted.model.jacobian(s.batch, fitted.params, *s.workspace, j.middleRows(first * d, size * d));
  });
}

void jacobian_norms(const Fitted& fitted, const TableView& table, Index probes, std::uint64_t seed, VectorRef norms) {
  for_each_piece(fitted, table.rows, kJacobianRows, [&](Scratch& s, Index, Index first, Index size) {
    gather(fitted.model.layout(), table, first, size, s.batch);
    fitted.model.jacobian_norms(s.batch, fitted.params, probes, seed, static_cast<std::uint64_t>(first), *s.workspace,
                                norms.segment(first, size));
  });
}

DoubleVector saturation(const Fitted& fitted, const TableView& table, Scalar share) {
  const auto layers = static_cast<Index>(fitted.model.encoder().num_activated());
  const Index pieces = (table.rows + kJacobianRows - 1) / kJacobianRows;
  Matrix counts = Matrix::Zero(pieces, layers);
  for_each_piece(fitted, table.rows, kJacobianRows, [&](Scratch& s, Index number, Index first, Index size) {
    gather(fitted.model.layout(), table, first, size, s.batch);
    fitted.model.count_saturated(s.batch, share, fitted.params, *s.workspace, counts.row(number).transpose());
  });
  DoubleVector shares = counts.cast<double>().colwise().sum().transpose();
  for (Index l = 0; l < layers; ++l)
    shares[l] /= static_cast<double>(table.rows) * static_cast<double>(fitted.model.encoder().units(l));
  return shares;
}

}  // namespace entivec
