#include "engine/plan/properties/config_text.h"

namespace velo::plan {

namespace {

Status BadLine(int32_t line, std::string_view problem, std::string_view hint) {
  return Status::User("E3006", fmt::format("line {}: {}", line, problem), std::string(hint));
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> LinesOf(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// Cuts a "# comment" off, which begins a line or follows a blank and stands in no quotes.
std::string_view WithoutComment(std::string_view line) {
  char quote = '\0';
  for (size_t i = 0; i < line.size(); ++i) {
    if (quote != '\0') {
      if (line[i] == quote) quote = '\0';
    } else if ((line[i] == '"' || line[i] == '\'') && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '[')) {
      quote = line[i];
    } else if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

Result<std::string> ScalarOf(std::string_view text, int32_t line) {
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'')) {
    if (text.back() != text.front()) return BadLine(line, "a quote is not closed", "close it on the same line");
    std::string value;
    const bool doubled = text.front() == '\'';
    for (size_t i = 1; i + 1 < text.size(); ++i) {
      const bool escapes = doubled ? text.substr(i, 2) == "''" : text[i] == '\\';
      if (escapes && i + 2 < text.size()) ++i;
      value.push_back(text[i]);
    }
    return value;
  }
  for (std::string_view beyond : {"|", ">", "&", "*", "!", "{"}) {
    if (text.starts_with(beyond)) {
      return BadLine(line, fmt::format("'{}' is more YAML than a config file may use", beyond),
                     "write a plain or quoted value, a list in brackets, or nested keys");
    }
  }
  if (text.starts_with('[')) {
    if (!text.ends_with(']')) return BadLine(line, "a list is not closed", "close it on the same line with ]");
    return std::string(text);
  }
  return text == "~" || text == "null" ? std::string() : std::string(text);
}

class YamlReader {
 public:
  Result<std::vector<ConfigEntry>> Read(std::string_view text) {
    int32_t number = 0;
    for (std::string_view raw : LinesOf(text)) {
      ++number;
      const std::string_view line = WithoutComment(raw);
      const std::string_view content = Trimmed(line);
      if (content.empty() || content == "---") continue;
      size_t indent = 0;
      while (line[indent] == ' ') ++indent;
      if (line[indent] == '\t') return BadLine(number, "a tab in the indentation", "indent with blanks");
      VELO_RETURN_IF_ERROR(ReadLine(indent, content, number));
    }
    return std::move(entries_);
  }

 private:
  struct Level {
    size_t indent = 0;
    std::string key;  ///< From the top, with dots.
    int32_t line = 0;
  };

  Status ReadLine(size_t indent, std::string_view content, int32_t number) {
    if (content == "-" || content.starts_with("- ")) return ReadItem(indent, Trimmed(content.substr(1)), number);
    while (!levels_.empty() && levels_.back().indent >= indent) levels_.pop_back();
    const size_t colon = FindColon(content);
    if (colon == std::string_view::npos) {
      return BadLine(number, fmt::format("'{}' is no 'key: value'", content), "put a colon and a blank after the key");
    }
    std::string_view name = Trimmed(content.substr(0, colon));
    if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'')) name = name.substr(1, name.size() - 2);
    if (name.empty()) return BadLine(number, "a key is missing before the colon", "write key: value");
    std::string key = (levels_.empty() ? "" : levels_.back().key + ".") + std::string(name);
    const std::string_view value = Trimmed(content.substr(colon + 1));
    if (value.empty()) {
      levels_.push_back({indent, std::move(key), number});
      return Status::OK();
    }
    VELO_ASSIGN_OR_RETURN(std::string scalar, ScalarOf(value, number));
    entries_.push_back({std::move(key), std::move(scalar), number});
    return Status::OK();
  }

  // Items may stand under their key or one level below it.
  Status ReadItem(size_t indent, std::string_view item, int32_t number) {
    while (!levels_.empty() && levels_.back().indent > indent) levels_.pop_back();
    if (levels_.empty() || FindColon(item) != std::string_view::npos) {
      return BadLine(number, "a list item needs a key above it and a plain value", "write key: [a, b]");
    }
    VELO_ASSIGN_OR_RETURN(const std::string value, ScalarOf(item, number));
    const std::string& key = levels_.back().key;
    if (!entries_.empty() && entries_.back().key == key) {
      entries_.back().value += "," + value;
    } else {
      entries_.push_back({key, value, number});
    }
    return Status::OK();
  }

  static size_t FindColon(std::string_view content) {
    const size_t start = content.starts_with('"') || content.starts_with('\'')
                             ? std::min(content.find(content.front(), 1), content.size())
                             : 0;
    for (size_t i = start; i < content.size(); ++i) {
      if (content[i] == ':' && (i + 1 == content.size() || content[i + 1] == ' ')) return i;
    }
    return std::string_view::npos;
  }

  std::vector<Level> levels_;  ///< Keys without a value that the next lines may stand under.
  std::vector<ConfigEntry> entries_;
};

}  // namespace

Result<std::vector<ConfigEntry>> ReadYaml(std::string_view text) { return YamlReader().Read(text); }

Result<std::vector<ConfigEntry>> ReadPropertiesText(std::string_view text) {
  std::vector<ConfigEntry> entries;
  std::string joined;
  int32_t number = 0, first = 0;
  for (std::string_view raw : LinesOf(text)) {
    ++number;
    std::string_view line = Trimmed(raw);
    if (joined.empty()) {
      if (line.empty() || line.front() == '#' || line.front() == '!') continue;
      first = number;
    }
    const bool goes_on = line.ends_with('\\');
    if (goes_on) line.remove_suffix(1);
    joined += line;
    if (goes_on) continue;
    const size_t cut = joined.find_first_of("=:");
    if (cut == std::string::npos || Trimmed(std::string_view(joined).substr(0, cut)).empty()) {
      return BadLine(first, fmt::format("'{}' is no 'key = value'", joined), "put = between the key and the value");
    }
    entries.push_back({std::string(Trimmed(std::string_view(joined).substr(0, cut))),
                       std::string(Trimmed(std::string_view(joined).substr(cut + 1))), first});
    joined.clear();
  }
  return entries;
}

}  // namespace velo::plan
