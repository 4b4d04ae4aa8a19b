#include "entivec/table/likelihood.h"

#include "category.h"

namespace entivec {

namespace {

constexpr Scalar kHalfLogTwoPi = Scalar(0.9189385332046727);
constexpr Scalar kLowest = Scalar(-4.605170185988091);  // ln 0.01

// Columns that are worked on at a time: their numbers stay in L1, and nothing is allocated.
constexpr Index kPieceColumns = 256;
using Columns = Eigen::Array<Scalar, Eigen::Dynamic, 1, 0, kPieceColumns, 1>;
using OutputRow = Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>>;

Scalar held(Scalar log_sigma) { return std::min(std::max(log_sigma, kLowest), Scalar(0)); }

// A row's cells, zero where they are missing; `seen` is then 0, else 1.
void read_cells(const Scalar* target, Index size, Columns& cells, Columns& seen) {
  for (Index j = 0; j < size; ++j) {
    const bool missing = std::isnan(target[j]);
    cells[j] = missing ? Scalar(0) : target[j];
    seen[j] = missing ? Scalar(0) : Scalar(1);
  }
}

// One piece of Gaussian columns: outputs → gradients for every row, `d_log_sigma` summed over the rows.
struct Gaussian {
  Gaussian(ConstVectorRef log_sigma, const Columns& weight)
      : weight(weight), log_scale(weight.size()), d_log_sigma(Columns::Zero(weight.size())) {
    for (Index j = 0; j < weight.size(); ++j) log_scale[j] = held(log_sigma[j]);
    precision = (-2 * log_scale).exp();
  }

  Scalar row(Scalar by, const Columns& cells, const Columns& seen, OutputRow y) {
    const Columns each = by * weight * seen;
    const Columns error = y - cells, square = error.square() * precision;
    y = each * error * precision;
    d_log_sigma += each * (1 - square);
    return (each * (Scalar(0.5) * square + log_scale + kHalfLogTwoPi)).sum();
  }

  // σ is held at a bound only against steps that would leave it further behind.
  void add_to(ConstVectorRef log_sigma, VectorRef grads) const {
    for (Index j = 0; j < d_log_sigma.size(); ++j) {
      const bool out = (log_sigma[j] > 0 && d_log_sigma[j] < 0) || (log_sigma[j] < kLowest && d_log_sigma[j] > 0);
      if (!out) grads[j] += d_log_sigma[j];
    }
  }

  Columns weight, log_scale, precision, d_log_sigma;
};

Scalar bernoulli_row(Scalar by, const Columns& weight, const Columns& cells, const Columns& seen, OutputRow y) {
  const Columns each = by * weight * seen, decay = (-y.abs()).exp();
  const Columns loss = each * (y.max(Scalar(0)) + (1 + decay).log() - cells * y);
  const Columns probability = Scalar(0.5) + Scalar(0.5) * (Scalar(0.5) * y).tanh();
  y = each * (probability - cells);
  return loss.sum();
}

}  // namespace

Likelihood::Likelihood(const TableLayout& layout, bool bernoulli)
    : layout_(layout), bernoulli_(bernoulli), weight_(layout.dense()) {
  for (Index j = 0; j < layout.dense(); ++j) {
    const auto source = static_cast<std::size_t>(layout.columns().dense_source[static_cast<std::size_t>(j)]);
    weight_[j] = static_cast<Scalar>(layout.columns().source_weight[source]);
  }
}

void Likelihood::value_and_gradient(const Batch& batch, ConstVectorRef by, ConstVectorRef params, MatrixRef outputs,
                                    VectorRef losses, VectorRef grads) const {
  losses.setZero();
  for (Index first = 0; first < layout_.dense(); first += kPieceColumns) {
    const Index size = std::min(kPieceColumns, layout_.dense() - first);
    dense_piece(batch, by, params, first, size, outputs, losses, grads);
  }
  for (Index i = 0; i < batch.size; ++i)
    for (std::size_t j = 0; j < layout_.categories().size(); ++j) {
      const Category& category = layout_.categories()[j];
      const auto weight =
          static_cast<Scalar>(layout_.columns().source_weight[static_cast<std::size_t>(category.source)]);
      losses[i] += category_gradient(category, Target(layout_, batch, j, i), by[i] * weight,
                                     outputs.row(i).data() + category.output);
    }
}

void Likelihood::dense_piece(const Batch& batch, ConstVectorRef by, ConstVectorRef params, Index first, Index size,
                             MatrixRef outputs, VectorRef losses, VectorRef grads) const {
  const Columns weight = weight_.segment(first, size);
  Columns cells(size), seen(size);
  if (bernoulli_) {
    for (Index i = 0; i < batch.size; ++i) {
      read_cells(batch.dense_target.row(i).data() + first, size, cells, seen);
      losses[i] += bernoulli_row(by[i], weight, cells, seen, OutputRow(outputs.row(i).data() + first, size));
    }
    return;
  }
  const auto log_sigma = params.segment(first, size);
  Gaussian columns(log_sigma, weight);
  for (Index i = 0; i < batch.size; ++i) {
    read_cells(batch.dense_target.row(i).data() + first, size, cells, seen);
    losses[i] += columns.row(by[i], cells, seen, OutputRow(outputs.row(i).data() + first, size));
  }
  columns.add_to(log_sigma, grads.segment(first, size));
}

void Likelihood::predict(MatrixRef outputs) const {
  if (!bernoulli_) return;
  auto dense = outputs.leftCols(layout_.dense()).array();
  dense = Scalar(0.5) + Scalar(0.5) * (Scalar(0.5) * dense).tanh();
}

void Likelihood::scales(ConstVectorRef params, VectorRef sigma) const {
  for (Index j = 0; j < num_params(); ++j) sigma[j] = std::exp(held(params[j]));
}

}  // namespace entivec
