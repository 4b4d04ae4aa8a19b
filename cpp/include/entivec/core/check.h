// The one way the core reports bad input: "[operation] expected X but got Y".
#pragma once

#include <sstream>
#include <stdexcept>
#include <string_view>

namespace entivec {

template <class Expected, class Got>
[[noreturn]] void fail(std::string_view operation, const Expected& expected, const Got& got) {
  std::ostringstream message;
  message << '[' << operation << "] expected " << expected << " but got " << got;
  throw std::invalid_argument(message.str());
}

template <class Expected, class Got>
void check(bool holds, std::string_view operation, const Expected& expected, const Got& got) {
  if (!holds) fail(operation, expected, got);
}

}  // namespace entivec
