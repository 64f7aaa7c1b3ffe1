#include "assistant/conversation/tool_sentences.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace velo::conversation {

namespace {

using nlohmann::json;

std::string Text(const json& object, const char* field) {
  auto found = object.is_object() ? object.find(field) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int64_t Number(const json& object, const char* field) {
  if (!object.is_object()) return 0;
  auto found = object.find(field);
  return found != object.end() && found->is_number() ? found->get<int64_t>() : 0;
}

std::string Grouped(int64_t value) {
  std::string digits = fmt::format("{}", value), out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0 && digits[i - 1] != '-') out += ',';
    out += digits[i];
  }
  return out;
}

std::string Counted(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", Grouped(count), noun, count == 1 ? "" : "s");
}

std::string Capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string ShortName(const std::string& name) {
  size_t slash = name.find_last_of('/');
  return name.find("://") == std::string::npos || slash == std::string::npos || slash + 1 == name.size()
             ? name
             : name.substr(slash + 1);
}

std::string Connected(const json& result) {
  std::string alias = Text(result, "alias");
  std::string format = Text(result, "format");
  const json details = result.value("details", json::object());
  int64_t files = Number(details, "files_matched");
  std::string text = fmt::format("Connected {}", alias.empty() ? Text(result, "uri") : alias);
  if (files > 0)
    text += fmt::format(": {}{}{}", format.empty() ? "" : format + ", ", Counted(files, "file"), "");
  else if (!format.empty())
    text += ": " + format;
  return text + ".";
}

std::string Described(const json& result) {
  std::vector<std::string> names;
  for (const json& column : result.value("columns", json::array())) names.push_back(Text(column, "name"));
  std::string name = Text(result, "topic");
  if (name.empty()) name = ShortName(Text(result, "name"));
  std::string list;
  for (size_t i = 0; i < names.size() && i < 8; ++i)
    list += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  if (names.size() > 8) list += " and more";
  std::string text =
      names.empty() ? fmt::format("{} has no rows yet, so its columns are not known.", name)
                    : fmt::format("{} has {}: {}.", name, Counted(static_cast<int64_t>(names.size()), "column"), list);
  for (const json& warning : result.value("warnings", json::array())) {
    if (warning.is_string()) text += fmt::format(" Note: {}.", warning.get<std::string>());
  }
  return text;
}

std::string Listed(const json& result, std::string_view noun) {
  int64_t total = Number(result, "total");
  if (total == 0) return fmt::format("There are no {}s.", noun);
  std::string text =
      total == 1 ? fmt::format("There is one {}", noun) : fmt::format("There are {}", Counted(total, noun));
  const json topics = result.value("topics", json::array());
  if (total == 1 && topics.size() == 1) {
    return fmt::format("The topic {} holds {}.", Text(topics[0], "name"),
                       Counted(Number(topics[0], "total_messages"), "message"));
  }
  return text + ".";
}

std::string Peeked(const json& result, const json& arguments, bool messages) {
  int64_t count = Number(result, "total_returned");
  std::string name = Text(result, "topic");
  if (name.empty()) name = ShortName(Text(result, "name"));
  if (name.empty()) name = ShortName(Text(arguments, "uri"));
  if (count == 0) return fmt::format("{} is empty.", name);
  bool from_end = arguments.is_object() && arguments.value("from_end", messages);
  return fmt::format("{} {} of {}.", from_end ? "The last" : "The first", Counted(count, messages ? "message" : "row"),
                     name);
}

std::string Validated(const json& result) {
  std::string summary = Text(result, "summary");
  if (result.value("valid", false)) return summary.empty() ? "Valid streaming SQL." : "Valid streaming SQL. " + summary;
  const json error = result.value("error", json());
  std::string text = "The SQL has an error";
  if (int64_t line = Number(error, "line"); line > 0) text += fmt::format(" in line {}", line);
  text += ": " + Text(error, "message") + ".";
  if (std::string hint = Text(error, "hint"); !hint.empty())
    text += fmt::format(" {}{}", Capitalised(hint), hint.ends_with('.') ? "" : ".");
  return text;
}

/// What each statement of a script did, a sentence each; empty for a single query, which is its rows.
std::string ScriptSentences(const json& statements) {
  const bool one_query = statements.size() == 1 && Text(statements[0], "message").find(' ') == std::string::npos;
  const bool rows_only = statements.size() == 1 && Text(statements[0], "kind") == "select";
  if (statements.empty() || one_query || rows_only) return "";
  std::string text;
  for (const json& statement : statements) {
    std::string said = Text(statement, "message");
    if (const json error = statement.value("error", json()); error.is_object()) {
      said = fmt::format("Statement {} failed: {}", Number(statement, "number"), Text(error, "message"));
    } else if (said.empty()) {
      said = Counted(Number(statement, "row_count"), "row");
    }
    text += (text.empty() ? "" : " ") + Capitalised(said) + (said.ends_with('.') ? "" : ".");
  }
  return text;
}

std::string Executed(const json& result) {
  if (std::string script = ScriptSentences(result.value("statements", json::array())); !script.empty()) return script;
  const json metadata = result.value("metadata", json::object());
  bool live = metadata.value("is_streaming", false) && Text(result, "state") == "running";
  if (live) return "The query runs live. New rows appear as they arrive.";
  int64_t rows = Number(metadata, "row_count");
  const json diagnosis = result.value("diagnosis", json());
  if (rows == 0) {
    std::string why = Text(diagnosis, "text");
    return why.empty() ? "The query gave no rows." : "The query gave no rows. " + why;
  }
  return fmt::format("{} in {} ms.", Counted(rows, "row"), Number(metadata, "execution_time_ms"));
}

/// "WindowAggregate" as people write it: "Window aggregate".
std::string OperatorWords(std::string_view name) {
  std::string words;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool capital = name[i] >= 'A' && name[i] <= 'Z';
    const bool whole_word = capital && i + 1 < name.size();
    if (capital && i > 0) words += ' ';
    words += i > 0 && whole_word ? static_cast<char>(name[i] - 'A' + 'a') : name[i];
  }
  return words;
}

std::string Explained(const json& result) {
  std::string text = Text(result, "summary");
  for (const json& step : result.value("steps", json::array())) {
    std::string name = Text(step, "operator"), detail = Text(step, "detail");
    if (name.empty()) name = Text(step, "operator_");
    text += fmt::format("\n- **{}**: {}", OperatorWords(name), detail);
  }
  for (const json& note : result.value("watch_out", json::array())) {
    if (note.is_string()) text += fmt::format("\n\nWatch out: {}.", note.get<std::string>());
  }
  return text;
}

}  // namespace

std::string SentenceFor(std::string_view tool, const std::string& arguments_json, const std::string& result_json) {
  json result = json::parse(result_json, nullptr, false);
  json arguments = json::parse(arguments_json, nullptr, false);
  if (result.is_discarded() || !result.is_object()) return {};
  if (tool == "connect_source") return Connected(result);
  if (tool == "inspect_source" || tool == "inspect_topic") return Described(result);
  if (tool == "list_topics") return Listed(result, "topic");
  if (tool == "list_sources") return Listed(result, "source");
  if (tool == "peek_source" || tool == "peek_messages") return Peeked(result, arguments, tool == "peek_messages");
  if (tool == "validate_sql") return Validated(result);
  if (tool == "execute_query") return Executed(result);
  if (tool == "explain_sql") return Explained(result);
  if (tool == "generate_sql") return Text(result, "explanation");
  if (tool == "cancel_query") return "The query is stopped.";
  return {};
}

std::string SentenceForFailure(const Status& status) {
  const ErrorInfo& error = status.error();
  if (error.kind == ErrorKind::kBug) return "Something went wrong inside, which is our fault. Please try again.";
  std::string text = error.message;
  if (!text.empty() && text.back() != '.') text += '.';
  if (!error.hint.empty()) {
    text += " " + Capitalised(error.hint);
    if (text.back() != '.' && text.back() != '?') text += '.';
  }
  return text;
}

std::vector<language::FollowUp> CuresFor(const Status& status, const std::string& message) {
  std::vector<language::FollowUp> cures;
  for (const auto& [key, value] : status.error().details) {
    if (key != "near" && key != "candidates") continue;
    json names = json::parse(value, nullptr, false);
    std::vector<std::string> near;
    if (names.is_array()) {
      for (const json& name : names) {
        if (name.is_string()) near.push_back(name.get<std::string>());
      }
    } else if (!value.empty()) {
      size_t from = 0;
      while (from <= value.size()) {
        size_t comma = value.find(',', from);
        std::string name = value.substr(from, comma == std::string::npos ? std::string::npos : comma - from);
        name.erase(0, name.find_first_not_of(' '));
        if (!name.empty()) near.push_back(name);
        if (comma == std::string::npos) break;
        from = comma + 1;
      }
    }
    for (const std::string& name : near) {
      bool path = name.find('/') != std::string::npos;
      if (cures.size() < 4) cures.push_back({name, path ? "open " + name : "what does " + name + " look like"});
    }
  }
  if (cures.empty() && status.error().retryable) cures.push_back({"Try again", message});
  if (cures.empty()) cures.push_back({"What topics do I have?", "what topics do I have"});
  return cures;
}

}  // namespace velo::conversation
