// "remove duplicates by order_id", "only the first message per id", "latest record per customer" (API S17).
#include <algorithm>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/durations.h"
#include "assistant/language/intents/fixed_form.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/lexicon.h"
#include "assistant/language/query_text.h"
#include "assistant/language/sql_nodes.h"
#include "engine/sql/printer.h"

namespace velo::language {
namespace {

constexpr std::string_view kDuplicates =
    "deduplicated|deduplicate|deduplication|dedup|deduped|dedupe|duplicates|duplicate|duplicated|repeated|repeats";
constexpr std::string_view kFirst = "only the first|just the first|the first|only first|first";
constexpr std::string_view kLatest =
    "only the latest|only the newest|only the most recent|only the last|just the latest|the latest|the newest|the most "
    "recent|the last|latest|newest|most recent";
constexpr std::string_view kPer = "per|for each|for every|of each|of every|from each|each|every|by";
constexpr std::string_view kWorks =
    "I can keep one row per key: \"remove duplicates of orders by order_id\" or \"latest order per customer\".";
constexpr int64_t kDefaultMemory = 3'600'000, kBuffer = 1000;

enum class Wish : uint8_t { kNone, kFirst, kLatest, kRepeats };

/// True when rows are meant: "the latest order per customer", not "the latest price per symbol".
bool RowsPerKey(const Utterance& utterance, std::string_view superlatives, FixedForm* form = nullptr) {
  Reader reader(utterance.sentence);
  for (; !reader.done(); ++reader.at) {
    const size_t lead = reader.Match(superlatives);
    const size_t at = reader.at + lead;
    if (lead == 0 || at >= reader.size()) continue;
    const Token& noun = reader.sentence.tokens[at];
    size_t length = noun.is_word() && IsRecordNoun(noun.stem) ? 1 : 0;
    for (const SourceModel& source : utterance.sources)
      length = std::max(length, LinkSourceName(source, reader.sentence.tokens, at));
    // "the newest telemetry record"
    const bool named = length > 0 || (noun.is_word() && reader.Match(kPer, lead) == 0);
    if (length == 0 && named && at + 1 < reader.size() && IsRecordNoun(reader.sentence.tokens[at + 1].stem)) length = 1;
    const bool record =
        length > 0 && at + length < reader.size() && IsRecordNoun(reader.sentence.tokens[at + length].stem);
    if (record) ++length;
    if (length == 0 || reader.Match(kPer, lead + length) == 0) continue;
    // "the first message per id": a record, even where a column is called message.
    if (form != nullptr && noun.is_word() && IsRecordNoun(noun.stem)) form->TakeTokens(at, at + 1);
    return true;
  }
  return false;
}

Wish WishOf(const Utterance& utterance) {
  if (utterance.Has(kDuplicates)) {
    const bool removes = utterance.Has(
        "remove|removed|drop|without|no|filter out|deduplicate|deduplicated|dedup|dedupe|deduped|ignore|skip|eliminate|"
        "discard|exclude|strip|get rid of|suppress|deduplication");
    return removes ? Wish::kFirst : Wish::kRepeats;
  }
  if (RowsPerKey(utterance, kLatest)) return Wish::kLatest;
  if (RowsPerKey(utterance, kFirst) && utterance.Has("keep|only|just")) return Wish::kFirst;
  if (utterance.Begins("unique|distinct") && utterance.sentence.tokens.size() <= 4 && utterance.Has("only") &&
      utterance.NamedSource() != nullptr)
    return Wish::kFirst;
  return Wish::kNone;
}

/// "order_id" of orders: the column that tells its rows apart; -1 for none.
int OwnKey(const SourceModel& source) {
  for (size_t i = 0; i < source.fields.size(); ++i) {
    const FieldModel& field = source.fields[i];
    if (field.joined == source.singular + "id" || field.joined == "id") return static_cast<int>(i);
  }
  return -1;
}

Reply AskForKey(const Utterance& utterance, const SourceModel& source) {
  Reply reply;
  reply.intent = "sql.dedup";
  reply.confidence = 0.6;
  Question question;
  question.question = fmt::format("Which column says that two {} are the same?", Plural(source.singular));
  for (bool ids : {true, false}) {
    for (const FieldModel& field : source.fields) {
      if (question.options.size() == 4 || field.is_time() || field.is_id() != ids) continue;
      question.options.push_back({field.name, fmt::format("{} by {}", utterance.message, field.name)});
    }
  }
  reply.question = std::move(question);
  return reply;
}

std::string AllColumns(const SourceModel& source) {
  std::string columns;
  for (const FieldModel& field : source.fields) columns += (columns.empty() ? "" : ", ") + ColumnText("", field.name);
  return columns;
}

std::string RankedText(const Reading& reading, const std::vector<int>& key, int64_t memory, bool repeats) {
  const SourceModel& source = *reading.source;
  return fmt::format(
      "WITH ranked AS (SELECT *, ROW_NUMBER() OVER (ROWS WINDOW BUFFER {} ROWS PARTITION BY {} ORDER BY {} EXPIRE "
      "AFTER "
      "{} INACTIVITY) AS rn FROM {}{}) SELECT {} FROM ranked WHERE rn {} 1 EMIT CHANGES",
      kBuffer, ColumnList(source, key), TimeText(source), sql::PrintDuration(MakeDuration(memory)), FromText(source),
      WhereText(reading), AllColumns(source), repeats ? ">" : "=");
}

std::string LatestText(const Reading& reading, const std::vector<int>& key) {
  const SourceModel& source = *reading.source;
  std::string items = ColumnList(source, key);
  for (size_t i = 0; i < source.fields.size(); ++i) {
    if (std::find(key.begin(), key.end(), static_cast<int>(i)) != key.end()) continue;
    const std::string name = ColumnText("", source.fields[i].name);
    items += fmt::format(", LAST_VALUE({}) AS {}", name, name);
  }
  return fmt::format("SELECT {} FROM {}{} GROUP BY {} EMIT CHANGES", items, FromText(source), WhereText(reading),
                     ColumnList(source, key));
}

}  // namespace

std::optional<Reply> ReadDeduplicate(const Utterance& utterance) {
  const Wish wish = WishOf(utterance);
  if (wish == Wish::kNone) return std::nullopt;
  FixedForm form(utterance);
  int64_t memory = form.TakeDurationAfter("within the last|within|in the last|inside|over the last|over|during|for|in");
  form.Take(kDuplicates);
  RowsPerKey(utterance, wish == Wish::kLatest ? kLatest : kFirst, &form);
  form.Take("by id|by its id|per id|for each id|of each id|on id|by their id");
  form.Take(wish == Wish::kLatest ? kLatest : kFirst);
  form.Take(
      "remove|removed|drop|without|filter out|ignore|skip|eliminate|discard|exclude|strip|get rid of|suppress|keep|"
      "only|just|unique|distinct|no|one of|on|have|same");
  FormSource found = ReadRest(form, [](const Reading&) { return true; });
  if (found.reply) return found.reply;
  const bool unsure = found.reading && found.reading->frame.empty() && !found.reading->named_source &&
                      utterance.NamedSource() == nullptr && utterance.FocusSource() == nullptr;
  if (!found.reading || unsure) return TextReply("sql.dedup", std::string(kWorks));
  Reading& reading = *found.reading;
  const SourceModel& source = *reading.source;
  const bool counts = std::any_of(reading.frame.measures.begin(), reading.frame.measures.end(),
                                  [](const Measure& measure) { return !measure.assumed; });
  if (counts) return std::nullopt;
  std::vector<int> key = PartitionOf(reading);
  for (const Mention& mention : reading.frame.mentions) {
    if (key.empty()) key.push_back(mention.field);
  }
  const bool said = !key.empty();
  if (std::optional<Reply> refusal = RefuseRest(form, reading, "sql.dedup", kWorks)) return refusal;
  if (!said && OwnKey(source) < 0) return AskForKey(utterance, source);
  if (!said) key = {OwnKey(source)};
  const std::string noun = Plural(source.singular), keys = ColumnList(source, key), where = WhereWords(reading);
  std::vector<Assumption>& told = reading.frame.assumptions;
  if (!said) told.push_back({"key", fmt::format("{} tells {} apart", keys, noun), {}});
  const bool latest = wish == Wish::kLatest;
  if (memory == 0 && !latest) {
    memory = kDefaultMemory;
    told.push_back(
        {"memory", fmt::format("every {} is remembered until 1 hour after its last {}", keys, source.singular), {}});
  }
  const bool repeats = wish == Wish::kRepeats;
  const std::string title = latest    ? fmt::format("latest {} per {}", source.singular, keys)
                            : repeats ? fmt::format("repeated {} by {}", noun, keys)
                                      : fmt::format("{} without duplicates by {}", noun, keys);
  std::optional<Reply> reply =
      FormReply(form, &reading, "sql.dedup",
                latest ? LatestText(reading, key) : RankedText(reading, key, memory, repeats), title);
  if (!reply) return TextReply("sql.dedup", std::string(kWorks));
  if (latest) {
    const std::string name = fmt::format("latest_{}", Joined(noun));
    reply->sql = fmt::format("CREATE TABLE {} AS\n{}", sql::QuoteIdentifier(name), reply->sql);
    reply->explanation =
        fmt::format("The table {} holds the newest {} of each {}{}.", name, source.singular, keys, where);
    return reply;
  }
  reply->explanation =
      fmt::format("{} of each {}{}; every {} is forgotten after {} without one.",
                  repeats ? "Every further row" : "The first row", keys, where, keys, LengthWords(memory));
  return reply;
}

}  // namespace velo::language
