// A step's pairs in blocks of a grid: rows of the inputs and of the outputs are dealt to P parts each, and blocks that
// share no part are trained at the same time, in place. The result does not depend on the threads.
#pragma once

#include <vector>

#include "entivec/tokens/noise.h"
#include "entivec/tokens/pairs.h"

namespace entivec {

// P of the grid: a function of the vocabulary, never of the threads.
Index num_parts(Index words);

// Words dealt to parts, as evenly in their frequencies as can be: at random within every P words of neighbouring
// frequency.
class Deal {
 public:
  Deal() = default;

  // `ranked`: words that occur, by their frequency.
  Deal(const std::vector<std::int32_t>& ranked, Index parts, std::uint64_t seed, std::uint32_t substream);

  std::uint8_t part(std::int32_t word) const { return parts_[static_cast<std::size_t>(word)]; }
  const std::vector<std::int32_t>& words(Index part) const { return words_[static_cast<std::size_t>(part)]; }

 private:
  std::vector<std::uint8_t> parts_;
  std::vector<std::vector<std::int32_t>> words_;
};

// Pairs sorted into P × P blocks, each in their former order.
struct BlockedPairs {
  std::vector<Pair> pairs;
  std::vector<Index> offsets;  // P² + 1

  template <class InputPart, class OutputPart>
  void sort(const std::vector<Pair>& drawn, Index parts, const InputPart& input_part, const OutputPart& output_part) {
    const auto block = [&](const Pair& pair) {
      return static_cast<std::size_t>(input_part(pair.input) * parts + output_part(pair.output));
    };
    offsets.assign(static_cast<std::size_t>(parts * parts) + 1, 0);
    for (const Pair& pair : drawn) ++offsets[block(pair) + 1];
    for (std::size_t b = 1; b < offsets.size(); ++b) offsets[b] += offsets[b - 1];
    pairs.resize(drawn.size());
    std::vector<Index> next(offsets.begin(), offsets.end() - 1);
    for (const Pair& pair : drawn) pairs[static_cast<std::size_t>(next[block(pair)]++)] = pair;
  }
};

}  // namespace entivec
