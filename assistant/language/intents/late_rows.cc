// "handle late events up to 30 seconds", "send late records to a dlq", "use event time from ts": settings of time, for
// the query at hand or the one in the same sentence (API S20).
#include <algorithm>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/durations.h"
#include "assistant/language/edit_sql.h"
#include "assistant/language/intents/candidates.h"
#include "assistant/language/intents/fixed_form.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/query_text.h"
#include "engine/sql/printer.h"

namespace velo::language {
namespace {

constexpr std::string_view kLate =
    "late arriving|late arrivals|late events|late event|late data|late records|late record|late rows|late "
    "messages|late "
    "trades|late orders|out of order data|out of order events|out of order rows|out of order|lateness|data "
    "later|events "
    "later|rows later|records later|delayed events|delayed data|late ones|late";
constexpr std::string_view kEventTime = "event time|event times|watermark|watermarks";
constexpr std::string_view kWorks =
    "Late rows are a matter of windows. Name the query as well: \"count trades per symbol every minute, late events up "
    "to "
    "30 seconds\".";

struct Settings {
  int64_t lateness = 0;
  std::string strategy, time;
  bool time_said = false;
};

bool Begin(const Utterance& utterance) {
  const bool late = utterance.Has(
      "late arriving|late arrivals|late events|late event|late data|late records|late record|late rows|late "
      "messages|late "
      "ones|out of order|lateness|data later|events later|rows later|records later|delayed events|delayed data");
  const bool time = utterance.Has(kEventTime);
  bool noun = false;  // "late trades"
  for (size_t i = 0; i + 1 < utterance.sentence.tokens.size(); ++i) {
    noun = noun || (utterance.sentence.tokens[i].text == "late" &&
                    std::any_of(utterance.sources.begin(), utterance.sources.end(), [&](const SourceModel& source) {
                      return LinkSourceName(source, utterance.sentence.tokens, i + 1) > 0;
                    }));
  }
  return late || noun || (time && utterance.Has("from|use|by|as|is|watermark"));
}

void TakeSettings(FixedForm* form, Settings* settings) {
  struct Strategy {
    std::string_view words, name;
  };
  static constexpr Strategy kStrategies[] = {
      {"send them to a dlq|send them to the dlq|to a dlq|to the dlq|dlq|to the dead letter queue|to a dead letter "
       "queue|to the dead letter topic|dead letter queue|dead letter|dead letters|set aside|put aside",
       "dead_letter"},
      {"should update the old window|update the old window|update the previous window|update old windows|update "
       "previous "
       "windows|should update|correct the old window|correct old windows|update the window|update the windows",
       "update_previous"},
      {"include in the next window|include them in the next window|count in the next window|go into the next "
       "window|into "
       "the next window|in the next window|next window",
       "include_in_next_window"},
      {"should be ignored|should be dropped|are dropped|ignore|drop|discard|throw away|skip", "drop"},
  };
  for (const Strategy& strategy : kStrategies) {
    if (settings->strategy.empty() && form->Take(strategy.words)) settings->strategy = strategy.name;
  }
  settings->lateness = form->TakeDurationAfter(
      "of up to|by up to|up to|than|by|of|for|within|at most|no more than|to|with|delay of|allow|tolerate|is");
  form->Take(kLate);
  form->Take(
      "handle|handles|handling|allow|allowing|tolerate|tolerating|accept|accepting|wait for|what about|send them|"
      "send|should|be|come|arrive|arriving|delay of|bounded|set|more than|data|events|records|rows");
}

/// "use event time from ts", "ts is the event time": takes the column.
void TakeTime(FixedForm* form, const SourceModel& source, Settings* settings) {
  if (!form->utterance.Has(kEventTime)) return;
  form->Take("use|using|the column|column|with|set");
  Reader reader(form->utterance.sentence, source, nullptr);
  for (; !reader.done(); ++reader.at) {
    const FieldLink link = reader.field();
    const bool phrase = reader.Match(kEventTime) > 0;
    if (phrase) {
      form->TakeTokens(reader.at, reader.at + reader.Match(kEventTime));
      reader.at += reader.Match(kEventTime) - 1;
      continue;
    }
    if (!link || form->taken(reader.at) || !reader.model(link.field).is_time()) continue;
    settings->time = std::string(reader.name(link.field));
    settings->time_said = true;
    form->TakeTokens(reader.at, reader.at + link.length);
  }
  form->Take("from|as|is|by|the");
}

/// Later keys win in a statement, so one that is there already is replaced.
void SetProperty(std::string key, std::string value, sql::Query* query, std::vector<Change>* changes) {
  changes->push_back({"set_property", "", fmt::format("{} = {}", key, value)});
  for (sql::Property& property : query->properties) {
    if (property.key != key) continue;
    changes->back().from = property.value;
    property.value = std::move(value);
    return;
  }
  sql::Property property;
  property.key = std::move(key);
  property.value = std::move(value);
  query->properties.push_back(std::move(property));
}

std::vector<Change> Apply(const Settings& settings, const SourceModel& source, sql::Query* query) {
  std::vector<Change> changes;
  const std::vector<std::string> times = TimeColumns(source);
  std::string time = settings.time;
  if (time.empty() && !times.empty()) time = times.front();
  if (!time.empty()) SetProperty("event.time.field", time, query, &changes);
  if (settings.lateness > 0) {
    SetProperty("watermark.strategy", "bounded_out_of_orderness", query, &changes);
    SetProperty("watermark.max_out_of_orderness", LengthShort(settings.lateness), query, &changes);
  }
  if (!settings.strategy.empty()) SetProperty("late.data.strategy", settings.strategy, query, &changes);
  return changes;
}

std::string Explain(const Settings& settings) {
  std::string text;
  if (settings.time_said) text += fmt::format("time is taken from {}; ", settings.time);
  if (settings.lateness > 0) text += fmt::format("rows may come up to {} late; ", LengthWords(settings.lateness));
  if (settings.strategy == "dead_letter") text += "later ones are set aside as dead letters; ";
  if (settings.strategy == "drop") text += "later ones are dropped and counted; ";
  if (settings.strategy == "update_previous") text += "later ones update the window they belong to; ";
  if (settings.strategy == "include_in_next_window") text += "later ones count in the next window; ";
  if (text.size() > 2) text.resize(text.size() - 2);
  return Capitalised(text) + ".";
}

const SourceModel* SourceNamed(const Utterance& utterance, const std::string& name) {
  for (const SourceModel& source : utterance.sources) {
    if (source.fact->name == name) return &source;
  }
  return nullptr;
}

}  // namespace

std::optional<Reply> ReadLateRows(const Utterance& utterance) {
  if (!Begin(utterance)) return std::nullopt;
  FixedForm form(utterance);
  Settings settings;
  TakeSettings(&form, &settings);
  std::optional<EditedQuery> edited = ParseForEdit(utterance.situation.focus_sql);
  const SourceModel* focus =
      edited && !edited->core->from.empty() ? SourceNamed(utterance, edited->core->from[0].name) : nullptr;
  const SourceModel* about = focus != nullptr ? focus : utterance.NamedSource();
  if (about == nullptr) about = utterance.FocusSource();
  if (about != nullptr) TakeTime(&form, *about, &settings);
  const bool says = settings.lateness > 0 || !settings.strategy.empty() || settings.time_said;
  if (!says) return TextReply("sql.late_data", std::string(kWorks));
  FormSource found = ReadRest(
      form, [](const Reading& reading) { return !reading.frame.measures.empty() || !reading.frame.keys.empty(); });
  // A sentence that holds figures of its own is a new query.
  if (found.reading && !found.reading->frame.measures.empty()) {
    Reading& reading = *found.reading;
    const FormParts all{.window = true, .measures = true, .limit = true, .range = true};
    if (std::optional<Reply> refusal = RefuseRest(form, reading, "sql.late_data", kWorks, all)) return refusal;
    if (!reading.frame.window) return TextReply("sql.late_data", std::string(kWorks));
    BuiltQuery built = BuildQuery(*reading.source, &reading.frame);
    Apply(settings, *reading.source, built.query.get());
    std::optional<Reply> reply = FormReply(form, &reading, "sql.late_data", sql::Print(*built.query), built.title);
    if (!reply) return TextReply("sql.late_data", std::string(kWorks));
    reply->explanation = built.explanation + " " + Explain(settings);
    reply->suggested_viz = built.suggested_viz;
    return reply;
  }
  if (!edited || focus == nullptr) return TextReply("sql.late_data", std::string(kWorks));
  if (!edited->core->window && !settings.time_said)
    return TextReply(
        "sql.late_data",
        "The query at hand has no window, so no row comes too late for it. Say \"make it 1-minute windows\" first.");
  std::vector<Change> changes = Apply(settings, *focus, edited->query);
  if (std::string error = BindError(*edited->query, utterance); !error.empty())
    return TextReply("sql.late_data", fmt::format("That setting does not fit: {}.", error));
  Reply reply;
  reply.intent = "sql.late_data";
  reply.mode = "edit";
  reply.confidence = 0.9;
  reply.sql = edited->Print();
  reply.title = TitleOf(*edited);
  reply.explanation = Explain(settings);
  reply.changes = std::move(changes);
  reply.suggested_viz = "table";
  reply.follow_ups = {{"Run it", "run it"}, {"Undo", "undo"}, {"Explain it", "explain this"}};
  Reading rest = ReadQuery(form.Rest(), *focus, nullptr);
  const bool plain = rest.frame.empty();
  reply.words_used = form.WordsUsed(plain ? &rest : nullptr);
  return reply;
}

}  // namespace velo::language
