#include <gtest/gtest.h>

#include <numeric>

#include "entivec/offers/history_model.h"
#include "entivec/train/trainer.h"
#include "gradient.h"
#include "tables.h"

namespace entivec::test {

namespace {

constexpr Index kItems = 9, kTokens = 5;

// Events of a few customers at times that repeat, with searches of 0 to 2 words, and a row about each customer.
struct Histories {
  explicit Histories(const std::vector<Index>& lengths)
      : customers(random_table(mixed_columns(), rows_of(lengths), 5)) {
    Draw draw(3);
    for (Index length : lengths) {
      offsets.push_back(offsets.back() + length);
      std::int64_t time = 0;
      for (Index e = 0; e < length; ++e) {
        codes.push_back(static_cast<std::int32_t>(draw.below(kItems)));
        times.push_back(time += draw.below(3));
        for (Index t = draw.below(3); t > 0; --t) tokens.push_back(static_cast<std::int32_t>(draw.below(kTokens)));
        token_offsets.push_back(static_cast<std::int64_t>(tokens.size()));
      }
    }
  }

  static Index rows_of(const std::vector<Index>& lengths) { return static_cast<Index>(lengths.size()); }

  HistoryView view(bool searches = true) const {
    const EventView events{static_cast<Index>(offsets.size()) - 1,
                           offsets.back(),
                           offsets.data(),
                           times.data(),
                           codes.data(),
                           1,
                           nullptr,
                           0};
    return {events, searches ? token_offsets.data() : nullptr, searches ? tokens.data() : nullptr};
  }

  std::vector<std::int64_t> offsets{0}, times, token_offsets{0};
  std::vector<std::int32_t> codes, tokens;
  Table customers;
};

const std::vector<Index> kLengths{6, 1, 9, 4, 7, 3, 8};

HistorySizes small_sizes() {
  HistorySizes sizes;
  sizes.items = kItems;
  sizes.tokens = kTokens;
  sizes.age = true;
  sizes.hidden = {5, 4};
  sizes.components = 3;
  sizes.sampled = 4;
  return sizes;
}

HistorySizes factorisation() {
  HistorySizes sizes = small_sizes();
  sizes.tokens = 0;
  sizes.age = false;
  sizes.hidden = {};
  return sizes;
}

// The whole model in one step, dense and touched gradients in one vector.
struct WholeHistory {
  WholeHistory(const Histories& log, const HistorySizes& sizes, bool table)
      : net(sizes, table ? log.customers.layout.get() : nullptr),
        model(net, log.view(sizes.tokens > 0), table ? &log.customers.view : nullptr) {
    for (Index c = 0; c < model.num_examples(); ++c)
      if (model.labels(c) > 0) examples.push_back(c);
    params.resize(net.num_params());
    net.initialise(3, {}, params);
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

  HistoryNet net;
  HistoryModel model;
  std::vector<Index> examples;
  Vector params;
};

void check_history(const HistorySizes& sizes, bool table, Scalar dropout = 0) {
  const Histories log(kLengths);
  const WholeHistory whole(log, sizes, table);
  Draw draw(23);
  const Vector at = whole.params + draw.vector(whole.params.size(), 0.3);
  Vector gradient;
  whole.loss(at, dropout, &gradient);
  expect_close(gradient, numeric_gradient([&](const Vector& p) { return whole.loss(p, dropout); }, at), Scalar(1e-7));
}

// Of the first customer, who has `events` of them.
Vector mean_of_items(const WholeHistory& whole, const Histories& log, std::size_t events) {
  Vector mean = Vector::Zero(whole.net.width());
  int count = 0;
  for (std::size_t e = 0; e < events; ++e)
    if (log.codes[e] > 0) {
      mean += whole.params.segment(whole.net.item_row(log.codes[e]), whole.net.width());
      ++count;
    }
  return mean / count;
}

}  // namespace

TEST(Histories, WholeModelGradient) {
  for (bool tied : {true, false})
    for (bool ordered : {true, false})
      for (bool table : {true, false})
        for (Scalar dropout : {Scalar(0), Scalar(0.3)}) {
          SCOPED_TRACE(tied * 8 + ordered * 4 + table * 2 + (dropout > 0));
          HistorySizes sizes = small_sizes();
          sizes.tied = tied;
          sizes.ordered = ordered;
          check_history(sizes, table, dropout);
        }
}

TEST(Histories, WholeModelGradientWithoutLayersAndOfFactorisation) {
  for (bool tied : {true, false})
    for (bool table : {true, false}) {
      HistorySizes sizes = small_sizes();
      sizes.hidden = {};
      sizes.tied = tied;
      check_history(sizes, table, Scalar(0.3));
      sizes = factorisation();
      sizes.tied = tied;
      check_history(sizes, table);
      check_history(sizes, table, Scalar(0.3));
    }
}

TEST(Histories, WholeModelGradientWithSampledSoftmax) {
  for (bool tied : {true, false})
    for (bool ordered : {true, false}) {
      HistorySizes sizes = small_sizes();
      sizes.full_softmax = 5;
      sizes.tied = tied;
      sizes.ordered = ordered;
      const Histories log(kLengths);
      const WholeHistory whole(log, sizes, true);
      EXPECT_EQ(whole.net.num_params() - whole.net.num_dense(), 7 * 4 + (tied ? 2 : 9) * 3 + 5 * 3);
      check_history(sizes, true);
    }
}

// Whatever else a customer is known by has to be learnt.
TEST(Histories, ACustomerStartsAsTheMeanOfItsItems) {
  const Histories log(kLengths);
  for (const std::vector<Index>& hidden : {std::vector<Index>{5, 4}, std::vector<Index>{}}) {
    HistorySizes sizes = small_sizes();
    sizes.hidden = hidden;
    const WholeHistory whole(log, sizes, false);
    const std::vector<std::int64_t> begin{0}, end{6};
    Matrix vectors(1, 3);
    embed_histories(whole.net, whole.params, log.view(), {1, begin.data(), end.data()}, nullptr, 1, vectors);
    EXPECT_TRUE(vectors.row(0).transpose().isApprox(mean_of_items(whole, log, 6)));
  }
}

// Σ log-softmax of ⟨mean of the history's vectors, item's vector⟩ + bias, written out.
TEST(Histories, WithoutLayersAndOtherInputsItIsMatrixFactorisation) {
  const Histories log(kLengths);
  HistorySizes sizes = factorisation();
  sizes.tied = false;
  const WholeHistory whole(log, sizes, false);
  EXPECT_EQ(whole.net.num_params(), (kItems - 2) * 4 + kItems * 3);
  const HistoryView view = log.view(false);
  const std::vector<std::int64_t> begin{0}, end{6};
  Matrix vectors(1, 3), scores(1, kItems - 2);
  embed_histories(whole.net, whole.params, view, {1, begin.data(), end.data()}, nullptr, 1, vectors);
  score_items(whole.net, whole.params, vectors, 1, scores);
  const Vector mean = mean_of_items(whole, log, 6);
  for (Index i = 0; i < kItems - 2; ++i) {
    const auto item = whole.params.segment(whole.net.softmax().row(i), 4);
    EXPECT_NEAR(scores(0, i), mean.dot(item.head(3)) + item[3], 1e-12);
  }
}

// What is at the time of a label or after it changes neither loss nor gradient, but the label itself.
TEST(Histories, NothingAtOrAfterALabelIsSeen) {
  HistorySizes sizes = small_sizes();
  sizes.age = false;
  Histories log({2});
  log.times = {0, 5};
  log.codes = {3, 4};
  log.tokens = {1, 2};
  log.token_offsets = {0, 1, 2};
  const WholeHistory before(log, sizes, false);
  const Vector at = before.params + Draw(5).vector(before.params.size(), 0.3);
  const Scalar loss = before.loss(at);
  log.tokens[1] = 0;  // the search that led to the label
  EXPECT_EQ(WholeHistory(log, sizes, false).loss(at), loss);
  log.tokens[0] = 0;
  EXPECT_NE(WholeHistory(log, sizes, false).loss(at), loss);
  log.times[1] = 0;  // at the same moment: there is no history, and so no example
  EXPECT_TRUE(WholeHistory(log, sizes, false).examples.empty());
}

// Where order does not count, no event of an item that is said is an input.
TEST(Histories, AnItemThatIsSaidIsNoInput) {
  HistorySizes sizes = factorisation();
  sizes.ordered = false;
  sizes.tied = false;
  Histories log({6});
  log.codes = {2, 3, 2, 3, 2, 3};
  const WholeHistory whole(log, sizes, false);
  Vector gradient;
  whole.loss(whole.params, 0, &gradient);
  // All three draws of one item alone leave the other as input; else both are said from nothing.
  for (std::int32_t code : {2, 3}) {
    const bool input = gradient.segment(whole.net.item_row(code), 3).norm() > 0;
    const Vector row = gradient.segment(whole.net.softmax().row(code - 2), 4);
    if (input) {
      EXPECT_GT(row[3], 0);  // not said: its logit is pushed down
    }
  }
}

TEST(Histories, SameBitsForAnyThreads) {
  const Histories log(std::vector<Index>(150, 7));
  const WholeHistory whole(log, small_sizes(), true);
  std::vector<Vector> trained;
  std::vector<double> scores;
  for (int threads : {1, 2, 3}) {
    const Vector zero = Vector::Zero(whole.params.size());
    Trainer trainer(whole.model, whole.examples,
                    {.batch_size = 140, .total_steps = 6, .dropout = 0.2, .threads = threads},
                    {whole.params, zero, zero});
    trainer.run(6);
    trained.push_back(trainer.state().params);
    scores.push_back(whole.model.score(trained.back(), whole.examples, 1, threads));
  }
  EXPECT_EQ(trained[0], trained[1]);
  EXPECT_EQ(trained[0], trained[2]);
  EXPECT_EQ(scores[0], scores[1]);
  EXPECT_EQ(scores[0], scores[2]);
}

TEST(Histories, WrongBlocksAreRefused) {
  Histories log(kLengths);
  const HistorySizes sizes = small_sizes();
  EXPECT_NO_THROW(check_histories(sizes, log.view()));
  EXPECT_THROW(check_histories(sizes, log.view(false)), std::invalid_argument);
  log.codes[2] = kItems;
  EXPECT_THROW(check_histories(sizes, log.view()), std::invalid_argument);
  log.codes[2] = 0;
  log.tokens[0] = kTokens;
  EXPECT_THROW(check_histories(sizes, log.view()), std::invalid_argument);
}

}  // namespace entivec::test
