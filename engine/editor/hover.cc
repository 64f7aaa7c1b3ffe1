#include "engine/editor/hover.h"

#include <algorithm>

#include "engine/editor/cursor_context.h"
#include "engine/plan/annotations/known_names.h"
#include "engine/sql/words.h"

namespace velo::editor {
namespace {

struct KeywordHelp {
  std::string_view word;
  std::string_view text;
};

constexpr KeywordHelp kKeywords[] = {
    {"TUMBLING", "Windows of one size that do not overlap: TUMBLING(INTERVAL '5' MINUTE)."},
    {"SLIDING", "Windows that overlap: SLIDING(size, step)."},
    {"SESSION", "Windows of activity that end after a gap: SESSION(INTERVAL '30' MINUTE)."},
    {"WINDOW", "Groups rows by time: WINDOW TUMBLING(INTERVAL '5' MINUTE)."},
    {"EMIT", "EMIT CHANGES sends a row for every change; EMIT FINAL one row when a window closes or the input ends."},
    {"CHANGES", "A row for every change of a group."},
    {"FINAL", "One row per group when its window closes or the input ends."},
    {"HAVING", "Keeps groups for which a condition over aggregates is true."},
    {"WITHIN", "Largest distance in time of two rows that join."},
    {"GRACE", "How long a closed window still takes late rows."},
};

std::string ColumnText(const VisibleRelation& relation, const Column& column) {
  std::string text = column.type.ToString();
  text += relation.name.empty() ? ", column of a subquery" : ", column of " + relation.name;
  if (!column.nullable) text += ", never NULL";
  if (relation.relation == nullptr) return text;
  if (relation.relation->event_time_column == column.name) text += ", time of the row";
  for (const auto& [name, values] : relation.relation->sample_values) {
    if (name != column.name || values.empty()) continue;
    text += ", for example ";
    for (size_t i = 0; i < values.size() && i < 3; ++i) text += (i > 0 ? ", " : "") + values[i];
  }
  return text;
}

std::string RelationText(const VisibleRelation& relation) {
  if (relation.schema.columns.empty()) return "not connected yet";
  std::string text = fmt::format("{} columns: ", relation.schema.columns.size());
  for (size_t i = 0; i < relation.schema.columns.size() && i < 12; ++i) {
    text += (i > 0 ? ", " : "") + relation.schema.columns[i].name + " " + relation.schema.columns[i].type.ToString();
  }
  return text;
}

std::optional<Hover> HoverAnnotation(const EditorRequest& request) {
  const size_t start = request.text.substr(0, request.offset + 1).rfind('\n') + 1;
  const std::string_view line = request.text.substr(start, request.text.find('\n', start) - start);
  const size_t at = line.find('@');
  if (line.find("--") == std::string_view::npos || at == std::string_view::npos) return std::nullopt;
  size_t end = at + 1;
  while (end < line.size() &&
         (isalnum(static_cast<unsigned char>(line[end])) || line[end] == '_' || line[end] == '-' || line[end] == '.'))
    ++end;
  const std::string name = sql::LowerCase(line.substr(at + 1, end - at - 1));
  const plan::KnownAnnotation* known = plan::FindAnnotation(name);
  if (known == nullptr) return std::nullopt;
  return Hover{"annotation",
               name,
               std::string(known->meaning),
               {static_cast<int32_t>(start + at), static_cast<int32_t>(end - at)}};
}

}  // namespace

std::optional<Hover> HoverAt(const EditorRequest& request) {
  EditorRequest here = request;
  here.offset = std::clamp(request.offset, 0, static_cast<int32_t>(request.text.size()));
  Diagnostics ignored;
  const sql::LexedText lexed = sql::Lex(here.text, &ignored);
  for (const sql::Comment& comment : lexed.comments) {
    if (comment.span.offset <= here.offset && here.offset < comment.span.end()) return HoverAnnotation(here);
  }
  const auto token = std::find_if(lexed.tokens.begin(), lexed.tokens.end(), [&](const sql::Token& t) {
    return t.span.offset <= here.offset && here.offset < t.span.end();
  });
  if (token == lexed.tokens.end()) return std::nullopt;
  const bool named = token->kind == sql::TokenKind::kWord || token->kind == sql::TokenKind::kBacktick ||
                     token->kind == sql::TokenKind::kDouble || token->kind == sql::TokenKind::kUri;
  if (!named) return std::nullopt;
  // The names in scope are those of the query block the token stands in.
  EditorRequest inside = here;
  inside.offset = token->span.offset;
  const CursorContext context = ReadCursor(inside);
  const bool call = token + 1 != lexed.tokens.end() && (token + 1)->Is("(");
  if (call && request.functions != nullptr) {
    for (const FunctionRegistry::Entry& entry : request.functions->List()) {
      const bool match = sql::SameWord(entry.name, token->text) ||
                         std::any_of(entry.aliases.begin(), entry.aliases.end(),
                                     [&](const std::string& alias) { return sql::SameWord(alias, token->text); });
      if (!match || entry.doc == nullptr) continue;
      std::string text = entry.doc->signature + "\n" + entry.doc->description;
      if (!entry.doc->example.empty()) text += "\n" + entry.doc->example + " = " + entry.doc->example_result;
      return Hover{"function", entry.name, text, token->span};
    }
  }
  for (const VisibleRelation& relation : context.relations) {
    const int column = relation.schema.Find(token->text);
    const bool other_qualifier =
        !context.qualifier.empty() && context.qualifier != relation.alias && context.qualifier != relation.name;
    if (column >= 0 && !other_qualifier) {
      return Hover{"column", token->text, ColumnText(relation, relation.schema.columns[column]), token->span};
    }
  }
  for (const VisibleRelation& relation : context.relations) {
    const bool inside_name = relation.name == token->text ||
                             (relation.name.find(token->text) != std::string::npos && context.place == Place::kFrom);
    if (inside_name) return Hover{"table", relation.name, RelationText(relation), token->span};
    if (relation.alias == token->text)
      return Hover{
          "alias", relation.alias,
          "stands for " + (relation.name.empty() ? "a subquery" : relation.name) + "; " + RelationText(relation),
          token->span};
  }
  if (std::find(context.select_aliases.begin(), context.select_aliases.end(), token->text) !=
      context.select_aliases.end()) {
    return Hover{"alias", token->text, "name given in SELECT", token->span};
  }
  for (const KeywordHelp& help : kKeywords) {
    if (sql::SameWord(help.word, token->text))
      return Hover{"keyword", std::string(help.word), std::string(help.text), token->span};
  }
  return std::nullopt;
}

}  // namespace velo::editor
