#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/source_span.h"

namespace velo::sql {

/// A name as written. `quote` keeps how, because "text" in double quotes may turn out to be a string (dialect 1.5).
struct Identifier {
  enum class Quote : uint8_t { kNone, kBacktick, kDouble };
  std::string text;
  SourceSpan span;
  Quote quote = Quote::kNone;

  bool empty() const { return text.empty(); }
  bool operator==(const Identifier& other) const { return text == other.text; }
};

/// A length of time. Calendar months are kept apart because their length in days varies.
struct Duration {
  int64_t milliseconds = 0;
  int32_t months = 0;
  SourceSpan span;
  std::string text;  ///< As written.

  /// Length with years of 365 and other months of 30 days (dialect 1.8).
  int64_t TotalMilliseconds() const {
    return milliseconds + (int64_t{months / 12} * 365 + int64_t{months % 12} * 30) * 86'400'000;
  }
};

/// A type as written: DECIMAL(12, 2), ARRAY<STRUCT<a INTEGER>>. The binder resolves it to velo::SqlType.
struct TypeName {
  TypeName() {}      // Not left to the compiler: clang then asks for `children` to be complete before it can be.
  std::string name;  ///< Upper case, words of multi-word names joined by one space.
  std::vector<int64_t> arguments;
  std::vector<std::pair<std::string, TypeName>> children;  ///< Field name (empty for ARRAY, MAP) and type.
  SourceSpan span;
};

}  // namespace velo::sql
