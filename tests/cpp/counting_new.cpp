// The test executable's operator new: malloc with counters. In a file of its own, so that the compiler never sees
// both ends of a replaced pair.
#include <atomic>
#include <cstdlib>
#include <new>

namespace entivec::test {

std::atomic<long> allocations{0}, allocated_bytes{0};

}  // namespace entivec::test

void* operator new(std::size_t size) {
  ++entivec::test::allocations;
  entivec::test::allocated_bytes += static_cast<long>(size);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
// What std::stable_sort asks for.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++entivec::test::allocations;
  entivec::test::allocated_bytes += static_cast<long>(size);
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
