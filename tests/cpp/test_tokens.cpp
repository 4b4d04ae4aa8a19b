// Token models: negative sampling against finite differences, what is drawn against its distribution, and the same bits
// for any number of threads.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "entivec/core/rng.h"
#include "entivec/tokens/documents.h"
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

// With `attributes`, of which MeanTrainer alone knows.
template <class TokenModel>
void expect_same_bits(bool words, bool documents, const Attributes& attributes = {}) {
  const Corpus corpus(400, 300), held_out_corpus(100, 300, 8);
  const Histories histories = corpus.histories(), held_out = held_out_corpus.histories();
  const auto result = [&](int threads, Index steps_at_once) {
    TokenTraining training;
    training.words = words;
    training.documents = documents;
    training.window = 5;
    training.epochs = 4;
    training.threads = threads;
    Matrix inputs((words ? 300 : 0) + attributes.count + (documents ? 400 : 0), kWidth),
        outputs = Matrix::Zero(300, kWidth);
    start_vectors(1, 0, 10, inputs);
    const auto make = [&] {
      if constexpr (std::is_same_v<TokenModel, MeanTrainer>)
        return MeanTrainer(histories, corpus.counts, attributes, training, inputs, outputs);
      else
        return PairTrainer(histories, corpus.counts, training, inputs, outputs);
    };
    TokenModel trainer = make();
    const double start = trainer.evaluate(held_out).mean();
    EXPECT_NEAR(start, 6 * std::log(2.0), 0.2);  // all scores are 0; masked negatives count nothing
    LossSum last;
    const Index steps = 4 * trainer.steps_per_epoch();
    while (trainer.step() < steps) last = trainer.run(std::min(steps_at_once, steps - trainer.step()));
    EXPECT_LT(last.mean(), 6 * std::log(2.0) - 0.02);
    EXPECT_LT(trainer.evaluate(held_out).mean(), start);
    EXPECT_EQ(inputs.rightCols(6).cwiseAbs().maxCoeff(), 0);
    Matrix all(inputs.rows() + outputs.rows() + 1, kWidth);
    all << inputs, outputs, Matrix::Constant(1, kWidth, static_cast<Scalar>(trainer.evaluate(held_out).loss));
    return all;
  };
  const Matrix one = result(1, 1);
  EXPECT_TRUE(one.allFinite());
  EXPECT_EQ(one, result(2, 1));
  EXPECT_EQ(one, result(3, 3));
}

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

TEST(NoiseWords, AreDrawnByCountsToAPower) {
  TokenTraining training;
  training.ns_exponent = 0.5;
  const Vocabulary vocabulary({4, 0, 100, 25, 1, 49}, training);
  const Noise noise(vocabulary);
  const Random random(11, Stream::kNegatives);
  RandomWords bits(random, 0);
  constexpr int kDraws = 100000;
  std::vector<double> counts(6);
  for (int i = 0; i < kDraws; ++i) ++counts[static_cast<std::size_t>(noise(bits()))];
  EXPECT_EQ(counts[1], 0);
  counts.erase(counts.begin() + 1);
  std::vector<double> expected;
  for (double root : {2, 10, 5, 1, 7}) expected.push_back(kDraws * root / 25);
  EXPECT_LT(excess_chi_squared(counts, expected), 5);
}

TEST(Deals, SpreadWordsOfLikeFrequencyOverAllParts) {
  std::vector<std::int32_t> ranked(1030);
  std::iota(ranked.begin(), ranked.end(), 0);
  const Deal deal(ranked, 16, 3, 0), again(ranked, 16, 3, 0), other(ranked, 16, 3, 1);
  for (std::int32_t first = 0; first < 1024; first += 16) {
    std::int32_t parts = 0;
    for (std::int32_t word = first; word < first + 16; ++word) parts |= 1 << deal.part(word);
    EXPECT_EQ(parts, 0xffff);
  }
  EXPECT_EQ(deal.words(3), again.words(3));
  EXPECT_NE(deal.words(3), other.words(3));
}

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
  const PairSource source(histories, vocabulary, training);
  std::vector<Pair> pairs;
  source.draw(0, 0, 4, pairs);
  const auto has = [&](std::int32_t input, std::int32_t output) {
    return std::count_if(pairs.begin(), pairs.end(),
                         [&](const Pair& p) { return p.input == input && p.output == output; });
  };
  for (std::int32_t a : {0, 1, 2})
    for (std::int32_t b : {0, 1, 2}) EXPECT_EQ(has(a, b), a != b);
  for (std::int32_t word : {0, 1, 2}) EXPECT_EQ(has(4, word), 1);  // documents 0, 2 and 3
  EXPECT_EQ(has(6, 3), 1);
  EXPECT_EQ(has(7, 1), 1);
  EXPECT_EQ(pairs.size(), 6u + 5u);
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

TEST(Targets, FollowTheGradientOfTheirLoss) {
  for (Index negatives : {1, 5, 12}) {
    std::vector<std::int32_t> drawn{3, 7, 2, 9, 8, 1, 4, 11, 10, 5, 6, 12};  // 2 is the target
    drawn.resize(static_cast<std::size_t>(negatives));
    const TokenTarget target{2, drawn.data(), negatives};
    const Matrix outputs = random_matrix(13, 2) * Scalar(0.4), start = random_matrix(1, 1);
    const auto loss_at = [&](const Vector& x) {
      const ConstMatrixMap h(x.data(), 1, kWidth), v(x.data() + kWidth, 13, kWidth);
      const Pair pair{0, 2};
      return naive_loss({&pair, 1, drawn.data(), negatives}, h, v);
    };
    Vector at((1 + 13) * kWidth);
    at << start.row(0).transpose(), Eigen::Map<const Vector>(outputs.data(), outputs.size());
    constexpr Scalar kRate = Scalar(1e-5);
    Matrix v = outputs, h = start;
    const Rows rows = as_rows("v", v);
    EXPECT_NEAR(target_loss(target, h.data(), rows), loss_at(at), 1e-10);
    Matrix frozen = start;
    step_of_target(target, kRate, frozen.data(), rows);
    EXPECT_EQ(v, outputs);
    EXPECT_NEAR(train_target(target, kRate, h.data(), rows), loss_at(at), 1e-10);
    EXPECT_EQ(h, frozen);
    Vector step(at.size());
    step << h.row(0).transpose() / -kRate, Eigen::Map<const Vector>(v.data(), v.size());
    step.tail(v.size()) = (at.tail(v.size()) - step.tail(v.size())) / kRate;
    expect_close(step, numeric_gradient(loss_at, at), Scalar(1e-8));
  }
}

// The mean's gradient divides by the number of contexts: Σ_t ½|h_t|², whose e is h, against finite differences.
TEST(ContextMeans, FollowTheGradientOfTheMean) {
  const std::vector<std::int64_t> offsets{0, 5, 6, 9};
  const std::vector<std::int32_t> codes{0, 3, 1, 2, 0, 4, 2, 4, 3}, attributes{0, -1, 1, 1, 0, 0, 1, -1, -1, 1};
  const Histories histories(offsets.data(), 3, codes.data(), 0);
  for (const Index reach : {0, 2})
    for (const bool documents : {false, true}) {
      TokenTraining training;
      training.subsample = 0;
      training.window = reach;
      training.documents = documents;
      const Vocabulary vocabulary({2, 1, 2, 2, 2}, training);
      ContextMeans means;
      const auto forward = [&](Matrix& inputs) {
        const Random random(1, Stream::kTokens);
        RandomWords words(random, 0);
        means.draw(histories, vocabulary, training, 0, 0, 3, words);
        const Rows rows = as_rows("inputs", inputs);  // 5 words, 2 attributes, 3 documents
        means.forward({rows.data, 7, kWidth}, {rows[7], 3, kWidth}, {attributes.data(), 2, 2});
      };
      const auto loss_at = [&](const Vector& x) {
        Matrix inputs = ConstMatrixMap(x.data(), 10, kWidth);
        forward(inputs);
        Scalar loss = 0;
        for (Index t = 0; t < means.num_targets(); ++t)
          if (means.has_contexts(t)) loss += Eigen::Map<Vector>(means.mean(t), kWidth).squaredNorm() / 2;
        return loss;
      };
      Matrix inputs = random_matrix(10, 4);
      forward(inputs);
      means.backward(1);
      Matrix gradient = Matrix::Zero(10, kWidth);
      for (Index i = 0; i < means.num_inputs(); ++i) {
        const auto step = Eigen::Map<const Vector>(means.step(i), kWidth).transpose();
        gradient.row(means.input(i) + (means.is_document(i) ? 7 : 0)) += step;
        for (Index a = 0; a < 2 && !means.is_document(i); ++a)
          if (const Index code = attributes[static_cast<std::size_t>(2 * means.input(i) + a)]; code >= 0)
            gradient.row(5 + code) += step;
      }
      const Vector at = Eigen::Map<const Vector>(inputs.data(), inputs.size());
      check_gradient(loss_at, at, Eigen::Map<const Vector>(gradient.data(), gradient.size()));
    }
}

class PairTraining : public testing::TestWithParam<std::pair<bool, bool>> {};  // words, documents

TEST_P(PairTraining, GivesTheSameBitsForAnyThreadsAndStepsAndLearns) {
  const auto [words, documents] = GetParam();
  expect_same_bits<PairTrainer>(words, documents);
}

INSTANTIATE_TEST_SUITE_P(Inputs, PairTraining,
                         testing::Values(std::pair{true, false}, std::pair{false, true}, std::pair{true, true}));

TEST(MeanTraining, GivesTheSameBitsForAnyThreadsAndStepsAndLearns) {
  std::vector<std::int32_t> codes(600);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::int32_t>(i % 20) - 1;
  expect_same_bits<MeanTrainer>(true, false);
  expect_same_bits<MeanTrainer>(true, true, {codes.data(), 2, 19});
}

class Inference : public testing::TestWithParam<bool> {};  // by means

TEST_P(Inference, DependsOnNoOtherDocumentAndNotOnThreads) {
  const Corpus corpus(60, 40);
  TokenTraining training;
  training.documents = true;
  training.words = GetParam();
  training.window = 5;
  const Vocabulary vocabulary(corpus.counts, training);
  Matrix words = random_matrix(40, 1), outputs = random_matrix(40, 2);
  const auto infer = [&](Index first, Index count, int threads) {
    training.threads = threads;
    std::vector<std::int64_t> offsets;
    const std::int64_t begin = corpus.offsets[static_cast<std::size_t>(first)];
    for (Index d = 0; d <= count; ++d) offsets.push_back(corpus.offsets[static_cast<std::size_t>(first + d)] - begin);
    const Histories histories(offsets.data(), count, corpus.tokens.data() + begin, 0);
    Matrix documents = Matrix::Constant(count, kWidth, Scalar(0.1));
    infer_documents(histories, vocabulary, training, GetParam() ? 5 : 0, as_rows("words", words),
                    as_rows("outputs", outputs), as_rows("documents", documents));
    return documents;
  };
  const Matrix all = infer(0, 60, 3);
  EXPECT_EQ(all, infer(0, 60, 1));
  EXPECT_EQ(all.middleRows(17, 5), infer(17, 5, 2));
  EXPECT_TRUE(all.allFinite());
  EXPECT_NE(all.row(17), Matrix::Constant(1, kWidth, Scalar(0.1)));
}

INSTANTIATE_TEST_SUITE_P(ByMeans, Inference, testing::Bool());

}  // namespace entivec::test
