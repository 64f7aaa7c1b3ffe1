#include "engine/sql/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "engine/sql/words.h"

namespace velo::sql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
bool IsBeyondAscii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

/// Decodes one UTF-8 sequence; returns its length, or 0 when it is malformed.
int DecodeUtf8(std::string_view text, uint32_t* point) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const int length = first < 0x80                    ? 1
                     : first >= 0xC2 && first < 0xE0 ? 2
                     : first >= 0xE0 && first < 0xF0 ? 3
                     : first >= 0xF0 && first < 0xF5 ? 4
                                                     : 0;
  if (length == 0 || text.size() < static_cast<size_t>(length)) return 0;
  *point = length == 1 ? first : first & (0xFF >> (length + 1));
  for (int i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    *point = (*point << 6) | (byte(i) & 0x3F);
  }
  return length;
}

/// Blocks of spaces, punctuation and symbols; everything else beyond ASCII may be part of a name.
bool IsLetterBeyondAscii(uint32_t point) {
  if (point < 0xC0) return point == 0xAA || point == 0xB5 || point == 0xBA;
  if (point == 0xD7 || point == 0xF7 || point == 0xFEFF) return false;
  return !(point >= 0x2000 && point <= 0x2BFF) && !(point >= 0x3000 && point <= 0x3004);
}

bool IsDurationUnit(std::string_view unit) {
  static constexpr std::array kUnits = std::to_array<std::string_view>(
      {"ns", "us", "\u03bcs", "\u00b5s", "ms", "s", "sec", "m", "min", "h", "hr", "d", "w"});
  return std::any_of(kUnits.begin(), kUnits.end(), [&](std::string_view known) { return SameWord(known, unit); });
}

void AppendUtf8(uint32_t point, std::string* out) {
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (point >> 6)));
    out->push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xE0 | (point >> 12)));
    out->push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (point & 0x3F)));
  }
}

class Lexer {
 public:
  Lexer(std::string_view text, Diagnostics* diagnostics) : text_(text), diagnostics_(diagnostics) {}

  LexedText Run();

 private:
  char At(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  char Current() const { return At(pos_); }
  bool StartsWith(std::string_view prefix) const { return text_.substr(pos_).starts_with(prefix); }
  SourceSpan SpanFrom(size_t start) const { return {static_cast<int32_t>(start), static_cast<int32_t>(pos_ - start)}; }
  /// Length of the name character at `i`, 0 when there is none.
  size_t NameCharacter(size_t i) const;
  void Push(TokenKind kind, size_t start, std::string text);

  void LexOne();
  void LexLineComment();
  void LexBlockComment();
  bool LexBareAnnotation();
  void LexNumber();
  void LexWord();
  bool LexUri();
  void LexQuoted(char quote, TokenKind kind);
  void LexEscapedString();
  void LexPlaceholder();
  void LexSymbol();
  void LexForeign();
  void NotClosed(std::string_view code, size_t start, std::string message, std::string hint);
  void SkipLine();
  void MarkDepths();
  bool OutsideStatement() const { return out_.tokens.empty() || out_.tokens.back().Is(";"); }

  std::string_view text_;
  Diagnostics* diagnostics_;
  size_t pos_ = 0;
  LexedText out_;
};

size_t Lexer::NameCharacter(size_t i) const {
  const char c = At(i);
  if (IsLetter(c) || IsDigit(c) || c == '_' || c == '$') return 1;
  if (i >= text_.size() || !IsBeyondAscii(c)) return 0;
  uint32_t point = 0;
  const int length = DecodeUtf8(text_.substr(i), &point);
  return length > 0 && IsLetterBeyondAscii(point) ? length : 0;
}

void Lexer::Push(TokenKind kind, size_t start, std::string text) {
  Token token;
  token.kind = kind;
  token.text = std::move(text);
  token.span = SpanFrom(start);
  token.reserved = kind == TokenKind::kWord && IsReserved(token.text);
  out_.tokens.push_back(std::move(token));
}

LexedText Lexer::Run() {
  out_.tokens.reserve(text_.size() / 5 + 2);
  if (StartsWith("\xEF\xBB\xBF")) pos_ = 3;
  while (pos_ < text_.size()) LexOne();
  Token end;
  end.span = {out_.tokens.empty() ? 0 : out_.tokens.back().span.end(), 0};
  if (out_.tokens.empty() && !out_.comments.empty()) end.span.offset = out_.comments.back().span.end();
  out_.tokens.push_back(std::move(end));
  MarkDepths();
  return std::move(out_);
}

/// Brackets that nothing closes do not count, so that one forgotten ")" does not bury the rest of a statement.
void Lexer::MarkDepths() {
  std::vector<size_t> open;
  std::vector<int32_t> change(out_.tokens.size() + 1, 0);
  for (size_t i = 0; i < out_.tokens.size(); ++i) {
    const Token& token = out_.tokens[i];
    if (token.kind != TokenKind::kSymbol) continue;
    if (token.text == ";") open.clear();
    if (token.text == "(" || token.text == "[" || token.text == "{") open.push_back(i);
    if ((token.text != ")" && token.text != "]" && token.text != "}") || open.empty()) continue;
    ++change[open.back() + 1];
    --change[i];
    open.pop_back();
  }
  int32_t depth = 0;
  for (size_t i = 0; i < out_.tokens.size(); ++i) out_.tokens[i].depth = depth += change[i];
}

void Lexer::LexOne() {
  const char c = Current();
  if (IsSpace(c)) {
    ++pos_;
  } else if (StartsWith("--")) {
    LexLineComment();
  } else if (StartsWith("/*")) {
    LexBlockComment();
  } else if (c == '\'') {
    LexQuoted('\'', TokenKind::kString);
  } else if ((c == 'E' || c == 'e') && At(pos_ + 1) == '\'') {
    LexEscapedString();
  } else if (c == '"') {
    LexQuoted('"', TokenKind::kDouble);
  } else if (c == '`') {
    LexQuoted('`', TokenKind::kBacktick);
  } else if (IsDigit(c) || (c == '.' && IsDigit(At(pos_ + 1)))) {
    LexNumber();
  } else if (c == '@' && LexBareAnnotation()) {
    return;
  } else if (c == '{') {
    LexPlaceholder();
  } else if (c != '$' && NameCharacter(pos_) > 0) {
    if (!LexUri()) LexWord();
  } else {
    LexSymbol();
  }
}

void Lexer::LexLineComment() {
  const size_t start = pos_;
  SkipLine();
  std::string_view text = text_.substr(start + 2, pos_ - start - 2);
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  out_.comments.push_back({SpanFrom(start), std::string(text), true});
}

void Lexer::LexBlockComment() {
  const size_t start = pos_;
  const size_t close = text_.find("*/", pos_ + 2);
  if (close == std::string_view::npos) {
    pos_ = text_.size();
    NotClosed("E1002", start, "comment not closed", "end it with */");
    return;
  }
  pos_ = close + 2;
  std::string_view text = text_.substr(start + 2, close - start - 2);
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  out_.comments.push_back({SpanFrom(start), std::string(text), false});
}

bool Lexer::LexBareAnnotation() {
  if (!OutsideStatement() || !IsLetter(At(pos_ + 1))) return false;
  for (size_t i = pos_; i > 0 && text_[i - 1] != '\n' && text_[i - 1] != '\r'; --i) {
    if (!IsSpace(text_[i - 1])) return false;
  }
  const size_t start = pos_;
  SkipLine();
  std::string_view text = text_.substr(start, pos_ - start);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  const SourceSpan span{static_cast<int32_t>(start), static_cast<int32_t>(text.size())};
  Diagnostic& warning = diagnostics_->Warning("W1004", span, "annotation outside a comment");
  warning.hint = fmt::format("write it as a comment: -- {}", text);
  warning.fixes.push_back({"add --", {{{span.offset, 0}, "-- "}}});
  out_.comments.push_back({span, std::string(text), true});
  return true;
}

void Lexer::LexNumber() {
  const size_t start = pos_;
  TokenKind kind = TokenKind::kInteger;
  std::string digits;
  const auto take_digits = [&] {
    while (IsDigit(Current()) || (Current() == '_' && IsDigit(At(pos_ + 1)) && !digits.empty())) {
      if (Current() != '_') digits.push_back(Current());
      ++pos_;
    }
  };
  if (Current() == '0' && (At(pos_ + 1) == 'x' || At(pos_ + 1) == 'X') &&
      std::isxdigit(static_cast<unsigned char>(At(pos_ + 2)))) {
    pos_ += 2;
    uint64_t value = 0;
    while (std::isxdigit(static_cast<unsigned char>(Current())) && value >> 59 == 0) {
      const char c = Current();
      value = value * 16 + static_cast<uint64_t>(IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
      ++pos_;
    }
    digits = std::to_string(value);
  } else {
    take_digits();
    if (Current() == '.') {
      kind = TokenKind::kDecimal;
      digits.push_back('.');
      ++pos_;
      take_digits();
    }
    const size_t sign = At(pos_ + 1) == '+' || At(pos_ + 1) == '-' ? 1 : 0;
    if ((Current() == 'e' || Current() == 'E') && IsDigit(At(pos_ + 1 + sign))) {
      kind = TokenKind::kFloat;
      digits.append(text_.substr(pos_, 1 + sign));
      pos_ += 1 + sign;
      take_digits();
    }
  }
  const size_t number_end = pos_;
  while (const size_t length = NameCharacter(pos_)) pos_ += length;
  if (pos_ > number_end) {
    const bool is_duration = IsDurationUnit(text_.substr(number_end, pos_ - number_end));
    Push(is_duration ? TokenKind::kDuration : TokenKind::kNumberWord, start,
         std::string(text_.substr(start, pos_ - start)));
    return;
  }
  if (kind == TokenKind::kInteger) {
    const size_t lead = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    const std::string_view significant = std::string_view(digits).substr(lead);
    constexpr std::string_view kLargest = "9223372036854775807";
    if (significant.size() > kLargest.size() || (significant.size() == kLargest.size() && significant > kLargest)) {
      kind = TokenKind::kDecimal;
    }
  }
  Push(kind, start, std::move(digits));
}

void Lexer::LexWord() {
  const size_t start = pos_;
  while (const size_t length = NameCharacter(pos_)) pos_ += length;
  Push(TokenKind::kWord, start, std::string(text_.substr(start, pos_ - start)));
}

bool Lexer::LexUri() {
  if (!IsLetter(Current())) return false;
  size_t scheme_end = pos_;
  while (IsLetter(At(scheme_end)) || IsDigit(At(scheme_end)) || At(scheme_end) == '+' || At(scheme_end) == '.' ||
         At(scheme_end) == '-') {
    ++scheme_end;
  }
  if (text_.substr(scheme_end, 3) != "://") return false;
  const size_t start = pos_;
  pos_ = scheme_end + 3;
  int parentheses = 0;
  int braces = 0;
  for (; pos_ < text_.size(); ++pos_) {
    const char c = Current();
    if (IsSpace(c) || c == ';' || c == '\'' || c == '"' || c == '`') break;
    if (c == '(') ++parentheses;
    if (c == ')' && --parentheses < 0) break;
    if (c == '{') ++braces;
    if (c == '}' && braces > 0) --braces;
    if (c != ',' || braces > 0) continue;
    const std::string_view rest = text_.substr(pos_ + 1);
    if (rest.empty() || IsSpace(rest[0]) || rest.starts_with("--") || rest.starts_with("/*")) break;
    size_t i = 0;
    while (i < rest.size() &&
           (IsLetter(rest[i]) || IsDigit(rest[i]) || rest[i] == '+' || rest[i] == '.' || rest[i] == '-'))
      ++i;
    if (i > 0 && IsLetter(rest[0]) && rest.substr(i, 3) == "://") break;
  }
  Push(TokenKind::kUri, start, std::string(text_.substr(start, pos_ - start)));
  return true;
}

void Lexer::NotClosed(std::string_view code, size_t start, std::string message, std::string hint) {
  out_.broken_from.push_back(static_cast<int32_t>(start));
  const size_t length = std::min<size_t>(pos_ - start, code == "E1002" ? 2 : 1);
  diagnostics_
      ->Error(std::string(code), {static_cast<int32_t>(start), static_cast<int32_t>(length)}, std::move(message))
      .hint = std::move(hint);
}

void Lexer::LexQuoted(char quote, TokenKind kind) {
  const size_t start = pos_++;
  std::string content;
  while (true) {
    const size_t close = text_.find(quote, pos_);
    if (close == std::string_view::npos) {
      // Reading on after the end of the line keeps one missing quote from swallowing the rest of the script.
      pos_ = start;
      SkipLine();
      NotClosed("E1003", start, quote == '\'' ? "string not closed" : "quoted name not closed",
                fmt::format("end it with {}", quote));
      Push(kind, start, std::string(text_.substr(start + 1, pos_ - start - 1)));
      return;
    }
    content.append(text_.substr(pos_, close - pos_));
    pos_ = close + 1;
    if (Current() != quote) break;
    content.push_back(quote);
    ++pos_;
  }
  Push(kind, start, std::move(content));
}

void Lexer::LexEscapedString() {
  const size_t start = pos_;
  pos_ += 2;
  std::string content;
  while (pos_ < text_.size()) {
    const char c = text_[pos_++];
    if (c == '\'') {
      if (Current() != '\'') {
        Push(TokenKind::kString, start, std::move(content));
        return;
      }
      ++pos_;
      content.push_back('\'');
    } else if (c == '\\' && pos_ < text_.size()) {
      const char escape = text_[pos_++];
      const std::string_view hex = text_.substr(pos_, 4);
      if (escape == 'u' && hex.size() == 4 &&
          std::all_of(hex.begin(), hex.end(), [](unsigned char h) { return std::isxdigit(h) != 0; })) {
        AppendUtf8(static_cast<uint32_t>(std::stoul(std::string(hex), nullptr, 16)), &content);
        pos_ += 4;
      } else {
        content.push_back(escape == 'n' ? '\n' : escape == 't' ? '\t' : escape == 'r' ? '\r' : escape);
      }
    } else {
      content.push_back(c);
    }
  }
  pos_ = start;
  SkipLine();
  NotClosed("E1003", start, "string not closed", "end it with '");
  Push(TokenKind::kString, start, std::string(text_.substr(start + 2, pos_ - start - 2)));
}

void Lexer::LexPlaceholder() {
  const size_t start = pos_++;
  const bool after_map = !out_.tokens.empty() && SameWord(out_.tokens.back().text, "MAP");
  size_t end = pos_;
  while (const size_t length = NameCharacter(end)) end += length;
  if (after_map || end == pos_ || At(end) != '}') {
    Push(TokenKind::kSymbol, start, "{");
    return;
  }
  pos_ = end + 1;
  const std::string text(text_.substr(start, pos_ - start));
  diagnostics_->Error("E1010", SpanFrom(start), fmt::format("unresolved template placeholder '{}'", text)).hint =
      "give it a value before running the query, or write the name itself";
  Push(TokenKind::kPlaceholder, start, text);
}

void Lexer::LexSymbol() {
  static constexpr std::array kSymbols = std::to_array<std::string_view>(
      {"!~*", "<=>", "||", "==", "!=", "<>", "<=", ">=", "!~", "~*", "::", "&&", "=>", "+", "-", "*", "/",
       "%",   "=",   "<",  ">",  "~",  "(",  ")",  "[",  "]",  "{",  "}",  ",",  ".",  ";", ":", "!"});
  if (StartsWith("//")) {
    LexForeign();
    return;
  }
  for (const std::string_view symbol : kSymbols) {
    if (!StartsWith(symbol)) continue;
    const size_t start = pos_;
    pos_ += symbol.size();
    Push(TokenKind::kSymbol, start, std::string(symbol));
    return;
  }
  LexForeign();
}

/// Characters that mean something elsewhere, or nothing at all.
void Lexer::LexForeign() {
  const size_t start = pos_;
  const char c = Current();
  if (c == '#' || c == '/') {
    const size_t length = c == '#' ? 1 : 2;
    Diagnostic& error = diagnostics_->Error("E1001", {static_cast<int32_t>(start), static_cast<int32_t>(length)},
                                            fmt::format("unexpected character '{}'", c));
    error.hint = "a comment starts with --";
    error.fixes.push_back({"use --", {{error.span, "--"}}});
    SkipLine();
    return;
  }
  uint32_t point = 0;
  const int length = DecodeUtf8(text_.substr(start), &point);
  pos_ += std::max(length, 1);
  std::string shown(text_.substr(start, pos_ - start));
  if (c == '?' || c == '$') {
    while (c == '$' && NameCharacter(pos_) > 0) pos_ += NameCharacter(pos_);
    diagnostics_->Error("E1001", SpanFrom(start), fmt::format("unexpected character '{}'", c)).hint =
        "bind parameters are not part of the dialect; write the value itself, with CAST(x AS t) for its type";
    Push(TokenKind::kInvalid, start, "");
    return;
  }
  if (length == 0 || static_cast<unsigned char>(c) < 0x20) {
    shown = fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
  }
  Diagnostic& error = diagnostics_->Error("E1001", SpanFrom(start), fmt::format("unexpected character '{}'", shown));
  const bool space = point == 0xA0 || (point >= 0x2000 && point <= 0x200F) || point == 0x3000 || point == 0xFEFF;
  const bool quote = point >= 0x2018 && point <= 0x201F;
  if (space) {
    error.message = "unexpected character: an unusual kind of space";
    error.fixes.push_back({"use a plain space", {{error.span, " "}}});
    error.hint = "replace it with a plain space";
    return;
  }
  if (quote) {
    error.hint = "strings are written in plain quotes: 'text'";
    error.fixes.push_back({"use a plain quote", {{error.span, "'"}}});
  }
  Push(TokenKind::kInvalid, start, "");
}

void Lexer::SkipLine() {
  while (pos_ < text_.size() && text_[pos_] != '\n' && text_[pos_] != '\r') ++pos_;
}

}  // namespace

bool IsBareName(std::string_view text) {
  if (text.empty() || IsDigit(text[0]) || text[0] == '$') return false;
  for (size_t i = 0; i < text.size();) {
    uint32_t point = 0;
    const int length = DecodeUtf8(text.substr(i), &point);
    const bool ascii = IsLetter(text[i]) || IsDigit(text[i]) || text[i] == '_' || text[i] == '$';
    if (!ascii && (length < 2 || !IsLetterBeyondAscii(point))) return false;
    i += length;
  }
  return true;
}

LexedText Lex(std::string_view text, Diagnostics* diagnostics) { return Lexer(text, diagnostics).Run(); }

}  // namespace velo::sql
