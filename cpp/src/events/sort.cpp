#include "entivec/events/sort.h"

#include <algorithm>
#include <vector>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"

namespace entivec {

namespace {

constexpr Index kSortedEvents = 1 << 16;  // events that a thread takes at a time

struct Scan {
  Index kept = 0;
  bool grouped = true;  // entities never fall, and none is left out
};

// Counts the events of every entity into offsets[entity + 1].
Scan count_events(Index n, const std::int32_t* entity, Index entities, std::int64_t* offsets) {
  std::fill_n(offsets, entities + 1, 0);
  Scan scan;
  std::int32_t before = 0;
  for (Index i = 0; i < n; ++i) {
    const std::int32_t e = entity[i];
    check(e >= -1 && e < entities, "sort_events", "entities in range", e);
    scan.grouped = scan.grouped && e >= before;
    before = e;
    if (e >= 0) ++offsets[e + 1], ++scan.kept;
  }
  for (Index e = 0; e < entities; ++e) offsets[e + 1] += offsets[e];
  return scan;
}

// Puts rows to their entities, in the order of the log.
void scatter(Index n, const std::int32_t* entity, Index entities, const std::int64_t* offsets, std::int32_t* rows) {
  std::vector<std::int64_t> next(offsets, offsets + entities);
  for (Index i = 0; i < n; ++i)
    if (entity[i] >= 0) rows[next[static_cast<std::size_t>(entity[i])]++] = static_cast<std::int32_t>(i);
}

void sort_by_time(std::int32_t* first, std::int32_t* last, const std::int64_t* times) {
  const auto earlier = [times](std::int32_t a, std::int32_t b) { return times[a] < times[b]; };
  if (!std::is_sorted(first, last, earlier)) std::stable_sort(first, last, earlier);
}

// Entities in runs of about kSortedEvents events each: where the runs begin, and the end.
std::vector<Index> runs_of(Index entities, const std::int64_t* offsets) {
  std::vector<Index> runs = {0};
  for (Index e = 0; e < entities; ++e)
    if (offsets[e + 1] - offsets[runs.back()] >= kSortedEvents) runs.push_back(e + 1);
  if (runs.back() != entities) runs.push_back(entities);
  return runs;
}

}  // namespace

Index sort_events(Index n, const std::int32_t* entity, Index entities, const std::int64_t* times, int threads,
                  std::int64_t* offsets, std::int32_t* rows) {
  const Scan scan = count_events(n, entity, entities, offsets);
  if (scan.grouped)
    for (Index i = 0; i < n; ++i) rows[i] = static_cast<std::int32_t>(i);
  else
    scatter(n, entity, entities, offsets, rows);
  if (times) {
    const std::vector<Index> runs = runs_of(entities, offsets);
    parallel_for(static_cast<Index>(runs.size()) - 1, threads, [&](Index run) {
      for (Index e = runs[static_cast<std::size_t>(run)]; e < runs[static_cast<std::size_t>(run) + 1]; ++e)
        sort_by_time(rows + offsets[e], rows + offsets[e + 1], times);
    });
  }
  return scan.kept;
}

template <class Number>
void gather_events(const std::int32_t* rows, Index count, const Number* from, Number* to, Index stride, int threads) {
  parallel_pieces(count, kSortedEvents, threads, [&](Index, Index first, Index size) {
    for (Index i = first; i < first + size; ++i) to[i * stride] = from[rows[i]];
  });
}

template void gather_events(const std::int32_t*, Index, const std::int32_t*, std::int32_t*, Index, int);
template void gather_events(const std::int32_t*, Index, const std::int64_t*, std::int64_t*, Index, int);
template void gather_events(const std::int32_t*, Index, const double*, double*, Index, int);

}  // namespace entivec
