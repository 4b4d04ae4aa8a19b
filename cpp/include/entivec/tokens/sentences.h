// What token models read: sentences of tokens 0 … V − 1, histories of entities as well as walks drawn while they are
// read.
#pragma once

#include <vector>

#include "entivec/core/types.h"

namespace entivec {

class Sentences {
 public:
  virtual ~Sentences() = default;

  virtual Index count() const = 0;

  // Tokens before sentence `s`, 0 ≤ s ≤ count(); of sentences that are drawn, the most there can be. Chunks, steps and
  // rates are laid out by it, so that they do not depend on what is drawn.
  virtual Index start(Index s) const = 0;

  // Sentences first … last − 1 of a pass. Overwrites `tokens` and `offsets` (last − first + 1, beginning at 0). A pure
  // function: any thread may call it at any time.
  virtual void fill(Index epoch, Index first, Index last, std::vector<std::int32_t>& tokens,
                    std::vector<Index>& offsets) const = 0;

  virtual Index document(Index s) const { return s; }  // whose vector learns from the sentence
};

// Events of entities in their order. Tokens below `first_token` (missing, rare) are passed over. Longer histories are
// read in equal pieces of at most kLongest tokens: what two pieces say together of their ends is a small loss, and the
// memory of a step stays bounded.
class Histories : public Sentences {
 public:
  static constexpr Index kLongest = 1024;

  // Borrows offsets (count + 1) and codes (offsets[count]).
  Histories(const std::int64_t* offsets, Index count, const std::int32_t* codes, std::int32_t first_token);

  Index count() const override { return static_cast<Index>(begins_.size()) - 1; }
  Index start(Index s) const override { return begins_[static_cast<std::size_t>(s)]; }
  Index document(Index s) const override { return documents_[static_cast<std::size_t>(s)]; }
  void fill(Index epoch, Index first, Index last, std::vector<std::int32_t>& tokens,
            std::vector<Index>& offsets) const override;

 private:
  const std::int32_t* codes_;
  std::int32_t first_token_;
  std::vector<Index> begins_, documents_;  // of the pieces
};

}  // namespace entivec
