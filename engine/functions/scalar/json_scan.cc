#include "engine/functions/scalar/json_scan.h"

#include "engine/functions/scalar/utf8_text.h"
#include "engine/types/decimal.h"

namespace velo {
namespace {

// Deeper texts are taken for invalid.
constexpr int kDeepest = 512;

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<uint32_t> HexQuad(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const int digit = IsDigit(c)             ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<uint32_t>(digit);
  }
  return value;
}

// The characters of a string without its quotes; the scanner has seen that every escape is complete.
std::string Unescaped(std::string_view raw) {
  std::string out;
  for (size_t at = 0; at < raw.size(); ++at) {
    if (raw[at] != '\\') {
      out.push_back(raw[at]);
      continue;
    }
    const char letter = raw[++at];
    static constexpr std::string_view kLetters = "bfnrt", kMeant = "\b\f\n\r\t";
    if (const size_t known = kLetters.find(letter); known != std::string_view::npos) {
      out.push_back(kMeant[known]);
    } else if (letter != 'u') {
      out.push_back(letter);
    } else {
      uint32_t code = HexQuad(raw.substr(at + 1)).value_or(0xfffd);
      at += 4;
      const bool high = code >= 0xd800 && code <= 0xdbff;
      const bool pair = high && raw.substr(at + 1).starts_with("\\u");
      const uint32_t low = pair ? HexQuad(raw.substr(at + 3)).value_or(0) : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      } else if (code >= 0xd800 && code <= 0xdfff) {
        code = 0xfffd;  // Half of a pair.
      }
      AppendCodePoint(code, &out);
    }
  }
  return out;
}

// Reads one text. Every Skip function stands at the start of what it skips and returns false for invalid JSON.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  bool Run(const std::vector<JsonStep>& path) {
    if (!Follow(path, 0, 0)) return false;
    SkipSpaces();
    return at_ == text_.size();
  }
  bool found() const { return found_; }
  std::string_view value() const { return value_; }

  // Number of elements or members of the array or object the text is; it has been checked.
  int64_t CountChildren() {
    children_ = 0;
    counting_ = true;
    SkipNested(0);
    return children_;
  }

 private:
  void SkipSpaces() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  bool Accept(char c) {
    SkipSpaces();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool SkipString(std::string_view* raw) {
    const size_t start = ++at_;
    for (; at_ < text_.size(); ++at_) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        *raw = text_.substr(start, at_++ - start);
        return true;
      }
      if (c < 0x20) return false;
      if (c != '\\') continue;
      if (++at_ >= text_.size()) return false;
      if (text_[at_] == 'u') {
        if (!HexQuad(text_.substr(at_ + 1))) return false;
        at_ += 4;
      } else if (std::string_view("\"\\/bfnrt").find(text_[at_]) == std::string_view::npos) {
        return false;
      }
    }
    return false;
  }

  bool SkipDigits() {
    const size_t start = at_;
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    return at_ > start;
  }

  bool SkipNumber() {
    if (text_[at_] == '-') ++at_;
    const bool zero = at_ < text_.size() && text_[at_] == '0';
    const size_t first = at_;
    if (!SkipDigits() || (zero && at_ > first + 1)) return false;
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      if (!SkipDigits()) return false;
    }
    if (at_ >= text_.size() || (text_[at_] != 'e' && text_[at_] != 'E')) return true;
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    return SkipDigits();
  }

  bool SkipWord() {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return true;
    }
    return false;
  }

  bool SkipValue(int depth) {
    SkipSpaces();
    if (at_ >= text_.size() || depth > kDeepest) return false;
    std::string_view ignored;
    switch (text_[at_]) {
      case '"':
        return SkipString(&ignored);
      case '{':
      case '[':
        return SkipNested(depth);
      case 't':
      case 'f':
      case 'n':
        return SkipWord();
      default:
        return (IsDigit(text_[at_]) || text_[at_] == '-') && SkipNumber();
    }
  }

  bool SkipNested(int depth) {
    return ForEachChild([&](std::string_view, int64_t) {
      if (counting_ && depth == 0) ++children_;
      return SkipValue(depth + 1);
    });
  }

  // Calls child(raw key, index) at the start of every value of an object or array; it must move behind the value.
  template <typename Child>
  bool ForEachChild(Child child) {
    SkipSpaces();
    const bool object = text_[at_] == '{';
    const char close = object ? '}' : ']';
    ++at_;
    if (Accept(close)) return true;
    for (int64_t index = 0;; ++index) {
      std::string_view key;
      SkipSpaces();
      if (object) {
        if (at_ >= text_.size() || text_[at_] != '"' || !SkipString(&key) || !Accept(':')) return false;
        SkipSpaces();
      }
      if (!child(key, index)) return false;
      if (Accept(close)) return true;
      if (!Accept(',')) return false;
    }
  }

  static bool SameName(std::string_view raw, const std::string& name) {
    return raw.find('\\') == std::string_view::npos ? raw == name : Unescaped(raw) == name;
  }

  // Skips the value at hand and notes what the rest of the path finds in it.
  bool Follow(const std::vector<JsonStep>& path, size_t step, int depth) {
    SkipSpaces();
    const size_t start = at_;
    if (step == path.size()) {
      if (!SkipValue(depth)) return false;
      value_ = text_.substr(start, at_ - start);
      found_ = true;
      return true;
    }
    const bool object = start < text_.size() && text_[start] == '{';
    const bool array = start < text_.size() && text_[start] == '[';
    if (!object && !array) return SkipValue(depth);
    if (depth > kDeepest) return false;
    const JsonStep& wanted = path[step];
    if (object) {
      // Of several members with one name the last counts.
      const bool named = wanted.kind == JsonStep::Kind::kMember;
      return ForEachChild([&](std::string_view key, int64_t) {
        if (!named || !SameName(key, wanted.name)) return SkipValue(depth + 1);
        found_ = false;
        return Follow(path, step + 1, depth + 1);
      });
    }
    return FollowElement(path, step, depth, start);
  }

  bool FollowElement(const std::vector<JsonStep>& path, size_t step, int depth, size_t start) {
    std::optional<int64_t> wanted = path[step].index;
    if (path[step].kind == JsonStep::Kind::kMember) wanted = ParseInteger(path[step].name);
    if (!wanted) return SkipValue(depth);
    if (*wanted < 0) {
      // Counted from the end: the elements are gone through twice.
      int64_t elements = 0;
      if (!ForEachChild([&](std::string_view, int64_t) {
            ++elements;
            return SkipValue(depth + 1);
          })) {
        return false;
      }
      *wanted += elements;
      at_ = start;
    }
    return ForEachChild([&](std::string_view, int64_t index) {
      return index == *wanted ? Follow(path, step + 1, depth + 1) : SkipValue(depth + 1);
    });
  }

  std::string_view text_;
  size_t at_ = 0;
  bool found_ = false;
  std::string_view value_;
  bool counting_ = false;
  int64_t children_ = 0;
};

// The text without white space between its parts.
std::string Compacted(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  bool inside = false;
  for (size_t i = 0; i < json.size(); ++i) {
    if (!inside && IsSpace(json[i])) continue;
    out.push_back(json[i]);
    if (inside && json[i] == '\\') {
      out.push_back(json[++i]);
    } else if (json[i] == '"') {
      inside = !inside;
    }
  }
  return out;
}

}  // namespace

std::optional<JsonMatch> ScanJson(std::string_view text, const std::vector<JsonStep>& path) {
  JsonScanner scanner(text);
  if (!scanner.Run(path) || !scanner.found()) return std::nullopt;
  const std::string_view value = scanner.value();
  JsonMatch match;
  switch (value[0]) {
    case '"':
      match.shape = JsonMatch::Shape::kString;
      match.text = Unescaped(value.substr(1, value.size() - 2));
      return match;
    case '{':
    case '[':
      match.shape = value[0] == '{' ? JsonMatch::Shape::kObject : JsonMatch::Shape::kArray;
      match.size = JsonScanner(value).CountChildren();
      match.text = Compacted(value);
      return match;
    case 't':
    case 'f':
      match.shape = JsonMatch::Shape::kBoolean;
      break;
    case 'n':
      match.shape = JsonMatch::Shape::kNull;
      break;
    default:
      match.shape = JsonMatch::Shape::kNumber;
  }
  match.text = std::string(value);
  return match;
}

}  // namespace velo
