// Which CPU levels this machine runs. Compiled for the baseline: asking must be safe anywhere.
#pragma once

namespace entivec {

#if defined(__x86_64__) || defined(_M_X64)
// What -march=x86-64-v3 adds to the instructions a compiler may emit; the check covers the operating system too.
inline bool runs_v3() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")
#if !defined(__clang__) || __clang_major__ >= 18  // Older clang cannot ask for these.
         && __builtin_cpu_supports("f16c") && __builtin_cpu_supports("lzcnt") && __builtin_cpu_supports("movbe")
#endif
      ;
}

inline bool runs_v4() {
  return runs_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#else
inline bool runs_v3() { return false; }
inline bool runs_v4() { return false; }
#endif

}  // namespace entivec
