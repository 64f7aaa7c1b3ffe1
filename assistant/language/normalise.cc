#include "assistant/language/normalise.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/lexicon.h"
#include "engine/base/near_names.h"

namespace velo::language {

namespace {

constexpr int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

bool IsWordByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

/// Typographic signs that people's keyboards make of plain ones.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kPlainSigns = {{{"\u2018", "'"},
                                                                                        {"\u2019", "'"},
                                                                                        {"\u201c", "\""},
                                                                                        {"\u201d", "\""},
                                                                                        {"\u201e", "\""},
                                                                                        {"\u2013", "-"},
                                                                                        {"\u2014", " - "},
                                                                                        {"\u2212", "-"},
                                                                                        {"\u00a0", " "},
                                                                                        {"\u2026", " "},
                                                                                        {"\u2265", ">="},
                                                                                        {"\u2264", "<="},
                                                                                        {"\u2260", "!="},
                                                                                        {"\u00d7", "*"},
                                                                                        {"\u20ac", "$"},
                                                                                        {"\u00a3", "$"}}};

std::string MakePlain(std::string_view message) {
  std::string out;
  out.reserve(message.size());
  for (size_t i = 0; i < message.size();) {
    bool replaced = false;
    if ((message[i] & 0x80) != 0) {
      for (const auto& [sign, plain] : kPlainSigns) {
        if (message.substr(i, sign.size()) == sign) {
          out += plain;
          i += sign.size();
          replaced = true;
          break;
        }
      }
    }
    if (!replaced) out += message[i++];
  }
  return out;
}

std::string PlainDigits(double value) {
  if (value == std::floor(value) && std::abs(value) < 9e15) return fmt::format("{}", static_cast<int64_t>(value));
  return fmt::format("{}", value);
}

/// Cuts one message into tokens, left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<Token> Run() {
    while (at_ < text_.size()) {
      if (IsSpace(text_[at_])) {
        ++at_;
        glue_ = false;
        continue;
      }
      if (ScanUri() || ScanPath() || ScanQuoted() || ScanNumber() || ScanWord()) continue;
      ScanSymbol();
    }
    return std::move(tokens_);
  }

 private:
  void Push(Token::Kind kind, size_t end) {
    Token token;
    token.kind = kind;
    token.begin = at_;
    token.end = end;
    token.raw = std::string(text_.substr(at_, end - at_));
    token.text = kind == Token::Kind::kWord ? ToLower(token.raw) : token.raw;
    token.stem = kind == Token::Kind::kWord ? Singular(token.text) : token.text;
    token.glued = glue_;
    tokens_.push_back(std::move(token));
    at_ = end;
    glue_ = false;
  }

  size_t EndOfBlackText(size_t from) const {
    size_t end = from;
    while (end < text_.size() && !IsSpace(text_[end]) && text_[end] != '\'' && text_[end] != '"' && text_[end] != ';') {
      ++end;
    }
    while (end > from && (text_[end - 1] == ',' || text_[end - 1] == '.' || text_[end - 1] == '?' ||
                          text_[end - 1] == '!' || text_[end - 1] == ')' || text_[end - 1] == ':')) {
      --end;
    }
    return end;
  }

  bool ScanUri() {
    size_t end = at_;
    while (end < text_.size() && (IsWordByte(text_[end]) || text_[end] == '+')) ++end;
    if (end == at_ || text_.substr(end, 3) != "://") return false;
    Push(Token::Kind::kUri, EndOfBlackText(at_));
    return true;
  }

  /// Absolute and relative paths, and bare names with the extension of a data file: /in/*.csv, ./logs, ~/x, trades.csv.
  bool ScanPath() {
    std::string_view rest = text_.substr(at_);
    bool rooted =
        rest.size() > 1 &&
        ((rest[0] == '/' && (IsWordByte(rest[1]) || rest[1] == '*') && (at_ == 0 || !IsWordByte(text_[at_ - 1]))) ||
         rest.substr(0, 2) == "./" || rest.substr(0, 3) == "../" || rest.substr(0, 2) == "~/");
    size_t end = EndOfBlackText(at_);
    std::string_view word = text_.substr(at_, end - at_);
    if (!rooted && !HasDataExtension(word)) return false;
    if (end == at_) return false;
    Push(Token::Kind::kPath, end);
    return true;
  }

  static bool HasDataExtension(std::string_view word) {
    std::string lower = ToLower(word);
    for (std::string_view packed : {".gz", ".zst"}) {
      if (lower.ends_with(packed)) lower.erase(lower.size() - packed.size());
    }
    for (std::string_view extension :
         {".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".arrow", ".avro", ".orc"}) {
      if (lower.size() > extension.size() && lower.ends_with(extension)) return true;
    }
    return false;
  }

  bool ScanQuoted() {
    char quote = text_[at_];
    if (quote != '\'' && quote != '"' && quote != '`') return false;
    // An apostrophe inside a word (don't) does not open a quotation.
    if (quote == '\'' && at_ > 0 && IsWordByte(text_[at_ - 1])) return false;
    size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos || end == at_ + 1) return false;
    size_t begin = at_;
    Push(Token::Kind::kQuoted, end + 1);
    tokens_.back().text = std::string(text_.substr(begin + 1, end - begin - 1));
    tokens_.back().stem = ToLower(tokens_.back().text);
    return true;
  }

  bool ScanNumber() {
    size_t begin = at_;
    size_t i = at_;
    bool money = false;
    if (text_[i] == '$') {
      money = true;
      ++i;
    }
    bool negative = i < text_.size() && text_[i] == '-' && i + 1 < text_.size() && IsDigit(text_[i + 1]) &&
                    (i == 0 || IsSpace(text_[i - 1]) || text_[i - 1] == '(');
    if (negative) ++i;
    size_t digits = i;
    while (i < text_.size() && (IsDigit(text_[i]) || (text_[i] == ',' && IsThousands(i)))) ++i;
    if (i + 1 < text_.size() && text_[i] == '.' && IsDigit(text_[i + 1])) {
      ++i;
      while (i < text_.size() && IsDigit(text_[i])) ++i;
    }
    if (i == digits) return false;
    // Dates (2024-01-31) stay one quoted value.
    if (i - digits == 4 && i + 5 < text_.size() && text_[i] == '-' && IsDigit(text_[i + 1]) && IsDigit(text_[i + 2]) &&
        text_[i + 3] == '-' && IsDigit(text_[i + 4])) {
      size_t end = i + 4;
      while (end < text_.size() &&
             (IsDigit(text_[end]) || text_[end] == ':' || text_[end] == 'T' || text_[end] == 'Z' ||
              (text_[end] == '.' && end + 1 < text_.size() && IsDigit(text_[end + 1])))) {
        ++end;
      }
      Push(Token::Kind::kQuoted, end);
      return true;
    }
    std::string plain;
    for (char c : text_.substr(digits, i - digits)) {
      if (c != ',') plain += c;
    }
    double value = std::strtod(plain.c_str(), nullptr);
    if (negative) value = -value;
    FinishNumber(begin, i, value, plain, negative, money);
    return true;
  }

  bool IsThousands(size_t comma) const {
    return comma + 3 < text_.size() + 0 && comma > 0 && IsDigit(text_[comma - 1]) && IsDigit(text_[comma + 1]) &&
           IsDigit(text_[comma + 2]) && IsDigit(text_[comma + 3]) &&
           (comma + 4 >= text_.size() || !IsDigit(text_[comma + 4]));
  }

  /// Reads what follows the digits: a scale (1M, 5k), a percent sign, a unit of time (5m, 5-minute, 5 min), an ordinal.
  void FinishNumber(size_t begin, size_t end, double value, const std::string& plain, bool negative, bool money) {
    size_t i = end;
    size_t word = i;
    if (word < text_.size() && (text_[word] == '-' || text_[word] == ' ')) ++word;
    size_t stop = word;
    while (stop < text_.size() && std::isalpha(static_cast<unsigned char>(text_[stop])) != 0) ++stop;
    std::string unit = ToLower(text_.substr(word, stop - word));
    bool attached = word == i;
    bool upper = attached && stop > word && std::isupper(static_cast<unsigned char>(text_[word])) != 0;
    double scale = 0;
    if (attached || unit == "million" || unit == "thousand" || unit == "billion") scale = ScaleOf(unit);
    int64_t length = money ? 0 : UnitMilliseconds(unit);
    if (length > 0 && !attached && unit.size() < 2) length = 0;
    if (unit == "second" && !attached && value == 1) length = kSecond;
    at_ = begin;
    if (length > 0 && !(upper && unit == "m")) {
      Push(Token::Kind::kDuration, stop);
      tokens_.back().milliseconds = static_cast<int64_t>(std::llround(value * static_cast<double>(length)));
      tokens_.back().digits = plain;
      if (unit == "m") SetNumber(value * 1e6, PlainDigits(value * 1e6));
      return;
    }
    if (scale > 0 && stop > word) {
      Push(Token::Kind::kNumber, stop);
      SetNumber(value * scale, PlainDigits(value * scale));
      return;
    }
    bool percent = i < text_.size() && text_[i] == '%';
    if (!percent && (unit == "percent" || unit == "pct")) percent = true;
    if (percent) {
      Push(Token::Kind::kNumber, text_[i] == '%' ? i + 1 : stop);
      SetNumber(value, (negative ? "-" : "") + plain);
      tokens_.back().percent = true;
      return;
    }
    bool ordinal = attached && (unit == "th" || unit == "st" || unit == "nd" || unit == "rd");
    if (attached && stop > word && !ordinal) {
      // "2xx", "500ers": a word that starts with digits.
      while (stop < text_.size() && IsWordByte(text_[stop])) ++stop;
      Push(Token::Kind::kWord, stop);
      return;
    }
    Push(Token::Kind::kNumber, ordinal ? stop : i);
    SetNumber(value, (negative ? "-" : "") + plain);
  }

  static double ScaleOf(std::string_view unit) {
    if (unit == "k" || unit == "thousand") return 1e3;
    if (unit == "m" || unit == "mio" || unit == "mn" || unit == "million") return 1e6;
    if (unit == "b" || unit == "bn" || unit == "billion") return 1e9;
    return 0;
  }

  void SetNumber(double value, std::string digits) {
    tokens_.back().number = value;
    tokens_.back().digits = std::move(digits);
    tokens_.back().has_number = true;
  }

  bool ScanWord() {
    size_t end = at_;
    while (end < text_.size() && IsWordByte(text_[end])) ++end;
    if (end == at_) return false;
    size_t begin = at_;
    Push(Token::Kind::kWord, end);
    // Endings after an apostrophe: "what's", "don't", "users'".
    if (end < text_.size() && text_[end] == '\'') {
      size_t tail = end + 1;
      while (tail < text_.size() && IsWordByte(text_[tail])) ++tail;
      std::string ending = ToLower(text_.substr(end + 1, tail - end - 1));
      if (ending == "t" && tokens_.back().text.ends_with("n")) tokens_.back().text += "t";
      if (ending == "s" && (tokens_.back().text == "what" || tokens_.back().text == "who")) tokens_.back().text += "s";
      if (ending.size() <= 2) at_ = tail;
      tokens_.back().end = at_;
      tokens_.back().raw = std::string(text_.substr(begin, at_ - begin));
      tokens_.back().stem = Singular(tokens_.back().text);
    }
    return true;
  }

  void ScanSymbol() {
    char c = text_[at_];
    bool inside = at_ > 0 && at_ + 1 < text_.size() && IsWordByte(text_[at_ - 1]) && IsWordByte(text_[at_ + 1]);
    if ((c == '-' || c == '_' || c == '.') && inside) {
      ++at_;
      glue_ = true;
      return;
    }
    for (std::string_view two : {">=", "<=", "!=", "<>", "=="}) {
      if (text_.substr(at_, 2) == two) {
        Push(Token::Kind::kSymbol, at_ + 2);
        return;
      }
    }
    // Sentence marks carry no meaning for the grammar, except the comma, which separates the items of a list.
    if (c == '.' || c == '?' || c == '!' || c == '\'' || c == '"' || c == '`' || c == ';' || c == ':') {
      ++at_;
      return;
    }
    Push(Token::Kind::kSymbol, at_ + 1);
  }

  std::string_view text_;
  size_t at_ = 0;
  bool glue_ = false;
  std::vector<Token> tokens_;
};

void MakeNumber(double value, Token* token) {
  token->kind = Token::Kind::kNumber;
  token->number = value;
  token->digits = PlainDigits(value);
  token->has_number = true;
}

/// Joins what people write as several words: "half an hour", "five minutes", "a couple of minutes", "1.5 million".
std::vector<Token> JoinSpokenNumbers(std::vector<Token> tokens) {
  std::vector<Token> out;
  auto merge = [&](size_t first, size_t last, Token::Kind kind) {
    Token token = tokens[first];
    token.kind = kind;
    token.end = tokens[last].end;
    token.text = token.raw = "";
    out.push_back(std::move(token));
  };
  for (size_t i = 0; i < tokens.size(); ++i) {
    Token& token = tokens[i];
    auto word = [&](size_t k) -> std::string_view {
      return i + k < tokens.size() && tokens[i + k].is_word() ? std::string_view(tokens[i + k].text) : "";
    };
    if (token.is_word() && token.text == "half" && (word(1) == "an" || word(1) == "a") &&
        UnitMilliseconds(word(2)) > 0) {
      merge(i, i + 2, Token::Kind::kDuration);
      out.back().milliseconds = UnitMilliseconds(tokens[i + 2].text) / 2;
      i += 2;
      continue;
    }
    bool quarter = token.is_word() && token.text == "quarter";
    size_t hour = word(1) == "of" ? 3 : word(1) == "an" ? 2 : 1;
    if (quarter && (word(hour) == "hour" || word(hour) == "hours")) {
      merge(i, i + hour, Token::Kind::kDuration);
      out.back().milliseconds = kHour / 4;
      i += hour;
      continue;
    }
    bool couple = token.is_word() && token.text == "couple";
    double number = token.is_word() ? (couple ? 2 : NumberWord(token.text)) : -1;
    if (number >= 0) {
      size_t next = couple && word(1) == "of" ? 2 : 1;
      if (number < 100 && number >= 20 && NumberWord(word(next)) > 0 && NumberWord(word(next)) < 10) {
        number += NumberWord(word(next++));
      }
      if (word(next) == "hundred" && number < 100) number *= 100, ++next;
      if (word(next) == "thousand") number *= 1000, ++next;
      if (word(next) == "million") number *= 1e6, ++next;
      if (UnitMilliseconds(word(next)) > 0 && word(next).size() > 2 && !word(next).ends_with("ly")) {
        merge(i, i + next, Token::Kind::kDuration);
        out.back().milliseconds = static_cast<int64_t>(number * static_cast<double>(UnitMilliseconds(word(next))));
        out.back().digits = PlainDigits(number);
        i += next;
        continue;
      }
      // "one" and "second" are often pronouns and ordinals; they count only next to something countable.
      if (token.text != "one" || next > 1) {
        size_t last = i + next - 1;
        token.end = tokens[last].end;
        MakeNumber(number, &token);
        out.push_back(token);
        i = last;
        continue;
      }
    }
    out.push_back(token);
  }
  return out;
}

}  // namespace

std::string ToLower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

int64_t UnitMilliseconds(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, int64_t>, 34> kUnits = {{{"ms", 1},
                                                                                   {"millisecond", 1},
                                                                                   {"milliseconds", 1},
                                                                                   {"s", kSecond},
                                                                                   {"sec", kSecond},
                                                                                   {"secs", kSecond},
                                                                                   {"second", kSecond},
                                                                                   {"seconds", kSecond},
                                                                                   {"m", kMinute},
                                                                                   {"min", kMinute},
                                                                                   {"mins", kMinute},
                                                                                   {"minute", kMinute},
                                                                                   {"minutes", kMinute},
                                                                                   {"minutely", kMinute},
                                                                                   {"h", kHour},
                                                                                   {"hr", kHour},
                                                                                   {"hrs", kHour},
                                                                                   {"hour", kHour},
                                                                                   {"hours", kHour},
                                                                                   {"hourly", kHour},
                                                                                   {"d", kDay},
                                                                                   {"day", kDay},
                                                                                   {"days", kDay},
                                                                                   {"daily", kDay},
                                                                                   {"w", 7 * kDay},
                                                                                   {"week", 7 * kDay},
                                                                                   {"weeks", 7 * kDay},
                                                                                   {"weekly", 7 * kDay},
                                                                                   {"month", 30 * kDay},
                                                                                   {"months", 30 * kDay},
                                                                                   {"quarter", 90 * kDay},
                                                                                   {"year", 365 * kDay},
                                                                                   {"years", 365 * kDay},
                                                                                   {"fortnight", 14 * kDay}}};
  for (const auto& [name, length] : kUnits) {
    if (name == word) return length;
  }
  return 0;
}

double NumberWord(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, double>, 31> kNumbers = {
      {{"zero", 0},       {"one", 1},       {"two", 2},       {"three", 3},     {"four", 4},     {"five", 5},
       {"six", 6},        {"seven", 7},     {"eight", 8},     {"nine", 9},      {"ten", 10},     {"eleven", 11},
       {"twelve", 12},    {"dozen", 12},    {"thirteen", 13}, {"fourteen", 14}, {"fifteen", 15}, {"sixteen", 16},
       {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19}, {"twenty", 20},   {"thirty", 30},  {"forty", 40},
       {"fifty", 50},     {"sixty", 60},    {"seventy", 70},  {"eighty", 80},   {"ninety", 90},  {"hundred", 100},
       {"thousand", 1000}}};
  for (const auto& [name, value] : kNumbers) {
    if (name == word) return value;
  }
  return -1;
}

std::string_view Sentence::Slice(size_t first, size_t last) const {
  if (first >= tokens.size() || last >= tokens.size() || last < first) return {};
  return std::string_view(words).substr(tokens[first].begin, tokens[last].end - tokens[first].begin);
}

Sentence Normalise(std::string_view message) {
  Sentence sentence;
  sentence.words = MakePlain(message);
  sentence.tokens = JoinSpokenNumbers(Scanner(sentence.words).Run());
  return sentence;
}

void RepairSpelling(const std::vector<std::string>& vocabulary, Sentence* sentence) {
  for (Token& token : sentence->tokens) {
    if (!token.is_word() || token.text.size() < 4 || InLexicon(token.text) || InLexicon(token.stem)) continue;
    if (IsRoleWord(token.text) || IsRoleWord(token.stem)) continue;
    // Names in capitals are values (tickers, country codes), not misspelt words.
    if (token.raw.size() <= 5 &&
        std::all_of(token.raw.begin(), token.raw.end(), [](unsigned char c) { return std::isupper(c) != 0; })) {
      continue;
    }
    const int allowed = token.text.size() >= 8 ? 2 : 1;
    int best = allowed + 1;
    std::string found;
    auto consider = [&](std::string_view word) {
      if (word.size() < 4 || word[0] != token.text[0]) return true;
      if (word == token.text || word == token.stem) return false;
      // "press" of "press-1" is no misspelt "press1".
      if (word.starts_with(token.text) &&
          word.find_first_not_of("0123456789", token.text.size()) == std::string_view::npos)
        return true;
      if (word.size() + 2 < token.text.size() || word.size() > token.text.size() + 2) return true;
      int distance = EditDistance(word, token.text);
      if (distance < best) {
        best = distance;
        found = word;
      }
      return true;
    };
    bool unknown = true;
    for (const std::string& word : vocabulary) unknown = unknown && consider(word);
    if (unknown) {
      for (std::string_view word : RepairableWords()) unknown = unknown && consider(word);
    }
    if (!unknown || best > allowed) continue;
    token.text = found;
    token.stem = Singular(found);
    token.repaired = true;
  }
}

bool FindSql(std::string_view message, std::string* sql, std::string* lead_in) {
  std::string_view text = message;
  size_t fence = text.find("```");
  if (fence != std::string_view::npos) {
    *lead_in = std::string(text.substr(0, fence));
    text.remove_prefix(fence + 3);
    size_t close = text.find("```");
    if (close != std::string_view::npos) text = text.substr(0, close);
    if (ToLower(text.substr(0, 3)) == "sql") text.remove_prefix(3);
    *sql = std::string(text);
    return true;
  }
  // Bare SQL starts with a statement word and has the clause that goes with it; "select all from orders" is English
  // too, so a SELECT needs a star, a bracket, a comma or an upper-case FROM.
  std::string lower = ToLower(text);
  auto starts_statement = [&](size_t at) {
    auto is = [&](std::string_view word) { return lower.compare(at, word.size(), word) == 0; };
    std::string_view raw = text.substr(at);
    bool sql_signs = raw.find("FROM") != std::string_view::npos || raw.find('*') != std::string_view::npos ||
                     raw.find('(') != std::string_view::npos || raw.find(';') != std::string_view::npos;
    if (is("select ") || is("select\n")) {
      return (lower.find(" from ", at) != std::string::npos || lower.find("\nfrom ", at) != std::string::npos ||
              raw.find('(') != std::string_view::npos) &&
             (sql_signs || raw.substr(0, 6) == "SELECT");
    }
    if (is("with ")) return lower.find(" as (", at) != std::string::npos && sql_signs;
    if (is("create stream ") || is("create table ") || is("create or replace "))
      return raw.substr(0, 6) == "CREATE" || sql_signs;
    if (is("insert into ")) return true;
    if (is("start job ") || is("deploy job ")) return raw.substr(0, 3) == "STA" || raw.substr(0, 3) == "DEP";
    return is("-- ") || is("--@");
  };
  size_t first = lower.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return false;
  for (size_t at = first; at < lower.size(); ++at) {
    bool boundary = at == first || lower[at - 1] == '\n' ||
                    (lower[at - 1] == ' ' && at >= 2 && (lower[at - 2] == ':' || lower[at - 2] == '?'));
    if (!boundary || !starts_statement(at)) continue;
    *lead_in = std::string(text.substr(0, at));
    *sql = std::string(text.substr(at));
    return true;
  }
  return false;
}

}  // namespace velo::language
