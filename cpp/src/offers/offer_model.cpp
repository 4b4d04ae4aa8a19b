#include "entivec/offers/offer_model.h"

#include <algorithm>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"
#include "entivec/loss/softmax.h"
#include "entivec/product/product.h"

namespace entivec {

namespace {

constexpr Index kBlocksTogether = 64, kCustomersTogether = 64;  // fixed, as sums depend on it
constexpr Index kMostAugmentations = 64;

// parallel_for, products with the precision of this thread.
template <class Body>
void side_by_side(Index count, int threads, const Body& body) {
  const Precision precision = PrecisionScope::now();
  parallel_for(count, threads, [&](Index i) {
    const PrecisionScope scope(precision);
    body(i);
  });
}

}  // namespace

// What a key has in memory. A shard shares its work out to its keys, customers in as many parts.
struct OfferModel::Lane {
  Lane(const OfferNet& net, Index rows)
      : pairs(rows * net.sizes().block),
        du(rows, net.metas()),
        mean(rows, net.bag()),
        variance(rows, net.bag()),
        d_mean(rows, net.bag()),
        d_variance(rows, net.bag()),
        v(rows, net.interactions().contracted()),
        dv(rows, net.interactions().contracted()),
        s(pairs, net.interactions().count()),
        ds(pairs, net.interactions().count()),
        scores(pairs, 1),
        own(net.sizes().width),
        counts(net.counts()),
        offers(net.offer_cache(rows)),
        layers(net.score_cache(pairs)),
        gradient(net.num_dense()) {}

  Index pairs;
  Matrix du, mean, variance, d_mean, d_variance, v, dv, s, ds, scores;
  Vector own;
  std::vector<Scalar> counts;
  OfferNet::OfferCache offers;
  Mlp::Cache layers;
  Gradient gradient;  // that the shard's is summed of
  Scalar loss = 0;
};

// What a shard has in memory.
struct OfferModel::Scratch : Workspace {
  Scratch(const OfferNet& net, Index capacity)
      : rows(capacity * net.sizes().block),
        x(rows, net.bag() + 1),
        dx(rows, net.bag() + 1),
        u(rows, net.metas()),
        du(rows, net.metas()),
        past(static_cast<std::size_t>(rows)) {
    if (net.customers()) batch.emplace(*net.customers(), rows);
    zeros.assign(static_cast<std::size_t>(net.sizes().width), 0);
    for (Index k = 0; k < std::max<Index>(net.sizes().augmentations, 1); ++k) lanes.emplace_back(net, rows);
  }

  Index rows;
  Matrix x, dx, u, du;
  std::vector<OfferNet::Past> past;  // (rows)
  std::optional<Batch> batch;
  std::vector<Scalar> zeros;              // of a missing attribute
  std::vector<Index> events, begin, end;  // (rows) transactions, and their customers' past
  std::vector<Index> table_rows;          // (rows) customers
  Codes keys;                             // (rows, attributes) one code each
  std::vector<Lane> lanes;
};

OfferModel::OfferModel(const OfferNet& net, const OfferView& view, const TableView* customers)
    : net_(net),
      view_(view),
      customers_(customers),
      blocks_(deal_blocks(view.order, view.customer, net.sizes().block)) {
  check((customers != nullptr) == (net.customers() != nullptr), "OfferModel", "a table where the net reads one",
        customers ? "one" : "none");
  if (customers) check(customers->rows == view.events.entities, "OfferModel", view.events.entities, customers->rows);
  check(net.sizes().augmentations <= kMostAugmentations, "OfferModel", "at most 64 augmentations",
        net.sizes().augmentations);
}

std::unique_ptr<Workspace> OfferModel::workspace(Index capacity) const {
  return std::make_unique<Scratch>(net_, capacity);
}

void OfferModel::load(const Step& step, Workspace& workspace) const {
  auto& own = static_cast<Scratch&>(workspace);
  const Index block = net_.sizes().block, n = step.count * block, attributes = net_.attributes();
  own.events.clear();
  own.begin.clear();
  own.end.clear();
  own.table_rows.clear();
  own.keys.resize(n, attributes);
  const std::uint64_t hash = step.seed + step.position;  // a new one every step
  for (Index i = 0; i < n; ++i) {
    const Index event = blocks_[static_cast<std::size_t>(step.examples[i / block] * block + i % block)];
    const Index customer = view_.customer[static_cast<std::size_t>(event)];
    const Index begin = view_.events.offsets[customer];
    const std::int64_t* times = view_.events.times;
    own.events.push_back(event);
    own.begin.push_back(begin);
    own.end.push_back(times ? std::lower_bound(times + begin, times + event, times[event]) - times : event);
    own.table_rows.push_back(customer);
    for (Index a = 0; a < attributes; ++a) {
      const OfferAttribute& values = view_.attributes[static_cast<std::size_t>(a)];
      own.keys(i, a) = min_hash(values.begin(event), values.count(event), hash);
    }
  }
  if (own.batch) gather(*net_.customers(), *customers_, own.table_rows.data(), n, *own.batch);
}

// Calls body(lane, i) of all customers, a lane's consecutive ones in their order.
template <class Body>
void OfferModel::each_customer(const Step& step, Scratch& own, const Body& body) const {
  const auto n = static_cast<Index>(own.events.size()), lanes = static_cast<Index>(own.lanes.size());
  side_by_side(lanes, step.threads, [&](Index k) {
    for (Index i = k * n / lanes; i < (k + 1) * n / lanes; ++i) body(own.lanes[static_cast<std::size_t>(k)], i);
  });
}

void OfferModel::forward(const Step& step, ConstVectorRef params, Workspace& workspace) const {
  auto& own = static_cast<Scratch&>(workspace);
  const auto n = static_cast<Index>(own.events.size());
  each_customer(step, own, [&](Lane& lane, Index i) {
    const auto at = static_cast<std::size_t>(i);
    net_.read_past(view_, own.begin[at], own.end[at], lane.counts, own.past[at]);
    net_.look_up_past(own.past[at], params, own.x.row(i).data());
  });
  net_.customers_forward(own.x.topRows(n), own.batch ? &*own.batch : nullptr, params, own.u.topRows(n));
}

// The offers of one key; without augmentations every transaction is one.
RowGroups OfferModel::groups(const Step& step, Index augmentation, const Scratch& own) const {
  const auto n = static_cast<Index>(own.events.size());
  const OfferSizes& sizes = net_.sizes();
  if (sizes.augmentations == 0) {
    RowGroups alone;
    alone.count = n;
    for (Index i = 0; i < n; ++i) alone.of.push_back(i);
    return alone;
  }
  const Random random(step.seed, Stream::kNoise), mixed(step.seed, Stream::kNoise, 2);
  const std::uint64_t number =
      step.position * static_cast<std::uint64_t>(kMostAugmentations) + static_cast<std::uint64_t>(augmentation);
  const std::vector<bool> kept = KeyGenerator(net_.attributes(), sizes.key_length).draw(random, number);
  const RowGroups groups = group_rows(own.keys.data(), n, net_.attributes(), kept);
  return sizes.mixture > 0 ? mix_groups(groups, sizes.mixture, mixed, number) : groups;
}

void OfferModel::moments(const RowGroups& groups, ConstVectorRef params, const Scratch& own, Lane& lane) const {
  const Index wide = net_.sizes().width;
  for (Index a = 0; a < net_.attributes(); ++a) {
    const auto row = [&](Index i) {
      const Scalar* one = net_.embedding(view_, a, own.events[static_cast<std::size_t>(i)], params, lane.own.data());
      return one ? one : own.zeros.data();
    };
    group_by_bags(groups, wide, row, lane.mean.topRows(groups.count).middleCols(a * wide, wide),
                  lane.variance.topRows(groups.count).middleCols(a * wide, wide));
  }
}

void OfferModel::moments_backward(const RowGroups& groups, ConstVectorRef params, const Scratch& own, Lane& lane,
                                  Gradient& gradient) const {
  const Index wide = net_.sizes().width;
  Vector scratch(wide);
  for (Index a = 0; a < net_.attributes(); ++a) {
    const auto row = [&](Index i) {
      const Scalar* one = net_.embedding(view_, a, own.events[static_cast<std::size_t>(i)], params, lane.own.data());
      return one ? one : own.zeros.data();
    };
    const auto part = [&](Matrix& of) { return of.topRows(groups.count).middleCols(a * wide, wide); };
    group_by_bags_backward(
        groups, wide, row, part(lane.mean), part(lane.d_mean), part(lane.d_variance), [&](Index i, const Scalar* d) {
          net_.add_embedding(view_, a, own.events[static_cast<std::size_t>(i)], d, scratch, gradient);
        });
  }
}

// Binary cross-entropy of every customer of a block with every offer of it; scores become their gradient. Another
// customer who took the same offer, and the same customer again, say nothing against each other.
Scalar OfferModel::pair_losses(const Step& step, const RowGroups& groups, const Scratch& own, Lane& lane) const {
  const Index block = net_.sizes().block;
  Scalar loss = 0;
  for (Index pair = 0; pair < step.count * block * block; ++pair) {
    const Index first = pair / (block * block) * block, i = first + pair / block % block, j = first + pair % block;
    const auto customer = static_cast<std::size_t>(i), offer = static_cast<std::size_t>(j);
    const bool same = own.table_rows[customer] == own.table_rows[offer] || groups.of[customer] == groups.of[offer];
    Scalar& score = lane.scores(pair, 0);
    if (i != j && same) {
      score = 0;
      continue;
    }
    const Scalar weight = view_.weights ? view_.weights[own.events[offer]] : Scalar(1);
    const Scalar by = step.scale * weight / static_cast<Scalar>(block);
    loss += by * (i == j ? softplus(-score) : softplus(score));
    score = by * (sigmoid(score) - (i == j ? 1 : 0));
  }
  return loss;
}

Scalar OfferModel::offers_loss(const Step& step, const RowGroups& groups, ConstVectorRef params, const Scratch& own,
                               Lane& lane, Gradient* gradient) const {
  const Index block = net_.sizes().block, n = step.count * block, pairs = n * block;
  const auto mean = lane.mean.topRows(groups.count), variance = lane.variance.topRows(groups.count);
  auto v = lane.v.topRows(groups.count), dv = lane.dv.topRows(groups.count);
  moments(groups, params, own, lane);
  net_.offers_forward(mean, variance, params, lane.offers, v);
  const auto customer_of = [&](Index pair) { return pair / (block * block) * block + pair / block % block; };
  const auto offer_of = [&](Index pair) {
    return groups.of[static_cast<std::size_t>(pair / (block * block) * block + pair % block)];
  };
  for (Index pair = 0; pair < pairs; ++pair)
    net_.interactions().interact(own.u.row(customer_of(pair)).data(), v.row(offer_of(pair)).data(),
                                 lane.s.row(pair).data());
  const auto number = step.position * static_cast<std::uint64_t>(block * block);
  net_.scores_forward(lane.s.topRows(pairs), params, {step.dropout, step.seed, number}, lane.layers,
                      lane.scores.topRows(pairs));
  const Scalar loss = pair_losses(step, groups, own, lane);
  if (!gradient) return loss;
  net_.scores_backward(lane.s.topRows(pairs), lane.scores.topRows(pairs), params, lane.layers, lane.ds.topRows(pairs),
                       *gradient);
  dv.setZero();
  for (Index pair = 0; pair < pairs; ++pair)
    net_.interactions().interact_backward(own.u.row(customer_of(pair)).data(), v.row(offer_of(pair)).data(),
                                          lane.ds.row(pair).data(), lane.du.row(customer_of(pair)).data(),
                                          dv.row(offer_of(pair)).data());
  net_.offers_backward(mean, dv, params, lane.offers, lane.d_mean.topRows(groups.count),
                       lane.d_variance.topRows(groups.count), *gradient);
  moments_backward(groups, params, own, lane, *gradient);
  return loss;
}

// Of all keys. The first lane adds to `gradient`, the others to their own; null where none is asked for.
Scalar OfferModel::losses(const Step& step, ConstVectorRef params, Scratch& own, Gradient* gradient) const {
  const auto lanes = static_cast<Index>(own.lanes.size());
  side_by_side(lanes, step.threads, [&](Index k) {
    Lane& lane = own.lanes[static_cast<std::size_t>(k)];
    lane.du.setZero();
    if (gradient && k > 0) {
      lane.gradient.next_step();
      lane.gradient.dense().setZero();
    }
    Gradient* to = gradient && k > 0 ? &lane.gradient : gradient;
    lane.loss = offers_loss(step, groups(step, k, own), params, own, lane, to);
  });
  Scalar loss = 0;
  for (const Lane& lane : own.lanes) loss += lane.loss;
  return loss;
}

Scalar OfferModel::backward(const Step& step, ConstVectorRef params, Workspace& workspace, Gradient& gradient) const {
  auto& own = static_cast<Scratch&>(workspace);
  const auto n = static_cast<Index>(own.events.size());
  const Scalar loss = losses(step, params, own, &gradient);
  auto du = own.du.topRows(n);
  du.setZero();
  for (const Lane& lane : own.lanes) du += lane.du.topRows(n);
  net_.customers_backward(own.x.topRows(n), own.batch ? &*own.batch : nullptr, du, params, own.dx.topRows(n), gradient);
  each_customer(step, own, [&](Lane& lane, Index i) {
    Gradient& to = &lane == own.lanes.data() ? gradient : lane.gradient;
    net_.add_past(own.past[static_cast<std::size_t>(i)], own.dx.row(i).data(), to);
  });
  for (std::size_t k = 1; k < own.lanes.size(); ++k) gradient.add(own.lanes[k].gradient);
  return loss;
}

double OfferModel::score(ConstVectorRef params, const std::vector<Index>& examples, std::uint64_t seed,
                         int threads) const {
  const auto count = static_cast<Index>(examples.size());
  std::vector<double> scores(static_cast<std::size_t>((count + kBlocksTogether - 1) / kBlocksTogether));
  parallel_pieces(count, kBlocksTogether, threads, [&](Index shard, Index first, Index size) {
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

void embed_offer_customers(const OfferNet& net, ConstVectorRef params, const OfferView& view, const std::int64_t* begin,
                           const std::int64_t* end, const TableView* customers, int threads, MatrixRef vectors) {
  parallel_pieces(vectors.rows(), kCustomersTogether, threads, [&](Index, Index first, Index size) {
    Matrix x(size, net.bag() + 1);
    std::vector<Scalar> counts = net.counts();
    OfferNet::Past past;
    for (Index i = 0; i < size; ++i) {
      net.read_past(view, begin[first + i], end[first + i], counts, past);
      net.look_up_past(past, params, x.row(i).data());
    }
    std::optional<Batch> batch;
    if (customers) {
      batch.emplace(*net.customers(), size);
      gather(*net.customers(), *customers, first, size, *batch);
    }
    net.customers_forward(x, batch ? &*batch : nullptr, params, vectors.middleRows(first, size));
  });
}

void embed_offers(const OfferNet& net, ConstVectorRef params, const OfferView& view, const std::int64_t* offsets,
                  const std::int64_t* rows, Index offers, int threads, MatrixRef vectors) {
  const Index wide = net.sizes().width;
  parallel_for(offers, threads, [&](Index offer) {
    RowGroups all;
    all.count = 1;
    all.of.assign(static_cast<std::size_t>(offsets[offer + 1] - offsets[offer]), 0);
    Matrix mean(1, net.bag()), variance(1, net.bag());
    Vector own(wide);
    const Vector zeros = Vector::Zero(wide);
    for (Index a = 0; a < net.attributes(); ++a)
      group_by_bags(
          all, wide,
          [&](Index i) {
            const Scalar* one = net.embedding(view, a, rows[offsets[offer] + i], params, own.data());
            return one ? one : zeros.data();
          },
          mean.middleCols(a * wide, wide), variance.middleCols(a * wide, wide));
    OfferNet::OfferCache cache = net.offer_cache(1);
    net.offers_forward(mean, variance, params, cache, vectors.middleRows(offer, 1));
  });
}

void score_offers(const OfferNet& net, ConstVectorRef params, ConstMatrixRef customers, ConstMatrixRef offers,
                  int threads, MatrixRef scores) {
  parallel_pieces(customers.rows(), kCustomersTogether, threads, [&](Index, Index first, Index size) {
    Matrix s(size, net.interactions().count()), own(size, 1);
    Mlp::Cache cache = net.score_cache(size);
    for (Index j = 0; j < offers.rows(); ++j) {
      for (Index i = 0; i < size; ++i)
        net.interactions().interact(customers.row(first + i).data(), offers.row(j).data(), s.row(i).data());
      net.scores_forward(s, params, {}, cache, own);
      scores.middleRows(first, size).col(j) = own.col(0);
    }
  });
}

}  // namespace entivec
