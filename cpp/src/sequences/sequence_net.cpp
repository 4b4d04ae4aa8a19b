#include "entivec/sequences/sequence_net.h"

#include "entivec/core/check.h"

namespace entivec {

namespace {

SequenceSizes checked(const SequenceSizes& sizes) {
  check(sizes.hidden > 0, "SequenceNet", "hidden > 0", sizes.hidden);
  check(sizes.layers > 0, "SequenceNet", "layers > 0", sizes.layers);
  check(sizes.max_length > 0, "SequenceNet", "max_length > 0", sizes.max_length);
  check(sizes.slices > 1, "SequenceNet", "slices > 1", sizes.slices);
  check(sizes.sampled > 0, "SequenceNet", "sampled > 0", sizes.sampled);
  return sizes;
}

// Of the heads' maps, one a category and one of the numbers.
Index size_of_heads(const SequenceLayout& layout, Index state, bool scored) {
  if (!scored) return 0;
  Index wide = layout.predicted;
  for (Index width : layout.widths) wide += width;
  return (state + 1) * wide;
}

}  // namespace

SequenceSizes SequenceNet::decoder_sizes() const {
  SequenceSizes sizes = sizes_;
  sizes.reader = sizes_.reader == Reader::kLstm ? Reader::kLstm : Reader::kGru;
  sizes.layers = 1;
  sizes.components = 0;
  if (stack_.out() != sizes.hidden) sizes.components = stack_.out();  // the heads' states are of one width
  return sizes;
}

SequenceNet::SequenceNet(const SequenceLayout& layout, const SequenceSizes& sizes, const SequenceGuide& guide)
    : layout_(layout),
      sizes_(checked(sizes)),
      stack_(layout.event(), sizes_),
      decoder_(layout.event(), decoder_sizes()),
      decoder_start_(stack_.out(), reconstructs() ? decoder_.carried() : 0),
      heads_at_(decoder_at() + (reconstructs() ? decoder_.num_params() : 0)),
      heads_size_(size_of_heads(layout, stack_.out(), scores_events())),
      guide_at_(heads_at_ + heads_size_),
      guide_head_(stack_.out(), guide),
      vectors_(layout, guide_at_ + guide_head_.num_params(), scores_events(), sizes_.full_softmax),
      heads_(vectors_, stack_.out(), heads_at_, sizes_.sampled) {
  check(layout.event() > 0, "SequenceNet", "at least one column", 0);
  check(layout.levels.size() == layout.widths.size(), "SequenceNet", "a width a category", layout.widths.size());
  check(layout.predicted <= layout.numbers, "SequenceNet", "predicted <= numbers", layout.predicted);
}

void SequenceNet::initialise(std::uint64_t seed, VectorRef params) const {
  const Random random(seed, Stream::kInitial);
  std::uint64_t index = 0;
  params.setZero();
  stack_.initialise(random, index, params.head(stack_.num_params()));
  if (reconstructs()) {
    decoder_start_.initialise(random, index, params.segment(decoder_start_at(), decoder_start_.num_params()));
    decoder_.initialise(random, index, params.segment(decoder_at(), decoder_.num_params()));
  }
  if (scores_events()) heads_.initialise(random, index, params);
  guide_head_.initialise(random, index, params.segment(guide_at_, guide_head_.num_params()));
  vectors_.initialise(random, index, params);
}

}  // namespace entivec
