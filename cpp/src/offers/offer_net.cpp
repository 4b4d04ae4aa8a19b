#include "entivec/offers/offer_net.h"

#include <cmath>

#include "entivec/core/check.h"
#include "entivec/loss/softmax.h"

namespace entivec {

namespace {

constexpr Index kMostMetas = 5;
constexpr Scalar kLongPast = 5;  // logarithm of many transactions: what the length of a past is divided by

OfferSizes checked_offer_sizes(const OfferSizes& sizes) {
  check(sizes.attributes() > 0, "OfferNet", "at least one attribute", 0);
  check(sizes.width > 0, "OfferNet", "width > 0", sizes.width);
  check(sizes.metas > 0 && sizes.metas <= kMostMetas, "OfferNet", "1 to 5 meta-features", sizes.metas);
  check(sizes.block > 1, "OfferNet", "block > 1", sizes.block);
  check(sizes.augmentations >= 0, "OfferNet", "augmentations >= 0", sizes.augmentations);
  check(sizes.max_length > 0, "OfferNet", "max_length > 0", sizes.max_length);
  return sizes;
}

std::vector<Index> widths_over(Index inputs, const std::vector<Index>& hidden) {
  std::vector<Index> widths{inputs};
  widths.insert(widths.end(), hidden.begin(), hidden.end());
  widths.push_back(1);
  return widths;
}

}  // namespace

OfferNet::OfferNet(const OfferSizes& sizes, const TableLayout* customers)
    : sizes_(checked_offer_sizes(sizes)),
      customers_(customers),
      past_(bag() + 1, metas()),
      offer_(bag(), metas()),
      kernel_(sizes.width, sizes.bilinear ? metas() : 0),
      table_at_(past_.num_params()),
      offer_at_(table_at_) {
  if (customers) {
    table_.emplace(*customers, metas());
    offer_at_ += table_->num_params();
  }
  gates_at_ = kernel_at_ = offer_at_ + offer_.num_params();
  if (sizes.mask) {
    gates_.emplace(std::vector<Index>{2 * bag(), metas(), metas()}, Activation::kRelu, false, false);
    kernel_at_ += gates_->num_params();
  }
  layers_at_ = tables_at_ = kernel_at_ + sizes.metas * kernel_.num_params();
  if (!sizes.hidden.empty()) {
    layers_.emplace(widths_over(interactions(), sizes.hidden), Activation::kGelu, false, false);
    tables_at_ += layers_->num_params();
  }
  Index at = tables_at_;
  for (Index levels : sizes.levels) {
    row_offsets_.push_back(at);
    at += levels * sizes.width;
  }
}

Index OfferNet::num_params() const { return row_offsets_.back() + sizes_.levels.back() * sizes_.width; }

const Scalar* OfferNet::embedding(const OfferView& view, Index attribute, Index event, ConstVectorRef params,
                                  Scalar* own) const {
  const OfferAttribute& values = view.attributes[static_cast<std::size_t>(attribute)];
  const std::int32_t* code = values.begin(event);
  const Index count = values.count(event);
  if (count == 0 || (count == 1 && *code == 0)) return nullptr;
  if (count == 1) return params.data() + row(attribute, *code);
  Eigen::Map<Vector> mean(own, sizes_.width);
  mean.setZero();
  for (Index k = 0; k < count; ++k) mean += params.segment(row(attribute, code[k]), sizes_.width);
  mean /= static_cast<Scalar>(count);
  return own;
}

void OfferNet::add_embedding(const OfferView& view, Index attribute, Index event, const Scalar* d, Vector& scratch,
                             Gradient& gradient) const {
  const OfferAttribute& values = view.attributes[static_cast<std::size_t>(attribute)];
  const std::int32_t* code = values.begin(event);
  const Index count = values.count(event);
  if (count == 0 || (count == 1 && *code == 0)) return;
  if (count == 1) return gradient.row(row(attribute, *code), d, sizes_.width);
  scratch = Eigen::Map<const Vector>(d, sizes_.width) / static_cast<Scalar>(count);
  for (Index k = 0; k < count; ++k) gradient.row(row(attribute, code[k]), scratch.data(), sizes_.width);
}

void OfferNet::look_up_past(const OfferView& view, Index begin, Index end, ConstVectorRef params, Scalar* x) const {
  x[bag()] = std::log1p(static_cast<Scalar>(end - begin)) / kLongPast;
  begin = std::max(begin, end - sizes_.max_length);
  Vector own(sizes_.width);
  for (Index a = 0; a < attributes(); ++a) {
    Eigen::Map<Vector> mean(x + a * sizes_.width, sizes_.width);
    mean.setZero();
    Index count = 0;
    for (Index e = begin; e < end; ++e)
      if (const Scalar* one = embedding(view, a, e, params, own.data())) {
        mean += Eigen::Map<const Vector>(one, sizes_.width);
        ++count;
      }
    mean /= static_cast<Scalar>(std::max<Index>(count, 1));
  }
}

void OfferNet::add_past(const OfferView& view, Index begin, Index end, const Scalar* dx, Vector& scratch,
                        Gradient& gradient) const {
  begin = std::max(begin, end - sizes_.max_length);
  Vector share(sizes_.width);
  for (Index a = 0; a < attributes(); ++a) {
    Index count = 0;
    for (Index e = begin; e < end; ++e) {
      const OfferAttribute& values = view.attributes[static_cast<std::size_t>(a)];
      count += values.count(e) > 1 || (values.count(e) == 1 && *values.begin(e) != 0);
    }
    if (count == 0) continue;
    share = Eigen::Map<const Vector>(dx + a * sizes_.width, sizes_.width) / static_cast<Scalar>(count);
    for (Index e = begin; e < end; ++e) add_embedding(view, a, e, share.data(), scratch, gradient);
  }
}

void OfferNet::customers_forward(ConstMatrixRef x, const Batch* batch, ConstVectorRef params, MatrixRef u) const {
  past_.forward(x, params.head(past_.num_params()), u);
  if (!table_) return;
  Matrix own(x.rows(), metas());
  table_->forward(*batch, params.segment(table_at_, table_->num_params()), own);
  u += own;
}

void OfferNet::customers_backward(ConstMatrixRef x, const Batch* batch, ConstMatrixRef du, ConstVectorRef params,
                                  MatrixRef dx, Gradient& gradient) const {
  past_.backward(x, du, params.head(past_.num_params()), dx, gradient.dense(0, past_.num_params()));
  if (table_) table_->backward(*batch, du, gradient.dense(table_at_, table_->num_params()));
}

OfferNet::OfferCache OfferNet::offer_cache(Index capacity) const {
  OfferCache cache;
  cache.plain = cache.d_plain = cache.offer = cache.d_offer = Matrix::Zero(capacity, metas());
  if (gates_) {
    cache.gate = cache.d_gate = Matrix::Zero(capacity, metas());
    cache.moments = cache.d_moments = Matrix::Zero(capacity, 2 * bag());
    cache.gates = gates_->cache(capacity);
  }
  return cache;
}

void OfferNet::offers_forward(ConstMatrixRef mean, ConstMatrixRef variance, ConstVectorRef params, OfferCache& cache,
                              MatrixRef v) const {
  const Index n = mean.rows();
  auto plain = cache.plain.topRows(n), offer = cache.offer.topRows(n);
  offer_.forward(mean, params.segment(offer_at_, offer_.num_params()), plain);
  offer = plain;
  if (gates_) {
    auto moments = cache.moments.topRows(n), gate = cache.gate.topRows(n);
    moments.leftCols(bag()) = mean;
    moments.rightCols(bag()) = variance;
    gates_->forward(moments, params.segment(gates_at_, gates_->num_params()), {}, 0, cache.gates, gate);
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < metas(); ++j) gate(i, j) = 2 * sigmoid(gate(i, j));  // 1 where it knows nothing
    offer.array() *= gate.array();
  }
  if (!sizes_.bilinear) {
    v = offer;
    return;
  }
  for (Index q = 0; q < sizes_.metas; ++q)
    kernel_.forward(offer.middleCols(q * sizes_.width, sizes_.width),
                    params.segment(kernel_at_ + q * kernel_.num_params(), kernel_.num_params()),
                    v.middleCols(q * metas(), metas()));
}

void OfferNet::offers_backward(ConstMatrixRef mean, ConstMatrixRef dv, ConstVectorRef params, OfferCache& cache,
                               MatrixRef d_mean, MatrixRef d_variance, Gradient& gradient) const {
  const Index n = mean.rows();
  auto plain = cache.plain.topRows(n), offer = cache.offer.topRows(n), d_offer = cache.d_offer.topRows(n),
       d_plain = cache.d_plain.topRows(n);
  if (sizes_.bilinear) {
    for (Index q = 0; q < sizes_.metas; ++q) {
      const Index at = kernel_at_ + q * kernel_.num_params();
      kernel_.backward(offer.middleCols(q * sizes_.width, sizes_.width), dv.middleCols(q * metas(), metas()),
                       params.segment(at, kernel_.num_params()), d_offer.middleCols(q * sizes_.width, sizes_.width),
                       gradient.dense(at, kernel_.num_params()));
    }
  } else {
    d_offer = dv;
  }
  d_plain = d_offer;
  d_variance.setZero();
  if (gates_) {
    auto gate = cache.gate.topRows(n), d_gate = cache.d_gate.topRows(n);
    auto d_moments = cache.d_moments.topRows(n);
    d_plain.array() *= gate.array();
    // of 2σ(y): gate (2 − gate) / 2
    d_gate.array() = d_offer.array() * plain.array() * gate.array() * (1 - gate.array() / 2);
    gates_->backward(cache.moments.topRows(n), d_gate, params.segment(gates_at_, gates_->num_params()), cache.gates,
                     d_moments, gradient.dense(gates_at_, gates_->num_params()));
    d_variance = d_moments.rightCols(bag());
  }
  offer_.backward(mean, d_plain, params.segment(offer_at_, offer_.num_params()), d_mean,
                  gradient.dense(offer_at_, offer_.num_params()));
  if (gates_) d_mean += cache.d_moments.topRows(n).leftCols(bag());
}

void OfferNet::interact(const Scalar* u, const Scalar* v, Scalar* s) const {
  using Meta = Eigen::Map<const Vector>;
  for (Index k = 0; k < interactions(); ++k)
    s[k] = Meta(u + meta_of(k) * sizes_.width, sizes_.width).dot(Meta(v + k * sizes_.width, sizes_.width));
}

void OfferNet::interact_backward(const Scalar* u, const Scalar* v, const Scalar* ds, Scalar* du, Scalar* dv) const {
  using Meta = Eigen::Map<const Vector>;
  using Into = Eigen::Map<Vector>;
  const Index wide = sizes_.width;
  for (Index k = 0; k < interactions(); ++k) {
    Into(du + meta_of(k) * wide, wide) += ds[k] * Meta(v + k * wide, wide);
    Into(dv + k * wide, wide) += ds[k] * Meta(u + meta_of(k) * wide, wide);
  }
}

Mlp::Cache OfferNet::score_cache(Index capacity) const { return layers_ ? layers_->cache(capacity) : Mlp::Cache{}; }

void OfferNet::scores_forward(ConstMatrixRef s, ConstVectorRef params, const Dropout& dropout, Mlp::Cache& cache,
                              MatrixRef scores) const {
  if (layers_)
    layers_->forward(s, params.segment(layers_at_, layers_->num_params()), dropout, 0, cache, scores);
  else
    scores = s.rowwise().sum();
}

void OfferNet::scores_backward(ConstMatrixRef s, ConstMatrixRef d_scores, ConstVectorRef params, Mlp::Cache& cache,
                               MatrixRef ds, Gradient& gradient) const {
  if (layers_)
    layers_->backward(s, d_scores, params.segment(layers_at_, layers_->num_params()), cache, ds,
                      gradient.dense(layers_at_, layers_->num_params()));
  else
    ds = d_scores.replicate(1, s.cols());
}

void OfferNet::initialise(std::uint64_t seed, VectorRef params) const {
  const Random random(seed, Stream::kInitial);
  std::uint64_t index = 0;
  params.setZero();
  past_.initialise(random, index, params.head(past_.num_params()));
  if (table_)
    Linear(customers_->inputs(), metas()).initialise(random, index, params.segment(table_at_, table_->num_params()));
  offer_.initialise(random, index, params.segment(offer_at_, offer_.num_params()));
  if (gates_) gates_->initialise(random, index, params.segment(gates_at_, gates_->num_params()));
  for (Index q = 0; q < sizes_.metas; ++q)
    kernel_.initialise(random, index, params.segment(kernel_at_ + q * kernel_.num_params(), kernel_.num_params()));
  if (layers_) layers_->initialise(random, index, params.segment(layers_at_, layers_->num_params()));
  const double deviation = 1 / std::sqrt(static_cast<double>(sizes_.width));
  for (Index at = tables_at_; at < num_params(); ++at)
    params[at] = static_cast<Scalar>(deviation * random.normal(index++));
}

}  // namespace entivec
