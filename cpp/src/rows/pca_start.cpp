#include "entivec/rows/pca_start.h"

#include <cmath>

namespace entivec {

namespace {

constexpr double kSingularFloor = 1e-3;
constexpr double kShareFloor = 0.1;
constexpr double kLogFloor = 1e-4;
constexpr Scalar kLogVariance = -3;  // of a posterior whose means start at PCA's codes, which have variance one

void start_encoder(const AutoEncoder& model, const Pca& pca, const VectorXd& s, VectorRef params) {
  const TableLayout& layout = model.layout();
  MatrixXd v = s.cwiseInverse().asDiagonal() * pca.components;  // (d, p)
  for (const Category& category : layout.categories())
    v.middleCols(category.encoded, category.targets()) *= category.scale;
  const Index d = model.linear_code();  // of a variational model the means; the rest of the statistics starts at zero
  Matrix all = Matrix::Zero(layout.inputs(), model.encoder().code());
  auto w = all.leftCols(d);
  w.topRows(layout.dense()) = v.leftCols(layout.dense()).transpose().cast<Scalar>();
  // Missing dense cells enter as zero; the flag of their source column brings the means of all its parts.
  const auto& source = layout.columns().dense_source;
  for (Index f = 0; f < layout.flags(); ++f) {
    const Index flagged = source[static_cast<std::size_t>(layout.flag_columns()[static_cast<std::size_t>(f)])];
    for (Index j = 0; j < layout.dense(); ++j)
      if (source[static_cast<std::size_t>(j)] == flagged)
        w.row(layout.dense() + f) += (pca.mean[j] * v.col(j)).transpose().cast<Scalar>();
  }
  for (const Category& category : layout.categories()) {
    const auto own = v.middleCols(category.encoded, category.targets());
    const VectorXd average = own * pca.mean.segment(category.encoded, category.targets());
    for (Index level = 0; level < category.first; ++level)
      w.row(category.input + level) = average.transpose().cast<Scalar>();
    w.middleRows(category.input + category.first, category.targets()) = own.transpose().cast<Scalar>();
  }
  Vector bias = Vector::Zero(all.cols());
  bias.head(d) = (-(v * pca.mean)).cast<Scalar>();
  if (model.posterior()) bias.segment(d, d).setConstant(kLogVariance);
  model.encoder().set_linear(all, bias, params.head(model.encoder().num_params()));
}

void start_dense(const AutoEncoder& model, Heads heads, const Pca& pca, const MatrixXd& v, Matrix& w, Vector& bias) {
  const Index c = model.layout().dense(), d = v.rows();
  VectorXd start = pca.mean.head(c);
  MatrixXd kernel = v.leftCols(c);
  if (heads == Heads::kTyped && model.bernoulli()) {
    const VectorXd p = start.cwiseMax(kShareFloor / 10).cwiseMin(1 - kShareFloor / 10);
    kernel.array().rowwise() /= (p.array() * (1 - p.array())).max(kShareFloor).transpose();
    start = (p.array() / (1 - p.array())).log();
  }
  w.topLeftCorner(d, c) = kernel.cast<Scalar>();
  bias.head(c) = start.cast<Scalar>();
}

void start_category(const Category& category, const Pca& pca, const MatrixXd& v, Heads heads, Matrix& w, Vector& bias) {
  const Index n = category.targets();
  MatrixXd kernel = v.middleCols(category.encoded, n);
  VectorXd start = pca.mean.segment(category.encoded, n);
  if (heads == Heads::kTyped) {
    kernel.array().rowwise() /= start.array().max(kShareFloor).transpose();
    start = start.array().max(kLogFloor).log();
  }
  if (!category.flag) {
    w.block(0, category.output, v.rows(), n) = kernel.cast<Scalar>();
    bias.segment(category.output, n) = start.cast<Scalar>();
    return;
  }
  // One logit: what a softmax over both levels would see. A linear head keeps the second level's value.
  const double first = heads == Heads::kTyped ? 1 : 0;
  w.col(category.output).head(v.rows()) = (kernel.col(1) - first * kernel.col(0)).cast<Scalar>();
  bias[category.output] = static_cast<Scalar>(start[1] - first * start[0]);
}

}  // namespace

void start_at_pca(const AutoEncoder& model, const Pca& pca, Heads heads, VectorRef params) {
  const TableLayout& layout = model.layout();
  const VectorXd s = pca.singular_values.cwiseMax(kSingularFloor);
  start_encoder(model, pca, s, params);
  MatrixXd v = s.asDiagonal() * pca.components;  // (d, p)
  for (const Category& category : layout.categories())
    v.middleCols(category.encoded, category.targets()) /= category.scale;
  Matrix w = Matrix::Zero(model.code(), layout.outputs());
  Vector bias = Vector::Zero(layout.outputs());
  start_dense(model, heads, pca, v, w, bias);
  for (const Category& category : layout.categories()) start_category(category, pca, v, heads, w, bias);
  model.decoder().set_linear(w, bias, params.segment(model.encoder().num_params(), model.decoder().num_params()));
}

}  // namespace entivec
