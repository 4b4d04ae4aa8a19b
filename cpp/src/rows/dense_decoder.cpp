#include "entivec/rows/dense_decoder.h"

#include <algorithm>

namespace entivec {

namespace {

std::optional<Mlp> decoder_body(std::vector<Index> hidden, Index code, Activation activation) {
  if (hidden.empty()) return std::nullopt;
  hidden.push_back(code);
  std::reverse(hidden.begin(), hidden.end());
  return Mlp(std::move(hidden), activation, false, true);
}

struct DenseDecoderCache : Decoder::Cache {
  // Without M_d there is nothing to keep: the only map reads the codes.
  Matrix joint;  // (capacity, d + h1): the codes for the linear path beside the last hidden layer
  Matrix d_joint;
  Mlp::Cache body;
};

DenseDecoderCache& own(Decoder::Cache& cache) { return static_cast<DenseDecoderCache&>(cache); }

}  // namespace

DenseDecoder::DenseDecoder(const TableLayout& layout, const std::vector<Index>& hidden, Index code,
                           Activation activation, bool linear_path)
    : linear_(linear_path || hidden.empty() ? code : 0),
      body_(decoder_body(hidden, code, activation)),
      last_(linear_ + (hidden.empty() ? 0 : hidden.front()), layout.outputs()) {}

std::unique_ptr<Decoder::Cache> DenseDecoder::cache(Index capacity) const {
  auto cache = std::make_unique<DenseDecoderCache>();
  if (body_) {
    cache->joint = cache->d_joint = Matrix::Zero(capacity, last_.in());
    cache->body = body_->cache(capacity);
  }
  return cache;
}

void DenseDecoder::forward(ConstMatrixRef z, ConstVectorRef params, const Dropout& dropout, std::uint32_t first_layer,
                           Decoder::Cache& any_cache, MatrixRef outputs) const {
  if (!body_) return last_.forward(z, params, outputs);
  DenseDecoderCache& cache = own(any_cache);
  auto joint = cache.joint.topRows(z.rows());
  if (linear_ > 0) joint.leftCols(linear_) = z;
  body_->forward(z, params.head(body_->num_params()), dropout, first_layer, cache.body,
                 joint.rightCols(last_.in() - linear_));
  last_.forward(joint, params.tail(last_.num_params()), outputs);
}

void DenseDecoder::backward(ConstMatrixRef z, ConstMatrixRef d_outputs, ConstVectorRef params,
                            Decoder::Cache& any_cache, MatrixRef dz, VectorRef grads) const {
  DenseDecoderCache& cache = own(any_cache);
  if (!body_) return last_.backward(z, d_outputs, params, dz, grads, cache.later);
  const auto joint = cache.joint.topRows(z.rows());
  auto d_joint = cache.d_joint.topRows(z.rows());
  last_.backward(joint, d_outputs, params.tail(last_.num_params()), d_joint, grads.tail(last_.num_params()),
                 cache.later);
  body_->backward(z, d_joint.rightCols(last_.in() - linear_), params.head(body_->num_params()), cache.body, dz,
                  grads.head(body_->num_params()), cache.later);
  if (linear_ > 0) dz += d_joint.leftCols(linear_);
}

void DenseDecoder::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  if (body_) body_->initialise(random, index, params.head(body_->num_params()));
  auto last = params.tail(last_.num_params());
  last_.initialise(random, index, last);
  if (body_ && linear_ > 0) MatrixMap(last.data(), last_.in(), last_.out()).bottomRows(last_.in() - linear_).setZero();
}

void DenseDecoder::set_linear(ConstMatrixRef w, ConstVectorRef bias, VectorRef params) const {
  auto last = params.tail(last_.num_params());
  MatrixMap kernel(last.data(), last_.in(), last_.out());
  kernel.setZero();
  kernel.topRows(linear_) = w;
  last.tail(last_.out()) = bias;
}

std::vector<MatrixRef> DenseDecoder::code_kernels(VectorRef params) const {
  std::vector<MatrixRef> kernels;
  if (body_) kernels.emplace_back(MatrixMap(params.data(), body_->map(0).in(), body_->map(0).out()));
  if (linear_ > 0) {
    MatrixMap last(params.tail(last_.num_params()).data(), last_.in(), last_.out());
    kernels.emplace_back(last.topRows(linear_));
  }
  return kernels;
}

Scalar DenseDecoder::l2(Scalar rate, ConstVectorRef params, VectorRef grads) const {
  if (!body_) return 0;
  return body_->l2(rate, body_->depth(), params.head(body_->num_params()), grads.head(body_->num_params()));
}

}  // namespace entivec
