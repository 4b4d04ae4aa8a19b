// A network that reads sequences of events: its parts and where their parameters lie.
//   stack | decoder's start, decoder | heads of events | heads of the guides | embeddings
#pragma once

#include <optional>

#include "entivec/sequences/event_heads.h"
#include "entivec/sequences/guide_head.h"
#include "entivec/sequences/stack.h"

namespace entivec {

class SequenceNet {
 public:
  SequenceNet(const SequenceLayout& layout, const SequenceSizes& sizes, const SequenceGuide& guide);
  SequenceNet(const SequenceNet&) = delete;
  SequenceNet& operator=(const SequenceNet&) = delete;

  const SequenceLayout& layout() const { return layout_; }
  const SequenceSizes& sizes() const { return sizes_; }
  const SequenceGuide& guide() const { return guide_head_.guide(); }

  Index num_params() const { return vectors_.begin() + vectors_.num_params(); }
  Index num_dense() const { return vectors_.begin() + vectors_.num_dense(); }
  Index state() const { return stack_.out(); }  // width of a state, and of an embedding
  bool scores_events() const { return sizes_.objective != Objective::kContrastive; }

  const Stack& stack() const { return stack_; }
  const Stack& decoder() const { return decoder_; }               // of the objective `reconstruct`
  const Linear& decoder_start() const { return decoder_start_; }  // embedding → what the decoder begins with
  const EventHeads& heads() const { return heads_; }
  const GuideHead& guide_head() const { return guide_head_; }
  const EventVectors& vectors() const { return vectors_; }

  // Of the parts, in the parameters.
  Index decoder_start_at() const { return stack_.num_params(); }
  Index decoder_at() const { return decoder_start_at() + decoder_start_.num_params(); }
  Index guide_at() const { return guide_at_; }

  // Parts of the loss that a record is kept of: those of an event, contrastive, the guides' targets.
  Index parts() const { return layout_.parts() + 1 + guide().targets(); }

  void initialise(std::uint64_t seed, VectorRef params) const;

 private:
  bool reconstructs() const { return sizes_.objective == Objective::kReconstruct; }
  SequenceSizes decoder_sizes() const;

  SequenceLayout layout_;
  SequenceSizes sizes_;
  Stack stack_, decoder_;
  Linear decoder_start_;
  Index heads_at_, heads_size_, guide_at_;
  GuideHead guide_head_;
  EventVectors vectors_;
  EventHeads heads_;
};

}  // namespace entivec
