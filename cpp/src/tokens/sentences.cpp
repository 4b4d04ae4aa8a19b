#include "entivec/tokens/sentences.h"

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"

namespace entivec {

Histories::Histories(const std::int64_t* offsets, Index count, const std::int32_t* codes, std::int32_t first_token)
    : codes_(codes), first_token_(first_token) {
  check(offsets[0] == 0, "Histories, offsets", "a first offset of 0", offsets[0]);
  begins_.reserve(static_cast<std::size_t>(count) + 1);
  documents_.reserve(static_cast<std::size_t>(count));
  for (Index s = 0; s < count; ++s) {
    const Index size = offsets[s + 1] - offsets[s];
    check(size >= 0, "Histories, offsets", "offsets that do not fall", offsets[s + 1]);
    const Index piece = std::max<Index>(equal_piece(size, kLongest), 1);
    for (Index at = 0; at == 0 || at < size; at += piece) {
      begins_.push_back(offsets[s] + at);
      documents_.push_back(s);
    }
  }
  begins_.push_back(offsets[count]);
}

void Histories::fill(Index, Index first, Index last, std::vector<std::int32_t>& tokens,
                     std::vector<Index>& offsets) const {
  tokens.clear();
  offsets.assign(1, 0);
  for (Index s = first; s < last; ++s) {
    for (Index i = start(s); i < start(s + 1); ++i)
      if (codes_[i] >= first_token_) tokens.push_back(codes_[i] - first_token_);
    offsets.push_back(static_cast<Index>(tokens.size()));
  }
}

}  // namespace entivec
