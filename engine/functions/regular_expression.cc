#include "engine/functions/regular_expression.h"

#include <arrow/compute/api_scalar.h>
#include <arrow/compute/exec.h>
#include <fmt/format.h>

namespace velo {
namespace {

constexpr std::string_view kPatternHint = "Patterns follow RE2: no look-around and no back-references.";

Result<arrow::Datum> CallPattern(const std::string& function, const arrow::Datum& text,
                                 const arrow::compute::FunctionOptions& options, std::string_view pattern) {
  VELO_RETURN_IF_ERROR(InitialiseArrow());
  auto result = arrow::compute::CallFunction(function, {text}, &options);
  if (result.ok()) return std::move(result).ValueUnsafe();
  if (!result.status().IsInvalid()) return FromArrow(result.status());
  std::string reason = result.status().message();
  constexpr std::string_view kPrefix = "Invalid regular expression: ";
  if (reason.starts_with(kPrefix)) reason.erase(0, kPrefix.size());
  return Status::User("E2310", fmt::format("invalid regular expression '{}': {}", pattern, reason),
                      std::string(kPatternHint));
}

// Position after "(" of every capture group.
std::vector<size_t> GroupStarts(std::string_view pattern) {
  std::vector<size_t> starts;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      // A bracket right at the start stands for itself.
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') ++i;
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') ++i;
    } else if (c == '(') {
      const std::string_view rest = pattern.substr(i + 1);
      const bool named =
          rest.starts_with("?P<") || (rest.starts_with("?<") && !rest.starts_with("?<=") && !rest.starts_with("?<!"));
      if (!rest.starts_with("?") || named) starts.push_back(i + 1);
    }
  }
  return starts;
}

std::string_view GroupName(std::string_view pattern, size_t start) {
  const std::string_view rest = pattern.substr(start);
  if (!rest.starts_with("?")) return {};
  const size_t from = rest.find('<');
  const size_t to = rest.find('>');
  return from == std::string_view::npos || to == std::string_view::npos ? std::string_view()
                                                                        : rest.substr(from + 1, to - from - 1);
}

// The replacement in RE2's own notation, where only \0 to \9 are special.
std::string RewriteReplacement(std::string_view replacement, std::string_view pattern) {
  const std::vector<std::string> groups = CaptureGroups(pattern);
  std::string out;
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  for (size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    const char next = i + 1 < replacement.size() ? replacement[i + 1] : '\0';
    if ((c == '$' || c == '\\') && next >= '0' && next <= '9') {
      if (static_cast<size_t>(next - '0') <= groups.size()) out.append({'\\', next});
      ++i;
    } else if (c == '$' && is_word(next)) {
      size_t end = i + 1;
      while (end < replacement.size() && is_word(replacement[end])) ++end;
      const auto found = std::find(groups.begin(), groups.end(), replacement.substr(i + 1, end - i - 1));
      if (found != groups.end()) out += fmt::format("\\{}", found - groups.begin() + 1);
      i = end - 1;
    } else if (c == '\\') {
      out.append("\\\\");
      if (next == '\\') ++i;
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

std::string PatternWithFlags(std::string_view pattern, std::string_view flags) {
  std::string kept;
  for (const char flag : flags) {
    if ((flag == 'i' || flag == 's' || flag == 'm') && kept.find(flag) == std::string::npos) kept.push_back(flag);
  }
  return kept.empty() ? std::string(pattern) : fmt::format("(?{}){}", kept, pattern);
}

Status CheckPattern(std::string_view pattern) { return MatchPattern(arrow::Datum(""), std::string(pattern)).status(); }

std::vector<std::string> CaptureGroups(std::string_view pattern) {
  std::vector<std::string> names;
  for (const size_t start : GroupStarts(pattern)) names.emplace_back(GroupName(pattern, start));
  return names;
}

Result<arrow::Datum> MatchPattern(const arrow::Datum& text, const std::string& pattern) {
  return CallPattern("match_substring_regex", text, arrow::compute::MatchSubstringOptions(pattern), pattern);
}

Result<arrow::Datum> ReplacePattern(const arrow::Datum& text, const std::string& pattern, std::string_view replacement,
                                    int64_t most) {
  const arrow::compute::ReplaceSubstringOptions options(pattern, RewriteReplacement(replacement, pattern), most);
  return CallPattern("replace_substring_regex", text, options, pattern);
}

Result<arrow::Datum> ExtractGroup(const arrow::Datum& text, const std::string& pattern, int group) {
  // The kernel gives named groups only: the wanted one gets a name, the others stay groups so that numbers hold.
  constexpr std::string_view kName = "velo_group";
  std::string named;
  const auto starts = GroupStarts(pattern);
  if (group == 0) {
    named = fmt::format("(?P<{}>", kName);
    size_t done = 0;
    for (const size_t start : starts) {
      named += pattern.substr(done, start - done);
      done = start;
      const std::string_view name = GroupName(pattern, start);
      if (!name.empty()) done = pattern.find('>', start) + 1;
      named += "?:";
    }
    named += pattern.substr(done) + ")";
  } else if (static_cast<size_t>(group) > starts.size()) {
    return Status::User("E2310", fmt::format("pattern '{}' has no group {}", pattern, group),
                        "Group 0 is the whole match.");
  } else {
    size_t done = 0;
    for (size_t i = 0; i < starts.size(); ++i) {
      named += pattern.substr(done, starts[i] - done);
      done = starts[i];
      if (!GroupName(pattern, starts[i]).empty()) done = pattern.find('>', starts[i]) + 1;
      named += i + 1 == static_cast<size_t>(group) ? fmt::format("?P<{}>", kName) : "?:";
    }
    named += pattern.substr(done);
  }
  VELO_ASSIGN_OR_RETURN(const arrow::Datum found,
                        CallPattern("extract_regex", text, arrow::compute::ExtractRegexOptions(named), pattern));
  if (found.is_scalar()) {
    const auto& fields = static_cast<const arrow::StructScalar&>(*found.scalar());
    return fields.is_valid ? arrow::Datum(fields.value[0]) : arrow::Datum(arrow::MakeNullScalar(arrow::utf8()));
  }
  const auto fields = std::static_pointer_cast<arrow::StructArray>(found.make_array());
  VELO_ASSIGN_OR_RETURN_ARROW(auto column, fields->GetFlattenedField(0));
  return arrow::Datum(std::move(column));
}

}  // namespace velo
