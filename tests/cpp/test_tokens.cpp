// Token models: negative sampling against finite differences, what is drawn against its distribution, and the same bits
// for any number of threads.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "entivec/core/rng.h"
#include "entivec/tokens/alias.h"
#include "entivec/tokens/group.h"
#include "entivec/tokens/pair_trainer.h"
#include "gradient.h"

namespace entivec::test {

namespace {

constexpr Index kWidth = 16;

Matrix random_matrix(Index rows, std::uint64_t seed) {
  Matrix m(rows, kWidth);
  fill_normal(Random(seed, Stream::kInitial), 0, m.size(), m.data());
  return m;
}

// The loss of pairs (u, v) with shared negatives as it is written in the paper.
Scalar naive_loss(const Group& group, const Matrix& inputs, const Matrix& outputs) {
  const auto softplus = [](Scalar z) { return std::log1p(std::exp(z)); };
  Scalar loss = 0;
  for (Index i = 0; i < group.size; ++i) {
    const Pair& pair = group.pairs[i];
    loss += softplus(-inputs.row(pair.input).dot(outputs.row(pair.output)));
    for (Index k = 0; k < group.num_negatives; ++k)
      if (group.negatives[k] != pair.output)
        loss += softplus(inputs.row(pair.input).dot(outputs.row(group.negatives[k])));
  }
  return loss;
}

// χ² of counts against expected counts, in standard deviations above its mean.
double excess_chi_squared(const std::vector<double>& counts, const std::vector<double>& expected) {
  double chi = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) chi += std::pow(counts[i] - expected[i], 2) / expected[i];
  const auto freedom = static_cast<double>(counts.size() - 1);
  return (chi - freedom) / std::sqrt(2 * freedom);
}

// Sentences of random words, the first of which are the commonest.
struct Corpus {
  explicit Corpus(Index sentences, Index words, std::uint64_t seed = 3) : counts(static_cast<std::size_t>(words)) {
    const Random random(seed, Stream::kShuffle);
    std::uint64_t at = 0;
    offsets.push_back(0);
    for (Index s = 0; s < sentences; ++s) {
      const Index size = random.below(at++, 30);
      for (Index i = 0; i < size; ++i) {
        const double u = random.uniform(at++);
        const auto word = static_cast<std::int32_t>(u * u * static_cast<double>(words));
        tokens.push_back(word);
        ++counts[static_cast<std::size_t>(word)];
      }
      offsets.push_back(static_cast<std::int64_t>(tokens.size()));
    }
  }

  Histories histories() const { return {offsets.data(), static_cast<Index>(offsets.size()) - 1, tokens.data(), 0}; }

  std::vector<std::int64_t> offsets;
  std::vector<std::int32_t> tokens;
  std::vector<double> counts;
};

}  // namespace

class Groups : public testing::TestWithParam<Index> {};

TEST_P(Groups, FollowTheGradientOfTheirLoss) {
  const std::vector<Pair> pairs{{0, 1}, {2, 0}, {3, 4}, {1, 7}, {5, 2}, {4, 3}, {6, 5}};
  std::vector<std::int32_t> negatives{9, 1, 11, 8, 10, 14, 13, 12};  // one is a target
  negatives.resize(static_cast<std::size_t>(GetParam()));
  const Group group{pairs.data(), 7, negatives.data(), GetParam()};
  const Matrix inputs = random_matrix(7, 1) * Scalar(0.4), outputs = random_matrix(15, 2) * Scalar(0.4);
  constexpr Scalar kRate = Scalar(1e-5);
  Matrix u = inputs, v = outputs;
  const double loss = train_group(group, kRate, as_rows("u", u), as_rows("v", v));
  EXPECT_NEAR(loss, naive_loss(group, inputs, outputs), 1e-10);
  EXPECT_NEAR(group_loss(group, as_rows("u", u), as_rows("v", v)), naive_loss(group, u, v), 1e-10);

  Vector at(inputs.size() + outputs.size()), step(at.size());
  at << Eigen::Map<const Vector>(inputs.data(), inputs.size()),
      Eigen::Map<const Vector>(outputs.data(), outputs.size());
  step << Eigen::Map<const Vector>(u.data(), u.size()), Eigen::Map<const Vector>(v.data(), v.size());
  const auto loss_at = [&](const Vector& x) {
    const ConstMatrixMap a(x.data(), 7, kWidth), b(x.data() + a.size(), 15, kWidth);
    return naive_loss(group, a, b);
  };
  // A slice of further negatives reads inputs that the first has moved: equal to first order in the rate.
  expect_close((at - step) / kRate, numeric_gradient(loss_at, at), GetParam() > 5 ? Scalar(1e-4) : Scalar(1e-8));
}

INSTANTIATE_TEST_SUITE_P(Negatives, Groups, testing::Values(1, 2, 3, 4, 5, 8));

TEST(Groups, RowsThatOccurTwiceTakeBothSteps) {
  const std::vector<Pair> pairs{{0, 1}, {0, 1}};
  const std::int32_t negatives[] = {2, 2};
  Matrix u = random_matrix(1, 1), v = random_matrix(3, 2);
  const Matrix u0 = u, v0 = v;
  train_group({pairs.data(), 2, negatives, 2}, Scalar(1e-5), as_rows("u", u), as_rows("v", v));
  Matrix u1 = u0, v1 = v0;
  train_group({pairs.data(), 1, negatives, 2}, Scalar(1e-5), as_rows("u", u1), as_rows("v", v1));
  expect_close(u - u0, 2 * (u1 - u0), Scalar(1e-4));
  expect_close(v - v0, 2 * (v1 - v0), Scalar(1e-4));
}

TEST(Alias, DrawsByTheWeights) {
  const std::vector<double> weights{5, 0, 1, 2.5, 0.5, 7};
  const AliasTable table(weights);
  const Random random(11, Stream::kNegatives);
  RandomWords bits(random, 0);
  constexpr int kDraws = 100000;
  std::vector<double> counts(weights.size()), expected;
  for (int i = 0; i < kDraws; ++i) ++counts[static_cast<std::size_t>(table(bits()))];
  EXPECT_EQ(counts[1], 0);
  counts.erase(counts.begin() + 1);
  for (double w : weights)
    if (w > 0) expected.push_back(kDraws * w / 16);
  EXPECT_LT(excess_chi_squared(counts, expected), 5);
}

TEST(Alias, RefusesWeightsWithoutASum) { EXPECT_THROW(AliasTable({0, 0}), std::invalid_argument); }

TEST(Subsampling, KeepsByTheFormula) {
  const Corpus corpus(3000, 12);
  TokenTraining training;
  training.subsample = 0.02;
  const Vocabulary vocabulary(corpus.counts, training);
  const Histories histories = corpus.histories();
  std::vector<double> kept(corpus.counts.size()), expected;
  const Random random(5, Stream::kTokens);
  RandomWords bits(random, 0);
  DrawnSentences drawn;
  draw_sentences(histories, vocabulary, 5, 0, 0, histories.count(), bits, drawn);
  for (std::int32_t token : drawn.tokens) ++kept[static_cast<std::size_t>(token)];
  const double sum = std::accumulate(corpus.counts.begin(), corpus.counts.end(), 0.0);
  double chi = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const double v = corpus.counts[i] / sum, t = 0.02, p = std::min(1.0, (std::sqrt(v / t) + 1) * t / v);
    const double mean = corpus.counts[i] * p;
    if (p < 1) chi += std::pow(kept[i] - mean, 2) / (mean * (1 - p));
    if (p == 1) {
      EXPECT_EQ(kept[i], corpus.counts[i]);
    }
  }
  EXPECT_LT(chi, 12 + 5 * std::sqrt(24.0));
  std::vector<double> reaches(5);
  for (std::int32_t reach : drawn.reach) ++reaches[static_cast<std::size_t>(reach - 1)];
  EXPECT_LT(excess_chi_squared(reaches, std::vector<double>(5, static_cast<double>(drawn.reach.size()) / 5)), 5);
}

TEST(Pairs, AreAllOrderedPairsOfASentence) {
  const std::vector<std::int64_t> offsets{0, 3, 3, 4, 6};
  const std::vector<std::int32_t> codes{2, 3, 4, 5, 1, 3};  // below 2: passed over
  const Histories histories(offsets.data(), 4, codes.data(), 2);
  TokenTraining training;
  training.subsample = 0;
  training.documents = true;
  const Vocabulary vocabulary({1, 2, 1, 1}, training);
  const std::vector<std::int32_t> attribute{0, -1, 1, 1};
  const PairSource source(histories, vocabulary, {attribute.data(), 1, 2}, training);
  std::vector<Pair> pairs;
  source.draw(0, 0, 0, 4, pairs);
  const auto has = [&](std::int32_t input, std::int32_t output) {
    return std::count_if(pairs.begin(), pairs.end(),
                         [&](const Pair& p) { return p.input == input && p.output == output; });
  };
  for (std::int32_t a : {0, 1, 2})
    for (std::int32_t b : {0, 1, 2}) EXPECT_EQ(has(a, b), a != b);
  EXPECT_EQ(has(4, 1), 1);  // word 0 by its attribute 0
  EXPECT_EQ(has(5, 0), 1);
  for (std::int32_t word : {0, 1, 2}) EXPECT_EQ(has(6, word), 1);
  EXPECT_EQ(has(8, 3), 1);
  EXPECT_EQ(has(9, 1), 1);
  EXPECT_EQ(pairs.size(), 6u + 4u + 5u);
}

TEST(Histories, CutsLongOnesInEqualPieces) {
  const std::vector<std::int64_t> offsets{0, 2, 2502};
  const std::vector<std::int32_t> codes(2502, 1);
  const Histories histories(offsets.data(), 2, codes.data(), 0);
  ASSERT_EQ(histories.count(), 4);
  EXPECT_EQ(histories.start(2) - histories.start(1), 834);
  EXPECT_EQ(histories.document(3), 1);
  EXPECT_EQ(histories.start(4), 2502);
}

class PairTraining : public testing::TestWithParam<std::pair<bool, bool>> {};  // words, documents

TEST_P(PairTraining, GivesTheSameBitsForAnyThreadsAndStepsAndLearns) {
  const Corpus corpus(400, 300);
  const Histories histories = corpus.histories();
  const auto [words, documents] = GetParam();
  std::vector<std::int32_t> attributes(600);
  for (std::size_t i = 0; i < attributes.size(); ++i) attributes[i] = static_cast<std::int32_t>(i % 20) - 1;
  const auto result = [&, words = words, documents = documents](int threads, Index steps_at_once) {
    TokenTraining training;
    training.words = words;
    training.documents = documents;
    training.window = 5;
    training.epochs = 4;
    training.threads = threads;
    Matrix inputs((words ? 319 : 0) + (documents ? 400 : 0), kWidth), outputs = Matrix::Zero(300, kWidth);
    start_vectors(1, 0, 10, inputs);
    PairTrainer trainer(histories, corpus.counts, {attributes.data(), 2, 19}, training, inputs, outputs);
    LossSum last;
    while (trainer.step() < 4 * trainer.steps_per_epoch()) last = trainer.run(steps_at_once);
    EXPECT_LT(last.mean(), 6 * std::log(2.0) - 0.02);  // where all vectors are zero
    EXPECT_EQ(inputs.rightCols(6).cwiseAbs().maxCoeff(), 0);
    Matrix all(inputs.rows() + outputs.rows(), kWidth);
    all << inputs, outputs;
    return all;
  };
  const Matrix one = result(1, 1);
  EXPECT_TRUE(one.allFinite());
  EXPECT_EQ(one, result(2, 1));
  EXPECT_EQ(one, result(3, 3));
}

INSTANTIATE_TEST_SUITE_P(Inputs, PairTraining,
                         testing::Values(std::pair{true, false}, std::pair{false, true}, std::pair{true, true}));

}  // namespace entivec::test
