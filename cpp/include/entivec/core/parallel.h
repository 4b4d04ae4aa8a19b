// The only OpenMP in the project.
#pragma once

#include <algorithm>
#include <atomic>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "entivec/core/types.h"

namespace entivec {

// Calls body(i) for i in [0, count) on up to `threads` threads. Which thread runs which i never shows in the
// result as long as the bodies write to separate memory: that is what keeps bits equal for any thread count.
// A thread begins with the same i in every call, since what a body left in the cache of a core is best used there,
// and takes what other threads have not begun when it has done its own. Bodies must not throw.
template <class Body>
void parallel_for(Index count, int threads, const Body& body) {
#ifdef _OPENMP
  if (threads > 1 && count > 1) {
    constexpr int kMostLists = 64;
    struct alignas(64) List {  // first, first + lists, …; a cache line of its own
      std::atomic<Index> taken = 0;
    };
    List list[kMostLists];
    const int team = static_cast<int>(std::min<Index>(threads, count)), lists = std::min(team, kMostLists);
#pragma omp parallel num_threads(team)
    for (int k = 0; k < lists; ++k) {
      const int first = (omp_get_thread_num() + k) % lists;
      for (Index i; (i = first + lists * list[first].taken.fetch_add(1, std::memory_order_relaxed)) < count;) body(i);
    }
    return;
  }
#endif
  (void)threads;
  for (Index i = 0; i < count; ++i) body(i);
}

// `size` in equal pieces of at most `most`: the size of one.
inline Index equal_piece(Index size, Index most) {
  const Index pieces = std::max<Index>((size + most - 1) / most, 1);
  return (size + pieces - 1) / pieces;
}

// Calls body(shard, first, size) for consecutive pieces of at most `piece` rows.
template <class Body>
void parallel_pieces(Index rows, Index piece, int threads, const Body& body) {
  const Index count = (rows + piece - 1) / piece;
  parallel_for(count, threads, [&](Index shard) {
    const Index first = shard * piece;
    body(shard, first, std::min(piece, rows - first));
  });
}

inline int hardware_threads() {
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

inline int thread_index() {
#ifdef _OPENMP
  return omp_get_thread_num();
#else
  return 0;
#endif
}

}  // namespace entivec
