#include "entivec/rows/dense_encoder.h"

#include "entivec/nn/l2.h"

namespace entivec {

namespace {

std::optional<Mlp> encoder_body(std::vector<Index> hidden, Index code, Activation activation, bool code_activation) {
  if (hidden.empty() && !code_activation) return std::nullopt;
  hidden.push_back(code);
  return Mlp(std::move(hidden), activation, true, code_activation);
}

struct DenseEncoderCache : Encoder::Cache {
  // Without M_e there is nothing to keep: the only map reads the batch and writes the codes.
  Matrix first;  // (capacity, d + h1): the linear path's codes beside the first pre-activations
  Matrix d_first;
  Mlp::Cache body;
  std::unique_ptr<ContractivePenalty::Scratch> penalty;
};

DenseEncoderCache& dense(Encoder::Cache& cache) { return static_cast<DenseEncoderCache&>(cache); }

ContractivePenalty::Shards penalties_of(const std::vector<Encoder::Cache*>& shards) {
  ContractivePenalty::Shards penalties;
  for (Encoder::Cache* shard : shards) penalties.push_back(dense(*shard).penalty.get());
  return penalties;
}

}  // namespace

DenseEncoder::DenseEncoder(const TableLayout& layout, const std::vector<Index>& hidden, Index code,
                           Activation activation, bool code_activation, bool linear_path,
                           const Contraction& contraction)
    : layout_(layout),
      code_(code),
      body_(encoder_body(hidden, code, activation, code_activation)),
      linear_(linear_path || !body_ ? code : 0),
      first_(layout, linear_ + (body_ ? body_->width(0) : 0)),
      penalty_(contractive_penalty(chain(), contraction)) {}

std::unique_ptr<Encoder::Cache> DenseEncoder::cache(Index capacity) const {
  auto cache = std::make_unique<DenseEncoderCache>();
  cache->bent = Matrix::Zero(capacity, body_ ? code_ : 0);
  if (body_) {
    cache->first = cache->d_first = Matrix::Zero(capacity, first_.out());
    cache->body = body_->cache(capacity, penalty_ != nullptr);
  }
  if (penalty_) cache->penalty = penalty_->scratch(capacity);
  return cache;
}

std::uint32_t DenseEncoder::num_activated() const {
  return body_ ? static_cast<std::uint32_t>(body_->depth() + body_->activated(body_->depth())) : 0;
}

void DenseEncoder::forward(const Batch& batch, ConstVectorRef params, const Dropout& dropout, Encoder::Cache& any_cache,
                           MatrixRef z) const {
  if (!body_) return first_.forward(batch, params, z);
  DenseEncoderCache& cache = dense(any_cache);
  auto first = cache.first.topRows(batch.size);
  first_.forward(batch, params.head(first_.num_params()), first);
  auto bent = cache.bent.topRows(batch.size);
  body_->forward(first.rightCols(first_.out() - linear_), params.tail(body_->num_params()), dropout, 0, cache.body,
                 bent);
  z = bent;
  if (linear_ > 0) z += first.leftCols(linear_);
}

void DenseEncoder::backward(const Batch& batch, ConstMatrixRef dz, ConstMatrixRef d_bent, ConstVectorRef params,
                            Encoder::Cache& any_cache, VectorRef grads) const {
  DenseEncoderCache& cache = dense(any_cache);
  if (!body_) return first_.backward(batch, dz, grads, cache.later);
  const auto first = cache.first.topRows(batch.size);
  auto d_first = cache.d_first.topRows(batch.size);
  if (linear_ > 0) d_first.leftCols(linear_) = dz;
  body_->backward(first.rightCols(first_.out() - linear_), d_bent, params.tail(body_->num_params()), cache.body,
                  d_first.rightCols(first_.out() - linear_), grads.tail(body_->num_params()), cache.later);
  first_.backward(batch, d_first, grads.head(first_.num_params()), cache.later);
}

void DenseEncoder::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  const Linear shape(layout_.inputs(), first_.out());
  auto first = params.head(first_.num_params());
  shape.initialise(random, index, first);
  if (!body_) return;
  auto body = params.tail(body_->num_params());
  body_->initialise(random, index, body);
  if (linear_ == 0) return;
  if (body_->depth() > 0) {
    body.tail(body_->map(body_->depth() - 1).num_params()).setZero();
  } else {
    MatrixMap(first.data(), layout_.inputs(), first_.out()).rightCols(body_->width(0)).setZero();
    first.tail(body_->width(0)).setZero();
  }
}

std::vector<Encoder::OutputMap> DenseEncoder::output_maps(VectorRef params) const {
  std::vector<OutputMap> maps;
  auto first = params.head(first_.num_params());
  if (linear_ > 0)
    maps.push_back({MatrixMap(first.data(), layout_.inputs(), first_.out()).leftCols(linear_),
                    first.tail(first_.out()).head(linear_)});
  if (!body_ || body_->depth() == 0) return maps;
  const Linear& last = body_->map(body_->depth() - 1);
  auto own = params.tail(last.num_params());
  maps.push_back({MatrixMap(own.data(), last.in(), last.out()), own.tail(last.out())});
  return maps;
}

const Matrix* DenseEncoder::last_hidden(const Encoder::Cache& cache) const {
  if (!body_ || body_->depth() == 0) return nullptr;
  return &static_cast<const DenseEncoderCache&>(cache).body.h[static_cast<std::size_t>(body_->depth() - 1)];
}

Scalar DenseEncoder::l2(Scalar rate, ConstVectorRef params, VectorRef grads) const {
  if (!body_) return 0;
  const Index hidden = body_->width(0), activated_maps = body_->depth() - !body_->activated(body_->depth());
  return add_l2(rate, chain().first(params).rightCols(hidden), chain().first(grads).rightCols(hidden)) +
         body_->l2(rate, activated_maps, params.tail(body_->num_params()), grads.tail(body_->num_params()));
}

void DenseEncoder::begin_penalty(ConstVectorRef params, const std::vector<Encoder::Cache*>& shards, int threads) const {
  if (penalty_) penalty_->begin(params, penalties_of(shards), threads);
}

Scalar DenseEncoder::penalty(const Batch& batch, const Vector& by, const Dropout& dropout, ConstVectorRef params,
                             Encoder::Cache& cache, VectorRef grads) const {
  return penalty_ ? penalty_->add(batch, by, dropout, params, dense(cache).body, *dense(cache).penalty, grads) : 0;
}

void DenseEncoder::end_penalty(ConstVectorRef params, const std::vector<Encoder::Cache*>& shards, int threads,
                               VectorRef grads) const {
  if (penalty_) penalty_->end(params, penalties_of(shards), threads, grads);
}

void DenseEncoder::jacobian(const Batch& batch, ConstVectorRef params, Encoder::Cache& cache, MatrixRef j) const {
  entivec::jacobian(chain(), batch, params, dense(cache).body, j);
}

void DenseEncoder::jacobian_norms(const Batch& batch, ConstVectorRef params, Index probes, std::uint64_t seed,
                                  std::uint64_t position, Encoder::Cache& cache, VectorRef norms) const {
  entivec::jacobian_norms(chain(), batch, params, dense(cache).body, probes, seed, position, norms);
}

void DenseEncoder::count_saturated(Index rows, Scalar share, const Encoder::Cache& cache, VectorRef counts) const {
  if (!body_) return;
  const auto& slopes = static_cast<const DenseEncoderCache&>(cache).body.slope;
  for (Index l = 0; l < static_cast<Index>(num_activated()); ++l) {
    const auto slope = slopes[static_cast<std::size_t>(l)].topRows(rows).array();
    counts[l] += static_cast<Scalar>((slope.abs() < share * steepest_slope(body_->activation())).count());
  }
}

}  // namespace entivec
