#include <algorithm>
#include <vector>

#include "engine/sql/lexer.h"
#include "engine/sql/printer.h"
#include "engine/sql/words.h"

namespace velo::sql {
namespace {

/// Tokens of statements with more pairs than this to compare are matched from both ends only.
constexpr size_t kMaxPairs = 4'000'000;

std::string KeyOf(const Token& token) {
  if (token.kind == TokenKind::kSymbol) return token.text == "==" ? "=" : token.text == "<>" ? "!=" : token.text;
  return token.kind == TokenKind::kString ? "'" + token.text : UpperCase(token.text);
}

/// For each token as written, the index of the same token as printed, or -1: a longest common subsequence.
std::vector<int> Align(const std::vector<Token>& written, const std::vector<Token>& printed) {
  std::vector<int> match(written.size(), -1);
  std::vector<std::string> a, b;
  for (const Token& token : written) a.push_back(KeyOf(token));
  for (const Token& token : printed) b.push_back(KeyOf(token));
  size_t head = 0;
  for (; head < a.size() && head < b.size() && a[head] == b[head]; ++head) match[head] = static_cast<int>(head);
  size_t tail = 0;
  for (; tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]; ++tail) {
    match[a.size() - 1 - tail] = static_cast<int>(b.size() - 1 - tail);
  }
  const size_t rows = a.size() - head - tail;
  const size_t columns = b.size() - head - tail;
  if (rows == 0 || columns == 0 || rows * columns > kMaxPairs) return match;
  std::vector<int> longest((rows + 1) * (columns + 1), 0);
  const auto at = [&](size_t i, size_t j) -> int& { return longest[i * (columns + 1) + j]; };
  for (size_t i = rows; i-- > 0;) {
    for (size_t j = columns; j-- > 0;) {
      at(i, j) = a[head + i] == b[head + j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
    }
  }
  for (size_t i = 0, j = 0; i < rows && j < columns;) {
    if (a[head + i] == b[head + j]) {
      match[head + i++] = static_cast<int>(head + j++);
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      ++i;
    } else {
      ++j;
    }
  }
  return match;
}

/// Tokens of clauses that changed places are not in the common subsequence; each takes the first free equal token.
void MatchMoved(const std::vector<Token>& written, const std::vector<Token>& printed, std::vector<int>* match) {
  std::vector<bool> taken(printed.size(), false);
  for (const int index : *match) {
    if (index >= 0) taken[index] = true;
  }
  std::vector<std::string> keys;
  for (const Token& token : printed) keys.push_back(KeyOf(token));
  for (size_t i = 0; i < written.size(); ++i) {
    if ((*match)[i] >= 0) continue;
    const std::string key = KeyOf(written[i]);
    for (size_t j = 0; (*match)[i] < 0 && j < keys.size(); ++j) {
      if (taken[j] || keys[j] != key) continue;
      (*match)[i] = static_cast<int>(j);
      taken[j] = true;
    }
  }
}

class Formatter {
 public:
  Formatter(std::string_view text, const PrintOptions& options, const Script& script, const LexedText& lexed)
      : text_(text), options_(options), script_(script), lexed_(lexed) {}

  std::string Run();

 private:
  std::string CommentText(const Comment& comment) const;
  bool NewLineBetween(int32_t from, int32_t to) const { return CountLines(from, to) > 0; }
  int CountLines(int32_t from, int32_t to) const;
  void CommentsBetween(int32_t from, int32_t to);
  std::string StatementText(size_t index);
  std::string Weave(const std::string& printed, SourceSpan span, const std::vector<const Comment*>& comments);

  std::string_view text_;
  const PrintOptions& options_;
  const Script& script_;
  const LexedText& lexed_;
  std::string out_;
  std::vector<std::string> tail_;  ///< Comments that came to stand after the last token, to go behind the semicolon.
};

std::string Formatter::CommentText(const Comment& comment) const {
  std::string text(text_.substr(comment.span.offset, comment.span.length));
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.pop_back();
  return text.starts_with('@') ? "-- " + text : text;
}

int Formatter::CountLines(int32_t from, int32_t to) const {
  int lines = 0;
  for (int32_t i = from; i < to; ++i) {
    if (text_[i] == '\n' || (text_[i] == '\r' && (i + 1 >= to || text_[i + 1] != '\n'))) ++lines;
  }
  return lines;
}

/// Writes the comments between two statements, each where it stood: at the end of a line or on lines of its own.
void Formatter::CommentsBetween(int32_t from, int32_t to) {
  int32_t previous = from;
  bool on_line_comment = !tail_.empty();
  for (const Comment& comment : script_.comments) {
    if (comment.span.offset < from || comment.span.offset >= to) continue;
    const int lines = CountLines(previous, comment.span.offset);
    const bool after_statement = previous == from && !out_.empty();
    if (out_.empty()) {
      // Nothing stands before it.
    } else if (lines == 0) {
      out_ += on_line_comment ? '\n' : ' ';
    } else {
      out_ += lines > 1 || after_statement ? "\n\n" : "\n";
    }
    out_ += CommentText(comment);
    on_line_comment = comment.line;
    previous = comment.span.end();
  }
  if (out_.empty() || to >= static_cast<int32_t>(text_.size())) return;
  const bool had_comment = previous != from;
  out_ += had_comment && CountLines(previous, to) <= 1 ? "\n" : "\n\n";
}

/// Puts the comments of a statement beside the tokens they stood beside.
std::string Formatter::Weave(const std::string& printed, SourceSpan span, const std::vector<const Comment*>& comments) {
  std::vector<Token> written;
  for (const Token& token : lexed_.tokens) {
    if (token.kind != TokenKind::kEnd && token.span.offset >= span.offset && token.span.end() <= span.end())
      written.push_back(token);
  }
  Diagnostics ignored;
  LexedText again = Lex(printed, &ignored);
  again.tokens.pop_back();
  const std::vector<Token>& tokens = again.tokens;
  std::vector<int> match = Align(written, tokens);
  MatchMoved(written, tokens, &match);

  struct Placed {
    std::string text;
    bool line;
  };
  std::vector<std::vector<Placed>> before(tokens.size()), after(tokens.size());
  for (const Comment* comment : comments) {
    size_t next = 0;
    while (next < written.size() && written[next].span.offset < comment->span.offset) ++next;
    const bool trailing = next > 0 && !NewLineBetween(written[next - 1].span.end(), comment->span.offset);
    Placed placed{CommentText(*comment), comment->line};
    if (trailing) {
      size_t at = next - 1;
      while (at > 0 && match[at] < 0) --at;
      size_t place = static_cast<size_t>(std::max(match[at], 0));
      if (placed.line && place + 1 < tokens.size() && tokens[place + 1].Is(",")) ++place;
      if (place + 1 == tokens.size()) {
        tail_.push_back(std::move(placed.text));
      } else {
        after[place].push_back(std::move(placed));
      }
    } else {
      while (next < written.size() && match[next] < 0) ++next;
      if (next == written.size()) {
        tail_.push_back(std::move(placed.text));
      } else {
        before[match[next]].push_back(std::move(placed));
      }
    }
  }

  std::string out;
  const auto break_line = [&](int32_t offset) {
    while (!out.empty() && out.back() == ' ') out.pop_back();
    if (!out.empty() && out.back() == '\n') out.pop_back();
    const size_t line_start = offset == 0 ? 0 : printed.rfind('\n', offset - 1) + 1;
    const size_t indent = printed.find_first_not_of(' ', line_start) - line_start;
    const bool starts_line = line_start + indent == static_cast<size_t>(offset);
    const bool select = SameWord(std::string_view(printed).substr(line_start + indent, 7), "SELECT ");
    out += "\n" + std::string(starts_line ? indent : indent + (select ? 7 : 2), ' ');
  };
  int32_t copied = 0;
  bool pending_break = false;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const int32_t start = tokens[i].span.offset;
    const std::string gap = printed.substr(copied, start - copied);
    if (!before[i].empty() || (pending_break && gap.find('\n') == std::string::npos)) {
      for (const Placed& comment : before[i]) {
        break_line(start);
        out += comment.text;
      }
      break_line(start);
    } else {
      out += gap;
    }
    out += printed.substr(start, tokens[i].span.length);
    copied = tokens[i].span.end();
    pending_break = false;
    for (const Placed& comment : after[i]) {
      out += " " + comment.text;
      pending_break = pending_break || comment.line;
    }
  }
  return out;
}

std::string Formatter::StatementText(size_t index) {
  const SourceSpan span = script_.spans[index];
  std::string printed = Print(*script_.statements[index], options_);
  std::vector<const Comment*> inside;
  for (const Comment& comment : script_.comments) {
    if (comment.span.offset > span.offset && comment.span.end() <= span.end()) inside.push_back(&comment);
  }
  return inside.empty() ? printed : Weave(printed, span, inside);
}

std::string Formatter::Run() {
  int32_t previous_end = 0;
  for (size_t i = 0; i < script_.statements.size(); ++i) {
    const SourceSpan span = script_.spans[i];
    CommentsBetween(previous_end, span.offset);
    tail_.clear();
    out_ += StatementText(i);
    previous_end = span.end();
    const bool ended = std::any_of(lexed_.tokens.begin(), lexed_.tokens.end(), [&](const Token& token) {
      return token.Is(";") && token.span.offset >= previous_end;
    });
    if (ended || i + 1 < script_.statements.size()) out_ += ";";
    for (const std::string& comment : tail_) out_ += (&comment == &tail_.front() ? " " : "\n") + comment;
  }
  CommentsBetween(previous_end, static_cast<int32_t>(text_.size()));
  if (text_.ends_with('\n')) out_ += '\n';
  return std::move(out_);
}

}  // namespace

std::string FormatScript(std::string_view text, const PrintOptions& options, Diagnostics* diagnostics) {
  Diagnostics found;
  const Script script = ParseScript(text, &found);
  if (found.has_errors()) {
    diagnostics->AddAll(found.Take());
    return std::string(text);
  }
  Diagnostics ignored;
  const LexedText lexed = Lex(text, &ignored);
  return Formatter(text, options, script, lexed).Run();
}

}  // namespace velo::sql
