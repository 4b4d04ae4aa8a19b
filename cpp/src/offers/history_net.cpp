#include "entivec/offers/history_net.h"

#include <cmath>

#include "entivec/core/check.h"

namespace entivec {

namespace {

constexpr double kLeastItemShare = 1e-6;
constexpr std::uint32_t kInputs = 100;  // as dropout numbers layers: none of those behind the inputs

std::optional<Mlp> layers_of(const HistorySizes& sizes) {
  if (sizes.hidden.empty()) return std::nullopt;
  std::vector<Index> widths = sizes.hidden;
  widths.push_back(sizes.components);
  return Mlp(std::move(widths), Activation::kRelu, true, false);
}

HistorySizes checked_sizes(const HistorySizes& sizes) {
  check(sizes.items > kFirstItem, "HistoryNet", "at least one item", sizes.items - kFirstItem);
  check(sizes.components > 0, "HistoryNet", "components > 0", sizes.components);
  check(sizes.max_length > 0, "HistoryNet", "max_length > 0", sizes.max_length);
  check(sizes.sampled > 0, "HistoryNet", "sampled > 0", sizes.sampled);
  check(sizes.held_out > 0 && sizes.held_out < 1, "HistoryNet", "0 < held_out < 1", sizes.held_out);
  return sizes;
}

// Width of the first layer; 0 where the mean of the items' vectors is all there is.
Index width_of_first(const HistorySizes& sizes, bool table) {
  if (!sizes.hidden.empty()) return sizes.hidden[0];
  return table || sizes.tokens > 0 || sizes.age ? sizes.components : 0;
}

}  // namespace

HistoryNet::HistoryNet(const HistorySizes& sizes, const TableLayout* customers)
    : sizes_(checked_sizes(sizes)),
      customers_(customers),
      layers_(layers_of(sizes)),
      first_(inputs(), width_of_first(sizes, customers != nullptr)),
      table_at_((maps() ? first_.num_params() : 0) + (layers_ ? layers_->num_params() : 0)),
      dense_(table_at_),
      softmax_(0, 0, 1, true, 1) {
  if (customers) {
    table_.emplace(*customers, first_.out());
    dense_ += table_->num_params();
  }
  const bool full = sizes.scored() <= sizes.full_softmax;
  softmax_ = RowSoftmax(dense_, sizes.scored(), width() + 1, full, sizes.sampled);
  items_at_ = dense_ + softmax_.num_params();
  if (full) dense_ = items_at_;
  tokens_at_ = items_at_ + (sizes.tied ? kFirstItem : sizes.items) * width();
}

Index HistoryNet::first_event(const History& history) const {
  return std::max(history.begin, history.end - sizes_.max_length);
}

template <class Visit>
void HistoryNet::for_each_item(const HistoryView& view, const History& history, const Visit& visit) const {
  for (Index e = first_event(history); e < history.end; ++e) {
    const std::int32_t code = view.events.codes[e];
    if (code > 0 && !(history.left_out && (*history.left_out)[static_cast<std::size_t>(code)])) visit(code);
  }
}

template <class Visit>
void HistoryNet::for_each_token(const HistoryView& view, const History& history, const Visit& visit) const {
  if (sizes_.tokens == 0) return;
  for (Index t = view.token_offsets[first_event(history)]; t < view.token_offsets[history.end]; ++t)
    visit(view.tokens[t]);
}

void HistoryNet::look_up(const HistoryView& view, const History& history, ConstVectorRef params, Scalar* x) const {
  Index count = 0;
  Eigen::Map<Vector> mean(x, width());
  const auto add = [&](Index row) {
    mean += params.segment(row, width());
    ++count;
  };
  mean.setZero();
  for_each_item(view, history, [&](Index code) { add(item_row(code)); });
  mean /= static_cast<Scalar>(std::max<Index>(count, 1));
  x += width();
  if (sizes_.tokens > 0) {
    new (&mean) Eigen::Map<Vector>(x, width());
    count = 0;
    mean.setZero();
    for_each_token(view, history, [&](Index token) { add(token_row(token)); });
    mean /= static_cast<Scalar>(std::max<Index>(count, 1));
    x += width();
  }
  if (sizes_.age) *x = history.age;
}

void HistoryNet::add_gradient(const HistoryView& view, const History& history, const Scalar* dx, Vector& scratch,
                              Gradient& gradient) const {
  // Behind the gradient stands the bias' of a row that is scored, too.
  const auto spread = [&](const auto& for_each, const auto& add) {
    Index count = 0;
    for_each([&](Index) { ++count; });
    if (count == 0) return;
    scratch.head(width()) = Eigen::Map<const Vector>(dx, width()) / static_cast<Scalar>(count);
    scratch[width()] = 0;
    for_each(add);
  };
  spread([&](const auto& visit) { for_each_item(view, history, visit); },
         [&](Index code) {
           if (!scored_too(code))
             gradient.row(item_row(code), scratch.data(), width());
           else if (softmax_.full())
             gradient.dense(item_row(code), width()) += scratch.head(width());
           else
             gradient.row(item_row(code), scratch.data(), width() + 1);
         });
  dx += width();
  spread([&](const auto& visit) { for_each_token(view, history, visit); },
         [&](Index token) { gradient.row(token_row(token), scratch.data(), width()); });
}

HistoryNet::Cache HistoryNet::cache(Index capacity) const {
  Cache cache;
  cache.x = cache.kept = Matrix::Zero(capacity, inputs());
  if (!maps()) return cache;
  cache.first = cache.d_first = Matrix::Zero(capacity, first_.out());
  if (table_) cache.table = Matrix::Zero(capacity, first_.out());
  if (layers_) cache.layers = layers_->cache(capacity);
  return cache;
}

void HistoryNet::forward(ConstMatrixRef x, const Batch* batch, ConstVectorRef params, const Dropout& dropout,
                         Cache& cache, MatrixRef vectors) const {
  auto own = cache.x.topRows(x.rows()), kept = cache.kept.topRows(x.rows());
  own = x;
  kept.setOnes();
  Matrix none;
  drop(dropout, kInputs, own.leftCols(means()), kept.leftCols(means()), none);
  if (!maps()) {
    vectors = own;
    return;
  }
  auto first = cache.first.topRows(x.rows());
  first_.forward(own, params.head(first_.num_params()), first);
  if (table_) {
    auto rows = cache.table.topRows(x.rows());
    table_->forward(*batch, params.segment(table_at_, table_->num_params()), rows);
    first += rows;
  }
  if (layers_)
    layers_->forward(first, params.segment(first_.num_params(), layers_->num_params()), dropout, 0, cache.layers,
                     vectors);
  else
    vectors = first;
  vectors += own.leftCols(width());
}

void HistoryNet::backward(const Batch* batch, ConstMatrixRef d_vectors, ConstVectorRef params, Cache& cache,
                          MatrixRef dx, Gradient& gradient) const {
  const Index n = d_vectors.rows();
  const auto kept = cache.kept.topRows(n);
  if (!maps()) {
    dx.array() = d_vectors.array() * kept.array();
    return;
  }
  const auto first = cache.first.topRows(n);
  auto d_first = cache.d_first.topRows(n);
  if (layers_)
    layers_->backward(first, d_vectors, params.segment(first_.num_params(), layers_->num_params()), cache.layers,
                      d_first, gradient.dense(first_.num_params(), layers_->num_params()));
  else
    d_first = d_vectors;
  if (table_) table_->backward(*batch, d_first, gradient.dense(table_at_, table_->num_params()));
  first_.backward(cache.x.topRows(n), d_first, params.head(first_.num_params()), dx,
                  gradient.dense(0, first_.num_params()));
  dx.leftCols(width()) += d_vectors;
  dx.array() *= kept.array();
}

void HistoryNet::initialise(std::uint64_t seed, const std::vector<double>& share, VectorRef params) const {
  const Random random(seed, Stream::kInitial);
  std::uint64_t index = 0;
  params.setZero();
  if (maps()) first_.initialise(random, index, params.head(first_.num_params()));
  if (layers_) layers_->initialise(random, index, params.segment(first_.num_params(), layers_->num_params()));
  // The last map says nothing yet: what is added to the items' mean has to be learnt.
  if (maps()) {
    const Index before = layers_ ? sizes_.hidden.back() : inputs();
    const Index last = first_.num_params() + (layers_ ? layers_->num_params() : 0);
    params.segment(last - (before + 1) * width(), (before + 1) * width()).setZero();
  }
  if (table_)
    Linear(customers_->inputs(), table_->out())
        .initialise(random, index, params.segment(table_at_, table_->num_params()));
  // Small where there are many, as those of rare items are hardly trained: what they start from would stay as noise.
  double deviation = 1 / std::sqrt(static_cast<double>(std::max(sizes_.items, width())));
  const auto normal = [&](Index at) {
    for (Index j = 0; j < width(); ++j) params[at + j] = static_cast<Scalar>(deviation * random.normal(index++));
  };
  for (Index i = 0; i < softmax_.rows(); ++i) {
    normal(softmax_.row(i));
    if (!share.empty())
      params[softmax_.row(i) + width()] =
          static_cast<Scalar>(std::log(std::max(share[static_cast<std::size_t>(i)], kLeastItemShare)));
  }
  for (Index code = 1; code < (sizes_.tied ? kFirstItem : sizes_.items); ++code) normal(item_row(code));
  deviation = 1 / std::sqrt(static_cast<double>(std::max(sizes_.tokens, width())));
  for (Index token = 0; token < sizes_.tokens; ++token) normal(token_row(token));
}

}  // namespace entivec
