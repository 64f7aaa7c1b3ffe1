#include <array>
#include <charconv>
#include <cmath>

#include "engine/sql/parser.h"
#include "engine/sql/words.h"

namespace velo::sql {
namespace {

struct Unit {
  std::string_view name;
  double milliseconds;  ///< 0 for calendar units.
  int32_t months;
};

constexpr double kSecond = 1000.0;
constexpr double kDay = 86'400.0 * kSecond;

constexpr std::array kUnits = std::to_array<Unit>({
    {"ns", 1e-6, 0},
    {"nanosecond", 1e-6, 0},
    {"us", 1e-3, 0},
    {"\u03bcs", 1e-3, 0},
    {"\u00b5s", 1e-3, 0},
    {"microsecond", 1e-3, 0},
    {"ms", 1, 0},
    {"millisecond", 1, 0},
    {"milli", 1, 0},
    {"s", kSecond, 0},
    {"sec", kSecond, 0},
    {"second", kSecond, 0},
    {"m", 60 * kSecond, 0},
    {"min", 60 * kSecond, 0},
    {"minute", 60 * kSecond, 0},
    {"h", 3600 * kSecond, 0},
    {"hr", 3600 * kSecond, 0},
    {"hour", 3600 * kSecond, 0},
    {"d", kDay, 0},
    {"day", kDay, 0},
    {"w", 7 * kDay, 0},
    {"week", 7 * kDay, 0},
    {"month", 0, 1},
    {"quarter", 0, 3},
    {"year", 0, 12},
});

const Unit* FindUnit(std::string_view word) {
  for (const Unit& unit : kUnits) {
    if (SameWord(unit.name, word)) return &unit;
  }
  // Words of three letters and more have a plural: MINS, HRS, SECONDS.
  if (word.size() < 3 || (word.back() != 's' && word.back() != 'S')) return nullptr;
  const std::string_view singular = word.substr(0, word.size() - 1);
  for (const Unit& unit : kUnits) {
    if (unit.name.size() >= 2 && unit.name != "ms" && unit.name != "us" && unit.name != "ns" &&
        SameWord(unit.name, singular)) {
      return &unit;
    }
  }
  return nullptr;
}

void SkipSpace(std::string_view* text) {
  while (!text->empty() &&
         (text->front() == ' ' || text->front() == '\t' || text->front() == '\n' || text->front() == '\r')) {
    text->remove_prefix(1);
  }
}

bool TakeNumber(std::string_view* text, double* number) {
  size_t length = 0;
  while (length < text->size() && ((*text)[length] == '.' || ((*text)[length] >= '0' && (*text)[length] <= '9')))
    ++length;
  if (length == 0) return false;
  const auto result = std::from_chars(text->data(), text->data() + length, *number, std::chars_format::fixed);
  if (result.ec != std::errc() || result.ptr != text->data() + length) return false;
  text->remove_prefix(length);
  return true;
}

std::string_view TakeWord(std::string_view* text) {
  size_t length = 0;
  while (length < text->size()) {
    const unsigned char c = static_cast<unsigned char>((*text)[length]);
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80)) break;
    ++length;
  }
  const std::string_view word = text->substr(0, length);
  text->remove_prefix(length);
  return word;
}

/// Adds `number` units; false when the sum does not fit.
bool Add(double number, const Unit& unit, Duration* out) {
  double milliseconds = number * unit.milliseconds;
  if (unit.months > 0) {
    const double months = number * unit.months;
    const double whole = std::floor(months);
    if (whole > 1e6) return false;
    out->months += static_cast<int32_t>(whole);
    milliseconds = (months - whole) * 30 * kDay;
  }
  // A nudge before rounding down: 0.3 s is 300 ms although 0.3 * 1000 may fall just short of it.
  milliseconds = std::floor(milliseconds + 1e-6);
  if (milliseconds > 9e15 || static_cast<double>(out->milliseconds) + milliseconds > 9e15) return false;
  out->milliseconds += static_cast<int64_t>(milliseconds);
  return true;
}

/// "HOUR TO MINUTE" and the like: the text holds fields from the first to the last unit, "1 02:03:04" or "1:30".
bool ParseRange(std::string_view text, std::string_view from, std::string_view to, Duration* out) {
  static constexpr std::array kOrder =
      std::to_array<std::string_view>({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"});
  size_t field = 0;
  while (field < kOrder.size() && !SameWord(kOrder[field], from)) ++field;
  size_t last = field;
  while (last < kOrder.size() && !SameWord(kOrder[last], to)) ++last;
  if (last == kOrder.size()) return false;
  for (; field <= last; ++field) {
    double number = 0;
    if (!TakeNumber(&text, &number) || !Add(number, *FindUnit(kOrder[field]), out)) return false;
    if (text.empty()) return true;
    if (text.front() != ':' && text.front() != ' ' && text.front() != '-') return false;
    text.remove_prefix(1);
  }
  return false;
}

}  // namespace

bool ParseDuration(std::string_view text, Duration* out) {
  Duration result;
  result.text = std::string(text);
  SkipSpace(&text);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  std::string unquoted;
  if (text.size() > 8 && SameWord(text.substr(0, 8), "INTERVAL")) {
    text.remove_prefix(8);
    SkipSpace(&text);
    if (!text.empty() && text.front() == '\'') {
      const size_t close = text.find('\'', 1);
      if (close == std::string_view::npos) return false;
      const std::string_view rest = text.substr(close + 1);
      const size_t to = UpperCase(rest).find(" TO ");
      if (to != std::string::npos) {
        std::string_view unit = rest;
        SkipSpace(&unit);
        std::string_view last = rest.substr(to + 4);
        SkipSpace(&last);
        if (!ParseRange(text.substr(1, close - 1), TakeWord(&unit), TakeWord(&last), &result)) return false;
        result.span = out->span;
        *out = std::move(result);
        return true;
      }
      unquoted = std::string(text.substr(1, close - 1)) + " " + std::string(rest);
      text = unquoted;
      SkipSpace(&text);
      while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    }
  }
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
    SkipSpace(&text);
  }
  if (text.empty()) return false;
  bool first = true;
  while (!text.empty()) {
    double number = 0;
    if (!TakeNumber(&text, &number)) return false;
    SkipSpace(&text);
    if (text.empty()) {
      if (!first || !Add(number, *FindUnit("second"), &result)) return false;
      break;
    }
    const Unit* unit = FindUnit(TakeWord(&text));
    if (unit == nullptr || !Add(number, *unit, &result)) return false;
    SkipSpace(&text);
    first = false;
  }
  if (negative) {
    result.milliseconds = -result.milliseconds;
    result.months = -result.months;
  }
  result.span = out->span;
  *out = std::move(result);
  return true;
}

}  // namespace velo::sql
