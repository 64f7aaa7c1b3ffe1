#include "engine/sql/annotation_comments.h"

#include <algorithm>
#include <array>

#include "engine/sql/words.h"

namespace velo::sql {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsNameCharacter(char c) { return IsLetter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'; }

bool IsApplicationName(std::string_view name) {
  static constexpr std::array kNames =
      std::to_array<std::string_view>({"app", "application", "version", "phase", "depends_on", "data_retention",
                                       "compliance", "dashboard", "metrics_port", "export"});
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() || name.starts_with("deployment.") ||
         name.starts_with("observability.") || name.starts_with("sla.");
}

/// Names that describe the application only when they stand in the block of @app.
bool IsSharedName(std::string_view name) {
  return name == "description" || name == "name" || name == "tags" || name == "author";
}

bool MayContinue(std::string_view name) {
  return name == "description" || name == "metric_help" || name == "alert_message";
}

struct Line {
  int32_t at;  ///< Offset of the "@", or of the first character that is not a space.
  int32_t dashes_end;
};

class AnnotationReader {
 public:
  AnnotationReader(std::string_view text, const std::vector<Comment>& comments,
                   const std::vector<SourceSpan>& statements)
      : text_(text), comments_(comments), statements_(statements) {}

  std::vector<Annotation> Run();

 private:
  Line LineOf(const Comment& comment) const;
  bool Read(size_t index, Annotation* out) const;
  void ReadValue(int32_t start, int32_t end, Annotation* out) const;
  size_t Continue(size_t index, Annotation* out) const;
  bool OnlySpaceBetween(const Comment& a, const Comment& b) const;
  std::vector<bool> BlocksOfApplication(const std::vector<std::pair<size_t, Annotation>>& found) const;
  int32_t StatementOf(const Annotation& annotation, bool in_application_block) const;

  std::string_view text_;
  const std::vector<Comment>& comments_;
  const std::vector<SourceSpan>& statements_;
};

Line AnnotationReader::LineOf(const Comment& comment) const {
  int32_t at = comment.span.offset + (text_[comment.span.offset] == '-' ? 2 : 0);
  const int32_t dashes_end = at;
  while (at < comment.span.end() && IsSpace(text_[at])) ++at;
  return {at, dashes_end};
}

bool AnnotationReader::Read(size_t index, Annotation* out) const {
  const Comment& comment = comments_[index];
  if (!comment.line) return false;
  int32_t at = LineOf(comment).at;
  const int32_t end = comment.span.end();
  if (at + 1 >= end || text_[at] != '@' || !IsLetter(text_[at + 1])) return false;
  const int32_t name_start = ++at;
  while (at < end && IsNameCharacter(text_[at])) ++at;
  out->name_span = {name_start, at - name_start};
  out->name = LowerCase(text_.substr(name_start, at - name_start));
  std::replace(out->name.begin(), out->name.end(), '-', '_');
  const int32_t after_name = at;
  while (at < end && IsSpace(text_[at])) ++at;
  bool separated = false;
  if (at < end && (text_[at] == ':' || text_[at] == '=')) {
    separated = true;
    ++at;
  }
  ReadValue(at, end, out);
  if (!separated && out->value.empty()) {
    out->value = "true";
    out->value_span = {after_name, 0};
  }
  return true;
}

void AnnotationReader::ReadValue(int32_t start, int32_t end, Annotation* out) const {
  const size_t second = text_.substr(start, end - start).find(" -- ");
  if (second != std::string_view::npos) end = start + static_cast<int32_t>(second);
  while (start < end && IsSpace(text_[start])) ++start;
  while (end > start && (IsSpace(text_[end - 1]) || text_[end - 1] == '\r')) --end;
  const char quote = start < end ? text_[start] : '\0';
  if (end - start >= 2 && (quote == '\'' || quote == '"') && text_[end - 1] == quote) {
    ++start;
    --end;
  }
  out->value_span = {start, end - start};
  out->value = std::string(text_.substr(start, end - start));
}

bool AnnotationReader::OnlySpaceBetween(const Comment& a, const Comment& b) const {
  const std::string_view between = text_.substr(a.span.end(), b.span.offset - a.span.end());
  return between.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

size_t AnnotationReader::Continue(size_t index, Annotation* out) const {
  const Line first = LineOf(comments_[index]);
  size_t last = index;
  while (last + 1 < comments_.size() && comments_[last + 1].line &&
         OnlySpaceBetween(comments_[last], comments_[last + 1])) {
    const Comment& next = comments_[last + 1];
    const Line line = LineOf(next);
    if (next.text.empty() || next.text.front() == '@' || line.at - line.dashes_end < first.at - first.dashes_end + 2)
      break;
    out->value += out->value.empty() ? next.text : " " + next.text;
    out->value_span.length = next.span.end() - out->value_span.offset;
    ++last;
  }
  return last;
}

/// Marks the annotations that share an unbroken block of comment lines with @app.
std::vector<bool> AnnotationReader::BlocksOfApplication(const std::vector<std::pair<size_t, Annotation>>& found) const {
  std::vector<int32_t> block_of(comments_.size(), 0);
  for (size_t i = 1; i < comments_.size(); ++i) {
    const std::string_view between =
        text_.substr(comments_[i - 1].span.end(), comments_[i].span.offset - comments_[i - 1].span.end());
    const bool joined =
        OnlySpaceBetween(comments_[i - 1], comments_[i]) && std::count(between.begin(), between.end(), '\n') <= 1;
    block_of[i] = block_of[i - 1] + (joined ? 0 : 1);
  }
  std::vector<bool> is_application(comments_.size() + 1, false);
  for (const auto& [comment, annotation] : found) {
    if (annotation.name == "app" || annotation.name == "application") is_application[block_of[comment]] = true;
  }
  std::vector<bool> result;
  for (const auto& [comment, annotation] : found) result.push_back(is_application[block_of[comment]]);
  return result;
}

int32_t AnnotationReader::StatementOf(const Annotation& annotation, bool in_application_block) const {
  const int32_t offset = annotation.name_span.offset;
  size_t next = 0;
  while (next < statements_.size() && statements_[next].end() <= offset) ++next;
  if (annotation.name == "version" || annotation.name == "phase") return 0;
  if (next == statements_.size()) return 0;
  const bool before_first = next == 0 && offset < statements_[0].offset;
  if (before_first && IsApplicationName(annotation.name)) return 0;
  if (IsSharedName(annotation.name) && in_application_block && offset < statements_[next].offset) return 0;
  return static_cast<int32_t>(next + 1);
}

std::vector<Annotation> AnnotationReader::Run() {
  std::vector<std::pair<size_t, Annotation>> found;
  for (size_t i = 0; i < comments_.size(); ++i) {
    Annotation annotation;
    if (!Read(i, &annotation)) continue;
    const size_t first = i;
    if (MayContinue(annotation.name)) i = Continue(i, &annotation);
    found.emplace_back(first, std::move(annotation));
  }
  const std::vector<bool> in_application_block = BlocksOfApplication(found);
  std::vector<Annotation> out;
  for (size_t i = 0; i < found.size(); ++i) {
    found[i].second.statement = StatementOf(found[i].second, in_application_block[i]);
    out.push_back(std::move(found[i].second));
  }
  return out;
}

}  // namespace

std::vector<Annotation> ReadAnnotations(std::string_view text, const std::vector<Comment>& comments,
                                        const std::vector<SourceSpan>& statements) {
  return AnnotationReader(text, comments, statements).Run();
}

}  // namespace velo::sql
