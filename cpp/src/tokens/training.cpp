#include "entivec/tokens/training.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "entivec/core/check.h"
#include "entivec/core/rng.h"
#include "entivec/core/run.h"

namespace entivec {

Rows as_rows(const char* name, MatrixRef matrix) {
  check(matrix.outerStride() % run::kLanes == 0 && matrix.cols() == matrix.outerStride(), name,
        "rows of whole packets of " + std::to_string(run::kLanes), matrix.cols());
  return {matrix.data(), matrix.rows(), matrix.outerStride()};
}

void start_vectors(std::uint64_t seed, Index first, Index d, MatrixRef vectors) {
  check(d <= vectors.cols(), "start_vectors", "at most as many dimensions as columns", d);
  vectors.setZero();
  const Random random(seed, Stream::kInitial);
  for (Index row = 0; row < vectors.rows(); ++row) {
    RandomWords words(random, static_cast<std::uint64_t>(first + row) << 20);
    for (Index k = 0; k < d; ++k)
      vectors(row, k) = (static_cast<Scalar>(words()) * Scalar(0x1.0p-31) - 1) / static_cast<Scalar>(d);
  }
}

Vocabulary::Vocabulary(std::vector<double> counts, const TokenTraining& training)
    : counts_(std::move(counts)), noise_(counts_.size()), keep_(counts_.size(), kAlways) {
  const double sum = std::accumulate(counts_.begin(), counts_.end(), 0.0);
  check(sum > 0, "Vocabulary", "counts with a positive sum", sum);
  double kept = 0, most = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    check(counts_[i] >= 0, "Vocabulary", "counts >= 0", counts_[i]);
    noise_[i] = counts_[i] > 0 ? std::pow(counts_[i], training.ns_exponent) : 0;
    double probability = 1;
    if (training.subsample > 0 && counts_[i] > 0) {
      const double excess = counts_[i] / sum / training.subsample;
      probability = std::min(1.0, (std::sqrt(excess) + 1) / excess);
      keep_[i] = static_cast<std::uint64_t>(probability * 0x1.0p32);
    }
    kept += counts_[i] * probability;
    most = std::max(most, counts_[i] * probability);
  }
  mean_keep_ = kept / sum;
  largest_share_ = most / kept;
}

double expected_contexts(double n, Index window) {
  return std::max(0.0, std::min(n - 1, window > 0 ? static_cast<double>(window) + 1 : n));
}

TokenTrainer::TokenTrainer(const Sentences& sentences, Vocabulary vocabulary, const TokenTraining& training)
    : sentences_(sentences), vocabulary_(std::move(vocabulary)), training_(training) {
  check(sentences.count() > 0, "TokenTrainer", "at least one sentence", sentences.count());
  check(training.negatives > 0 && training.negatives <= kMostNegatives, "TokenTrainer, negatives",
        "1 … " + std::to_string(kMostNegatives), training.negatives);
  check(training.epochs > 0, "TokenTrainer, epochs", "a positive number", training.epochs);
  check(training.window >= 0, "TokenTrainer, window", "0 or more", training.window);
  check(training.words || training.documents, "TokenTrainer", "words or documents to learn from", "neither");
}

LossSum TokenTrainer::run(Index steps) {
  LossSum sum;
  for (Index k = 0; k < steps; ++k, ++step_) sum.add(train(step_ / steps_per_epoch(), step_ % steps_per_epoch()));
  return sum;
}

Scalar TokenTrainer::rate(Index epoch, Index chunk) const {
  const Index sentence = plan_.chunks[static_cast<std::size_t>(chunk)];
  const double all = static_cast<double>(std::max<Index>(sentences_.start(sentences_.count()), 1));
  const double read = static_cast<double>(epoch) + static_cast<double>(sentences_.start(sentence)) / all;
  const double left = std::max(0.0, 1 - read / static_cast<double>(training_.epochs));
  return training_.final_rate + (training_.learning_rate - training_.final_rate) * static_cast<Scalar>(left);
}

Scalar TokenTrainer::learning_rate() const {
  const auto step = static_cast<std::size_t>(step_ % steps_per_epoch());
  return rate(step_ / steps_per_epoch(), plan_.steps[step]);
}

}  // namespace entivec
