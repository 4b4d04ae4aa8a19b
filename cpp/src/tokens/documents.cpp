#include "entivec/tokens/documents.h"

#include <algorithm>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"

namespace entivec {

namespace {

class Inference {
 public:
  Inference(const Sentences& sentences, const Vocabulary& vocabulary, const TokenTraining& training, Scalar scale,
            const Rows& words, const Rows& outputs, const Rows& documents)
      : sentences_(sentences),
        vocabulary_(vocabulary),
        training_(training),
        scale_(scale),
        noise_(vocabulary),
        words_(words),
        outputs_(outputs),
        documents_(documents) {}

  // The document whose sentences are first … last − 1.
  void infer(Index first, Index last) const {
    ContextMeans means;
    DrawnSentences drawn;
    for (Index epoch = 0; epoch < training_.epochs; ++epoch) {
      const Random random(training_.seed, Stream::kTokens, static_cast<std::uint32_t>(epoch));
      RandomWords words(random, 0);
      const Scalar left = 1 - static_cast<Scalar>(epoch) / static_cast<Scalar>(training_.epochs);
      const Scalar rate = training_.final_rate + (training_.learning_rate - training_.final_rate) * left;
      for (Index s = first; s < last; ++s) {
        if (scale_ > 0)
          step_by_means(epoch, s, rate, words, means);
        else
          step_by_words(epoch, s, rate, words, drawn);
      }
    }
  }

 private:
  TokenTarget target(std::int32_t word, RandomWords& words, std::int32_t* negatives) const {
    for (Index k = 0; k < training_.negatives; ++k) negatives[k] = noise_(words());
    return {word, negatives, training_.negatives};
  }

  void step_by_means(Index epoch, Index s, Scalar rate, RandomWords& words, ContextMeans& means) const {
    std::int32_t negatives[kMostNegatives];
    means.draw(sentences_, vocabulary_, training_, epoch, s, s + 1, words);
    means.forward(words_, documents_, {});
    for (Index t = 0; t < means.num_targets(); ++t)
      step_of_target(target(means.word(t), words, negatives), rate, means.mean(t), outputs_);
    means.backward(scale_);
    add(sentences_.document(s), means.step(means.num_targets()));
  }

  void step_by_words(Index epoch, Index s, Scalar rate, RandomWords& words, DrawnSentences& drawn) const {
    std::int32_t negatives[kMostNegatives];
    Vector h(outputs_.stride);
    draw_sentences(sentences_, vocabulary_, 0, epoch, s, s + 1, words, drawn);
    for (std::int32_t word : drawn.tokens) {
      std::copy_n(documents_[sentences_.document(s)], h.size(), h.data());
      step_of_target(target(word, words, negatives), rate, h.data(), outputs_);
      add(sentences_.document(s), h.data());
    }
  }

  void add(Index document, const Scalar* step) const {
    Eigen::Map<Vector>(documents_[document], documents_.stride) += Eigen::Map<const Vector>(step, documents_.stride);
  }

  const Sentences& sentences_;
  const Vocabulary& vocabulary_;
  const TokenTraining& training_;
  Scalar scale_;
  Noise noise_;
  Rows words_, outputs_, documents_;
};

}  // namespace

void infer_documents(const Sentences& sentences, const Vocabulary& vocabulary, const TokenTraining& training,
                     Scalar input_scale, const Rows& words, const Rows& outputs, const Rows& documents) {
  check(outputs.count == vocabulary.size(), "infer_documents, outputs", vocabulary.size(), outputs.count);
  check(documents.stride == outputs.stride, "infer_documents, documents", outputs.stride, documents.stride);
  std::vector<Index> first;  // sentences of the documents, which follow one another
  for (Index s = 0; s < sentences.count(); ++s) {
    const Index document = sentences.document(s);
    check(document >= 0 && document < documents.count, "infer_documents", "a row for each document", document);
    if (s == 0 || document != sentences.document(s - 1)) first.push_back(s);
  }
  first.push_back(sentences.count());
  const Inference inference(sentences, vocabulary, training, input_scale, words, outputs, documents);
  parallel_for(static_cast<Index>(first.size()) - 1, training.threads, [&](Index document) {
    const auto d = static_cast<std::size_t>(document);
    inference.infer(first[d], first[d + 1]);
  });
}

}  // namespace entivec
