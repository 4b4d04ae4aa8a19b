// Pairs of a word or document and a word near it, drawn chunk by chunk (Mikolov et al. 2013, "Distributed
// representations of words and phrases and their compositionality"; Le & Mikolov 2014 for documents).
#pragma once

#include <vector>

#include "entivec/core/rng.h"
#include "entivec/tokens/training.h"

namespace entivec {

struct Pair {
  std::int32_t input, output;  // rows
};

// How the rows of the inputs are numbered: words, attributes, documents; where words are not learnt from, documents.
struct InputRows {
  InputRows(Index words, Index attributes, const TokenTraining& training)
      : attribute(words), document(training.words ? words + attributes : 0) {}

  Index attribute, document;  // the first of each
};

// Throws unless there are inputs for all of them and outputs for the words, of the same width.
void check_rows(const char* name, const InputRows& rows, const Vocabulary& vocabulary, const TokenTraining& training,
                const Rows& inputs, const Rows& outputs);

// The sentences of a chunk as they are learnt from: thinned out, with the tokens on either side of each.
struct DrawnSentences {
  std::vector<std::int32_t> tokens;
  std::vector<Index> offsets;       // of the sentences
  std::vector<std::int32_t> reach;  // of each token, to both sides
};

// Overwrites `drawn`; takes its randomness from `words`.
void draw_sentences(const Sentences& sentences, const Vocabulary& vocabulary, Index window, Index epoch, Index first,
                    Index last, RandomWords& words, DrawnSentences& drawn);

class PairSource {
 public:
  PairSource(const Sentences& sentences, const Vocabulary& vocabulary, const TokenTraining& training)
      : sentences_(sentences), vocabulary_(vocabulary), training_(training), rows_(vocabulary.size(), 0, training) {}

  // Overwrites `pairs` with those of sentences first … last − 1: a function of (seed, epoch, first).
  void draw(std::uint32_t epoch, Index first, Index last, std::vector<Pair>& pairs) const;

  // Pairs to expect of a sentence of n tokens.
  double expected(Index n) const;

 private:
  void add_words(const DrawnSentences& drawn, Index sentence, std::vector<Pair>& pairs) const;

  const Sentences& sentences_;
  const Vocabulary& vocabulary_;
  TokenTraining training_;
  InputRows rows_;
};

}  // namespace entivec
