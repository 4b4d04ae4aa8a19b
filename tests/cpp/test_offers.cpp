#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "entivec/offers/offer_model.h"
#include "entivec/train/trainer.h"
#include "gradient.h"
#include "tables.h"

namespace entivec::test {

namespace {

// Transactions of a few customers with two single-valued attributes and one of 0 to 3 values.
struct Sales {
  explicit Sales(Index rows_a_customer, Index customers_ = 4, std::uint64_t seed = 3)
      : customers(random_table(mixed_columns(), customers_, 5)) {
    Draw draw(seed);
    for (Index c = 0; c < customers_; ++c) {
      std::int64_t time = 0;
      for (Index e = 0; e < rows_a_customer + c; ++e) {
        codes.push_back(static_cast<std::int32_t>(draw.below(5)));
        codes.push_back(static_cast<std::int32_t>(draw.below(3)));
        for (Index k = draw.below(4); k > 0; --k) values.push_back(static_cast<std::int32_t>(1 + draw.below(6)));
        value_offsets.push_back(static_cast<std::int64_t>(values.size()));
        times.push_back(time += draw.below(3));
        weights.push_back(static_cast<Scalar>(0.5 + draw.uniform()));
        customer.push_back(c);
      }
      offsets.push_back(static_cast<std::int64_t>(times.size()));
    }
  }

  OfferView view() const {
    OfferView view;
    view.events.entities = static_cast<Index>(offsets.size()) - 1;
    view.events.events = offsets.back();
    view.events.offsets = offsets.data();
    view.events.times = times.data();
    view.attributes = {
        {codes.data(), 2, nullptr}, {codes.data() + 1, 2, nullptr}, {values.data(), 1, value_offsets.data()}};
    view.order.resize(times.size());
    std::iota(view.order.begin(), view.order.end(), Index{0});
    std::stable_sort(view.order.begin(), view.order.end(), [&](Index a, Index b) {
      return times[static_cast<std::size_t>(a)] < times[static_cast<std::size_t>(b)];
    });
    view.customer = customer;
    view.weights = weights.data();
    return view;
  }

  std::vector<std::int64_t> offsets{0}, times, value_offsets{0};
  std::vector<std::int32_t> codes, values;
  std::vector<Scalar> weights;
  std::vector<Index> customer;
  Table customers;
};

OfferSizes offer_sizes() {
  OfferSizes sizes;
  sizes.levels = {5, 3, 7};
  sizes.width = 3;
  sizes.metas = 2;
  sizes.hidden = {4};
  sizes.block = 3;
  sizes.augmentations = 2;
  sizes.key_length = Scalar(1.5);
  sizes.max_length = 4;
  return sizes;
}

struct WholeOffer {
  WholeOffer(const Sales& sales, const OfferSizes& sizes, bool table)
      : view(sales.view()),
        net(sizes, table ? sales.customers.layout.get() : nullptr),
        model(net, view, table ? &sales.customers.view : nullptr),
        examples(static_cast<std::size_t>(model.num_examples())),
        params(net.num_params()) {
    std::iota(examples.begin(), examples.end(), Index{0});
    net.initialise(3, params);
  }

  Scalar loss(const Vector& p, Scalar dropout = 0, Vector* whole = nullptr) const {
    const Step step{.examples = examples.data(),
                    .count = static_cast<Index>(examples.size()),
                    .epoch = &examples,
                    .seed = 7,
                    .position = 11,
                    .scale = Scalar(0.25),
                    .progress = 0,
                    .dropout = dropout};
    Gradient own(net.num_dense());
    const Scalar loss = loss_and_gradient(model, step, p, *model.workspace(step.count), own);
    if (whole) {
      *whole = Vector::Zero(p.size());
      whole->head(net.num_dense()) = own.dense();
      for (const TouchedRows::Row& row : own.rows().rows())
        whole->segment(row.begin, row.width) += Eigen::Map<const Vector>(own.rows().gradient(row), row.width);
    }
    return loss;
  }

  OfferView view;
  OfferNet net;
  OfferModel model;
  std::vector<Index> examples;
  Vector params;
};

void check_offer(const OfferSizes& sizes, bool table, Scalar dropout = 0) {
  const Sales sales(5);
  const WholeOffer whole(sales, sizes, table);
  Draw draw(21);
  const Vector at = whole.params + draw.vector(whole.params.size(), 0.2);
  Vector gradient;
  whole.loss(at, dropout, &gradient);
  expect_close(gradient, numeric_gradient([&](const Vector& p) { return whole.loss(p, dropout); }, at), Scalar(1e-7));
}

// χ² of counts against what is expected of them.
double chi_square(const std::vector<double>& counts, const std::vector<double>& expected) {
  double sum = 0;
  for (std::size_t k = 0; k < counts.size(); ++k)
    sum += (counts[k] - expected[k]) * (counts[k] - expected[k]) / expected[k];
  return sum;
}

}  // namespace

TEST(Offers, WholeModelGradientOfEverySwitch) {
  for (bool mask : {true, false})
    for (bool bilinear : {true, false})
      for (Index augmentations : {0, 2}) {
        SCOPED_TRACE(mask * 100 + bilinear * 10 + static_cast<int>(augmentations));
        OfferSizes sizes = offer_sizes();
        sizes.mask = mask;
        sizes.bilinear = bilinear;
        sizes.augmentations = augmentations;
        check_offer(sizes, mask != bilinear, augmentations > 0 ? Scalar(0.2) : Scalar(0));
      }
}

TEST(Offers, WholeModelGradientOfTwoTowers) {
  OfferSizes sizes = offer_sizes();
  sizes.hidden = {};
  sizes.bilinear = sizes.mask = false;
  sizes.mixture = 0;
  check_offer(sizes, true);
}

TEST(Offers, BagsOfKeysOfAnIdentity) {
  const Matrix identity = Matrix::Identity(3, 3);
  const RowGroups groups{{0, 0, 1}, 2};
  Matrix mean(2, 3), variance(2, 3);
  group_by_bags(groups, 3, [&](Index i) { return identity.row(i).data(); }, mean, variance);
  Matrix means(2, 3), variances(2, 3);
  means << 0.5, 0.5, 0, 0, 0, 1;
  variances << 0.25, 0.25, 0, 0, 0, 0;
  EXPECT_EQ(mean, means);
  EXPECT_EQ(variance, variances);
}

// Straight from the tables the sums have the bits of those of rows that were gathered first.
TEST(Offers, FusedBagsAreThoseOfGatheredRows) {
  Draw draw(1);
  const Index rows = 40, width = 5;
  const Matrix table = draw.matrix(9, width);
  std::vector<Index> code;
  RowGroups groups;
  groups.count = 4;
  Matrix gathered(rows, width);
  for (Index i = 0; i < rows; ++i) {
    code.push_back(draw.below(9));
    groups.of.push_back(i < 4 ? i : draw.below(4));
    gathered.row(i) = table.row(code.back());
  }
  Matrix mean(4, width), variance(4, width), other_mean(4, width), other_variance(4, width);
  group_by_bags(
      groups, width, [&](Index i) { return table.row(code[static_cast<std::size_t>(i)]).data(); }, mean, variance);
  group_by_bags(groups, width, [&](Index i) { return gathered.row(i).data(); }, other_mean, other_variance);
  EXPECT_EQ(mean, other_mean);
  EXPECT_EQ(variance, other_variance);
  Matrix naive = Matrix::Zero(4, width);
  for (Index g = 0; g < 4; ++g) {
    Index count = 0;
    for (Index i = 0; i < rows; ++i)
      if (groups.of[static_cast<std::size_t>(i)] == g) {
        naive.row(g) += (gathered.row(i) - mean.row(g)).cwiseAbs2();
        ++count;
      }
    naive.row(g) /= static_cast<Scalar>(count);
  }
  expect_close(variance, naive, Scalar(1e-12));
}

// Lengths are binomial, but never zero.
TEST(Offers, LengthsOfKeys) {
  const Index attributes = 6, draws = 6000;
  const KeyGenerator keys(attributes, 2);
  const Random random(5, Stream::kNoise);
  std::vector<double> counts(6, 0), expected(6), kept(6, 0);
  for (Index d = 0; d < draws; ++d) {
    const std::vector<bool> key = keys.draw(random, static_cast<std::uint64_t>(d));
    const auto length = std::count(key.begin(), key.end(), true);
    ASSERT_GT(length, 0);
    counts[static_cast<std::size_t>(length) - 1] += 1;
    for (std::size_t a = 0; a < 6; ++a) kept[a] += key[a];
  }
  const double p = 1.0 / 3, none = std::pow(1 - p, 6);
  double choose = 6;
  for (int k = 1; k <= 6; ++k) {
    expected[static_cast<std::size_t>(k) - 1] = draws * choose * std::pow(p, k) * std::pow(1 - p, 6 - k) / (1 - none);
    choose = choose * (6 - k) / (k + 1);
  }
  EXPECT_LT(chi_square(counts, expected), 20.5);  // 5 degrees of freedom, p = .001
  EXPECT_LT(chi_square(kept, std::vector<double>(6, draws * p / (1 - none))), 22.5);
}

TEST(Offers, KeysGroupEqualValuesOfWhatTheyKeep) {
  const std::vector<std::int32_t> codes{1, 2, 7, 1, 3, 7, 1, 2, 8, 2, 2, 7};
  EXPECT_EQ(group_rows(codes.data(), 4, 3, {true, true, false}).of, (std::vector<Index>{0, 1, 0, 2}));
  EXPECT_EQ(group_rows(codes.data(), 4, 3, {false, false, true}).of, (std::vector<Index>{0, 0, 1, 0}));
  EXPECT_EQ(group_rows(codes.data(), 4, 3, {true, true, true}).count, 4);
}

// Every mixture is of 2 to 6 subgroups, each of which lies within one group; the others stay as they were.
TEST(Offers, MixturesAreOfTwoToSixSubgroups) {
  Draw draw(8);
  RowGroups groups;
  groups.count = 30;
  for (Index i = 0; i < 900; ++i) groups.of.push_back(i < 30 ? i : std::min(draw.below(30), draw.below(30)));
  for (std::uint64_t number = 0; number < 40; ++number) {
    std::vector<Index> parts;
    const RowGroups mixed = mix_groups(groups, Scalar(0.5), Random(2, Stream::kNoise), number, &parts);
    ASSERT_EQ(static_cast<Index>(parts.size()), mixed.count);
    std::map<Index, std::set<Index>> sources;
    for (std::size_t i = 0; i < 900; ++i) sources[mixed.of[i]].insert(groups.of[i]);
    Index merged = 0;
    for (Index g = 0; g < mixed.count; ++g) {
      const Index made = parts[static_cast<std::size_t>(g)];
      EXPECT_TRUE(made >= 1 && made <= 6) << made;
      EXPECT_LE(static_cast<Index>(sources[g].size()), made);
      if (made == 1) {
        EXPECT_EQ(sources[g].size(), 1u);
      }
      merged += made > 1;
    }
    EXPECT_GT(merged, 0);
    EXPECT_EQ(mix_groups(groups, 0, Random(2, Stream::kNoise), number).of, groups.of);
  }
}

// Two sets give the same value with the probability of their Jaccard similarity, here 2 of 6.
TEST(Offers, CollisionsOfMinHashes) {
  const std::vector<std::int32_t> one{2, 3, 4, 5}, other{9, 5, 8, 4};
  int same = 0;
  std::map<std::int32_t, int> first;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const std::int32_t a = min_hash(one.data(), 4, seed), b = min_hash(other.data(), 4, seed);
    same += a == b;
    ++first[a];
  }
  EXPECT_NEAR(same / 3000.0, 1.0 / 3, 0.03);
  for (std::int32_t value : one) EXPECT_NEAR(first[value] / 3000.0, 0.25, 0.03);
  EXPECT_EQ(min_hash(one.data(), 0, 1), 0);
  EXPECT_EQ(min_hash(one.data(), 1, 1), 2);
}

TEST(Offers, WeightsHalveAndAreOneOnAverage) {
  const std::vector<std::int64_t> times{0, 10, 20, 20};
  std::vector<Scalar> weights(4);
  recency_weights(times.data(), 4, 10, weights.data());
  EXPECT_NEAR(weights[1] / weights[0], 2, 1e-12);
  EXPECT_NEAR(weights[2] / weights[1], 2, 1e-12);
  EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), Scalar(0)), 4, 1e-12);
}

// Baskets come one after the other; blocks are of different customers nevertheless, and of about the same time.
TEST(Offers, BlocksAreOfDifferentCustomers) {
  Draw draw(4);
  std::vector<Index> order, customer;
  for (Index basket = 0; basket < 300; ++basket) {
    const Index who = draw.below(12);
    for (Index k = draw.below(8); k >= 0; --k) {
      order.push_back(static_cast<Index>(order.size()));
      customer.push_back(who);
    }
  }
  const std::vector<Index> dealt = deal_blocks(order, customer, 4);
  std::vector<Index> sorted = dealt;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, order);  // each once
  const std::size_t blocks = dealt.size() / 4;
  std::size_t mixed = 0;
  double far = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    std::set<Index> who;
    for (std::size_t k = 0; k < 4; ++k) who.insert(customer[static_cast<std::size_t>(dealt[4 * b + k])]);
    mixed += who.size() == 4;
    far += static_cast<double>(*std::max_element(&dealt[4 * b], &dealt[4 * b] + 4) -
                               *std::min_element(&dealt[4 * b], &dealt[4 * b] + 4));
  }
  EXPECT_GE(static_cast<double>(mixed), 0.95 * static_cast<double>(blocks));
  EXPECT_LT(far / static_cast<double>(blocks), 0.1 * static_cast<double>(order.size()));
  EXPECT_EQ(deal_blocks({0, 1, 2, 3, 4}, {0, 0, 1, 1, 0}, 2), (std::vector<Index>{0, 2, 1, 3, 4}));
}

// A kernel contracted with an offer first gives the scores of the naive double sum.
TEST(Offers, ContractedKernelGivesTheNaiveScores) {
  const Sales sales(5);
  OfferSizes sizes = offer_sizes();
  sizes.mask = false;
  sizes.hidden = {};
  const WholeOffer whole(sales, sizes, false);
  const std::vector<std::int64_t> offsets{0, 3}, rows{0, 4, 7}, begin{0}, end{3};
  Matrix offer(1, whole.net.interactions().contracted()), user(1, whole.net.metas()), score(1, 1);
  embed_offers(whole.net, whole.params, whole.view, offsets.data(), rows.data(), 1, 1, offer);
  embed_offer_customers(whole.net, whole.params, whole.view, begin.data(), end.data(), nullptr, 1, user);
  score_offers(whole.net, whole.params, user, offer, 1, score);
  const Index d = sizes.width, m = sizes.metas, bag = whole.net.bag();
  Vector mean = Vector::Zero(bag);
  for (Index event : rows)
    for (Index a = 0; a < 3; ++a) {
      Vector own(d);
      if (const Scalar* one = whole.net.embedding(whole.view, a, event, whole.params, own.data()))
        mean.segment(a * d, d) += Eigen::Map<const Vector>(one, d) / 3;
    }
  Index at = (bag + 2) * m * d;  // behind the map of the past
  const ConstMatrixMap map(whole.params.data() + at, bag, m * d);
  const Vector metas = map.transpose() * mean + whole.params.segment(at + bag * m * d, m * d);
  at += (bag + 1) * m * d;
  Scalar naive = 0;
  for (Index q = 0; q < m; ++q, at += (d + 1) * m * d) {
    const ConstMatrixMap kernel(whole.params.data() + at, d, m * d);
    for (Index p = 0; p < m; ++p)
      for (Index j = 0; j < d; ++j) {
        Scalar v = whole.params[at + d * m * d + p * d + j];
        for (Index i = 0; i < d; ++i) v += metas[q * d + i] * kernel(i, p * d + j);
        naive += user(0, p * d + j) * v;
      }
  }
  EXPECT_NEAR(score(0, 0), naive, 1e-12);
}

// What a customer does at the time of a transaction or later is not in the past that it is said from.
TEST(Offers, NothingAtOrAfterATransactionIsSeen) {
  Sales sales(5);
  OfferSizes sizes = offer_sizes();
  sizes.augmentations = 0;
  const auto gradient_of = [&] {
    const WholeOffer whole(sales, sizes, false);
    const std::vector<std::int64_t> begin{0}, end{2};
    Matrix user(1, whole.net.metas());
    embed_offer_customers(whole.net, whole.params, whole.view, begin.data(), end.data(), nullptr, 1, user);
    return user;
  };
  const Matrix before = gradient_of();
  sales.codes[4] = (sales.codes[4] + 1) % 5;  // of the third transaction
  EXPECT_EQ(gradient_of(), before);
  sales.codes[2] = (sales.codes[2] + 1) % 5;  // of the second
  EXPECT_NE(gradient_of(), before);
}

TEST(Offers, SameBitsForAnyThreads) {
  const Sales sales(60, 10);
  OfferSizes sizes = offer_sizes();
  const WholeOffer whole(sales, sizes, true);
  for (Index batch : {50, 150}) {  // one shard, which is shared out itself, and several
    std::vector<Vector> trained;
    std::vector<double> scores;
    for (int threads : {1, 2, 3}) {
      const Vector zero = Vector::Zero(whole.params.size());
      Trainer trainer(whole.model, whole.examples,
                      {.batch_size = batch, .total_steps = 4, .dropout = 0.2, .threads = threads},
                      {whole.params, zero, zero});
      trainer.run(4);
      trained.push_back(trainer.state().params);
      scores.push_back(whole.model.score(trained.back(), whole.examples, 1, threads));
    }
    for (std::size_t t : {1u, 2u}) {
      EXPECT_EQ(trained[0], trained[t]);
      EXPECT_EQ(scores[0], scores[t]);
    }
  }
}

TEST(Offers, WrongBlocksAreRefused) {
  Sales sales(3);
  EXPECT_NO_THROW(check_offers(offer_sizes(), sales.view()));
  sales.codes[1] = 3;
  EXPECT_THROW(check_offers(offer_sizes(), sales.view()), std::invalid_argument);
}

}  // namespace entivec::test
