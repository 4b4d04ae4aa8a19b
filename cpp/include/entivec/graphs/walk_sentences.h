// Walks as the sentences of a token model: walked when they are read, never stored.
#pragma once

#include "entivec/graphs/walks.h"
#include "entivec/tokens/sentences.h"

namespace entivec {

// A pass has num_walks walks from every node, those of pass e numbered from e · num_walks on: no pass repeats another.
class WalkSentences : public Sentences {
 public:
  // Borrows the walks.
  WalkSentences(const Walks& walks, Index num_walks);

  Index count() const override { return num_walks_ * walks_.nodes(); }
  Index start(Index s) const override { return s * walks_.length(); }
  void fill(Index epoch, Index first, Index last, std::vector<std::int32_t>& tokens,
            std::vector<Index>& offsets) const override;

  // (nodes): how often each node is met in the first pass.
  std::vector<double> frequencies(int threads) const;

 private:
  const Walks& walks_;
  Index num_walks_;
};

}  // namespace entivec
