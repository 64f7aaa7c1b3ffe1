#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace velo::fuzz {

/// Ends the run with the reason; libFuzzer then keeps the input that led here.
inline void Check(bool holds, std::string_view law, std::string_view detail = "") {
  if (holds) return;
  fmt::print(stderr, "BROKEN: {}\n{}\n", law, detail);
  std::abort();
}

}  // namespace velo::fuzz
