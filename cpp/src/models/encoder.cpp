#include "entivec/models/encoder.h"

#include "entivec/nn/l2.h"

namespace entivec {

namespace {

std::optional<Mlp> encoder_body(std::vector<Index> hidden, Index code, Activation activation) {
  if (hidden.empty()) return std::nullopt;
  hidden.push_back(code);
  return Mlp(std::move(hidden), activation, true, false);
}

}  // namespace

Encoder::Encoder(const TableLayout& layout, const std::vector<Index>& hidden, Index code, Activation activation,
                 bool linear_path)
    : layout_(layout),
      code_(code),
      linear_(linear_path || hidden.empty() ? code : 0),
      body_(encoder_body(hidden, code, activation)),
      first_(layout, linear_ + (hidden.empty() ? 0 : hidden.front())) {}

Encoder::Cache Encoder::cache(Index capacity) const {
  return {Matrix::Zero(capacity, first_.out()), Matrix::Zero(capacity, first_.out()),
          body_ ? body_->cache(capacity) : Mlp::Cache{}, Matrix::Zero(capacity, body_ ? code_ : 0)};
}

void Encoder::forward(const Batch& batch, ConstVectorRef params, const Dropout& dropout, Cache& cache,
                      MatrixRef z) const {
  auto first = cache.first.topRows(batch.size);
  first_.forward(batch, params.head(first_.num_params()), first);
  if (!body_) {
    z = first;
    return;
  }
  auto bent = cache.bent.topRows(batch.size);
  body_->forward(first.rightCols(first_.out() - linear_), params.tail(body_->num_params()), dropout, 0, cache.body,
                 bent);
  z = bent;
  if (linear_ > 0) z += first.leftCols(linear_);
}

void Encoder::backward(const Batch& batch, ConstMatrixRef dz, ConstMatrixRef d_bent, ConstVectorRef params,
                       Cache& cache, VectorRef grads) const {
  const auto first = cache.first.topRows(batch.size);
  auto d_first = cache.d_first.topRows(batch.size);
  if (linear_ > 0) d_first.leftCols(linear_) = dz;
  if (body_)
    body_->backward(first.rightCols(first_.out() - linear_), d_bent, params.tail(body_->num_params()), cache.body,
                    d_first.rightCols(first_.out() - linear_), grads.tail(body_->num_params()));
  first_.backward(batch, d_first, grads.head(first_.num_params()));
}

void Encoder::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  const Linear shape(layout_.inputs(), first_.out());
  shape.initialise(random, index, params.head(first_.num_params()));
  if (!body_) return;
  auto body = params.tail(body_->num_params());
  body_->initialise(random, index, body);
  if (linear_ > 0) body.tail(body_->map(depth() - 1).num_params()).setZero();
}

void Encoder::set_linear(ConstMatrixRef w, ConstVectorRef bias, VectorRef params) const {
  MatrixMap(params.data(), layout_.inputs(), first_.out()).leftCols(linear_) = w;
  params.head(first_.num_params()).tail(first_.out()).head(linear_) = bias;
}

Scalar Encoder::l2(Scalar rate, ConstVectorRef params, VectorRef grads) const {
  if (!body_) return 0;
  const ConstMatrixMap w(params.data(), layout_.inputs(), first_.out());
  MatrixMap dw(grads.data(), layout_.inputs(), first_.out());
  const Index hidden = first_.out() - linear_;
  return add_l2(rate, w.rightCols(hidden), dw.rightCols(hidden)) +
         body_->l2(rate, depth() - 1, params.tail(body_->num_params()), grads.tail(body_->num_params()));
}

}  // namespace entivec
