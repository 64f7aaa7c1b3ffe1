#include "engine/formats/json_cursor.h"

#include <algorithm>

#include "engine/formats/json_plain_values.h"

namespace velo::formats {
namespace {

bool IsDigit(char letter) { return static_cast<unsigned char>(letter - '0') < 10; }

/// Returns the first quote, backslash or control character; at most 15 bytes behind `end` are looked at.
const char* FindSpecial(const char* at, const char* end) {
#if defined(__SSE2__)
  while (at < end) {
    const unsigned mask = JsonSpecialBytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
    if (mask != 0) {
      at += __builtin_ctz(mask);
      return at < end ? at : end;
    }
    at += 16;
  }
  return end;
#else
  while (at < end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) > 0x1f) ++at;
  return at;
#endif
}

bool ReadHex4(std::string_view text, size_t at, uint32_t* value) {
  if (at + 4 > text.size()) return false;
  *value = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const char letter = text[i];
    uint32_t digit;
    if (IsDigit(letter)) {
      digit = static_cast<uint32_t>(letter - '0');
    } else if ((letter | 0x20) >= 'a' && (letter | 0x20) <= 'f') {
      digit = static_cast<uint32_t>((letter | 0x20) - 'a' + 10);
    } else {
      return false;
    }
    *value = *value * 16 + digit;
  }
  return true;
}

void AppendUtf8(uint32_t point, std::string* out) {
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
    return;
  }
  const int following = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  static constexpr unsigned char kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out->push_back(static_cast<char>(kLead[following] | (point >> (6 * following))));
  for (int i = following - 1; i >= 0; --i) out->push_back(static_cast<char>(0x80 | ((point >> (6 * i)) & 0x3F)));
}

/// Reads "\uXXXX" of which "\u" was passed, with the second half of a pair. Lone halves become U+FFFD.
bool AppendUnicodeEscape(std::string_view raw, size_t* at, std::string* value) {
  uint32_t point, low;
  if (!ReadHex4(raw, *at, &point)) return false;
  *at += 4;
  if (point >= 0xD800 && point < 0xDC00 && raw.substr(*at, 2) == "\\u" && ReadHex4(raw, *at + 2, &low) &&
      low >= 0xDC00 && low < 0xE000) {
    *at += 6;
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  } else if (point >= 0xD800 && point < 0xE000) {
    point = 0xFFFD;
  }
  AppendUtf8(point, value);
  return true;
}

}  // namespace

std::string_view JsonErrorText(JsonError error) {
  switch (error) {
    case JsonError::kNone:
      return "";
    case JsonError::kSyntax:
      return "it is not valid JSON";
    case JsonError::kOpenString:
      return "a quote is opened and never closed";
    case JsonError::kOpenBracket:
      return "a bracket is opened and never closed";
    case JsonError::kControlCharacter:
      return "a text holds a control character";
    case JsonError::kTooDeep:
      return "it is nested deeper than 64 levels";
    case JsonError::kNoObject:
      return "it is no JSON object";
    case JsonError::kMoreText:
      return "more text follows the object";
  }
  return "it is not valid JSON";
}

bool UnescapeJson(std::string_view raw, std::string* value) {
  value->clear();
  for (size_t at = 0; at < raw.size();) {
    const size_t backslash = std::min(raw.find('\\', at), raw.size());
    value->append(raw.substr(at, backslash - at));
    if (backslash == raw.size()) return true;
    if (backslash + 1 == raw.size()) return false;
    at = backslash + 2;
    switch (raw[backslash + 1]) {
      case '"':
        value->push_back('"');
        break;
      case '\\':
        value->push_back('\\');
        break;
      case '/':
        value->push_back('/');
        break;
      case 'b':
        value->push_back('\b');
        break;
      case 'f':
        value->push_back('\f');
        break;
      case 'n':
        value->push_back('\n');
        break;
      case 'r':
        value->push_back('\r');
        break;
      case 't':
        value->push_back('\t');
        break;
      case 'u':
        if (!AppendUnicodeEscape(raw, &at, value)) return false;
        break;
      default:
        return false;
    }
  }
  return true;
}

bool JsonCursor::Enter() {
  ++at_;
  if (++depth_ > kMaxJsonDepth) return Fail(JsonError::kTooDeep);
  return true;
}

bool JsonCursor::NextField(bool* first, std::string_view* raw_key) {
  char next = Peek();
  if (next == '}') {
    ++at_;
    --depth_;
    return false;
  }
  if (!*first) {
    if (next != ',') return Fail(next == '\0' ? JsonError::kOpenBracket : JsonError::kSyntax);
    ++at_;
    next = Peek();
  }
  *first = false;
  if (next != '"') return Fail(next == '\0' ? JsonError::kOpenBracket : JsonError::kSyntax);
  ++at_;
  bool escaped;
  if (!PassString(raw_key, &escaped)) return false;
  if (Peek() != ':') return Fail(JsonError::kSyntax);
  ++at_;
  return true;
}

bool JsonCursor::NextItem(bool* first) {
  const char next = Peek();
  if (next == ']') {
    ++at_;
    --depth_;
    // "[1,]" is no JSON; the comma was followed by an item otherwise.
    return false;
  }
  if (!*first) {
    if (next != ',') return Fail(next == '\0' ? JsonError::kOpenBracket : JsonError::kSyntax);
    ++at_;
    if (Peek() == ']') return Fail(JsonError::kSyntax);
  }
  *first = false;
  return true;
}

bool JsonCursor::PassLongString(std::string_view* raw, bool* escaped) {
  const char* begin = at_;
  *escaped = false;
  while (true) {
    at_ = FindSpecial(at_, end_);
    if (at_ >= end_) return Fail(JsonError::kOpenString);
    if (*at_ == '"') {
      *raw = std::string_view(begin, static_cast<size_t>(at_ - begin));
      ++at_;
      return true;
    }
    if (*at_ != '\\') return Fail(JsonError::kControlCharacter);
    *escaped = true;
    at_ += 2;
  }
}

bool JsonCursor::ReadString(std::string* buffer, std::string_view* value) {
  if (Peek() != '"') return Fail(JsonError::kSyntax);
  ++at_;
  bool escaped;
  if (!PassString(value, &escaped)) return false;
  if (!escaped) return true;
  if (!UnescapeJson(*value, buffer)) return Fail(JsonError::kSyntax);
  *value = *buffer;
  return true;
}

// REQUIRES: the cursor stands at the letter "e".
bool JsonCursor::PassExponent() {
  ++at_;
  if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
  uint64_t ignored = 0;
  return ReadDigits(&at_, end_, &ignored) > 0;
}

bool JsonCursor::ReadLiteral(std::string_view literal) {
  SkipBlanks();
  if (std::string_view(at_, static_cast<size_t>(end_ - at_)).substr(0, literal.size()) != literal) {
    return Fail(JsonError::kSyntax);
  }
  at_ += literal.size();
  return true;
}

bool JsonCursor::SkipValue(std::string_view* raw) {
  SkipBlanks();
  const char* begin = at_;
  const bool good = SkipValue();
  *raw = std::string_view(begin, static_cast<size_t>(at_ - begin));
  return good;
}

// What is no number and no text, or stands behind blanks.
bool JsonCursor::SkipOther() {
  std::string_view text;
  bool escaped;
  JsonNumber number;
  switch (Peek()) {
    case '"':
      ++at_;
      return PassString(&text, &escaped);
    case '{':
    case '[':
      return SkipNested();
    case 't':
      return ReadLiteral("true");
    case 'f':
      return ReadLiteral("false");
    case 'n':
      return ReadLiteral("null");
    case '\0':
      return Fail(JsonError::kOpenBracket);
    default:
      return ReadNumber(&number);
  }
}

bool JsonCursor::SkipNested() {
  const bool is_object = *at_ == '{';
  if (!Enter()) return false;
  bool first = true;
  std::string_view key;
  while (is_object ? NextField(&first, &key) : NextItem(&first)) {
    // Nesting is limited, so the recursion is.
    if (!SkipValue()) return false;
  }
  return error_ == JsonError::kNone;
}

bool JsonCursor::AtEnd() { return Peek() == '\0' || Fail(JsonError::kMoreText); }

}  // namespace velo::formats
