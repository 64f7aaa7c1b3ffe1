#include "assistant/language/durations.h"

#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace velo::language {

namespace {

struct Unit {
  int64_t milliseconds;
  std::string_view name;
  std::string_view letter;
};
constexpr std::array<Unit, 6> kUnits = {{{604'800'000, "week", "w"},
                                         {86'400'000, "day", "d"},
                                         {3'600'000, "hour", "h"},
                                         {60'000, "minute", "m"},
                                         {1'000, "second", "s"},
                                         {1, "millisecond", "ms"}}};

const Unit& LargestExact(int64_t milliseconds) {
  for (const Unit& unit : kUnits) {
    if (milliseconds % unit.milliseconds == 0) return unit;
  }
  return kUnits.back();
}

}  // namespace

std::string LengthAdjective(int64_t milliseconds) {
  const Unit& unit = LargestExact(milliseconds);
  return fmt::format("{}-{}", milliseconds / unit.milliseconds, unit.name);
}

std::string LengthWords(int64_t milliseconds) {
  const Unit& unit = LargestExact(milliseconds);
  int64_t count = milliseconds / unit.milliseconds;
  return fmt::format("{} {}{}", count, unit.name, count == 1 ? "" : "s");
}

std::string LengthShort(int64_t milliseconds) {
  const Unit& unit = LargestExact(milliseconds);
  return fmt::format("{}{}", milliseconds / unit.milliseconds, unit.letter);
}

}  // namespace velo::language
