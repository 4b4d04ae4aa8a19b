// What the token models share: their parameters, the rows they train, and how a pass is cut into chunks and steps.
#pragma once

#include <vector>

#include "entivec/core/parallel.h"
#include "entivec/core/types.h"
#include "entivec/tokens/sentences.h"

namespace entivec {

struct TokenTraining {
  Index window = 0;         // tokens on either side, drawn from 1 … window; 0: the whole sentence
  Index negatives = 5;      // at most kMostNegatives
  double subsample = 1e-3;  // share of the tokens above which a word is thinned out; 0: none is
  double ns_exponent = 0.75;
  Index epochs = 5;
  Scalar learning_rate = Scalar(0.025), final_rate = Scalar(1e-4);
  bool words = true;       // words are learnt from: rows of the inputs
  bool documents = false;  // so are documents
  std::uint64_t seed = 0;
  int threads = 1;
};

constexpr Index kMostNegatives = 30;  // factors of a product of 1 + e⁻ᶻ that float32 holds at any width of its vectors

// Rows of vectors, each filled up with zeros to whole packets.
struct Rows {
  Scalar* data;
  Index count, stride;

  Scalar* operator[](Index row) const { return data + row * stride; }
};

// Checks that rows are of whole packets.
Rows as_rows(const char* name, MatrixRef matrix);

// Uniform on (−1/d, 1/d) in the first d columns (gensim's start), zeros beyond. Row r is a function of (seed, first +
// r).
void start_vectors(std::uint64_t seed, Index first, Index d, MatrixRef vectors);

// The vocabulary as trainers see it.
class Vocabulary {
 public:
  // counts (V): how often each word occurs in a pass.
  Vocabulary(std::vector<double> counts, const TokenTraining& training);

  Index size() const { return static_cast<Index>(counts_.size()); }
  double count(Index word) const { return counts_[static_cast<std::size_t>(word)]; }

  // Weight of a word among the negatives: count^ns_exponent.
  double noise(Index word) const { return noise_[static_cast<std::size_t>(word)]; }

  // A word is kept where 32 random bits are below: P = min(1, (√(v/t) + 1) t/v) for its share v of all tokens
  // (Mikolov's word2vec.c, not the formula of Mikolov et al. 2013).
  std::uint64_t keep(std::int32_t word) const { return keep_[static_cast<std::size_t>(word)]; }
  static constexpr std::uint64_t kAlways = std::uint64_t{1} << 32;

  double mean_keep() const { return mean_keep_; }          // share of the tokens that are kept
  double largest_share() const { return largest_share_; }  // of the commonest word among the tokens kept

 private:
  std::vector<double> counts_, noise_;
  std::vector<std::uint64_t> keep_;
  double mean_keep_ = 1, largest_share_ = 0;
};

// Contexts to expect of a token in a sentence of which n are kept.
double expected_contexts(double n, Index window);

// A pass in chunks of whole sentences, which share a rate and their random numbers, and steps of whole chunks. Neither
// depends on the threads nor on what is drawn.
struct Plan {
  std::vector<Index> chunks;  // first sentences, and the count
  std::vector<Index> steps;   // first chunks, and the number of chunks

  Index num_chunks() const { return static_cast<Index>(chunks.size()) - 1; }
  Index num_steps() const { return static_cast<Index>(steps.size()) - 1; }
};

// Chunks of about `chunk` units of work and steps of about `step`, where a sentence of n tokens is work(n) units.
template <class Work>
Plan make_plan(const Sentences& sentences, const Work& work, double chunk, double step) {
  Plan plan;
  double in_chunk = chunk, in_step = step;
  for (Index s = 0; s < sentences.count(); ++s) {
    if (in_chunk >= chunk) {
      if (in_step >= step) {
        plan.steps.push_back(static_cast<Index>(plan.chunks.size()));
        in_step = 0;
      }
      plan.chunks.push_back(s);
      in_chunk = 0;
    }
    const double own = work(sentences.start(s + 1) - sentences.start(s));
    in_chunk += own;
    in_step += own;
  }
  plan.steps.push_back(static_cast<Index>(plan.chunks.size()));
  plan.chunks.push_back(sentences.count());
  return plan;
}

// Loss of what has been trained on, and how many pairs or targets that were.
struct LossSum {
  double loss = 0;
  Index count = 0;

  void add(const LossSum& other) { loss += other.loss, count += other.count; }
  double mean() const { return count > 0 ? loss / static_cast<double>(count) : 0; }
};

// Σ of body(first, last) over runs of sentences, in their order.
template <class Body>
LossSum sum_over_sentences(const Sentences& sentences, int threads, const Body& body) {
  constexpr double kTokens = 4096;
  const Plan plan = make_plan(sentences, [](Index n) { return static_cast<double>(n); }, kTokens, kTokens);
  std::vector<LossSum> sums(static_cast<std::size_t>(plan.num_chunks()));
  parallel_for(plan.num_chunks(), threads, [&](Index i) {
    const auto chunk = static_cast<std::size_t>(i);
    sums[chunk] = body(plan.chunks[chunk], plan.chunks[chunk + 1]);
  });
  LossSum sum;
  for (const LossSum& own : sums) sum.add(own);
  return sum;
}

constexpr std::uint32_t kHeldOut = 0xffffffffu;  // in the place of an epoch

// A training with the face of Trainer: steps are run, as many at a time as the caller likes, with the same result.
class TokenTrainer {
 public:
  virtual ~TokenTrainer() = default;

  // Runs `steps` steps. Their loss: Σ over pairs (skip-gram, DBOW) or targets (CBOW, DM).
  LossSum run(Index steps);

  // The loss of sentences that are not trained on, thinned out like the others, with negatives from all words: unlike
  // that of training it can be compared whatever the size of the vocabulary.
  virtual LossSum evaluate(const Sentences& held_out) const = 0;

  Index steps_per_epoch() const { return plan_.num_steps(); }
  Index step() const { return step_; }
  Scalar learning_rate() const;  // of the next step

 protected:
  // Borrows the sentences.
  TokenTrainer(const Sentences& sentences, Vocabulary vocabulary, const TokenTraining& training);

  virtual LossSum train(Index epoch, Index step) = 0;

  Scalar rate(Index epoch, Index chunk) const;  // falls linearly with the tokens read

  const Sentences& sentences_;
  Vocabulary vocabulary_;
  TokenTraining training_;
  Plan plan_;

 private:
  Index step_ = 0;
};

}  // namespace entivec
