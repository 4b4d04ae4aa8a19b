#include "entivec/rows/conv_encoder.h"

namespace entivec {

namespace {

struct ConvEncoderCache : Encoder::Cache {
  TableConv::Cache conv;
  std::vector<Index> missing;  // input rows of one row's missing cells
};

ConvEncoderCache& conv(Encoder::Cache& cache) { return static_cast<ConvEncoderCache&>(cache); }

}  // namespace

ConvEncoder::ConvEncoder(const TableLayout& layout, std::vector<Index> channels, Index code, Activation activation,
                         bool linear_path, const ChannelGrid& grid)
    : layout_(layout), observed_(layout), conv_(layout, grid, channels, code, activation) {
  if (linear_path) linear_.emplace(layout, code);
}

std::unique_ptr<Encoder::Cache> ConvEncoder::cache(Index capacity) const {
  auto cache = std::make_unique<ConvEncoderCache>();
  cache->bent = Matrix::Zero(capacity, code());
  cache->conv = conv_.cache(capacity);
  cache->missing.reserve(static_cast<std::size_t>(layout_.inputs()));
  return cache;
}

void ConvEncoder::forward(const Batch& batch, ConstVectorRef params, const Dropout&, Encoder::Cache& cache,
                          MatrixRef z) const {
  auto bent = cache.bent.topRows(batch.size);
  conv_.forward(batch, params.tail(conv_.num_params()), conv(cache).conv, bent);
  if (linear_) {
    linear_->forward(batch, params.head(linear_params()), z);
    z += bent;
  } else {
    z = bent;
  }
}

void ConvEncoder::backward(const Batch& batch, ConstMatrixRef dz, ConstMatrixRef d_bent, ConstVectorRef params,
                           Encoder::Cache& cache, VectorRef grads) const {
  conv_.backward(batch, d_bent, params.tail(conv_.num_params()), conv(cache).conv, grads.tail(conv_.num_params()));
  if (linear_) linear_->backward(batch, dz, grads.head(linear_params()));
}

void ConvEncoder::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  if (linear_) Linear(layout_.inputs(), code()).initialise(random, index, params.head(linear_params()));
  conv_.initialise(random, index, has_linear_path(), params.tail(conv_.num_params()));
}

std::vector<Encoder::OutputMap> ConvEncoder::output_maps(VectorRef params) const {
  std::vector<OutputMap> maps;
  if (linear_)
    maps.push_back({MatrixMap(params.data(), layout_.inputs(), code()), params.head(linear_params()).tail(code())});
  auto own = params.tail(conv_.flat().num_params());
  maps.push_back({MatrixMap(own.data(), conv_.flat().in(), conv_.flat().out()), own.tail(code())});
  return maps;
}

Scalar ConvEncoder::l2(Scalar rate, ConstVectorRef params, VectorRef grads) const {
  return conv_.l2(rate, params.tail(conv_.num_params()), grads.tail(conv_.num_params()));
}

void ConvEncoder::jacobian(const Batch& batch, ConstVectorRef params, Encoder::Cache& cache, MatrixRef j) const {
  const Index d = code();
  conv_.jacobian(batch, params.tail(conv_.num_params()), conv(cache).conv, j);
  for (Index i = 0; i < batch.size; ++i) {
    auto row = j.middleRows(i * d, d);
    if (linear_) row += ConstMatrixMap(params.data(), layout_.inputs(), d).transpose();
    observed_.missing(batch, i, conv(cache).missing);
    for (Index input : conv(cache).missing) row.col(input).setZero();
    for (Index input : observed_.marks()) row.col(input).setZero();
  }
}

}  // namespace entivec
