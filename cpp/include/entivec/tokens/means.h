// Means of a target's contexts for all targets of a sentence, at the same cost for any window: by running sums
// forwards, and by differences of what ends and begins backwards.
#pragma once

#include <vector>

#include "entivec/tokens/pairs.h"

namespace entivec {

// Attributes of words, whose rows of the inputs are added to those of the words. Null: there are none.
struct Attributes {
  const std::int32_t* codes = nullptr;  // (V, width), 0 … count − 1; negative: missing
  Index width = 0, count = 0;
};

// A run of sentences: its targets' contexts, their means, then the means' steps, then the steps of the inputs.
class ContextMeans {
 public:
  // Draws the sentences.
  void draw(const Sentences& sentences, const Vocabulary& vocabulary, const TokenTraining& training, Index epoch,
            Index first, Index last, RandomWords& words);

  // Overwrites the means: (d + Σ x) / n over the contexts of every target and, where there are documents, d. An x is
  // the sum of a word's row and its attributes', which stand behind the words'.
  void forward(const Rows& words, const Rows& documents, const Attributes& attributes);

  // The means hold steps e: overwrites the steps of the inputs, Σ by · e / n over the targets they are contexts of.
  void backward(Scalar by);

  Index num_targets() const { return static_cast<Index>(drawn_.tokens.size()); }
  std::int32_t word(Index target) const { return drawn_.tokens[static_cast<std::size_t>(target)]; }
  bool has_contexts(Index target) const { return counts_[static_cast<std::size_t>(target)] > 0; }
  Scalar* mean(Index target) { return means_.data() + target * stride_; }

  // What takes a step: every token, then every sentence's document.
  Index num_inputs() const { return static_cast<Index>(inputs_.size()); }
  bool is_document(Index i) const { return i >= num_targets(); }
  std::int32_t input(Index i) const { return inputs_[static_cast<std::size_t>(i)]; }  // a word's or a document's number
  const Scalar* step(Index i) const { return steps_.data() + i * stride_; }

 private:
  struct Window {
    Index begin, end;
  };
  Window window(Index target, Index begin, Index end) const;
  template <class Body>
  void for_sentences(const Body& body) const;

  DrawnSentences drawn_;
  std::vector<std::int32_t> inputs_;  // words', then documents' numbers
  std::vector<std::int32_t> counts_;  // of the contexts of each target
  std::vector<Scalar> means_, steps_;
  Index stride_ = 0;
  bool documents_ = false;
};

}  // namespace entivec
