// "orders whose customer is in vips", "symbols not in the watch list", "trades above the average of their symbol": rows
// compared with what another query gives (API S24).
#include <algorithm>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/intents/candidates.h"
#include "assistant/language/intents/fixed_form.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/intents/shared_key.h"
#include "assistant/language/lexicon.h"
#include "assistant/language/query_text.h"
#include "engine/sql/printer.h"

namespace velo::language {
namespace {

constexpr std::string_view kNotIn =
    "is not in the|are not in the|is not in|are not in|not listed in the|not listed in|not registered in the|not "
    "registered in|not found in the|not found in|not part of the|not part of|not present in|not contained in|not in "
    "the|"
    "not in|missing from the|missing from|absent from";
constexpr std::string_view kIn =
    "is in the|are in the|is in|are in|is listed in|are listed in|listed in the|listed in|registered in the|registered "
    "in|appear in|appears in|found in the|found in|part of the|part of|present in|contained in|in the|in";
constexpr std::string_view kAbove = "above|over|higher than|greater than|larger than|bigger than|more than";
constexpr std::string_view kBelow = "below|under|lower than|less than|smaller than|cheaper than";
constexpr std::string_view kWorks =
    "I can compare rows with another source, \"orders whose order_id is in payments\", or with an average, \"trades "
    "above the "
    "average price of their symbol\".";

struct Membership {
  const SourceModel* rows = nullptr;
  const SourceModel* list = nullptr;
  bool negated = false;
};

const SourceModel* WholeSourceAt(const Utterance& utterance, size_t at, size_t* length) {
  for (const SourceModel& source : utterance.sources) {
    const size_t matched = LinkSourceName(source, utterance.sentence.tokens, at);
    const bool whole = matched == source.name_parts.size() || !utterance.sentence.tokens[at].is_word();
    if (matched == 0 || !whole) continue;
    *length = matched;
    return &source;
  }
  return nullptr;
}

/// "A … (not) in B": takes "(not) in (the) B (table)".
std::optional<Membership> TakeMembership(FixedForm* form) {
  const Utterance& utterance = form->utterance;
  Reader reader(utterance.sentence);
  Membership found;
  while (!reader.done()) {
    const size_t start = reader.at;
    const bool negated = reader.Match(kNotIn) > 0;
    const bool lead = reader.Accept(negated ? kNotIn : kIn);
    size_t length = 0;
    const SourceModel* source = reader.done() ? nullptr : WholeSourceAt(utterance, reader.at, &length);
    if (source == nullptr) {
      reader.at = start + 1;
      continue;
    }
    reader.at += length;
    if (found.rows == nullptr && !lead) found.rows = source;
    if (!lead || found.rows == nullptr || source == found.rows) continue;
    // "rides in trades" is no list; "in the vip table" and "is in trades" are.
    const bool noun = reader.Accept("table|list");
    const std::string& first = reader.sentence.tokens[start].text;
    if (!negated && !noun && (first == "in" || first == "the")) continue;
    reader.Accept("topic|file|stream");
    found.list = source;
    found.negated = negated;
    form->TakeTokens(start, reader.at);
    return found;
  }
  return std::nullopt;
}

std::optional<Reply> ReadMembers(const Utterance& utterance) {
  FixedForm form(utterance);
  const std::optional<Membership> members = TakeMembership(&form);
  if (!members) return std::nullopt;
  const SourceModel& source = *members->rows;
  form.Take("whose|who|that|which|where the|where|are|is|not");
  Reading reading = ReadQuery(form.Rest(), source, nullptr);
  // "orders whose product_id is in stock": the column named, else the one that both have.
  SharedKey key = FindSharedKey(source, *members->list);
  for (const Mention& mention : reading.frame.mentions) {
    const FieldModel& field = source.fields[static_cast<size_t>(mention.field)];
    const SharedKey said = SharedColumn(field, *members->list);
    if (!said.left.empty()) key = said;
  }
  reading.frame.projections.clear();
  const bool figures = !reading.frame.measures.empty() || !reading.frame.keys.empty() || reading.frame.top;
  if (key.left.empty() || figures) return std::nullopt;
  if (std::optional<Reply> refusal = RefuseRest(form, reading, "sql.subquery", kWorks, {.range = true})) return refusal;
  const std::string where = WhereText(reading);
  const std::string_view word = members->negated ? "NOT IN" : "IN";
  const std::string sql = fmt::format("SELECT * FROM {}{}{} {} (SELECT {} FROM {}) EMIT CHANGES", FromText(source),
                                      where.empty() ? " WHERE " : where + " AND ", ColumnText("", key.left), word,
                                      ColumnText("", key.right), FromText(*members->list));
  const std::string title =
      fmt::format("{} {} {}", DisplayName(source), members->negated ? "not in" : "in", DisplayName(*members->list));
  std::optional<Reply> reply = FormReply(form, &reading, "sql.subquery", sql, title);
  if (!reply) return TextReply("sql.subquery", std::string(kWorks));
  reply->explanation =
      fmt::format("Rows of {} whose {} is {} {} at the moment when the row comes{}.", DisplayName(source), key.left,
                  members->negated ? "not in" : "in", DisplayName(*members->list), WhereWords(reading));
  reply->understood.push_back({fmt::format("{} {}", members->negated ? "not in" : "in", DisplayName(*members->list)),
                               fmt::format("{} {} (SELECT {})", key.left, word, key.right)});
  return reply;
}

/// "above the average (price) of their symbol": takes it; the group and the column are left to the grammar.
bool TakeAverage(FixedForm* form, bool* above) {
  Reader reader(form->utterance.sentence);
  for (; !reader.done(); ++reader.at) {
    const size_t start = reader.at;
    *above = reader.Match(kAbove) > 0;
    if (!reader.Accept(*above ? kAbove : kBelow)) continue;
    reader.Accept("the|their|its");
    reader.Accept("own");
    if (!reader.Accept("averages|average|avg|mean")) {
      reader.at = start;
      continue;
    }
    form->TakeTokens(start, reader.at);
    return true;
  }
  return false;
}

std::optional<Reply> ReadAboveAverage(const Utterance& utterance) {
  const bool own = utterance.Has("of their|of its|of the same|for their|for its|for the same|of each|in their|per");
  FixedForm form(utterance);
  bool above = true;
  if (!own || !TakeAverage(&form, &above)) return std::nullopt;
  // "of their symbol" names a group as "per symbol" does.
  std::vector<int> partition;
  const SourceModel* source = utterance.NamedSource() != nullptr ? utterance.NamedSource() : utterance.FocusSource();
  if (source == nullptr) return std::nullopt;
  Reader reader(utterance.sentence, *source, nullptr);
  for (; !reader.done(); ++reader.at) {
    const size_t start = reader.at;
    const bool lead = reader.Accept(
        "of their own|of their|of its|of the same|for their|for its|for the same|of each|in their|"
        "for each|per");
    const FieldLink link = lead && !reader.done() ? reader.field() : FieldLink();
    if (!link || reader.model(link.field).is_time()) {
      reader.at = start;
      continue;
    }
    partition.push_back(link.field);
    form.TakeTokens(start, reader.at + link.length);
  }
  if (partition.empty()) return std::nullopt;
  Reading reading = ReadQuery(form.Rest(), *source, nullptr);
  const FormValue value = TakeValue(&reading);
  if (value.field < 0) return std::nullopt;
  if (std::optional<Reply> refusal = RefuseRest(form, reading, "sql.subquery", kWorks, {.range = true})) return refusal;
  const std::string name = source->fields[static_cast<size_t>(value.field)].name;
  const std::string column = ColumnText("", name), mean = sql::QuoteIdentifier("mean_" + name);
  std::string columns;
  for (const FieldModel& field : source->fields) columns += ColumnText("", field.name) + ", ";
  const std::string sql = fmt::format(
      "WITH means AS (SELECT *, AVG({}) OVER (PARTITION BY {} ORDER BY {} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT "
      "ROW) AS {} FROM {}{}) SELECT {}{} FROM means WHERE {} {} {} EMIT CHANGES",
      column, ColumnList(*source, partition), TimeText(*source), mean, FromText(*source), WhereText(reading), columns,
      mean, column, above ? ">" : "<", mean);
  const std::string noun = Plural(source->singular), group = ColumnList(*source, partition);
  if (!value.said) reading.frame.assumptions.push_back({"column", fmt::format("{} is compared", name), {}});
  std::optional<Reply> reply =
      FormReply(form, &reading, "sql.subquery", sql,
                fmt::format("{} {} the average {} per {}", noun, above ? "above" : "below", name, group));
  if (!reply) return TextReply("sql.subquery", std::string(kWorks));
  reply->explanation =
      fmt::format("{} whose {} is {} the average of all {} of the same {} so far{}.", Capitalised(noun), name,
                  above ? "above" : "below", noun, group, WhereWords(reading));
  return reply;
}

}  // namespace

std::optional<Reply> ReadSubquery(const Utterance& utterance) {
  if (std::optional<Reply> reply = ReadMembers(utterance)) return reply;
  return ReadAboveAverage(utterance);
}

}  // namespace velo::language
