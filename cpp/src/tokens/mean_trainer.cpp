#include "entivec/tokens/mean_trainer.h"

#include <algorithm>
#include <cmath>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"

namespace entivec {

namespace {

constexpr double kMostTokens = 4096, kFewestTokens = 64;  // of a batch
constexpr Index kTokensOfShard = 64, kOwners = 32;
// Steps from the same means that an attribute takes in a batch, at most: it is that of so many words that more add up.
constexpr Index kMostSteps = 16;

// Fewer tokens where one word is so common that its steps from the same means would add up.
double batch_tokens(const Vocabulary& vocabulary, const TokenTraining& training) {
  const double most = 0.5 / (static_cast<double>(training.learning_rate) * vocabulary.largest_share());
  return std::clamp(most, kFewestTokens, kMostTokens);
}

// Overwrites `sorted` with 0 … count − 1 by their key in {0, …, keys − 1}, negative ones left out.
template <class Key>
void sort_by(Index count, Index keys, const Key& key, std::vector<Index>& sorted, std::vector<Index>& offsets) {
  offsets.assign(static_cast<std::size_t>(keys) + 1, 0);
  for (Index i = 0; i < count; ++i)
    if (key(i) >= 0) ++offsets[static_cast<std::size_t>(key(i)) + 1];
  for (std::size_t k = 1; k < offsets.size(); ++k) offsets[k] += offsets[k - 1];
  sorted.resize(static_cast<std::size_t>(offsets.back()));
  std::vector<Index> next(offsets.begin(), offsets.end() - 1);
  for (Index i = 0; i < count; ++i)
    if (key(i) >= 0) sorted[static_cast<std::size_t>(next[static_cast<std::size_t>(key(i))]++)] = i;
}

template <class Body>
void for_owned(Index owner, const std::vector<Index>& sorted, const std::vector<Index>& offsets, const Body& body) {
  const auto own = static_cast<std::size_t>(owner);
  for (Index i = offsets[own]; i < offsets[own + 1]; ++i) body(sorted[static_cast<std::size_t>(i)]);
}

void add(Scalar by, const Scalar* step, Index size, Scalar* row) {
  Eigen::Map<Vector>(row, size) += by * Eigen::Map<const Vector>(step, size);
}

}  // namespace

Scalar mean_contexts(const Sentences& sentences, const Vocabulary& vocabulary, const TokenTraining& training) {
  double logarithms = 0, kept = 0;
  for (Index s = 0; s < sentences.count(); ++s) {
    const double own = static_cast<double>(sentences.start(s + 1) - sentences.start(s)) * vocabulary.mean_keep();
    const double contexts = expected_contexts(own, training.window) + (training.documents ? 1 : 0);
    logarithms += own * std::log(std::max(1.0, contexts));
    kept += own;
  }
  return static_cast<Scalar>(kept > 0 ? std::exp(logarithms / kept) : 1.0);
}

MeanTrainer::MeanTrainer(const Sentences& sentences, std::vector<double> counts, const Attributes& attributes,
                         const TokenTraining& training, MatrixRef inputs, MatrixRef outputs)
    : TokenTrainer(sentences, Vocabulary(std::move(counts), training), training),
      attributes_(attributes),
      rows_(vocabulary_.size(), attributes.count, training),
      words_(as_rows("MeanTrainer, inputs", inputs)),
      documents_{words_[rows_.document], words_.count - rows_.document, words_.stride},
      outputs_(as_rows("MeanTrainer, outputs", outputs)),
      input_scale_(mean_contexts(sentences, vocabulary_, training)),
      attribute_steps_(static_cast<std::size_t>(attributes.count)) {
  check(training.words, "MeanTrainer", "words to learn from", "documents alone");
  check_rows("MeanTrainer", rows_, vocabulary_, training, words_, outputs_);
  words_.count = rows_.document;
  const std::vector<std::int32_t> ranked = rank_words(vocabulary_);
  parts_ = num_parts(static_cast<Index>(ranked.size()));
  deal_ = Deal(ranked, parts_, training.seed, 0);
  for (Index part = 0; part < parts_; ++part) noise_.emplace_back(deal_.words(part), vocabulary_);
  plan_ = make_plan(sentences, [](Index n) { return static_cast<double>(n); }, batch_tokens(vocabulary_, training), 1);
}

void MeanTrainer::draw_shard(Index epoch, Index first, Index last, Shard& shard) const {
  const Random random(training_.seed, Stream::kTokens, static_cast<std::uint32_t>(epoch));
  RandomWords words(random, static_cast<std::uint64_t>(first) << 32);
  ContextMeans& means = shard.means;
  means.draw(sentences_, vocabulary_, training_, epoch, first, last, words);
  means.forward(words_, documents_, attributes_);
  const auto part = [&](Index t) { return means.has_contexts(t) ? Index{deal_.part(means.word(t))} : -1; };
  sort_by(means.num_targets(), parts_, part, shard.targets, shard.target_offsets);
  const auto owner = [&](Index i) { return means.input(i) % kOwners; };
  sort_by(means.num_inputs(), kOwners, owner, shard.inputs, shard.input_offsets);
  const auto owner_of_attribute = [&](Index i) {
    const Index code = attribute(shard, i);
    return code < 0 ? -1 : code % kOwners;
  };
  sort_by(means.num_targets() * attributes_.width, kOwners, owner_of_attribute, shard.attributes,
          shard.attribute_offsets);
}

Index MeanTrainer::attribute(const Shard& shard, Index i) const {
  return attributes_.codes[shard.means.word(i / attributes_.width) * attributes_.width + i % attributes_.width];
}

LossSum MeanTrainer::train(Index epoch, Index step) {
  const auto chunk = static_cast<std::size_t>(plan_.steps[static_cast<std::size_t>(step)]);
  begins_.assign(1, plan_.chunks[chunk]);
  for (Index s = plan_.chunks[chunk] + 1; s < plan_.chunks[chunk + 1]; ++s)
    if (sentences_.start(s) - sentences_.start(begins_.back()) >= kTokensOfShard) begins_.push_back(s);
  begins_.push_back(plan_.chunks[chunk + 1]);
  shards_.resize(begins_.size() - 1);
  const auto count = static_cast<Index>(shards_.size());
  parallel_for(count, training_.threads, [&](Index i) {
    const auto s = static_cast<std::size_t>(i);
    draw_shard(epoch, begins_[s], begins_[s + 1], shards_[s]);
  });
  const Random random(training_.seed, Stream::kNegatives, static_cast<std::uint32_t>(epoch * steps_per_epoch() + step));
  const Scalar rate_now = rate(epoch, static_cast<Index>(chunk));
  std::vector<LossSum> sums(static_cast<std::size_t>(parts_));
  parallel_for(parts_, training_.threads,
               [&](Index part) { sums[static_cast<std::size_t>(part)] = train_part(part, rate_now, random); });
  parallel_for(count, training_.threads,
               [&](Index i) { shards_[static_cast<std::size_t>(i)].means.backward(input_scale_); });
  parallel_for(kOwners, training_.threads, [&](Index owner) {
    step_inputs(owner);
    if (attributes_.width > 0) step_attributes(owner);
  });
  LossSum sum;
  for (const LossSum& own : sums) sum.add(own);
  return sum;
}

LossSum MeanTrainer::train_part(Index part, Scalar rate, const Random& random) {
  RandomWords bits(random, static_cast<std::uint64_t>(part) << 32);
  const Noise& noise = noise_[static_cast<std::size_t>(part)];
  std::int32_t negatives[kMostNegatives];
  LossSum sum;
  for (Shard& shard : shards_) {
    const auto own = static_cast<std::size_t>(part);
    for (Index i = shard.target_offsets[own]; i < shard.target_offsets[own + 1]; ++i) {
      const Index target = shard.targets[static_cast<std::size_t>(i)];
      for (Index k = 0; k < training_.negatives; ++k) negatives[k] = noise(bits());
      sum.loss += train_target({shard.means.word(target), negatives, training_.negatives}, rate,
                               shard.means.mean(target), outputs_);
      ++sum.count;
    }
  }
  return sum;
}

void MeanTrainer::step_inputs(Index owner) {
  for (const Shard& shard : shards_)
    for_owned(owner, shard.inputs, shard.input_offsets, [&](Index i) {
      const Rows& rows = shard.means.is_document(i) ? documents_ : words_;
      add(Scalar(1), shard.means.step(i), rows.stride, rows[shard.means.input(i)]);
    });
}

void MeanTrainer::step_attributes(Index owner) {
  const auto steps = [&](Index code) -> Index& { return attribute_steps_[static_cast<std::size_t>(code)]; };
  for (const Shard& shard : shards_)
    for_owned(owner, shard.attributes, shard.attribute_offsets, [&](Index i) { ++steps(attribute(shard, i)); });
  for (const Shard& shard : shards_)
    for_owned(owner, shard.attributes, shard.attribute_offsets, [&](Index i) {
      const Index code = attribute(shard, i);
      const Scalar by = std::min(Scalar(1), Scalar(kMostSteps) / static_cast<Scalar>(steps(code)));
      add(by, shard.means.step(i / attributes_.width), words_.stride, words_[rows_.attribute + code]);
    });
  for (Index code = owner; code < attributes_.count; code += kOwners) steps(code) = 0;
}

LossSum MeanTrainer::evaluate(const Sentences& held_out) const {
  const Noise noise(vocabulary_);
  return sum_over_sentences(held_out, training_.threads, [&](Index first, Index last) {
    const Random random(training_.seed, Stream::kTokens, kHeldOut);
    RandomWords words(random, static_cast<std::uint64_t>(first) << 32);
    ContextMeans means;
    means.draw(held_out, vocabulary_, training_, 0, first, last, words);
    means.forward(words_, documents_, attributes_);
    std::int32_t negatives[kMostNegatives];
    LossSum sum;
    for (Index t = 0; t < means.num_targets(); ++t) {
      if (!means.has_contexts(t)) continue;
      for (Index k = 0; k < training_.negatives; ++k) negatives[k] = noise(words());
      sum.loss += target_loss({means.word(t), negatives, training_.negatives}, means.mean(t), outputs_);
      ++sum.count;
    }
    return sum;
  });
}

}  // namespace entivec
