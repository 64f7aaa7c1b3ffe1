// "union of trades-us and trades-eu", "merge both order topics": the rows of several sources below each other (API
// S22).
#include <algorithm>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/intents/candidates.h"
#include "assistant/language/intents/fixed_form.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/query_text.h"
#include "assistant/language/sql_nodes.h"
#include "engine/sql/printer.h"

namespace velo::language {
namespace {

constexpr std::string_view kUnion = "union all|union|unite|united|stack|stacked|append|concatenate|concat|merge|merged";
constexpr std::string_view kTogether =
    "in one stream|into one stream|in one topic|into one|in a single stream|into a single stream|put together|together";
constexpr std::string_view kCombine = "combine|combined|put|all";
constexpr std::string_view kWorks = "Name the sources to put below each other: \"union of orders and payments\".";

/// The sources named as wholes, in the order named; "both order topics" names every source of that word.
std::vector<const SourceModel*> TakeSources(FixedForm* form) {
  std::vector<const SourceModel*> named;
  const std::vector<Token>& tokens = form->utterance.sentence.tokens;
  const bool both = form->utterance.Has("both|the two|the three|all");
  for (size_t i = 0; i < tokens.size(); ++i) {
    size_t longest = 0;
    for (bool whole : {true, false}) {
      if (longest > 0 || (!whole && !both)) continue;
      for (const SourceModel& source : form->utterance.sources) {
        // "both transfers topics": every source with that word in its name.
        const bool part = !whole && std::find(source.name_parts.begin(), source.name_parts.end(), tokens[i].stem) !=
                                        source.name_parts.end();
        const size_t length = part ? 1 : LinkSourceName(source, tokens, i);
        if (length == 0 || (whole && length != source.name_parts.size() && tokens[i].is_word())) continue;
        if (std::find(named.begin(), named.end(), &source) == named.end()) {
          if (whole && length < longest) continue;
          if (whole && length > longest && longest > 0) named.pop_back();
          named.push_back(&source);
        }
        longest = std::max(longest, length);
      }
    }
    form->TakeTokens(i, i + longest);
    if (longest > 1) i += longest - 1;
  }
  return named;
}

/// Columns that all of them have, by name and type.
std::vector<const FieldModel*> CommonColumns(const std::vector<const SourceModel*>& sources) {
  std::vector<const FieldModel*> common;
  for (const FieldModel& field : sources.front()->fields) {
    const bool everywhere = std::all_of(sources.begin(), sources.end(), [&](const SourceModel* source) {
      return std::any_of(source->fields.begin(), source->fields.end(),
                         [&](const FieldModel& other) { return other.name == field.name && other.type == field.type; });
    });
    if (everywhere) common.push_back(&field);
  }
  return common;
}

}  // namespace

std::optional<Reply> ReadUnion(const Utterance& utterance) {
  const bool plain = utterance.Has(kUnion), together = utterance.Has(kTogether);
  if (!plain && !together && !utterance.Begins("combine|put")) return std::nullopt;
  if (utterance.Has("on|by|where they match|within|matching|join|joined")) return std::nullopt;  // Rows side by side.
  FixedForm form(utterance);
  const std::vector<const SourceModel*> sources = TakeSources(&form);
  if (sources.size() < 2) {
    const bool wish = utterance.Has("union|stack|merge|concatenate|in one stream|into one stream");
    return wish && utterance.situation.focus_sql.empty()
               ? std::optional<Reply>(TextReply("sql.union", std::string(kWorks)))
               : std::nullopt;
  }
  const std::vector<const FieldModel*> common = CommonColumns(sources);
  const bool alike = common.size() * 3 >= sources.front()->fields.size() * 2;
  if (!plain && !together && !alike) return std::nullopt;  // "combine clicks and purchases" joins them.
  if (common.empty()) {
    return TextReply("sql.union",
                     fmt::format("{} and {} have no column of the same name and type, so their rows do not go "
                                 "below each other.",
                                 DisplayName(*sources[0]), DisplayName(*sources[1])));
  }
  form.Take(kTogether);
  form.Take(kUnion);
  form.Take(kCombine);
  form.Take("both|the two|the three|all|topics|topic|files|file|sources|streams|stream|events|rows|of|data");
  Reading rest = ReadQuery(form.Rest(), *sources.front(), nullptr);
  if (std::optional<Reply> refusal = RefuseRest(form, rest, "sql.union", kWorks, {.range = true})) return refusal;
  std::string columns, text, names;
  for (const FieldModel* field : common) columns += ", " + ColumnText("", field->name);
  const std::string where = WhereText(rest);
  for (const SourceModel* source : sources) {
    const std::string name = DisplayName(*source);
    text += fmt::format("{}SELECT {} AS origin{} FROM {}{}", text.empty() ? "" : " UNION ALL ",
                        sql::Print(*StringNode(name)), columns, FromText(*source), where);
    names += (names.empty() ? "" : source == sources.back() ? " and " : ", ") + name;
  }
  rest.row_noun.clear();
  std::optional<Reply> reply = FormReply(form, &rest, "sql.union", text + " EMIT CHANGES", names + " together");
  if (!reply) return TextReply("sql.union", std::string(kWorks));
  reply->explanation =
      fmt::format("The rows of {}, with {} columns that all of them have{}; origin says where a row is from.", names,
                  common.size(), WhereWords(rest));
  if (common.size() < sources.front()->fields.size())
    reply->assumptions.push_back({"columns", fmt::format("only the common columns: {}", columns.substr(2)), {}});
  return reply;
}

}  // namespace velo::language
