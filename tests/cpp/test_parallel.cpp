#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "entivec/core/parallel.h"

namespace entivec::test {

TEST(Parallel, RunsEachBodyOnce) {
  for (int threads : {1, 2, 3, 70}) {
    for (Index count : {0, 1, 2, 5, 64, 300}) {
      std::vector<int> runs(static_cast<std::size_t>(count));
      parallel_for(count, threads, [&](Index i) { ++runs[static_cast<std::size_t>(i)]; });
      EXPECT_EQ(runs, std::vector<int>(runs.size(), 1)) << threads << " threads";
    }
  }
}

#ifdef _OPENMP
TEST(Parallel, AThreadBeginsWithTheSameBodyInEveryCall) {
  constexpr Index kThreads = 3;
  std::vector<int> thread_of(2 * kThreads);
  for (int call = 0; call < 20; ++call) {
    std::atomic<Index> begun = 0;
    parallel_for(2 * kThreads, kThreads, [&](Index i) {
      thread_of[static_cast<std::size_t>(i)] = thread_index();
      for (++begun; begun < kThreads;) std::this_thread::yield();  // so that no thread takes another's first
    });
    EXPECT_EQ(std::vector<int>(thread_of.begin(), thread_of.begin() + kThreads), std::vector<int>({0, 1, 2}));
  }
}

TEST(Parallel, AThreadThatIsHeldUpHoldsUpOneBodyOnly) {
  std::atomic<int> done = 0;
  parallel_for(10, 2, [&](Index i) {
    if (i > 0) ++done;
    while (i == 0 && done < 9) std::this_thread::yield();  // for ever, if the others waited for this thread
  });
  EXPECT_EQ(done, 9);
}
#endif

}  // namespace entivec::test
