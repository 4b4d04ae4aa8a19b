#include "entivec/tokens/pair_trainer.h"

#include <algorithm>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"

namespace entivec {

namespace {

constexpr double kPairsOfStep = 2e6, kPairsOfChunk = 65536, kLeastPairsOfChunk = 4096, kChunksOfPass = 16;

// Whether a group is better ended before `pair`: of a row that took a third step from the same scores, the steps would
// add up.
bool crowded(const Pair* group, Index size, const Pair& pair) {
  Index inputs = 0, outputs = 0;
  for (Index i = 0; i < size; ++i) {
    inputs += group[i].input == pair.input;
    outputs += group[i].output == pair.output;
  }
  return inputs > 1 || outputs > 1;
}

}  // namespace

PairTrainer::PairTrainer(const Sentences& sentences, std::vector<double> counts, const TokenTraining& training,
                         MatrixRef inputs, MatrixRef outputs)
    : TokenTrainer(sentences, Vocabulary(std::move(counts), training), training),
      source_(sentences, vocabulary_, training),
      rows_(vocabulary_.size(), 0, training),
      inputs_(as_rows("PairTrainer, inputs", inputs)),
      outputs_(as_rows("PairTrainer, outputs", outputs)),
      ranked_(rank_words(vocabulary_)) {
  check_rows("PairTrainer", rows_, vocabulary_, training, inputs_, outputs_);
  parts_ = num_parts(static_cast<Index>(ranked_.size()));
  const auto work = [&](Index n) { return source_.expected(n); };
  double all = 0;
  for (Index s = 0; s < sentences.count(); ++s) all += work(sentences.start(s + 1) - sentences.start(s));
  plan_ = make_plan(sentences, work, std::clamp(all / kChunksOfPass, kLeastPairsOfChunk, kPairsOfChunk), kPairsOfStep);
}

Index PairTrainer::input_part(std::int32_t row) const {
  if (training_.words && row < rows_.attribute) return input_deal_.part(row);
  return row % parts_;
}

void PairTrainer::draw_pairs(Index epoch, Index step, std::uint32_t number) {
  input_deal_ = Deal(ranked_, parts_, training_.seed, 2 * number);
  output_deal_ = Deal(ranked_, parts_, training_.seed, 2 * number + 1);
  noise_.resize(static_cast<std::size_t>(parts_));
  parallel_for(parts_, training_.threads, [&](Index part) {
    noise_[static_cast<std::size_t>(part)] = Noise(output_deal_.words(part), vocabulary_);
  });
  const Index first = plan_.steps[static_cast<std::size_t>(step)],
              last = plan_.steps[static_cast<std::size_t>(step) + 1];
  chunks_.resize(static_cast<std::size_t>(last - first));
  parallel_for(last - first, training_.threads, [&](Index c) {
    const auto chunk = static_cast<std::size_t>(first + c);
    std::vector<Pair> drawn;
    source_.draw(static_cast<std::uint32_t>(epoch), plan_.chunks[chunk], plan_.chunks[chunk + 1], drawn);
    chunks_[static_cast<std::size_t>(c)].sort(
        drawn, parts_, [&](std::int32_t row) { return input_part(row); },
        [&](std::int32_t word) { return output_deal_.part(word); });
  });
}

LossSum PairTrainer::train(Index epoch, Index step) {
  const auto number = static_cast<std::uint32_t>(epoch * steps_per_epoch() + step);
  draw_pairs(epoch, step, number);
  const Random random(training_.seed, Stream::kNegatives, number);
  std::vector<LossSum> sums(static_cast<std::size_t>(parts_ * parts_));
  for (Index turn = 0; turn < parts_; ++turn)
    parallel_for(parts_, training_.threads, [&](Index a) {
      const Index b = (a + turn) % parts_;
      sums[static_cast<std::size_t>(a * parts_ + b)] = train_block(epoch, step, a, b, random);
    });
  LossSum sum;
  for (const LossSum& own : sums) sum.add(own);
  return sum;
}

LossSum PairTrainer::train_block(Index epoch, Index step, Index input_part, Index output_part, const Random& random) {
  const Index block = input_part * parts_ + output_part, first_chunk = plan_.steps[static_cast<std::size_t>(step)];
  const Noise& noise = noise_[static_cast<std::size_t>(output_part)];
  RandomWords bits(random, static_cast<std::uint64_t>(block) << 32);
  std::int32_t negatives[kMostNegatives];
  Pair pairs[kGroup];
  Index size = 0;
  Scalar rate_now = 0;
  LossSum sum;
  const auto train_pairs = [&] {
    for (Index k = 0; k < training_.negatives; ++k) negatives[k] = noise(bits());
    sum.loss += train_group({pairs, size, negatives, training_.negatives}, rate_now, inputs_, outputs_);
    sum.count += size;
    size = 0;
  };
  for (std::size_t c = 0; c < chunks_.size(); ++c) {
    const auto own = static_cast<std::size_t>(block);
    const Scalar chunk_rate = rate(epoch, first_chunk + static_cast<Index>(c));
    // Pairs of a word lie side by side, and from afar in a group: it would take all its steps from the same scores.
    const Index begin = chunks_[c].offsets[own], end = chunks_[c].offsets[own + 1];
    const Index stride = (end - begin + kGroup - 1) / kGroup;
    for (Index start = begin; start < begin + stride; ++start) {
      for (Index i = start; i < end; i += stride) {
        const Pair pair = chunks_[c].pairs[static_cast<std::size_t>(i)];
        if (size == kGroup || crowded(pairs, size, pair)) train_pairs();
        if (size == 0) rate_now = chunk_rate;
        pairs[size++] = pair;
      }
    }
  }
  if (size > 0) train_pairs();
  return sum;
}

LossSum PairTrainer::evaluate(const Sentences& held_out) const {
  const PairSource source(held_out, vocabulary_, training_);
  const Noise noise(vocabulary_);
  return sum_over_sentences(held_out, training_.threads, [&](Index first, Index last) {
    const Random random(training_.seed, Stream::kNegatives, kHeldOut);
    RandomWords bits(random, static_cast<std::uint64_t>(first) << 32);
    std::vector<Pair> pairs;
    source.draw(kHeldOut, first, last, pairs);
    const auto count = static_cast<Index>(pairs.size());
    std::int32_t negatives[kMostNegatives];
    LossSum sum{0, count};
    for (Index i = 0; i < count; i += kGroup) {
      for (Index k = 0; k < training_.negatives; ++k) negatives[k] = noise(bits());
      const Group group{pairs.data() + i, std::min(kGroup, count - i), negatives, training_.negatives};
      sum.loss += group_loss(group, inputs_, outputs_);
    }
    return sum;
  });
}

}  // namespace entivec
