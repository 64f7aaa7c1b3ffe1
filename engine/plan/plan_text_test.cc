// Runs the text files of tests/plans: *.explain.txt hold queries and their EXPLAIN, *.findings.txt one text a line with
// the finding it must give. VELO_UPDATE=1 rewrites the EXPLAIN files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "engine/base/source_span.h"
#include "engine/plan/plan_fixture.h"
#include "engine/sql/lexer.h"
#include "engine/sql/parser.h"

namespace velo {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> Files(std::string_view suffix) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(VELO_SOURCE_DIR) / "tests/plans")) {
    if (entry.path().filename().string().ends_with(suffix)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

ScriptReport Analyse(std::string_view sql, Diagnostics* diagnostics) {
  MemoryCatalog catalog;
  FillTestCatalog(&catalog);
  return AnalyseScript(sql, &catalog, BuiltinFunctions(), diagnostics);
}

std::string PlaceOf(const Diagnostic& diagnostic, std::string_view sql) {
  const LineColumn at = LineIndex(sql).Locate(std::max(0, diagnostic.span.offset));
  return fmt::format("{} @ {}:{}", diagnostic.code, at.line, at.column);
}

std::string Unescape(std::string_view line) {
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == 'n') {
      text += '\n';
      ++i;
    } else {
      text += line[i];
    }
  }
  return text;
}

/// One line: "E2102 @ 1:8   SELECT ...". An error must be the first error; a warning must be among the findings of a
/// valid text, also one with the code of an error ("warning E3010 @ 1:8"); "valid" means no error at all, "clean" no
/// warning either.
void CheckLine(const std::string& line, const std::string& where) {
  const size_t gap = line.find("   ");
  ASSERT_NE(gap, std::string::npos) << where;
  std::string wanted = line.substr(0, gap);
  const bool as_warning = wanted.starts_with("warning ");
  if (as_warning) wanted.erase(0, 8);
  const std::string sql = Unescape(std::string_view(line).substr(line.find_first_not_of(' ', gap)));
  Diagnostics diagnostics;
  const ScriptReport report = Analyse(sql, &diagnostics);
  std::string all;
  std::vector<std::string> errors, others;
  for (const Diagnostic& found : diagnostics.items()) {
    all += RenderDiagnostic(found, sql, "text");
    (found.severity == Severity::kError ? errors : others).push_back(PlaceOf(found, sql));
    EXPECT_FALSE(found.message.empty());
  }
  if (wanted == "valid") {
    EXPECT_TRUE(report.valid) << where << ": " << sql << "\n" << all;
  } else if (wanted == "clean") {
    EXPECT_TRUE(report.valid && diagnostics.items().empty()) << where << ": " << sql << "\n" << all;
  } else if (wanted[0] == 'E' && !as_warning) {
    EXPECT_FALSE(report.valid) << where << ": " << sql;
    ASSERT_FALSE(errors.empty()) << where << ": " << sql << "\nwanted " << wanted;
    EXPECT_EQ(errors.front(), wanted) << where << ": " << sql << "\n" << all;
  } else {
    EXPECT_TRUE(report.valid) << where << ": " << sql << "\n" << all;
    EXPECT_NE(std::find(others.begin(), others.end(), wanted), others.end())
        << where << ": " << sql << "\nwanted " << wanted << "\n"
        << all;
  }
}

TEST(PlanTexts, FindingsHaveTheirCodeAndPlace) {
  size_t lines = 0, wrong = 0;
  for (const fs::path& path : Files(".findings.txt")) {
    std::istringstream in(ReadAll(path));
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      if (line.empty() || line[0] == '#') continue;
      CheckLine(line, fmt::format("{}:{}", path.filename().string(), number));
      ++lines;
      wrong += line[0] == 'E' ? 1 : 0;
    }
  }
  EXPECT_GE(wrong, 150u);
  EXPECT_GT(lines, wrong);
}

std::string WithEdits(std::string text, std::vector<TextEdit> edits) {
  std::sort(edits.begin(), edits.end(),
            [](const TextEdit& a, const TextEdit& b) { return a.span.offset > b.span.offset; });
  for (const TextEdit& edit : edits) {
    text.replace(static_cast<size_t>(edit.span.offset), static_cast<size_t>(edit.span.length), edit.text);
  }
  return text;
}

size_t CountOf(const Diagnostics& diagnostics, const std::string& code) {
  return static_cast<size_t>(std::count_if(diagnostics.items().begin(), diagnostics.items().end(),
                                           [&](const Diagnostic& found) { return found.code == code; }));
}

// Whatever fix is offered for a wrong text: the text with it parses no worse than before, and what was found is gone.
TEST(PlanTexts, EveryFixMendsWhatItIsOfferedFor) {
  size_t fixes = 0;
  for (const fs::path& path : Files(".findings.txt")) {
    std::istringstream in(ReadAll(path));
    std::string line;
    while (std::getline(in, line)) {
      if (line.empty() || line[0] == '#') continue;
      const std::string sql = Unescape(std::string_view(line).substr(line.find_first_not_of(' ', line.find("   "))));
      Diagnostics diagnostics;
      Analyse(sql, &diagnostics);
      for (const Diagnostic& found : diagnostics.items()) {
        for (const Fix& fix : found.fixes) {
          const std::string fixed = WithEdits(sql, fix.edits);
          Diagnostics after, syntax;
          Analyse(fixed, &after);
          sql::ParseScript(fixed, &syntax);
          ++fixes;
          EXPECT_FALSE(fix.title.empty()) << sql;
          EXPECT_LT(CountOf(after, found.code), CountOf(diagnostics, found.code))
              << path.filename() << ": " << sql << "\nfix: " << fixed << "\n"
              << found.message;
          EXPECT_EQ(syntax.error_count(), 0u) << sql << "\nfix: " << fixed;
        }
      }
    }
  }
  EXPECT_GT(fixes, 100u);
}

// Texts that are nearly right: a token is missing, doubled, or has taken the place of another. Whatever they mean, they
// are bound or refused, every finding and fix stands inside the text, and what is bound has an EXPLAIN.
TEST(PlanTexts, TextsThatAreNearlyRightAreBoundOrRefusedInPlace) {
  std::vector<std::string> texts;
  for (const fs::path& path : Files(".findings.txt")) {
    std::istringstream in(ReadAll(path));
    for (std::string line; std::getline(in, line);) {
      if (line.empty() || line[0] == '#') continue;
      texts.push_back(Unescape(std::string_view(line).substr(line.find_first_not_of(' ', line.find("   ")))));
    }
  }
  std::mt19937 random(20250404);
  const auto any_of = [&random](size_t count) { return static_cast<size_t>(random() % count); };
  size_t bound = 0, refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string text = texts[any_of(texts.size())];
    Diagnostics ignored;
    const sql::LexedText lexed = sql::Lex(text, &ignored);
    if (lexed.tokens.size() < 3) continue;
    const SourceSpan one = lexed.tokens[any_of(lexed.tokens.size() - 1)].span;
    const SourceSpan other = lexed.tokens[any_of(lexed.tokens.size() - 1)].span;
    const auto part = [&text](SourceSpan span) {
      return text.substr(static_cast<size_t>(span.offset), static_cast<size_t>(span.length));
    };
    const std::string instead[] = {"", part(one) + " " + part(one), part(other)};
    text.replace(static_cast<size_t>(one.offset), static_cast<size_t>(one.length), instead[any_of(3)]);
    Diagnostics diagnostics;
    const ScriptReport report = Analyse(text, &diagnostics);
    const auto is_inside = [&text](SourceSpan span) {
      return span.offset >= 0 && span.length >= 0 && span.end() <= static_cast<int32_t>(text.size());
    };
    for (const Diagnostic& found : diagnostics.items()) {
      EXPECT_TRUE(is_inside(found.span)) << text << "\n" << found.code << " " << found.message;
      for (const Fix& fix : found.fixes) {
        for (const TextEdit& edit : fix.edits) EXPECT_TRUE(is_inside(edit.span)) << text << "\n" << fix.title;
      }
    }
    for (const StatementReport& statement : report.statements) {
      if (statement.prepared == nullptr) continue;
      EXPECT_FALSE(ExplainPlan(*statement.prepared).empty()) << text;
    }
    ++(report.valid ? bound : refused);
  }
  EXPECT_GT(bound, 200u);
  EXPECT_GT(refused, 1000u);
}

TEST(PlanTexts, ExplainReadsAsWritten) {
  const bool update = std::getenv("VELO_UPDATE") != nullptr;
  size_t cases = 0;
  for (const fs::path& path : Files(".explain.txt")) {
    const std::string text = ReadAll(path);
    std::string rewritten;
    std::istringstream in(text);
    std::string line, sql, expected;
    bool in_plan = false;
    auto finish = [&] {
      if (sql.empty()) return;
      ++cases;
      Diagnostics diagnostics;
      const ScriptReport report = Analyse(sql, &diagnostics);
      std::string actual;
      for (const Diagnostic& found : diagnostics.items()) actual += PlaceOf(found, sql) + "\n";
      for (const StatementReport& statement : report.statements) {
        if (!statement.summary.empty()) actual += statement.summary + "\n";
        if (statement.prepared != nullptr) actual += ExplainPlan(*statement.prepared);
      }
      if (update) {
        rewritten += sql + "----\n" + actual + "\n";
      } else {
        EXPECT_EQ(actual, expected) << path.filename() << ": " << sql;
      }
      sql.clear();
      expected.clear();
      in_plan = false;
    };
    while (std::getline(in, line)) {
      if (line.starts_with("#")) {
        rewritten += line + "\n";
      } else if (line == "----") {
        in_plan = true;
      } else if (line.empty() && in_plan) {
        finish();
      } else if (!line.empty()) {
        (in_plan ? expected : sql) += line + "\n";
      }
    }
    finish();
    if (update) std::ofstream(path) << rewritten;
  }
  EXPECT_GT(cases, 20u);
}

}  // namespace
}  // namespace velo
