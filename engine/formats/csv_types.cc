#include "engine/formats/csv_types.h"

#include <charconv>
#include <string>

#include "engine/formats/digits.h"
#include "engine/formats/iso_time.h"

namespace velo::formats {
namespace {

constexpr size_t kMisfitExamples = 3;

bool IsBlank(char letter) { return letter == ' ' || letter == '\t'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

bool EqualIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

inline bool IsDigit(char letter) { return static_cast<unsigned char>(letter - '0') < 10; }

/// Whole numbers of more than 64 bits are identifiers: as floats they would lose digits.
bool IsLongInteger(std::string_view text) {
  text = Trim(text);
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text.size() > 18 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool ReadFloatSlowly(std::string_view text, double* value) {
  text = Trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.front() == '+') return false;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error == std::errc::result_out_of_range && end == text.data() + text.size()) return true;
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

bool ReadInteger(std::string_view text, int64_t* value) {
  const char* at = text.data();
  const char* end = at + text.size();
  if (at != end && (IsBlank(*at) || IsBlank(end[-1]))) {
    text = Trim(text);
    at = text.data();
    end = at + text.size();
  }
  const bool negative = at != end && *at == '-';
  if (at != end && (*at == '-' || *at == '+')) ++at;
  if (at == end || end - at > 19) return false;
  uint64_t number = 0;
  for (const char* digit = at; digit != end; ++digit) {
    if (!IsDigit(*digit)) return false;
    number = number * 10 + static_cast<uint64_t>(*digit - '0');
  }
  const uint64_t limit = static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (number > limit) return false;
  *value = negative ? static_cast<int64_t>(0 - number) : static_cast<int64_t>(number);
  return true;
}

bool ReadFloat(std::string_view text, double* value) {
  const char* at = text.data();
  const char* end = at + text.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  uint64_t mantissa = 0;
  const char* digits = at;
  while (at != end && IsDigit(*at)) mantissa = mantissa * 10 + static_cast<uint64_t>(*at++ - '0');
  int64_t count = at - digits;
  int64_t decimals = 0;
  if (at != end && *at == '.') {
    const char* point = ++at;
    while (at != end && IsDigit(*at)) mantissa = mantissa * 10 + static_cast<uint64_t>(*at++ - '0');
    decimals = at - point;
    count += decimals;
  }
  // Both the digits and the power of ten are exact as doubles, so one division rounds correctly.
  if (at == end && count > 0 && count <= 18 && mantissa < (uint64_t{1} << 53) && decimals <= 22) {
    const double exact = static_cast<double>(mantissa) / kPowersOfTen[decimals];
    *value = negative ? -exact : exact;
    return true;
  }
  return ReadFloatSlowly(text, value);
}

bool ReadBoolean(std::string_view text, bool* value) {
  text = Trim(text);
  *value = EqualIgnoringCase(text, "true") || EqualIgnoringCase(text, "yes");
  return *value || EqualIgnoringCase(text, "false") || EqualIgnoringCase(text, "no");
}

bool HasLeadingZero(std::string_view text) {
  text = Trim(text);
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && IsDigit(text[1]);
}

void CellTypeGuess::Add(std::string_view value) {
  ++values_;
  int64_t integer;
  double number;
  bool boolean;
  int32_t days;
  int64_t micros;
  if (HasLeadingZero(value)) {
    // No number, whatever else: leading zeros must not get lost.
  } else if (ReadInteger(value, &integer)) {
    ++integers_;
    ++numbers_;
    return;
  } else if (!IsLongInteger(value) && ReadFloat(value, &number)) {
    ++numbers_;
    return;
  } else if (ReadBoolean(value, &boolean)) {
    ++booleans_;
  } else if (ReadIsoDate(value, &days)) {
    ++dates_;
  } else if (ReadIsoTimestamp(value, &micros)) {
    ++instants_;
  }
  if (misfit_examples_.size() < kMisfitExamples) misfit_examples_.emplace_back(value.substr(0, 40));
}

SqlType CellTypeGuess::type() const {
  if (values_ == 0) return TypeKind::kString;
  if (integers_ == values_) return TypeKind::kInteger;
  if (numbers_ == values_) return TypeKind::kFloat;
  if (booleans_ == values_) return TypeKind::kBoolean;
  if (dates_ == values_) return TypeKind::kDate;
  if (dates_ + instants_ == values_) return TypeKind::kTimestamp;
  return TypeKind::kString;
}

std::string_view CellTypeGuess::widened_from() const {
  const SqlType chosen = type();
  auto nearly_all = [this](int64_t count) { return count < values_ && count * 10 >= values_ * 9; };
  if (chosen.kind() == TypeKind::kFloat) return nearly_all(integers_) ? "Integer" : "";
  if (chosen.kind() != TypeKind::kString) return "";
  if (nearly_all(integers_)) return "Integer";
  if (nearly_all(numbers_)) return "Float";
  if (nearly_all(dates_)) return "Date";
  if (nearly_all(dates_ + instants_)) return "DateTime";
  return nearly_all(booleans_) ? "Boolean" : "";
}

int64_t CellTypeGuess::misfits() const { return values_ - numbers_; }

}  // namespace velo::formats
