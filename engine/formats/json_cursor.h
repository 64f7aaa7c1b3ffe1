#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/formats/digits.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace velo::formats {

/// Nesting beyond this makes a bad record.
inline constexpr int kMaxJsonDepth = 64;

enum class JsonError : uint8_t {
  kNone,
  kSyntax,
  kOpenString,
  kOpenBracket,
  kControlCharacter,
  kTooDeep,
  kNoObject,
  kMoreText
};

/// In the user's words; empty for kNone.
std::string_view JsonErrorText(JsonError error);

/// A number as it is written, with its digits where they fit.
struct JsonNumber {
  std::string_view text;
  bool exact = false;     ///< No exponent and at most 18 digits: the value is +- mantissa / 10^decimals.
  bool negative = false;  ///< Of exact numbers, as what follows.
  bool has_point = false;
  int64_t decimals = 0;
  uint64_t mantissa = 0;
};

/// Walks over the text of one JSON value without building anything: what nobody asks for is skipped. Every function
/// returns false on an error, which stays; strings and numbers are checked as they are passed. Texts must be UTF-8,
/// which is not checked here.
///
/// Why not simdjson: the pyarrow wheel's libparquet exports one of another version, and the two mix their global state
/// when both are in one process, whatever the order of linking.
class JsonCursor {
 public:
  /// Bytes behind the text that must be readable.
  static constexpr size_t kPadding = 64;

  /// `depth`: of the brackets around the text.
  explicit JsonCursor(std::string_view text, int depth = 0)
      : at_(text.data()), end_(text.data() + text.size()), depth_(depth) {}

  /// First byte of the next value: one of `{ [ " t f n`, or a digit or minus; '\0' at the end.
  char Peek() {
    SkipBlanks();
    return at_ < end_ ? *at_ : '\0';
  }
  /// Steps into an object or array. REQUIRES: Peek() == '{' or '['.
  bool Enter();
  /// Moves to the next field and sets its key as it is written between the quotes. False at the end of the object or on
  /// an error. `first` says whether it is the first one and is cleared.
  bool NextField(bool* first, std::string_view* raw_key);
  /// Moves to the next item of an array; as NextField.
  bool NextItem(bool* first);
  bool ReadString(std::string* buffer, std::string_view* value);
  bool ReadNumber(JsonNumber* number);
  /// Reads true, false or null.
  bool ReadLiteral(std::string_view literal);
  /// Passes one value, checking its form.
  bool SkipValue();
  /// The same, and sets its text.
  bool SkipValue(std::string_view* raw);
  /// Nothing but blanks may follow.
  bool AtEnd();
  /// Where the cursor stands.
  const char* at() const { return at_; }

  JsonError error() const { return error_; }

 private:
  void SkipBlanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool Fail(JsonError error) {
    if (error_ == JsonError::kNone) error_ = error;
    return false;
  }
  /// Passes a string, of which the opening quote was passed. `escaped` is set when it holds a backslash.
  bool PassString(std::string_view* raw, bool* escaped);
  bool PassLongString(std::string_view* raw, bool* escaped);
  bool PassExponent();
  /// Passes a number. REQUIRES: the cursor stands at its first letter.
  bool SkipNumber();
  bool SkipOther();
  bool SkipNested();

  const char* at_;
  const char* end_;
  int depth_;
  JsonError error_ = JsonError::kNone;
};

/// Replaces the escapes of a string as it is written. False for malformed ones.
bool UnescapeJson(std::string_view raw, std::string* value);

// What follows runs once per field and is worth being inlined.

inline bool JsonCursor::PassString(std::string_view* raw, bool* escaped) {
#if defined(__SSE2__)
  // Most strings are short and hold nothing special.
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_));
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i special =
      _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes),
                   _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
  const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
  if (mask != 0) {
    const char* stop = at_ + __builtin_ctz(mask);
    if (*stop == '"' && stop < end_) {
      *raw = std::string_view(at_, static_cast<size_t>(stop - at_));
      *escaped = false;
      at_ = stop + 1;
      return true;
    }
  }
#endif
  return PassLongString(raw, escaped);
}

inline bool JsonCursor::ReadNumber(JsonNumber* number) {
  SkipBlanks();
  const char* begin = at_;
  *number = JsonNumber();
  number->negative = at_ < end_ && *at_ == '-';
  at_ += number->negative ? 1 : 0;
  const char* digits = at_;
  int64_t count = ReadDigits(&at_, end_, &number->mantissa);
  bool good = count > 0 && (*digits != '0' || count == 1);
  if (at_ < end_ && *at_ == '.') {
    ++at_;
    number->has_point = true;
    number->decimals = ReadDigits(&at_, end_, &number->mantissa);
    count += number->decimals;
    good = good && number->decimals > 0;
  }
  number->exact = count <= 18;
  if (at_ < end_ && (*at_ | 0x20) == 'e') {
    number->exact = false;
    good = PassExponent() && good;
  }
  number->text = std::string_view(begin, static_cast<size_t>(at_ - begin));
  return good || Fail(JsonError::kSyntax);
}

inline bool JsonCursor::SkipNumber() {
#if defined(__SSE2__)
  // The number of digits at a place, 16 for that or more.
  const auto count_digits = [](const char* at) {
    const __m128i values = _mm_sub_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)), _mm_set1_epi8('0'));
    const __m128i digits = _mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values);
    return __builtin_ctz(~static_cast<unsigned>(_mm_movemask_epi8(digits)));
  };
  const char* digits = at_ + (*at_ == '-' ? 1 : 0);
  const int whole = count_digits(digits);
  const char* stop = digits + whole;
  bool is_plain = whole > 0 && whole < 16 && (*digits != '0' || whole == 1);
  if (*stop == '.') {
    const int decimals = count_digits(stop + 1);
    is_plain = is_plain && decimals > 0 && decimals < 16;
    stop += 1 + decimals;
  }
  if (is_plain && stop <= end_ && (*stop | 0x20) != 'e') [[likely]] {
    at_ = stop;
    return true;
  }
#endif
  JsonNumber ignored;
  return ReadNumber(&ignored);
}

inline bool JsonCursor::SkipValue() {
  if (at_ < end_) {
    if (*at_ == '"') {
      ++at_;
      std::string_view ignored;
      bool escaped;
      return PassString(&ignored, &escaped);
    }
    if (*at_ == '-' || static_cast<unsigned char>(*at_ - '0') < 10) return SkipNumber();
  }
  return SkipOther();
}

}  // namespace velo::formats
