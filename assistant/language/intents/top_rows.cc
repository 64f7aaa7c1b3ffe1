// "top 3 trades per symbol by price": the ranked rows of each group (API S8).
#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/intents/fixed_form.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/lexicon.h"
#include "assistant/language/query_text.h"

namespace velo::language {
namespace {

constexpr std::string_view kRanks = "top|bottom|highest|lowest|largest|smallest|biggest|cheapest|most expensive";
constexpr std::string_view kPer = "for each|for every|of each|in each|within each|within|per|each|every";
constexpr std::string_view kBy = "by|ordered by|ranked by|with the highest|with the lowest";
constexpr std::string_view kWorks = "I can rank rows within groups: \"top 3 trades per symbol by price\".";

struct TopRows {
  int64_t count = 0;
  int partition = -1, order = -1;
  bool low = false;
};

/// Takes the count, the group and the order; false when groups rather than rows are ranked, or windows are meant.
bool TakeTop(const SourceModel& source, FixedForm* form, TopRows* top) {
  Reader reader(form->utterance.sentence, source, nullptr);
  while (!reader.done()) {
    if (reader.token().is_duration()) return false;
    const size_t start = reader.at;
    if (reader.Accept(kRanks)) {
      if (!reader.done() && reader.token().is_number()) {
        top->count = static_cast<int64_t>(reader.token().number);
        ++reader.at;
      }
      form->TakeTokens(start, reader.at);
      reader.SkipArticles();
      const bool rows = reader.source_name() > 0 || (!reader.done() && IsRecordNoun(reader.token().stem));
      if (!rows && reader.Match(kPer) == 0) return false;
      continue;
    }
    const bool by = reader.Match(kBy) > 0;
    if (reader.Accept(by ? kBy : kPer)) {
      reader.SkipArticles();
      const FieldLink link = reader.field();
      if (!link) return false;
      (by ? top->order : top->partition) = link.field;
      reader.at += link.length;
      form->TakeTokens(start, reader.at);
      continue;
    }
    ++reader.at;
  }
  return top->count > 0 && top->partition >= 0;
}

}  // namespace

std::optional<Reply> ReadTopRows(const Utterance& utterance) {
  if (!utterance.Has(kRanks)) return std::nullopt;
  const SourceModel* source = utterance.NamedSource();
  if (source == nullptr) source = utterance.FocusSource();
  if (source == nullptr) return std::nullopt;
  FixedForm form(utterance);
  TopRows top;
  top.low = utterance.Has("bottom|lowest|smallest|cheapest");
  if (!TakeTop(*source, &form, &top)) return std::nullopt;
  const bool said = top.order >= 0;
  if (!said) top.order = source->FindRoles({"price", "amount", "value", "latency_ms", "quantity"});
  if (top.order < 0) return std::nullopt;
  Reading reading = ReadQuery(form.Rest(), *source, nullptr);
  if (std::optional<Reply> refusal = RefuseRest(form, reading, "sql.topn", kWorks, {.range = true})) return refusal;
  const std::string name = source->fields[static_cast<size_t>(top.order)].name;
  const std::string group = source->fields[static_cast<size_t>(top.partition)].name;
  std::string columns;
  for (const FieldModel& field : source->fields) columns += ColumnText("", field.name) + ", ";
  const std::string text = fmt::format(
      "SELECT {}place FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY {} ORDER BY {}{}) AS place FROM {}{}) "
      "AS ranked WHERE place <= {} EMIT CHANGES",
      columns, ColumnText("", group), ColumnText("", name), top.low ? "" : " DESC", FromText(*source),
      WhereText(reading), top.count);
  std::string title = fmt::format("{} {} {} per {} by {}", top.low ? "Bottom" : "Top", top.count,
                                  Plural(source->singular), group, name);
  std::optional<Reply> reply = FormReply(form, &reading, "sql.topn", text, title);
  if (!reply) return TextReply("sql.topn", std::string(kWorks));
  reply->understood.push_back(
      {fmt::format("{} {}", top.low ? "bottom" : "top", top.count), fmt::format("place <= {}", top.count)});
  reply->understood.push_back({"per " + group, "PARTITION BY " + group});
  if (!said) reply->assumptions.push_back({"order", "ranked by " + name, {}});
  reply->explanation = title + WhereWords(reading) + ", renewed as rows come.";
  return reply;
}

}  // namespace velo::language
