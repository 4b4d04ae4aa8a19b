#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "entivec/loss/sampled.h"
#include "entivec/sequences/apply.h"
#include "entivec/sequences/sequence_model.h"
#include "entivec/train/trainer.h"
#include "gradient.h"
#include "tables.h"

namespace entivec::test {

namespace {

constexpr Scalar kMissing = std::numeric_limits<Scalar>::quiet_NaN();

// A small log: entities of 1 to 9 events, two categories, three numbers of which two are predicted.
struct Log {
  explicit Log(std::vector<Index> lengths, std::uint64_t seed = 1) {
    Draw draw(seed);
    layout.levels = {9, 4};
    layout.widths = {3, 2};
    layout.numbers = 3;
    layout.predicted = 2;
    for (Index length : lengths) offsets.push_back(offsets.back() + length);
    const Index events = offsets.back();
    codes.resize(events, 2);
    numbers = draw.matrix(events, 3);
    for (Index i = 0; i < events; ++i) {
      codes(i, 0) = static_cast<std::int32_t>(draw.below(9));
      codes(i, 1) = static_cast<std::int32_t>(draw.below(4));
      if (draw.uniform() < 0.2) numbers(i, draw.below(2)) = kMissing;
    }
    guide.numbers = 1;
    guide.classes = {3, 2};
    guide.weight = {Scalar(0.5), 1, 2};
    const auto entities = static_cast<Index>(lengths.size());
    targets = draw.matrix(entities, 1);
    classes.resize(entities, 2);
    for (Index e = 0; e < entities; ++e) {
      if (e % 3 == 0) targets(e, 0) = kMissing;
      classes(e, 0) = static_cast<std::int32_t>(draw.below(4)) - 1;
      classes(e, 1) = static_cast<std::int32_t>(draw.below(2));
    }
  }

  SequenceView view() const {
    return {static_cast<Index>(offsets.size()) - 1, offsets.data(), codes.data(), numbers.data()};
  }
  GuideView guides() const { return {targets.data(), classes.data()}; }

  SequenceLayout layout;
  SequenceGuide guide;
  std::vector<std::int64_t> offsets{0};
  Codes codes, classes;
  Matrix numbers, targets;
};

const std::vector<Index> kLengths{3, 1, 9, 4, 6, 2};

SequenceSizes sizes_of(Reader reader, Objective objective) {
  SequenceSizes sizes;
  sizes.reader = reader;
  sizes.objective = objective;
  sizes.hidden = 5;
  sizes.layers = 2;
  sizes.slices = 2;
  sizes.sampled = 4;
  sizes.contrastive.margin = 1;
  sizes.clip = 0;
  return sizes;
}

std::vector<Index> all_of(const Log& log) {
  std::vector<Index> all(log.offsets.size() - 1);
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

// The whole model in one step; dense and touched gradients in one vector.
struct Whole {
  Whole(const Log& log, const SequenceSizes& sizes, const SequenceGuide& guide)
      : net(log.layout, sizes, guide), model(net, log.view(), log.guides(), 2), all(all_of(log)) {
    params.resize(net.num_params());
    net.initialise(3, params);
  }

  Scalar loss(const Vector& p, Scalar dropout = 0, Vector* gradient = nullptr) const {
    const Step step{all.data(), static_cast<Index>(all.size()), &all, 7, 11, Scalar(0.25), 0, dropout};
    Gradient own(net.num_dense());
    const auto workspace = model.workspace(step.count);
    const Scalar loss = loss_and_gradient(model, step, p, *workspace, own);
    if (gradient) {
      *gradient = Vector::Zero(p.size());
      gradient->head(net.num_dense()) = own.dense();
      for (const TouchedRows::Row& row : own.rows().rows())
        gradient->segment(row.begin, row.width) = Eigen::Map<const Vector>(own.rows().gradient(row), row.width);
    }
    return loss;
  }

  SequenceNet net;
  SequenceModel model;
  std::vector<Index> all;
  Vector params;
};

void check_whole(const SequenceSizes& sizes, bool guided, Scalar dropout = 0) {
  const Log log(kLengths);
  const Whole whole(log, sizes, guided ? log.guide : SequenceGuide{});
  Draw draw(21);
  const Vector at = whole.params + draw.vector(whole.params.size(), 0.3);
  Vector gradient;
  whole.loss(at, dropout, &gradient);
  const Vector numeric = numeric_gradient([&](const Vector& p) { return whole.loss(p, dropout); }, at);
  expect_close(gradient, numeric, Scalar(1e-7));
}

Matrix embedding_of(const SequenceNet& net, const Vector& params, const SequenceView& view, int threads = 1) {
  Matrix e(view.entities, net.state()), last = e;
  embed_sequences({net, params, threads}, view, e, last);
  return e;
}

}  // namespace

TEST(Sequences, WholeModelGradient) {
  for (Reader reader : {Reader::kGru, Reader::kLstm, Reader::kNone})
    for (Objective objective : {Objective::kNext, Objective::kReconstruct, Objective::kContrastive}) {
      SCOPED_TRACE(static_cast<int>(reader) * 10 + static_cast<int>(objective));
      check_whole(sizes_of(reader, objective), objective != Objective::kReconstruct);
    }
}

TEST(Sequences, WholeModelGradientWithDropoutLastStateAndComponents) {
  for (Objective objective : {Objective::kNext, Objective::kReconstruct, Objective::kContrastive}) {
    SequenceSizes sizes = sizes_of(Reader::kGru, objective);
    sizes.components = 3;
    sizes.pooling = Pooling::kLast;
    check_whole(sizes, true, Scalar(0.3));
  }
}

// Negatives are drawn for categories of more than three levels; the other one keeps its full softmax.
TEST(Sequences, WholeModelGradientWithSampledSoftmax) {
  SequenceSizes sizes = sizes_of(Reader::kGru, Objective::kNext);
  sizes.full_softmax = 5;
  const Log log(kLengths);
  const Whole whole(log, sizes, {});
  EXPECT_EQ(whole.net.num_params() - whole.net.num_dense(), 9 * 4);
  check_whole(sizes, false);
}

// With pieces of three events the gradient goes back over three and no further: the loss of an event does not see what
// happened before its piece, though its value does.
TEST(Sequences, TruncatedGradientIsThatOfPieces) {
  SequenceSizes cut = sizes_of(Reader::kGru, Objective::kNext), whole_length = cut;
  cut.max_length = 3;
  const Log log({9, 2, 6, 4});
  const Whole pieces(log, cut, log.guide), whole(log, whole_length, log.guide);
  Vector truncated, full;
  EXPECT_NEAR(pieces.loss(pieces.params, 0, &truncated), whole.loss(pieces.params, 0, &full), 1e-12);
  EXPECT_GT((truncated - full).norm(), 1e-6);
  EXPECT_GT(truncated.dot(full), 0);
  const Log brief({3, 2, 3, 1});
  const Whole one(brief, cut, brief.guide), other(brief, whole_length, brief.guide);
  one.loss(one.params, 0, &truncated);
  other.loss(one.params, 0, &full);
  EXPECT_EQ(truncated, full);
}

TEST(Sequences, LogUniformDrawsByFallingFrequency) {
  const LogUniform ranks(50);
  std::vector<double> share(50, 0);
  constexpr Index kDraws = 100'000;
  for (Index i = 0; i < kDraws; ++i)
    share[static_cast<std::size_t>(ranks.rank((static_cast<double>(i) + 0.5) / kDraws))] += 1.0 / kDraws;
  for (Index k = 0; k < 50; ++k)
    EXPECT_NEAR(std::log(share[static_cast<std::size_t>(k)] * 10), ranks.log_expected(k, 10), 0.02);
  EXPECT_EQ(ranks.rank(0), 0);
  EXPECT_EQ(ranks.rank(1 - 1e-12), 49);
}

// The sampled gradient is, on average, about that of the full softmax.
TEST(Sequences, SampledSoftmaxPointsWhereTheFullOneDoes) {
  SequenceSizes full = sizes_of(Reader::kGru, Objective::kNext), sampled = full;
  sampled.full_softmax = 5;
  sampled.sampled = 400;
  const Log log(kLengths);
  const Whole a(log, full, {}), b(log, sampled, {});
  // The categories' tables stand in another order: compare all but those.
  const Index same = a.net.vectors().begin();
  Vector g, h, mixed = b.params;
  mixed.head(same) = a.params.head(same);
  for (Index c = 0; c < 2; ++c)
    for (Index code = 0; code < log.layout.levels[static_cast<std::size_t>(c)]; ++code)
      mixed.segment(b.net.vectors().row(c, code), a.net.vectors().row_width(c)) =
          a.params.segment(a.net.vectors().row(c, code), a.net.vectors().row_width(c));
  a.loss(a.params, 0, &g);
  b.loss(mixed, 0, &h);
  EXPECT_GT(g.head(same).dot(h.head(same)) / g.head(same).norm() / h.head(same).norm(), 0.98);
}

TEST(Sequences, EmbeddingsHaveTheSameBitsAloneAndTogether) {
  std::vector<Index> lengths;
  for (Index e = 0; e < 150; ++e) lengths.push_back(e % 13);
  lengths.push_back(1000);
  const Log log(lengths);
  for (Reader reader : {Reader::kGru, Reader::kLstm, Reader::kNone}) {
    SequenceSizes sizes = sizes_of(reader, Objective::kNext);
    sizes.max_length = 50;
    const Whole whole(log, sizes, {});
    const SequenceView view = log.view();
    const Matrix together = embedding_of(whole.net, whole.params, view);
    EXPECT_EQ(embedding_of(whole.net, whole.params, view, 3), together);
    for (Index e : {0, 1, 7, 12, 150}) {
      const std::int64_t own[2] = {0, view.length(e)};
      const SequenceView alone{1, own, view.codes + view.offsets[e] * 2, view.numbers + view.offsets[e] * 3};
      EXPECT_EQ(embedding_of(whole.net, whole.params, alone).row(0), together.row(e)) << e;
    }
  }
}

TEST(Sequences, TracesAreTheStatesThatEmbeddingsAreMadeOf) {
  const Log log(kLengths);
  SequenceSizes sizes = sizes_of(Reader::kGru, Objective::kNext);
  sizes.max_length = 4;
  const Whole whole(log, sizes, {});
  Matrix states(log.offsets.back(), whole.net.state()), e(6, whole.net.state()), last = e;
  trace_sequences({whole.net, whole.params, 2}, log.view(), states);
  embed_sequences({whole.net, whole.params, 2}, log.view(), e, last);
  for (Index i = 0; i < 6; ++i) {
    const Index begin = log.offsets[static_cast<std::size_t>(i)], length = kLengths[static_cast<std::size_t>(i)];
    expect_close(e.row(i), states.middleRows(begin, length).colwise().mean(), Scalar(1e-12));
    EXPECT_EQ(last.row(i), states.row(begin + length - 1));
  }
}

TEST(Sequences, GradientsAreClippedAndItIsSaid) {
  SequenceSizes sizes = sizes_of(Reader::kGru, Objective::kNext);
  const Log log(kLengths);
  const Whole free(log, sizes, {});
  Vector whole_gradient, clipped;
  free.loss(free.params, 0, &whole_gradient);
  sizes.clip = Scalar(0.01);
  const Whole held(log, sizes, {});
  held.loss(held.params, 0, &clipped);
  const Scalar limit = Scalar(0.01) * Scalar(0.25) * 6;
  ASSERT_GT(whole_gradient.norm(), limit);
  expect_close(clipped, whole_gradient * (limit / whole_gradient.norm()), Scalar(1e-10));

  const auto trained = [&](const Whole& whole) {
    Training training;
    training.batch_size = 6;
    Trainer trainer(whole.model, whole.all, training,
                    {whole.params, Vector::Zero(whole.params.size()), Vector::Zero(whole.params.size()), 0});
    trainer.run(2);
    return trainer.terms()[whole.model.num_terms() - 1];
  };
  EXPECT_EQ(trained(held), 1);
  EXPECT_EQ(trained(free), 0);
}

TEST(Sequences, ScoreIsTheLossWithoutDropoutAndItsParts) {
  const Log log(kLengths);
  const Whole whole(log, sizes_of(Reader::kLstm, Objective::kNext), log.guide);
  const SequenceModel::Score score = whole.model.score(whole.params, whole.all, 1, 2);
  const Scalar loss = whole.loss(whole.params);  // of scale 1/4 instead of 1/6
  EXPECT_NEAR(score.loss, loss * 4 / 6, 1e-12);
  ASSERT_EQ(score.parts.size(), 4u + 1 + 3);
  EXPECT_TRUE(std::isnan(score.parts[4]));
  for (std::size_t p : {0u, 1u, 2u, 3u, 5u, 6u, 7u}) EXPECT_GT(score.parts[p], 0) << p;
}

TEST(Sequences, TrainingGivesTheSameBitsForAnyNumberOfThreads) {
  std::vector<Index> lengths;
  for (Index e = 0; e < 160; ++e) lengths.push_back(1 + e % 7);
  const Log log(lengths);
  for (Objective objective : {Objective::kNext, Objective::kContrastive}) {
    SequenceSizes sizes = sizes_of(Reader::kGru, objective);
    sizes.full_softmax = 5;
    const Whole whole(log, sizes, {});
    const auto trained = [&](int threads) {
      Training training;
      training.batch_size = 130;
      training.dropout = Scalar(0.2);
      training.threads = threads;
      Trainer trainer(whole.model, whole.all, training,
                      {whole.params, Vector::Zero(whole.params.size()), Vector::Zero(whole.params.size()), 0});
      trainer.run(3);
      return trainer.state().params;
    };
    const Vector one = trained(1);
    EXPECT_EQ(trained(3), one);
    EXPECT_NE(one, whole.params);
  }
}

}  // namespace entivec::test
