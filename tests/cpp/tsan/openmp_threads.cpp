// Takes the place of libgomp in the tsan build. ThreadSanitizer cannot see libgomp's own synchronisation and would
// report every parallel loop as a race; here the very same pragmas run on std::thread, which it understands.
// Covers what GCC emits for an `omp parallel`; libgomp is not linked, so anything else fails to link.
#include <thread>
#include <vector>

namespace {

struct Member {
  int team_size = 1;
  int index = 0;
};

thread_local Member self;

}  // namespace

extern "C" {

int omp_get_max_threads() { return 4; }
int omp_get_thread_num() { return self.index; }
int omp_get_num_threads() { return self.team_size; }
void omp_set_num_threads(int) {}

void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned) {
  const int size = threads ? static_cast<int>(threads) : omp_get_max_threads();
  const Member outer = self;
  const auto work = [&](int index) {
    self = {size, index};
    body(data);
  };
  std::vector<std::thread> others;
  for (int index = 1; index < size; ++index) others.emplace_back(work, index);
  work(0);
  for (std::thread& other : others) other.join();
  self = outer;
}
}
