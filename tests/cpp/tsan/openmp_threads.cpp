// Takes the place of libgomp in the tsan build. ThreadSanitizer cannot see libgomp's own synchronisation and would
// report every parallel loop as a race; here the very same pragmas run on std::thread, which it understands.
// Covers what GCC emits for one upward `omp for schedule(dynamic)` in an `omp parallel`; libgomp is not linked, so
// anything else fails to link.
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace {

struct Team {
  explicit Team(int threads) : size(threads) {}

  int size;
  std::atomic<long> chunks_taken{0};  // Relaxed use only: it must not order what the threads do to their data.
};

struct Member {
  Team* team = nullptr;
  int index = 0;
  long start = 0, end = 0, chunk = 0;  // of its loop, the same in every member
};

thread_local Member self;

}  // namespace

extern "C" {

int omp_get_max_threads() { return 4; }
int omp_get_thread_num() { return self.index; }
int omp_get_num_threads() { return self.team ? self.team->size : 1; }
void omp_set_num_threads(int) {}

void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned) {
  Team team(threads ? static_cast<int>(threads) : omp_get_max_threads());
  const Member outer = self;
  const auto work = [&](int index) {
    self.team = &team;
    self.index = index;
    body(data);
  };
  std::vector<std::thread> others;
  for (int index = 1; index < team.size; ++index) others.emplace_back(work, index);
  work(0);
  for (std::thread& other : others) other.join();
  self = outer;
}

bool GOMP_loop_nonmonotonic_dynamic_next(long* first, long* last) {
  *first = self.start + self.chunk * self.team->chunks_taken.fetch_add(1, std::memory_order_relaxed);
  *last = std::min(self.end, *first + self.chunk);
  return *first < self.end;
}

bool GOMP_loop_nonmonotonic_dynamic_start(long start, long end, long step, long chunk, long* first, long* last) {
  self.start = start;
  self.end = end;
  self.chunk = chunk * step;
  return GOMP_loop_nonmonotonic_dynamic_next(first, last);
}

void GOMP_loop_end_nowait() {}
}
