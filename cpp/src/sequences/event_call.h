#pragma once

#include "entivec/sequences/event_heads.h"

namespace entivec {

// What EventHeads::loss was given.
struct EventHeads::Call {
  const SequenceView& view;
  ConstMatrixRef states;
  const std::vector<Index>& events;
  ConstVectorRef params;
  Scalar scale;
  const Random& random;
  std::uint64_t draw;
  Scratch& scratch;
  LossPart* parts;
  mutable MatrixRef d_states;
  Gradient* gradient;

  std::int32_t code(Index category, Index state, const SequenceLayout& layout) const {
    return view.codes[events[static_cast<std::size_t>(state)] * layout.categories() + category];
  }
};

}  // namespace entivec
