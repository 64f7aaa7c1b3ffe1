// Runs the conversations of tests/chat/*.txt against the planner. Format: tests/chat/README.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "assistant/language/language.h"

namespace velo::language {
namespace {

struct Expectation {
  std::string kind, value;
  bool alternative = false;
};

struct Item {
  std::string file, words;
  int line = 0;
  std::vector<Expectation> expected;
};

/// The world of one file: what its `source` and `column` lines declare.
class World {
 public:
  void Declare(const std::string& line) {
    std::istringstream in(line);
    std::string word;
    in >> word;
    if (word == "source") {
      Finish();
      in >> relation_.name;
      fact_.name = fact_.alias = relation_.name;
      fact_.type = "topic";
      while (in >> word) {
        if (word.starts_with("alias=")) fact_.alias = word.substr(6);
        if (word.starts_with("type=")) fact_.type = word.substr(5);
        if (word.starts_with("time=")) report_.event_time_candidates.push_back({word.substr(5), "iso8601", 0.9});
      }
      relation_.uri = relation_.name.find("://") == std::string::npos ? "topic://" + relation_.name : relation_.name;
      open_ = true;
      return;
    }
    DeclareColumn(line);
  }

  void Finish() {
    if (!open_) return;
    open_ = false;
    catalog_.Put(relation_);
    fact_.relation = std::make_shared<Relation>(relation_);
    fact_.report = std::make_shared<SchemaReport>(report_);
    situation.sources.push_back(fact_);
    relation_ = {};
    fact_ = {};
    report_ = {};
  }

  Situation situation;
  Catalog* catalog() { return &catalog_; }

 private:
  /// column "IMDB Rating" FLOAT values=a,b min=0 max=10
  void DeclareColumn(const std::string& line) {
    std::istringstream in(line);
    std::string word, type;
    in >> word;
    Column column;
    in >> std::ws;
    if (in.peek() == '"') {
      in.get();
      std::getline(in, column.name, '"');
    } else {
      in >> column.name;
    }
    in >> type;
    column.type = TypeOf(type);
    FieldReport field;
    field.name = column.name;
    field.type = column.type;
    std::string rest;
    std::getline(in, rest);
    std::vector<std::string> values;
    if (size_t at = rest.find("values="); at != std::string::npos) {
      std::istringstream list(rest.substr(at + 7));
      std::string value;
      while (std::getline(list, value, ',')) values.push_back(value);
      rest = rest.substr(0, at);
    }
    std::istringstream options(rest);
    while (options >> word) {
      if (word.starts_with("min=")) field.min = word.substr(4);
      if (word.starts_with("max=")) field.max = word.substr(4);
      if (word.starts_with("role=")) field.roles.push_back(word.substr(5));
    }
    if (!values.empty()) relation_.sample_values.emplace_back(column.name, values);
    relation_.schema.columns.push_back(column);
    report_.fields.push_back(field);
  }

  static SqlType TypeOf(const std::string& name) {
    if (name == "INTEGER") return TypeKind::kInteger;
    if (name == "FLOAT") return TypeKind::kFloat;
    if (name == "DECIMAL") return SqlType::Decimal(18, 4);
    if (name == "BOOLEAN") return TypeKind::kBoolean;
    if (name == "DATE") return TypeKind::kDate;
    if (name == "TIMESTAMP") return TypeKind::kTimestamp;
    return TypeKind::kString;
  }

  bool open_ = false;
  Relation relation_;
  SourceFact fact_;
  SchemaReport report_;
  MemoryCatalog catalog_;
};

std::string OneLine(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += c;
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string ArgumentText(const ArgumentValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&value)) return fmt::format("{}", *number);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  return fmt::format("{}", std::get<double>(value));
}

std::string CallsText(const Reply& reply) {
  std::string out;
  for (const ToolCall& call : reply.calls) {
    std::string arguments;
    for (const auto& [name, value] : call.arguments)
      arguments += (arguments.empty() ? "" : ", ") + name + "=" + ArgumentText(value);
    out += fmt::format("{}{}({})", out.empty() ? "" : "; ", call.tool, OneLine(arguments));
  }
  return out;
}

std::string Shown(const Reply& reply) {
  if (!reply.sql.empty()) return "sql " + OneLine(reply.sql);
  if (!reply.calls.empty()) return "call " + CallsText(reply);
  if (reply.question) {
    std::string options;
    for (const auto& option : reply.question->options) options += " / " + option.label;
    return "ask " + reply.question->question + options;
  }
  if (reply.not_understood) return "none " + reply.text;
  return "text " + reply.text;
}

bool Meets(const Reply& reply, const Expectation& expected) {
  const std::string& kind = expected.kind;
  if (kind == "sql") return OneLine(reply.sql) == OneLine(expected.value);
  if (kind == "sql~") return OneLine(reply.sql).find(OneLine(expected.value)) != std::string::npos;
  if (kind == "intent") return reply.intent == expected.value;
  if (kind == "call") return CallsText(reply) == expected.value;
  if (kind == "ask") return reply.question.has_value() && reply.question->options.size() >= 2;
  if (kind == "text")
    return reply.sql.empty() && reply.calls.empty() && !reply.not_understood &&
           reply.text.find(expected.value) != std::string::npos;
  if (kind == "none") return reply.not_understood;
  if (kind == "assumes")
    return std::any_of(reply.assumptions.begin(), reply.assumptions.end(),
                       [&](const Assumption& a) { return a.id == expected.value; });
  return false;
}

struct Score {
  int passed = 0, asked = 0, total = 0, refused_wrong = 0;
  std::vector<double> milliseconds;
  std::vector<std::string> failures;
  std::vector<std::string> silent;  ///< Sentences whose answer drops a word without saying so.
};

bool Names(const Reply& reply, const std::string& word) {
  return std::any_of(reply.assumptions.begin(), reply.assumptions.end(),
                     [&](const Assumption& assumption) { return assumption.text.find(word) != std::string::npos; });
}

/// A word that means nothing, at the end of a sentence that gave a query: the answer must be another one, or say that
/// the word was left out, or hold it (as a name or a value).
void CheckHonesty(const Item& item, World* world, Score* score) {
  static constexpr const char* kNonsense = "zorgblatt";
  const Reply reply = Understand(item.words + " " + kNonsense, world->situation, world->catalog(), BuiltinFunctions());
  const bool held = reply.sql.find(kNonsense) != std::string::npos;
  if (reply.sql.empty() || held || Names(reply, kNonsense)) return;
  score->silent.push_back(
      fmt::format("{}:{}: > {} {}\n    got  {}", item.file, item.line, item.words, kNonsense, OneLine(reply.sql)));
}

void Check(const Item& item, World* world, Score* score) {
  auto started = std::chrono::steady_clock::now();
  Reply reply = Understand(item.words, world->situation, world->catalog(), BuiltinFunctions());
  score->milliseconds.push_back(
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count());
  ++score->total;
  // Lines with "|" are alternatives to the line before them.
  bool all = true, group = false, open = false;
  for (const Expectation& expected : item.expected) {
    if (!expected.alternative) {
      if (open) all = all && group;
      group = false;
      open = true;
    }
    group = group || Meets(reply, expected);
  }
  if (open) all = all && group;
  if (all) {
    ++score->passed;
  } else {
    if (reply.question) ++score->asked;
    score->failures.push_back(fmt::format("{}:{}: > {}\n    got  {} [{} {:.2f}]\n    want {} {}", item.file, item.line,
                                          item.words, Shown(reply), reply.intent, reply.confidence,
                                          item.expected.empty() ? "" : item.expected[0].kind,
                                          item.expected.empty() ? "" : OneLine(item.expected[0].value)));
  }
  if (!reply.sql.empty()) {
    CheckHonesty(item, world, score);
    world->situation.focus_sql = reply.sql;
    world->situation.focus_artifact = "art_1";
    world->situation.can_undo = true;
    for (const SourceFact& source : world->situation.sources) {
      if (OneLine(reply.sql).find("FROM " + source.name + " ") != std::string::npos)
        world->situation.focus_source = source.name;
    }
  }
}

Score RunFile(const std::filesystem::path& path) {
  std::ifstream in(path);
  World world;
  Score score;
  std::string line;
  Item item;
  int number = 0;
  auto flush = [&] {
    if (!item.words.empty()) Check(item, &world, &score);
    item = {};
  };
  while (std::getline(in, line)) {
    ++number;
    if (line.starts_with("#") || line.empty()) continue;
    if (line.starts_with("source ") || line.starts_with("column ")) {
      flush();
      world.Declare(line);
    } else if (line == "world") {
      flush();
      world.Finish();
      world.situation = {};
    } else if (line.starts_with("conversation")) {
      flush();
      world.Finish();
      world.situation.focus_sql = world.situation.focus_source = world.situation.focus_artifact =
          world.situation.execution_id = "";
      world.situation.can_undo = false;
      if (line.size() > 13) world.situation.focus_source = line.substr(13);
    } else if (line.starts_with("> ")) {
      flush();
      world.Finish();
      item = {path.filename().string(), line.substr(2), number, {}};
    } else if (line.starts_with("= ") || line.starts_with("| ")) {
      size_t space = line.find(' ', 2);
      item.expected.push_back(
          {line.substr(2, space - 2), space == std::string::npos ? "" : line.substr(space + 1), line[0] == '|'});
    } else if (line.starts_with("  ") && !item.expected.empty()) {
      item.expected.back().value += "\n" + line;
    } else {
      ADD_FAILURE() << path << ":" << number << ": cannot read: " << line;
    }
  }
  flush();
  return score;
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void RunFolder(const char* folder, double required) {
  std::filesystem::path root = std::filesystem::path(VELO_SOURCE_DIR) / "tests/chat" / folder;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty());
  int passed = 0, total = 0, asked = 0;
  std::vector<double> times;
  std::string failures, silent;
  for (const auto& file : files) {
    Score score = RunFile(file);
    passed += score.passed;
    total += score.total;
    asked += score.asked;
    times.insert(times.end(), score.milliseconds.begin(), score.milliseconds.end());
    for (const std::string& failure : score.failures) failures += failure + "\n";
    for (const std::string& drop : score.silent) silent += drop + "\n";
    fmt::print("{}: {} of {}\n", file.filename().string(), score.passed, score.total);
  }
  fmt::print("{}: {} of {} sentences ({:.1f} %), {} of the others asked, median {:.2f} ms, slowest {:.2f} ms\n", folder,
             passed, total, 100.0 * passed / total, asked, Median(times),
             *std::max_element(times.begin(), times.end()));
  if (!failures.empty()) fmt::print("{}", failures);
  EXPECT_EQ(silent, "") << "words dropped in silence";
  EXPECT_GE(passed, required * total);
  EXPECT_LT(Median(times), 20.0);
}

TEST(ChatTexts, EverySentenceOfTheDevelopmentSetIsUnderstood) { RunFolder("development", 1.0); }

TEST(ChatTexts, UnseenSentencesAreMostlyUnderstood) { RunFolder("unseen", 0.97); }

}  // namespace
}  // namespace velo::language
