#include "entivec/offers/history_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"
#include "entivec/product/product.h"

namespace entivec {

namespace {

constexpr Index kRowsTogether = 64;  // that go through at a time; fixed, as sums depend on it
constexpr double kAges = 100;        // ages are told apart on a scale of logarithms from a hundredth of the oldest on

}  // namespace

// What a shard has in memory.
struct HistoryModel::Scratch : Workspace {
  Scratch(const HistoryNet& net, Index capacity)
      : x(capacity, net.inputs()),
        dx(capacity, net.inputs()),
        query(capacity, net.width() + 1),
        d_query(capacity, net.width() + 1),
        losses(capacity),
        row(net.width() + 1),
        cache(net.cache(capacity)) {
    if (net.customers()) batch.emplace(*net.customers(), capacity);
    if (!net.sizes().ordered)
      left_out.assign(static_cast<std::size_t>(capacity),
                      std::vector<bool>(static_cast<std::size_t>(net.sizes().items), false));
  }

  Matrix x, dx, query, d_query;
  Vector losses, row;
  HistoryNet::Cache cache;
  std::optional<Batch> batch;
  std::vector<HistoryNet::History> histories;
  std::vector<std::vector<bool>> left_out;  // by example: items that are said
  std::vector<Index> places;                // of the labels of one customer
  MeantRows meant, block;
  RowSoftmax::Scratch softmax;
};

HistoryModel::HistoryModel(const HistoryNet& net, const HistoryView& view, const TableView* customers)
    : net_(net), view_(view), customers_(customers) {
  check((customers != nullptr) == (net.customers() != nullptr), "HistoryModel", "a table where the net reads one",
        customers ? "one" : "none");
  if (customers) check(customers->rows == view.events.entities, "HistoryModel", view.events.entities, customers->rows);
  find_labels();
}

void HistoryModel::find_labels() {
  const EventView& events = view_.events;
  oldest_ = std::numeric_limits<std::int64_t>::max();
  newest_ = std::numeric_limits<std::int64_t>::min();
  for (Index c = 0; c < events.entities; ++c) {
    const Index begin = events.offsets[c], end = events.offsets[c + 1];
    const auto before = static_cast<Index>(labels_.size());
    for (Index e = begin; e < end; ++e) {
      const bool later = events.times ? events.times[e] > events.times[begin] : e > begin;
      if (events.codes[e] >= kFirstItem && (later || customers_ || !net_.sizes().ordered)) labels_.push_back(e);
    }
    // One item alone leaves nothing to say it from.
    if (!net_.sizes().ordered && !customers_ && static_cast<Index>(labels_.size()) == before + 1)
      labels_.resize(static_cast<std::size_t>(before));
    label_offsets_.push_back(static_cast<Index>(labels_.size()));
    for (std::size_t l = static_cast<std::size_t>(before); events.times && l < labels_.size(); ++l) {
      oldest_ = std::min(oldest_, events.times[labels_[l]]);
      newest_ = std::max(newest_, events.times[labels_[l]]);
    }
  }
}

std::unique_ptr<Workspace> HistoryModel::workspace(Index capacity) const {
  return std::make_unique<Scratch>(net_, capacity);
}

Scalar HistoryModel::age(Index event) const {
  if (!view_.events.times || newest_ <= oldest_) return 0;
  const double age = static_cast<double>(newest_ - view_.events.times[event]);
  return static_cast<Scalar>(std::log1p(kAges * age / static_cast<double>(newest_ - oldest_)) / std::log1p(kAges));
}

void HistoryModel::say_later_item(Index customer, const Random& random, std::uint64_t position, Scratch& own) const {
  const Index first = label_offsets_[static_cast<std::size_t>(customer)];
  const Index label = labels_[static_cast<std::size_t>(first + random.below(position, labels(customer)))];
  const Index begin = view_.events.offsets[customer];
  Index end = label;
  if (const std::int64_t* times = view_.events.times)
    end = std::lower_bound(times + begin, times + label, times[label]) - times;
  own.histories.push_back({.begin = begin, .end = end, .left_out = nullptr, .age = age(label)});
  own.meant.rows.push_back(view_.events.codes[label] - kFirstItem);
}

// A share of the items, drawn without putting back, is said from all others; which events bear an item counts for
// nothing.
void HistoryModel::say_some_of_all(Index customer, Index example, const Random& random, std::uint64_t position,
                                   Scratch& own) const {
  const Index first = label_offsets_[static_cast<std::size_t>(customer)], count = labels(customer);
  own.places.assign(labels_.begin() + first, labels_.begin() + first + count);
  const auto share = static_cast<Index>(std::lround(net_.sizes().held_out * static_cast<Scalar>(count)));
  const Index said = std::clamp<Index>(share, 1, std::max<Index>(count - 1, 1));
  auto& left_out = own.left_out[static_cast<std::size_t>(example)];
  left_out.assign(left_out.size(), false);
  RandomWords words(random, position << 24);
  for (Index k = 0; k < said; ++k) {
    const auto other = static_cast<std::size_t>(
        k + static_cast<Index>((static_cast<std::uint64_t>(words()) * static_cast<std::uint64_t>(count - k)) >> 32));
    std::swap(own.places[static_cast<std::size_t>(k)], own.places[other]);
    const std::int32_t code = view_.events.codes[own.places[static_cast<std::size_t>(k)]];
    if (left_out[static_cast<std::size_t>(code)]) continue;
    left_out[static_cast<std::size_t>(code)] = true;
    own.meant.rows.push_back(code - kFirstItem);
  }
  own.histories.push_back({.begin = view_.events.offsets[customer],
                           .end = view_.events.offsets[customer + 1],
                           .left_out = &left_out,
                           .age = 0});
}

void HistoryModel::load(const Step& step, Workspace& workspace) const {
  auto& own = static_cast<Scratch&>(workspace);
  const Random random(step.seed, Stream::kSlice);
  own.histories.clear();
  own.meant.clear();
  for (Index i = 0; i < step.count; ++i) {
    const Index customer = step.examples[i];
    check(labels(customer) > 0, "HistoryModel", "customers with an item to say", customer);
    const std::uint64_t position = step.position + static_cast<std::uint64_t>(i);
    if (net_.sizes().ordered)
      say_later_item(customer, random, position, own);
    else
      say_some_of_all(customer, i, random, position, own);
    own.meant.end_query();
  }
  if (own.batch) gather(*net_.customers(), *customers_, step.examples, step.count, *own.batch);
}

void HistoryModel::forward(const Step& step, ConstVectorRef params, Workspace& workspace) const {
  auto& own = static_cast<Scratch&>(workspace);
  for (Index i = 0; i < step.count; ++i)
    net_.look_up(view_, own.histories[static_cast<std::size_t>(i)], params, own.x.row(i).data());
  auto query = own.query.topRows(step.count);
  net_.forward(own.x.topRows(step.count), own.batch ? &*own.batch : nullptr, params,
               {step.dropout, step.seed, step.position}, own.cache, query.leftCols(net_.width()));
  query.col(net_.width()).setOnes();
}

// Mean loss of the shard's examples times their number and `step.scale`, block by block.
Scalar HistoryModel::losses(const Step& step, ConstVectorRef params, Scratch& own, Gradient* gradient) const {
  const RowSoftmax& softmax = net_.softmax();
  const Random random(step.seed, Stream::kNegatives);
  Scalar loss = 0;
  for (Index first = 0; first < step.count; first += softmax.block()) {
    const Index n = std::min(softmax.block(), step.count - first);
    own.block.clear();
    for (Index i = first; i < first + n; ++i) {
      own.block.rows.insert(own.block.rows.end(), own.meant.of(i), own.meant.of(i) + own.meant.count(i));
      own.block.end_query();
    }
    softmax.loss(own.query.middleRows(first, n), own.block, params, step.scale,
                 {random, step.position + static_cast<std::uint64_t>(first)}, own.softmax, own.losses.head(n),
                 own.d_query.middleRows(first, n), gradient);
    loss += step.scale * own.losses.head(n).sum();
  }
  return loss;
}

Scalar HistoryModel::backward(const Step& step, ConstVectorRef params, Workspace& workspace, Gradient& gradient) const {
  auto& own = static_cast<Scratch&>(workspace);
  const Scalar loss = losses(step, params, own, &gradient);
  auto dx = own.dx.topRows(step.count);
  net_.backward(own.batch ? &*own.batch : nullptr, own.d_query.topRows(step.count).leftCols(net_.width()), params,
                own.cache, dx, gradient);
  for (Index i = 0; i < step.count; ++i)
    net_.add_gradient(view_, own.histories[static_cast<std::size_t>(i)], dx.row(i).data(), own.row, gradient);
  return loss;
}

double HistoryModel::score(ConstVectorRef params, const std::vector<Index>& examples, std::uint64_t seed,
                           int threads) const {
  const auto count = static_cast<Index>(examples.size());
  std::vector<double> scores(static_cast<std::size_t>((count + kRowsTogether - 1) / kRowsTogether));
  parallel_pieces(count, kRowsTogether, threads, [&](Index shard, Index first, Index size) {
    Scratch own(net_, size);
    const Step step{.examples = examples.data() + first,
                    .count = size,
                    .epoch = &examples,
                    .seed = seed,
                    .position = static_cast<std::uint64_t>(first),
                    .scale = 1 / static_cast<Scalar>(count),
                    .progress = 0,
                    .dropout = 0};
    load(step, own);
    forward(step, params, own);
    scores[static_cast<std::size_t>(shard)] = static_cast<double>(losses(step, params, own, nullptr));
  });
  double sum = 0;
  for (double score : scores) sum += score;  // in their order: the same bits for any thread count
  return sum;
}

void embed_histories(const HistoryNet& net, ConstVectorRef params, const HistoryView& view, const HistoryRows& rows,
                     const TableView* customers, int threads, MatrixRef vectors) {
  parallel_pieces(rows.rows, kRowsTogether, threads, [&](Index, Index first, Index size) {
    Matrix x(size, net.inputs());
    for (Index i = 0; i < size; ++i)
      net.look_up(view, {.begin = rows.begin[first + i], .end = rows.end[first + i]}, params, x.row(i).data());
    std::optional<Batch> batch;
    if (customers) {
      batch.emplace(*net.customers(), size);
      gather(*net.customers(), *customers, first, size, *batch);
    }
    HistoryNet::Cache cache = net.cache(size);
    net.forward(x, batch ? &*batch : nullptr, params, {}, cache, vectors.middleRows(first, size));
  });
}

void score_items(const HistoryNet& net, ConstVectorRef params, ConstMatrixRef vectors, int threads, MatrixRef scores) {
  const ConstMatrixMap table = net.softmax().table(params);
  parallel_pieces(vectors.rows(), kRowsTogether, threads, [&](Index, Index first, Index size) {
    Matrix query(size, net.width() + 1);
    query.leftCols(net.width()) = vectors.middleRows(first, size);
    query.col(net.width()).setOnes();
    set_product_transposed(query, table, scores.middleRows(first, size));
  });
}

}  // namespace entivec
