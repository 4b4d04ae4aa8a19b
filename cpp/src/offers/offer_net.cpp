#include "entivec/offers/offer_net.h"

#include <algorithm>
#include <cmath>

#include "entivec/core/check.h"

namespace entivec {

namespace {

constexpr Scalar kLongPast = 5;  // logarithm of many transactions: what the length of a past is divided by

OfferSizes checked_offer_sizes(const OfferSizes& sizes) {
  check(sizes.attributes() > 0, "OfferNet", "at least one attribute", 0);
  check(sizes.width > 0, "OfferNet", "width > 0", sizes.width);
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
      past_(bag() + 1, sizes.metas, sizes.width),
      offer_(bag(), sizes.metas, sizes.width),
      interactions_(sizes.metas, sizes.width, sizes.bilinear),
      table_at_(past_.num_params()),
      offer_at_(table_at_) {
  if (customers) {
    table_.emplace(*customers, metas());
    offer_at_ += table_->num_params();
  }
  mask_at_ = kernel_at_ = offer_at_ + offer_.num_params();
  if (sizes.mask) {
    mask_.emplace(bag(), metas());
    kernel_at_ += mask_->num_params();
  }
  layers_at_ = tables_at_ = kernel_at_ + interactions_.num_params();
  if (!sizes.hidden.empty()) {
    layers_.emplace(widths_over(interactions_.count(), sizes.hidden), Activation::kGelu, false, false);
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

std::vector<Scalar> OfferNet::counts() const {
  return std::vector<Scalar>(static_cast<std::size_t>(*std::max_element(sizes_.levels.begin(), sizes_.levels.end())));
}

// Of a value that stands there often, one row is read and one gradient added: baskets hold the same again and again.
void OfferNet::read_past(const OfferView& view, Index begin, Index end, std::vector<Scalar>& counts, Past& past) const {
  past.codes.clear();
  past.shares.clear();
  past.ends.clear();
  past.length = end - begin;
  begin = std::max(begin, end - sizes_.max_length);
  const auto add = [&](std::int32_t code, Scalar part) {
    Scalar& count = counts[static_cast<std::size_t>(code)];
    if (count == 0) past.codes.push_back(code);
    count += part;
  };
  for (const OfferAttribute& values : view.attributes) {
    const std::size_t first = past.codes.size();
    Index found = 0;
    for (Index e = begin; e < end; ++e) {
      const std::int32_t* code = values.begin(e);
      const Index n = values.count(e);
      if (n == 0 || (n == 1 && *code == 0)) continue;
      for (Index k = 0; k < n; ++k) add(code[k], 1 / static_cast<Scalar>(n));
      ++found;
    }
    for (std::size_t at = first; at < past.codes.size(); ++at) {
      Scalar& count = counts[static_cast<std::size_t>(past.codes[at])];
      past.shares.push_back(count / static_cast<Scalar>(found));
      count = 0;
    }
    past.ends.push_back(past.codes.size());
  }
}

void OfferNet::look_up_past(const Past& past, ConstVectorRef params, Scalar* x) const {
  x[bag()] = std::log1p(static_cast<Scalar>(past.length)) / kLongPast;
  std::size_t at = 0;
  for (Index a = 0; a < attributes(); ++a) {
    Eigen::Map<Vector> mean(x + a * sizes_.width, sizes_.width);
    mean.setZero();
    for (; at < past.ends[static_cast<std::size_t>(a)]; ++at)
      mean += past.shares[at] * params.segment(row(a, past.codes[at]), sizes_.width);
  }
}

void OfferNet::add_past(const Past& past, const Scalar* dx, Gradient& gradient) const {
  Vector d(sizes_.width);
  std::size_t at = 0;
  for (Index a = 0; a < attributes(); ++a)
    for (; at < past.ends[static_cast<std::size_t>(a)]; ++at) {
      d = past.shares[at] * Eigen::Map<const Vector>(dx + a * sizes_.width, sizes_.width);
      gradient.row(row(a, past.codes[at]), d.data(), sizes_.width);
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
  if (mask_) {
    cache.gate = cache.d_gate = Matrix::Zero(capacity, metas());
    cache.mask = mask_->cache(capacity);
  }
  return cache;
}

void OfferNet::offers_forward(ConstMatrixRef mean, ConstMatrixRef variance, ConstVectorRef params, OfferCache& cache,
                              MatrixRef v) const {
  const Index n = mean.rows();
  auto plain = cache.plain.topRows(n), offer = cache.offer.topRows(n);
  offer_.forward(mean, params.segment(offer_at_, offer_.num_params()), plain);
  offer = plain;
  if (mask_) {
    auto gate = cache.gate.topRows(n);
    mask_->forward(mean, variance, params.segment(mask_at_, mask_->num_params()), cache.mask, gate);
    offer.array() *= gate.array();
  }
  interactions_.contract(offer, params.segment(kernel_at_, interactions_.num_params()), v);
}

void OfferNet::offers_backward(ConstMatrixRef mean, ConstMatrixRef dv, ConstVectorRef params, OfferCache& cache,
                               MatrixRef d_mean, MatrixRef d_variance, Gradient& gradient) const {
  const Index n = mean.rows();
  auto plain = cache.plain.topRows(n), offer = cache.offer.topRows(n), d_offer = cache.d_offer.topRows(n),
       d_plain = cache.d_plain.topRows(n);
  interactions_.contract_backward(offer, dv, params.segment(kernel_at_, interactions_.num_params()), d_offer,
                                  gradient.dense(kernel_at_, interactions_.num_params()));
  d_plain = d_offer;
  if (mask_) d_plain.array() *= cache.gate.topRows(n).array();
  offer_.backward(mean, d_plain, params.segment(offer_at_, offer_.num_params()), d_mean,
                  gradient.dense(offer_at_, offer_.num_params()));
  d_variance.setZero();
  if (!mask_) return;
  auto gate = cache.gate.topRows(n), d_gate = cache.d_gate.topRows(n);
  d_gate.array() = d_offer.array() * plain.array();
  mask_->backward(gate, d_gate, params.segment(mask_at_, mask_->num_params()), cache.mask, d_mean, d_variance,
                  gradient.dense(mask_at_, mask_->num_params()));
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
  if (mask_) mask_->initialise(random, index, params.segment(mask_at_, mask_->num_params()));
  interactions_.initialise(random, index, params.segment(kernel_at_, interactions_.num_params()));
  if (layers_) layers_->initialise(random, index, params.segment(layers_at_, layers_->num_params()));
  const double deviation = 1 / std::sqrt(static_cast<double>(sizes_.width));
  for (Index at = tables_at_; at < num_params(); ++at)
    params[at] = static_cast<Scalar>(deviation * random.normal(index++));
}

}  // namespace entivec
