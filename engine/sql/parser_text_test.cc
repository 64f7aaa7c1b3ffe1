// Runs the cases of tests/parser/*.txt. A case is
//   == name
//   SQL
//   ----
//   what is expected
// where the expectation lists the diagnostics, "CODE line:column message" (the message may be left out), each
// optionally followed by "  hint: ..." and "  fix: ..." (the text after applying the first fix), and then the accepted
// statements as the printer writes them, ended by ";" when there are several. VELO_UPDATE=1 rewrites the expectations.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/sql/lexer.h"
#include "engine/sql/parser.h"
#include "engine/sql/printer.h"
#include "engine/sql/tokens.h"

namespace velo::sql {
namespace {

struct TextCase {
  std::string file, name, sql, expected;
};

std::vector<std::filesystem::path> CaseFiles() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(VELO_SOURCE_DIR "/tests/parser")) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<TextCase> ReadCases(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<TextCase> cases;
  bool expectation = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("== ")) {
      cases.push_back({path.filename().string(), line.substr(3), "", ""});
      expectation = false;
    } else if (line == "----") {
      expectation = true;
    } else if (!cases.empty()) {
      (expectation ? cases.back().expected : cases.back().sql) += line + "\n";
    }
  }
  for (TextCase& item : cases) {
    for (std::string* text : {&item.sql, &item.expected}) {
      while (!text->empty() && text->back() == '\n') text->pop_back();
    }
  }
  return cases;
}

std::vector<TextCase> AllCases() {
  std::vector<TextCase> all;
  for (const auto& file : CaseFiles()) {
    for (TextCase& item : ReadCases(file)) all.push_back(std::move(item));
  }
  return all;
}

std::string ApplyFirstFix(std::string text, const Diagnostic& diagnostic) {
  if (diagnostic.fixes.empty()) return "";
  std::vector<TextEdit> edits = diagnostic.fixes.front().edits;
  std::sort(edits.begin(), edits.end(),
            [](const TextEdit& a, const TextEdit& b) { return a.span.offset > b.span.offset; });
  for (const TextEdit& edit : edits) text.replace(edit.span.offset, edit.span.length, edit.text);
  return text;
}

std::string PrintScript(const Script& script) {
  std::string out;
  for (const StatementPtr& statement : script.statements) {
    out += Print(*statement) + (script.statements.size() > 1 ? ";\n" : "\n");
  }
  if (!out.empty()) out.pop_back();
  return out;
}

/// What the parser says about a case, with as much detail as the expectation has.
std::string Actual(const TextCase& item) {
  Diagnostics diagnostics;
  const Script script = ParseScript(item.sql, &diagnostics);
  const LineIndex index(item.sql);
  std::istringstream expected(item.expected);
  std::vector<std::string> lines;
  for (std::string line; std::getline(expected, line);) lines.push_back(line);
  size_t at = 0;
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics.items()) {
    const LineColumn place = index.Locate(diagnostic.span.offset);
    const std::string head = fmt::format("{} {}:{}", diagnostic.code, place.line, place.column);
    out += at < lines.size() && lines[at] == head ? head + "\n" : fmt::format("{} {}\n", head, diagnostic.message);
    const bool all = at >= lines.size();
    ++at;
    if ((all && !diagnostic.hint.empty()) || (at < lines.size() && lines[at].starts_with("  hint: "))) {
      out += "  hint: " + diagnostic.hint + "\n";
      ++at;
    }
    if (at < lines.size() && lines[at].starts_with("  fix: ")) {
      out += "  fix: " + ApplyFirstFix(item.sql, diagnostic) + "\n";
      ++at;
    }
  }
  out += PrintScript(script);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

TEST(ParserText, GivesTheWrittenTreesAndDiagnostics) {
  const bool update = std::getenv("VELO_UPDATE") != nullptr;
  size_t count = 0;
  for (const auto& file : CaseFiles()) {
    std::string rewritten;
    for (const TextCase& item : ReadCases(file)) {
      const std::string actual = Actual(item);
      EXPECT_TRUE(update || actual == item.expected) << item.file << ": " << item.name << "\n"
                                                     << item.sql << "\n---- expected\n"
                                                     << item.expected << "\n---- actual\n"
                                                     << actual;
      rewritten += fmt::format("== {}\n{}\n----\n{}\n\n", item.name, item.sql, actual);
      ++count;
    }
    if (update) std::ofstream(file) << rewritten;
  }
  EXPECT_GE(count, 250u);
}

// Every statement of `sql` that parses is printed and read again, in all layouts. Returns how many there were.
size_t CheckPrinting(const std::string& sql) {
  Diagnostics diagnostics;
  const Script script = ParseScript(sql, &diagnostics);
  for (const StatementPtr& statement : script.statements) {
    EXPECT_TRUE(SameStatement(*statement, *Clone(*statement))) << sql;
    for (const bool clause_per_line : {true, false}) {
      for (const int width : {100, 30}) {
        const std::string printed = Print(*statement, {width, clause_per_line, width == 100});
        Diagnostics again;
        const Script read = ParseScript(printed, &again);
        EXPECT_FALSE(again.has_errors()) << sql << "\n" << printed;
        if (read.statements.size() != 1) {
          ADD_FAILURE() << sql << "\n" << printed;
          continue;
        }
        EXPECT_TRUE(SameStatement(*statement, *read.statements.front())) << sql << "\n" << printed;
        EXPECT_EQ(Print(*read.statements.front(), {width, clause_per_line, width == 100}), printed);
      }
    }
  }
  return script.statements.size();
}

TEST(ParserText, PrintedTreesReadBackTheSame) {
  size_t statements = 0;
  for (const TextCase& item : AllCases()) statements += CheckPrinting(item.sql);
  EXPECT_GE(statements, 150u);
}

// The same for the SQL of the language tests (blocks after "query", "script", "run" ...) and of the examples.
TEST(ParserText, TheSqlOfAllTestsAndExamplesReadsBackTheSame) {
  size_t statements = 0;
  for (const char* folder : {"tests/sql", "examples"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(VELO_SOURCE_DIR "/") + folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".test" && extension != ".sql") continue;
      std::ifstream in(entry.path());
      std::string block;
      bool in_block = extension == ".sql";
      for (std::string line; std::getline(in, line);) {
        if (extension == ".sql") {
          block += line + "\n";
        } else if (in_block && (line.empty() || line == "----")) {
          statements += CheckPrinting(block);
          block.clear();
          in_block = false;
        } else if (in_block) {
          block += line + "\n";
        } else {
          const std::string word = line.substr(0, line.find(' '));
          in_block = word == "query" || word == "script" || word == "run" || word == "statement" || word == "refused";
        }
      }
      statements += CheckPrinting(block);
    }
  }
  EXPECT_GE(statements, 1000u);
}

}  // namespace
}  // namespace velo::sql
