// What this machine can do at most: fused multiply-adds in registers, and bytes through memory.
//   limits THREADS  → two numbers: GFLOP/s, GB/s
//   limits handover → nanoseconds for two cores to hand a number over, far fewer where they share a third cache
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
typedef float Lanes __attribute__((vector_size(4 * kLanes)));

constexpr int kChains = 12;  // enough to hide the latency of two units
constexpr long kRounds = 20'000'000;
constexpr std::size_t kFloats = std::size_t{1} << 25;  // of each array and thread: far more than any cache

double seconds_on(int threads, const std::function<void(int)>& body) {
  const auto started = std::chrono::steady_clock::now();
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; ++t) pool.emplace_back(body, t);
  for (auto& thread : pool) thread.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

void multiply_add(float* out) {
  Lanes sums[kChains], by = Lanes{} + 0.5f, plus = Lanes{} + 1.0f;
  for (int chain = 0; chain < kChains; ++chain) sums[chain] = Lanes{} + static_cast<float>(chain);
  asm volatile("" : "+x"(by), "+x"(plus));  // unknown to the compiler
  for (long round = 0; round < kRounds; ++round) {
    for (Lanes& sum : sums) sum = sum * by + plus;
  }
  for (const Lanes& sum : sums)
    for (int lane = 0; lane < kLanes; ++lane) *out += sum[lane];
}

double handover_seconds() {
  constexpr long kHandovers = 20'000;
  std::atomic<long> turn = 0;
  const double seconds = seconds_on(2, [&](int t) {
    for (long own = t; own < kHandovers; own += 2) {
      for (int spins = 0; turn.load(std::memory_order_acquire) != own; ++spins)
        if (spins > 10'000) std::this_thread::yield();  // a busy machine may have one core to offer
      turn.store(own + 1, std::memory_order_release);
    }
  });
  return seconds / kHandovers;
}

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "handover") {
    std::printf("%.3g\n", 1e9 * std::min(handover_seconds(), handover_seconds()));
    return 0;
  }
  const int threads = argc > 1 ? std::atoi(argv[1]) : 2;
  std::vector<float> out(static_cast<std::size_t>(threads) * 64);
  double flops = 0, bytes = 0;
  for (int run = 0; run < 3; ++run) {
    const double seconds = seconds_on(threads, [&](int t) { multiply_add(&out[static_cast<std::size_t>(t) * 64]); });
    flops = std::max(flops, 2.0 * kLanes * kChains * kRounds * threads / seconds);
  }
  std::vector<std::unique_ptr<float[]>> from, to;
  for (int t = 0; t < threads; ++t) {
    from.emplace_back(new float[kFloats]());
    to.emplace_back(new float[kFloats]());
  }
  for (int run = 0; run < 3; ++run) {
    const double seconds = seconds_on(threads, [&](int t) {
      const float* x = from[static_cast<std::size_t>(t)].get();
      float* y = to[static_cast<std::size_t>(t)].get();
      for (std::size_t i = 0; i < kFloats; ++i) y[i] += 0.5f * x[i];
    });
    bytes = std::max(bytes, 12.0 * kFloats * threads / seconds);  // two read, one written
  }
  std::printf("%.6g %.6g\n", flops * 1e-9, bytes * 1e-9);
  return out[0] == -1;
}
