// What negatives are drawn from.
#pragma once

#include <vector>

#include "entivec/core/alias.h"
#include "entivec/tokens/training.h"

namespace entivec {

// Words that occur, the commonest first.
std::vector<std::int32_t> rank_words(const Vocabulary& vocabulary);

// Words drawn by their weights among the negatives.
class Noise {
 public:
  Noise() = default;
  Noise(std::vector<std::int32_t> words, const Vocabulary& vocabulary);
  explicit Noise(const Vocabulary& vocabulary) : Noise(rank_words(vocabulary), vocabulary) {}

  std::int32_t operator()(std::uint32_t bits) const {
    const Index drawn = draw_alias(slots_.data(), static_cast<Index>(slots_.size()), std::uint64_t{bits} << 32);
    return words_[static_cast<std::size_t>(drawn)];
  }

 private:
  std::vector<std::int32_t> words_;
  std::vector<AliasSlot> slots_;
};

}  // namespace entivec
