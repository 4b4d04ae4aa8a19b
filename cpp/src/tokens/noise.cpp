#include "entivec/tokens/noise.h"

#include <algorithm>

namespace entivec {

std::vector<std::int32_t> rank_words(const Vocabulary& vocabulary) {
  std::vector<std::int32_t> ranked;
  for (Index word = 0; word < vocabulary.size(); ++word)
    if (vocabulary.count(word) > 0) ranked.push_back(static_cast<std::int32_t>(word));
  std::stable_sort(ranked.begin(), ranked.end(),
                   [&](std::int32_t a, std::int32_t b) { return vocabulary.count(a) > vocabulary.count(b); });
  return ranked;
}

Noise::Noise(std::vector<std::int32_t> words, const Vocabulary& vocabulary)
    : words_(std::move(words)), slots_(words_.size()) {
  if (words_.empty()) return;
  std::vector<Scalar> weights;
  weights.reserve(words_.size());
  for (std::int32_t word : words_) weights.push_back(static_cast<Scalar>(vocabulary.noise(word)));
  AliasBuilder().build(weights.data(), static_cast<Index>(weights.size()), slots_.data());
}

}  // namespace entivec
