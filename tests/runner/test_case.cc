#include "tests/runner/test_case.h"

#include <fstream>

namespace velo::testing {

namespace {

std::string Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

bool TakesExpectedRows(const std::string& command) { return command == "expect"; }

Status Wrong(const TestCase& test, int line, const std::string& message) {
  return Status::User("TEST", fmt::format("{}:{}: {}", test.path, line, message));
}

Status ReadHead(TestCase* test) {
  for (const std::string& line : test->lines) {
    if (!line.starts_with("#")) break;
    const auto value = [&](std::string_view key) { return Trim(std::string_view(line).substr(2 + key.size())); };
    if (line.starts_with("# name:")) test->name = value("name:");
    if (line.starts_with("# about:")) test->about = value("about:");
    if (line.starts_with("# area:")) test->area = value("area:");
  }
  if (test->name.empty() || test->about.empty() || test->area.empty()) {
    return Wrong(*test, 1, "the head must have the lines '# name:', '# about:' and '# area:'");
  }
  return Status::OK();
}

// Reads one step that starts at `*at` (0-based) and leaves `*at` behind it.
Status ReadStep(TestCase* test, size_t* at) {
  TestStep step;
  step.line = static_cast<int>(*at) + 1;
  const std::string head = Trim(test->lines[(*at)++]);
  const size_t space = head.find(' ');
  step.command = head.substr(0, space);
  step.argument = space == std::string::npos ? "" : Trim(std::string_view(head).substr(space));
  const size_t mark = step.argument.rfind("<<");
  if (step.command == "file" && mark != std::string::npos) {
    const std::string end = Trim(std::string_view(step.argument).substr(mark + 2));
    step.argument = Trim(std::string_view(step.argument).substr(0, mark));
    while (*at < test->lines.size() && test->lines[*at] != end) step.body.push_back(test->lines[(*at)++]);
    if (*at == test->lines.size()) return Wrong(*test, step.line, fmt::format("the line '{}' is missing", end));
    ++*at;
    test->steps.push_back(std::move(step));
    return Status::OK();
  }
  step.has_expected = TakesExpectedRows(step.command);
  step.expected_begin = static_cast<int>(*at) + 1;
  for (; *at < test->lines.size() && !Trim(test->lines[*at]).empty(); ++*at) {
    const std::string& line = test->lines[*at];
    if (line == "----") {
      step.has_expected = true;
      step.expected_begin = static_cast<int>(*at) + 2;
    } else {
      (step.has_expected ? step.expected : step.body).push_back(line);
    }
  }
  test->steps.push_back(std::move(step));
  return Status::OK();
}

}  // namespace

Result<TestCase> ReadTestCase(const std::string& path) {
  TestCase test;
  test.path = path;
  std::ifstream in(path);
  if (!in) return Status::User("TEST", fmt::format("cannot read {}", path));
  for (std::string line; std::getline(in, line);) test.lines.push_back(line);
  VELO_RETURN_IF_ERROR(ReadHead(&test));
  for (size_t at = 0; at < test.lines.size();) {
    const std::string line = Trim(test.lines[at]);
    if (line.empty() || line.starts_with("#")) {
      ++at;
      continue;
    }
    VELO_RETURN_IF_ERROR(ReadStep(&test, &at));
  }
  return test;
}

void ReplaceExpected(TestCase* test, size_t step, const std::vector<std::string>& rows) {
  TestStep& target = test->steps[step];
  const auto begin = test->lines.begin() + (target.expected_begin - 1);
  test->lines.erase(begin, begin + static_cast<int64_t>(target.expected.size()));
  test->lines.insert(test->lines.begin() + (target.expected_begin - 1), rows.begin(), rows.end());
  const int moved = static_cast<int>(rows.size()) - static_cast<int>(target.expected.size());
  target.expected = rows;
  for (size_t later = step + 1; later < test->steps.size(); ++later) {
    test->steps[later].line += moved;
    test->steps[later].expected_begin += moved;
  }
}

Status WriteTestCase(const TestCase& test) {
  std::ofstream out(test.path);
  for (const std::string& line : test.lines) out << line << "\n";
  return out ? Status::OK() : Status::World("TEST", fmt::format("cannot write {}", test.path));
}

std::vector<std::string> SplitCells(const std::string& line) {
  std::vector<std::string> cells;
  const std::string_view separator = line.find('\t') != std::string::npos ? "\t" : "  ";
  size_t from = 0;
  while (true) {
    const size_t at = line.find(separator, from);
    cells.push_back(Trim(std::string_view(line).substr(from, at == std::string::npos ? at : at - from)));
    if (at == std::string::npos) return cells;
    from = at + separator.size();
    if (separator == "\t") continue;
    while (from < line.size() && line[from] == ' ') ++from;
  }
}

}  // namespace velo::testing
