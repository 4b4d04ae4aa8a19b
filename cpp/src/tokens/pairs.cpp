#include "entivec/tokens/pairs.h"

#include <algorithm>
#include <string>

#include "entivec/core/check.h"

namespace entivec {

namespace {

// Of 32 random bits, one of 0 … bound − 1.
std::int32_t below(std::uint32_t bits, Index bound) {
  return static_cast<std::int32_t>((std::uint64_t{bits} * static_cast<std::uint64_t>(bound)) >> 32);
}

}  // namespace

void check_rows(const char* name, const InputRows& rows, const Vocabulary& vocabulary, const TokenTraining& training,
                const Rows& inputs, const Rows& outputs) {
  check(outputs.count == vocabulary.size(), name, std::to_string(vocabulary.size()) + " outputs", outputs.count);
  check(inputs.count >= rows.document + (training.documents ? 1 : 0), name, "an input for each word and document",
        inputs.count);
  check(inputs.stride == outputs.stride, name, "inputs as wide as outputs", inputs.stride);
}

void draw_sentences(const Sentences& sentences, const Vocabulary& vocabulary, Index window, Index epoch, Index first,
                    Index last, RandomWords& words, DrawnSentences& drawn) {
  sentences.fill(epoch, first, last, drawn.tokens, drawn.offsets);
  std::size_t kept = 0;
  for (std::size_t s = 0, begin = 0; s + 1 < drawn.offsets.size(); ++s) {
    const auto end = static_cast<std::size_t>(drawn.offsets[s + 1]);
    for (std::size_t i = begin; i < end; ++i) {
      const std::int32_t token = drawn.tokens[i];
      const std::uint64_t keep = vocabulary.keep(token);
      if (keep == Vocabulary::kAlways || words() < keep) drawn.tokens[kept++] = token;
    }
    drawn.offsets[s + 1] = static_cast<Index>(kept);
    begin = end;
  }
  drawn.tokens.resize(kept);
  drawn.reach.resize(kept);
  for (std::int32_t& reach : drawn.reach) reach = window > 0 ? 1 + below(words(), window) : Histories::kLongest;
}

void PairSource::draw(std::uint32_t epoch, Index first, Index last, std::vector<Pair>& pairs) const {
  pairs.clear();
  const Random random(training_.seed, Stream::kTokens, epoch);
  RandomWords words(random, static_cast<std::uint64_t>(first) << 32);
  DrawnSentences drawn;
  draw_sentences(sentences_, vocabulary_, training_.window, epoch, first, last, words, drawn);
  for (Index s = 0; s < last - first; ++s) {
    if (training_.documents) {
      const auto row = static_cast<std::int32_t>(rows_.document + sentences_.document(first + s));
      for (Index i = drawn.offsets[static_cast<std::size_t>(s)]; i < drawn.offsets[static_cast<std::size_t>(s) + 1];
           ++i)
        pairs.push_back({row, drawn.tokens[static_cast<std::size_t>(i)]});
    }
    if (training_.words) add_words(drawn, s, pairs);
  }
}

void PairSource::add_words(const DrawnSentences& drawn, Index sentence, std::vector<Pair>& pairs) const {
  const Index begin = drawn.offsets[static_cast<std::size_t>(sentence)];
  const Index end = drawn.offsets[static_cast<std::size_t>(sentence) + 1];
  for (Index i = begin; i < end; ++i) {
    const Index reach = drawn.reach[static_cast<std::size_t>(i)];
    const std::int32_t word = drawn.tokens[static_cast<std::size_t>(i)];
    for (Index j = std::max(begin, i - reach), stop = std::min(end, i + reach + 1); j < stop; ++j)
      if (j != i) pairs.push_back({word, drawn.tokens[static_cast<std::size_t>(j)]});
  }
}

double PairSource::expected(Index n) const {
  const double kept = static_cast<double>(n) * vocabulary_.mean_keep();
  const double near = training_.words ? expected_contexts(kept, training_.window) : 0;
  return kept * (near + (training_.documents ? 1 : 0)) + 1;
}

}  // namespace entivec
