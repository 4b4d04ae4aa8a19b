#pragma once

#include "entivec/core/types.h"

namespace entivec {

// Asks for memory that is read soon, in the second cache: the first is full of what is read now. Always inline: GCC
// takes a function that only prefetches for one without effect and drops its calls.
[[gnu::always_inline]] inline void prefetch([[maybe_unused]] const void* first, [[maybe_unused]] Index bytes) {
#ifdef __GNUC__
  constexpr Index kLine = 64;
  const auto* at = static_cast<const char*>(first);
  for (Index byte = 0; byte < bytes + kLine - 1; byte += kLine) __builtin_prefetch(at + byte, 0, 2);
#endif
}

// The same of numbers that are written soon, in the first.
[[gnu::always_inline]] inline void prefetch_to_write([[maybe_unused]] const Scalar* first,
                                                     [[maybe_unused]] Index count) {
#ifdef __GNUC__
  for (Index j = 0; j < count; j += Index{64 / sizeof(Scalar)}) __builtin_prefetch(first + j, 1, 3);
#endif
}

}  // namespace entivec
