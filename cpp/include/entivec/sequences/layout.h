// What sequences of events are made of, and the sizes of a network that reads them.
#pragma once

#include <vector>

#include "entivec/loss/contrastive.h"
#include "entivec/nn/recurrent.h"

namespace entivec {

// Codes of categories: 0 is missing, 1 other or unseen; neither is ever predicted.
constexpr std::int32_t kFirstToken = 2;

// Columns of events. Numbers come scaled; NaN is missing. The first `predicted` of them are what `next` predicts of an
// event beside its codes, and have a mark of their own for missing cells.
struct SequenceLayout {
  std::vector<Index> levels;               // by category, codes 0 and 1 included
  std::vector<Index> widths;               // of its embeddings
  std::vector<std::vector<Scalar>> share;  // of training events by level: where the softmax starts; or empty
  Index numbers = 0, predicted = 0;

  Index categories() const { return static_cast<Index>(levels.size()); }
  Index parts() const { return categories() + predicted; }  // of the loss of an event
  Index event() const;                                      // width of an event's vector
};

// Events of many entities, borrowed; those of an entity in order of time.
struct SequenceView {
  Index entities = 0;
  const std::int64_t* offsets = nullptr;  // (entities + 1)
  const std::int32_t* codes = nullptr;    // (events, categories)
  const Scalar* numbers = nullptr;        // (events, numbers)

  Index length(Index entity) const { return offsets[entity + 1] - offsets[entity]; }
};

// What is to be said of entities: numbers (NaN missing), classes (negative missing).
struct SequenceGuide {
  Index numbers = 0;
  std::vector<Index> classes;  // by target
  std::vector<Scalar> weight;  // by target, numbers first

  Index targets() const { return numbers + static_cast<Index>(classes.size()); }
  Index outputs() const;
};

struct GuideView {
  const Scalar* numbers = nullptr;        // (entities, numbers)
  const std::int32_t* classes = nullptr;  // (entities, targets with classes)
};

// A part of the loss, summed over what has it.
struct LossPart {
  double sum = 0, count = 0;

  void add(Scalar loss) {
    sum += static_cast<double>(loss);
    count += 1;
  }
};

enum class Reader { kGru, kLstm, kNone };  // kNone: the mean of the events so far → two dense layers
enum class Pooling { kMean, kLast };
enum class Objective { kNext, kReconstruct, kContrastive };

struct SequenceSizes {
  Reader reader = Reader::kGru;
  Index hidden = 96;
  Index layers = 1;
  Index components = 0;  // width of states and embedding; 0 is that of the hidden layer
  Pooling pooling = Pooling::kMean;
  Objective objective = Objective::kNext;
  Index max_length = 200;       // events that a gradient goes back over, at most
  Index full_softmax = 50'000;  // levels up to which every one of them is in the softmax
  Index sampled = 1024;         // draws where there are more
  Index slices = 5;             // of an entity, contrastive
  ContrastivePairs contrastive;
  Scalar clip = 1;  // norm of the gradient of a step, at most; 0 for no limit
};

Reader reader_from_name(std::string_view name);
Pooling pooling_from_name(std::string_view name);
Objective objective_from_name(std::string_view name);

// Throws std::invalid_argument where offsets fall or codes are none of their column's.
void check_sequences(const SequenceLayout& layout, const SequenceView& view, Index events);

}  // namespace entivec
