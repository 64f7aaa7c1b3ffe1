// Cut and damaged texts: whatever stands there, the parser, the printer, the formatter and the highlighter come back
// with places inside the text.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "engine/sql/parser.h"
#include "engine/sql/printer.h"
#include "engine/sql/tokens.h"

namespace velo::sql {
namespace {

std::vector<std::string> Corpus() {
  std::vector<std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(VELO_SOURCE_DIR "/tests/parser")) {
    std::ifstream in(entry.path());
    bool sql = false;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("== ")) {
        texts.emplace_back();
        sql = true;
      } else if (line == "----") {
        sql = false;
      } else if (sql) {
        texts.back() += line + "\n";
      }
    }
  }
  return texts;
}

void Check(const std::string& text) {
  Diagnostics diagnostics;
  const Script script = ParseScript(text, &diagnostics);
  const int32_t size = static_cast<int32_t>(text.size());
  for (const Diagnostic& diagnostic : diagnostics.items()) {
    ASSERT_GE(diagnostic.span.offset, 0) << text;
    ASSERT_LE(diagnostic.span.end(), size) << text;
    for (const Fix& fix : diagnostic.fixes) {
      for (const TextEdit& edit : fix.edits) ASSERT_TRUE(edit.span.offset >= 0 && edit.span.end() <= size) << text;
    }
  }
  ASSERT_TRUE(diagnostics.has_errors() || script.statements.size() == script.spans.size()) << text;
  for (const StatementPtr& statement : script.statements) {
    const std::string printed = Print(*statement);
    Diagnostics again;
    const Script read = ParseScript(printed, &again);
    ASSERT_FALSE(again.has_errors()) << text << "\n" << printed << "\n" << again.items().front().message;
    ASSERT_EQ(read.statements.size(), 1u) << text << "\n" << printed;
    ASSERT_TRUE(SameStatement(*statement, *read.statements[0])) << text << "\n" << printed;
  }
  Diagnostics ignored;
  const std::string formatted = FormatScript(text, {}, &ignored);
  Diagnostics formatted_again;
  if (!ignored.has_errors()) {
    ASSERT_EQ(FormatScript(formatted, {}, &formatted_again), formatted) << text;
  }
  int32_t end = 0;
  for (const HighlightToken& token : Highlight(text)) {
    ASSERT_GE(token.span.offset, end) << text;
    end = token.span.end();
    ASSERT_LE(end, size) << text;
  }
}

TEST(Robustness, CutTexts) {
  for (const std::string& text : Corpus()) {
    for (size_t length = 0; length < text.size(); length += 3) Check(text.substr(0, length));
    if (HasFatalFailure()) return;
  }
}

TEST(Robustness, DamagedBytes) {
  std::mt19937 random(20250401);
  const std::string alphabet =
      "(),;'\"`-*/.:{}[]@#$%^&|!<>=~\\ \n\t\xff\xc3"
      "a5_";
  for (const std::string& text : Corpus()) {
    for (int round = 0; round < 20; ++round) {
      std::string damaged = text;
      for (size_t edits = 1 + random() % 3; edits > 0; --edits) {
        const size_t at = random() % damaged.size();
        const char c = alphabet[random() % alphabet.size()];
        if (random() % 3 == 0) {
          damaged.erase(at, 1 + random() % 5);
        } else if (random() % 2 == 0) {
          damaged.insert(at, 1, c);
        } else {
          damaged[at] = c;
        }
        if (damaged.empty()) damaged = " ";
      }
      Check(damaged);
    }
    if (HasFatalFailure()) return;
  }
}

TEST(Robustness, SwappedWords) {
  std::mt19937 random(7);
  for (const std::string& text : Corpus()) {
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    for (int round = 0; round < 10 && words.size() > 2; ++round) {
      std::swap(words[random() % words.size()], words[random() % words.size()]);
      std::string joined;
      for (const std::string& word : words) joined += word + " ";
      Check(joined);
    }
    if (HasFatalFailure()) return;
  }
}

TEST(Robustness, DeepAndLongTexts) {
  const auto repeat = [](std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  for (const std::string& text :
       {"SELECT " + repeat("(", 100'000) + "1", "SELECT " + repeat("NOT ", 100'000) + "a",
        "SELECT " + repeat("- ", 100'000) + "a", "SELECT a" + repeat(" + a", 100'000),
        "SELECT a" + repeat("[0]", 100'000), "SELECT a" + repeat(" IS NULL", 100'000),
        "SELECT " + repeat("f(", 100'000), "SELECT " + repeat("CASE WHEN ", 100'000),
        "SELECT a FROM " + repeat("(SELECT a FROM ", 50'000), repeat("EXPLAIN ", 100'000) + "SELECT 1",
        "SELECT CAST(a AS " + repeat("ARRAY<", 100'000), "SELECT " + repeat("[", 100'000),
        "SELECT a FROM t " + repeat("UNION SELECT a FROM t ", 2'000),
        "SELECT a FROM t WITH ('a' = " + repeat("[", 100'000), repeat("SELECT 1;", 5'000),
        "SELECT " + repeat("a, ", 20'000) + "a FROM t"}) {
    Diagnostics diagnostics;
    const Script script = ParseScript(text, &diagnostics);
    EXPECT_TRUE(diagnostics.has_errors() || !script.statements.empty());
  }
}

}  // namespace
}  // namespace velo::sql
