// Figures over neighbouring rows: moving averages, differences to the previous row, running totals, the top rows of
// each group (API S9, S10, S11).
#include <algorithm>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/durations.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/lexicon.h"
#include "assistant/language/query_text.h"
#include "assistant/language/sql_nodes.h"
#include "engine/sql/printer.h"

namespace velo::language {
namespace {

enum class Wish : uint8_t { kNone, kMoving, kPrevious, kDifference, kPercent, kRunning, kTop };

constexpr std::string_view kMoving =
    "moving average|moving averages|moving avg|moving mean|moving sum|moving minimum|moving min|moving maximum|moving "
    "max|rolling average|rolling avg|rolling mean|rolling sum|running average|running avg|running mean|smooth|smoothed";
constexpr std::string_view kPercent =
    "percent change|percentage change|pct change|change in percent|relative change|percent changes|percentage move";
constexpr std::string_view kChange = "difference|differences|delta|change|changes|changed|move|moved|moves";
constexpr std::string_view kPrevious =
    "previous|prior|preceding|the last one|the one before|last trade|last reading|last row|last value|last price|lag";
constexpr std::string_view kRunning = "running total|running totals|running sum|running count|cumulative|so far";
constexpr std::string_view kPartition =
    "for each|for every|of each|of every|in each|in every|within each|within every|within|per|each|every|by";
constexpr int64_t kDefaultRows = 20;

Wish WishOf(const Utterance& utterance) {
  if (utterance.Has("updated every|renewed every|refreshed every|windows|window")) return Wish::kNone;
  if (utterance.Has(kMoving)) return Wish::kMoving;
  if (utterance.Has(kPercent)) return Wish::kPercent;
  if (utterance.Has(kRunning)) return Wish::kRunning;
  const bool previous = utterance.Has(kPrevious);
  if (previous && utterance.Has(kChange)) return Wish::kDifference;
  if (previous && !utterance.Has("query|version|month|year|week|day|hour|period|messages|rows")) return Wish::kPrevious;
  return Wish::kNone;
}

/// What the sentence says under one source.
struct RowFrame {
  const SourceModel* source = nullptr;
  int value = -1;
  bool value_said = false;
  std::vector<int> partition;
  int64_t rows = 0;          ///< "last 20 trades"
  int64_t milliseconds = 0;  ///< "10-minute"
  std::vector<ValueLink> values;
  int links = 0;
};

/// Takes "per symbol and side" at the cursor.
bool ReadPartition(Reader* reader, RowFrame* frame) {
  const size_t before = reader->at;
  if (!reader->Accept(kPartition)) return false;
  do {
    reader->SkipArticles();
    const FieldLink link = reader->field();
    if (!link || reader->model(link.field).is_time()) break;
    frame->partition.push_back(link.field);
    reader->at += link.length;
  } while (reader->Accept("and|,"));
  if (frame->partition.empty()) reader->at = before;
  return !frame->partition.empty();
}

RowFrame ReadRows(const Utterance& utterance, const SourceModel& source) {
  RowFrame frame;
  frame.source = &source;
  Reader reader(utterance.sentence, source, nullptr);
  while (!reader.done()) {
    if (frame.partition.empty() && ReadPartition(&reader, &frame)) continue;
    const Token& token = reader.token();
    if (token.is_duration()) frame.milliseconds = token.milliseconds;
    if (token.is_number() && !token.percent && token.number >= 2) frame.rows = static_cast<int64_t>(token.number);
    if (const size_t named = reader.source_name(); named > 0) {
      reader.at += named;
      continue;
    }
    const ValueLink value = reader.value();
    const FieldLink field = reader.field();
    if (field && (!value || field.score >= value.score) && reader.model(field.field).is_numeric() &&
        !IsGrammarWord(reader.word())) {
      if (frame.value < 0) frame.value = field.field;
      frame.value_said = true;
      reader.at += std::max<size_t>(1, field.length);
      continue;
    }
    if (value && value.score > 0.9) {
      frame.values.push_back(value);
      reader.at += std::max<size_t>(1, value.length);
      continue;
    }
    ++reader.at;
  }
  frame.links = (frame.value_said ? 2 : 0) + static_cast<int>(frame.partition.size() + frame.values.size());
  if (frame.value < 0) frame.value = source.FindRoles({"price", "value", "amount", "latency_ms", "quantity"});
  return frame;
}

/// The source that is named, talked about, or fits the words best. "per symbol" may name a source of symbols, too: one
/// without a figure is not meant.
std::optional<RowFrame> BestFrame(const Utterance& utterance) {
  std::optional<RowFrame> best;
  for (const SourceModel& source : utterance.sources) {
    RowFrame frame = ReadRows(utterance, source);
    if (&source == utterance.NamedSource()) frame.links += 3;
    if (&source == utterance.FocusSource()) frame.links += 2;
    if (frame.value < 0 || frame.links == 0) continue;
    if (!best || frame.links > best->links) best = std::move(frame);
  }
  return best;
}

std::string NameOf(const RowFrame& frame, int field) { return frame.source->fields[static_cast<size_t>(field)].name; }

std::string PartitionText(const RowFrame& frame) {
  std::string columns;
  for (int field : frame.partition) columns += (columns.empty() ? "" : ", ") + ColumnText("", NameOf(frame, field));
  return columns.empty() ? "" : "PARTITION BY " + columns + " ";
}

std::string OverRows(const RowFrame& frame, int64_t rows) {
  return fmt::format("OVER (ROWS WINDOW BUFFER {} ROWS {}ORDER BY {})", rows, PartitionText(frame),
                     TimeText(*frame.source));
}

std::string WhereText(const RowFrame& frame) {
  std::string text;
  for (const ValueLink& link : frame.values) {
    const ValueModel& value = frame.source->values[static_cast<size_t>(link.value)];
    const std::string test = ColumnText("", NameOf(frame, value.field)) + " = " + sql::Print(*StringNode(value.text));
    text += (text.empty() ? " WHERE " : " OR ") + test;
  }
  return text;
}

struct Column {
  std::string text;  ///< Expression and alias.
  std::string title, explanation;
};

struct MovingFunction {
  std::string_view words, call, alias, title;
};
constexpr MovingFunction kMovingFunctions[] = {
    {"moving sum|rolling sum", "SUM", "moving_sum", "moving sum"},
    {"moving minimum|moving min", "MIN", "moving_min", "moving minimum"},
    {"moving maximum|moving max", "MAX", "moving_max", "moving maximum"},
};

Column Moving(const Utterance& utterance, RowFrame* frame, Reply* reply) {
  MovingFunction function{"", "AVG", "moving_avg", "moving average"};
  for (const MovingFunction& known : kMovingFunctions) {
    if (utterance.Has(known.words)) function = known;
  }
  const std::string name = NameOf(*frame, frame->value), noun = Plural(frame->source->singular);
  std::string over, reach;
  if (frame->milliseconds > 0) {
    over = fmt::format("OVER ({}ORDER BY {} RANGE BETWEEN {} PRECEDING AND CURRENT ROW)", PartitionText(*frame),
                       TimeText(*frame->source), sql::PrintDuration(MakeDuration(frame->milliseconds)));
    reach = fmt::format("the last {}", LengthWords(frame->milliseconds));
  } else {
    if (frame->rows == 0) {
      frame->rows = kDefaultRows;
      reply->assumptions.push_back({"rows", fmt::format("over {} {}", kDefaultRows, noun), {}});
    }
    over = OverRows(*frame, frame->rows);
    reach = fmt::format("the last {} {}", frame->rows, noun);
  }
  reply->understood.push_back({reach, frame->milliseconds > 0 ? "RANGE" : fmt::format("{} ROWS", frame->rows)});
  return {fmt::format("{}({}) {} AS {}", function.call, ColumnText("", name), over,
                      sql::QuoteIdentifier(fmt::format("{}_{}", function.alias, name))),
          fmt::format("{} of {}", function.title, name), fmt::format("over {}", reach)};
}

Column Previous(const RowFrame& frame, Wish wish) {
  const std::string name = NameOf(frame, frame.value), column = ColumnText("", name);
  const std::string lag = fmt::format("LAG({}, 1) {}", column, OverRows(frame, 2));
  const std::string previous = fmt::format("{} AS {}", lag, sql::QuoteIdentifier("previous_" + name));
  const std::string row = frame.source->singular;
  if (wish == Wish::kPrevious) return {previous, "previous " + name, fmt::format("beside that of the {} before", row)};
  if (wish == Wish::kDifference) {
    return {fmt::format("{}, {} - {} AS {}", previous, column, lag, sql::QuoteIdentifier(name + "_change")),
            "change of " + name, fmt::format("against the {} before", row)};
  }
  return {fmt::format("{0}, ({1} - {2}) / NULLIF({2}, 0) * 100 AS pct_change", previous, column, lag),
          "percent change of " + name, fmt::format("against the {} before", row)};
}

Column Running(const Utterance& utterance, const RowFrame& frame) {
  const bool counts = utterance.Has("running count|count so far|number so far|how many so far") ||
                      (utterance.Has("count") && !frame.value_said);
  const std::string name = NameOf(frame, frame.value);
  const std::string over = fmt::format("OVER ({}ORDER BY {} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
                                       PartitionText(frame), TimeText(*frame.source));
  if (counts) return {fmt::format("COUNT(*) {} AS running_count", over), "running count", "up to each row"};
  return {fmt::format("SUM({}) {} AS {}", ColumnText("", name), over, sql::QuoteIdentifier("running_" + name)),
          "running total of " + name, "up to each row"};
}

/// "moved more than 5 percent"
double PercentLimit(const Utterance& utterance) {
  if (!utterance.Has("more than|over|above|at least|exceeds")) return 0;
  for (const Token& token : utterance.sentence.tokens) {
    if (token.percent) return token.number > 1 ? token.number : token.number * 100;
  }
  return 0;
}

Reply Finish(const Utterance& utterance, Reply reply, const std::string& text, std::string title) {
  const sql::QueryPtr query = ParseQuery(text);
  if (query == nullptr || !BindError(*query, utterance).empty()) {
    return TextReply("sql.rows", "I could not write that for these columns. Name the column, and \"per\" which one.");
  }
  reply.mode = "generate";
  reply.confidence = 0.9;
  reply.sql = sql::Print(*query);
  reply.title = Capitalised(std::move(title));
  reply.follow_ups = {{"Run it", "run it"}, {"Explain it", "explain this"}};
  return reply;
}

std::string PerText(const RowFrame& frame) {
  std::string text;
  for (int field : frame.partition) text += (text.empty() ? " per " : " and ") + NameOf(frame, field);
  return text;
}

/// "top 3 trades per symbol by price": the ranked rows of each group.
std::optional<Reply> ReadTopRows(const Utterance& utterance) {
  const bool low = utterance.Has("bottom|lowest|smallest|cheapest");
  if (!low && !utterance.Has("top|highest|largest|biggest|most expensive")) return std::nullopt;
  const SourceModel* source = utterance.NamedSource();
  if (source == nullptr) source = utterance.FocusSource();
  if (source == nullptr) return std::nullopt;
  Reader reader(utterance.sentence, *source, nullptr);
  int64_t count = 0;
  int partition = -1, order = -1;
  while (!reader.done()) {
    if (reader.token().is_duration()) return std::nullopt;  // A window is meant.
    if (reader.Accept("top|bottom|highest|lowest|largest|smallest|biggest|cheapest|most expensive")) {
      if (!reader.done() && reader.token().is_number()) {
        count = static_cast<int64_t>(reader.token().number);
        ++reader.at;
      }
      reader.SkipArticles();
      const bool rows = reader.source_name() > 0 || (!reader.done() && IsRecordNoun(reader.token().stem));
      if (!rows && reader.Match(kPartition) == 0) return std::nullopt;  // Groups are ranked, not rows.
      continue;
    }
    const bool by = reader.Match("by|ordered by|ranked by|with the highest|with the lowest") > 0;
    if (reader.Accept("by|ordered by|ranked by|with the highest|with the lowest|for each|for every|of each|in each|"
                      "within each|within|per|each|every")) {
      reader.SkipArticles();
      const FieldLink link = reader.field();
      if (!link) return std::nullopt;
      (by ? order : partition) = link.field;
      reader.at += link.length;
      continue;
    }
    ++reader.at;
  }
  if (count == 0 || partition < 0) return std::nullopt;
  const bool said = order >= 0;
  if (!said) order = source->FindRoles({"price", "amount", "value", "latency_ms", "quantity"});
  if (order < 0) return std::nullopt;
  const std::string name = source->fields[static_cast<size_t>(order)].name;
  const std::string group = source->fields[static_cast<size_t>(partition)].name;
  std::string columns;
  for (const FieldModel& field : source->fields) columns += ColumnText("", field.name) + ", ";
  const std::string text = fmt::format(
      "SELECT {}place FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY {} ORDER BY {}{}) AS place FROM {}) "
      "AS ranked WHERE place <= {} EMIT CHANGES",
      columns, ColumnText("", group), ColumnText("", name), low ? "" : " DESC", FromText(*source), count);
  Reply reply;
  reply.intent = "sql.topn";
  reply.suggested_viz = "table";
  reply.understood = {{fmt::format("{} {}", low ? "bottom" : "top", count), fmt::format("place <= {}", count)},
                      {"per " + group, "PARTITION BY " + group}};
  if (!said) reply.assumptions.push_back({"order", "ranked by " + name, {}});
  std::string title =
      fmt::format("{} {} {} per {} by {}", low ? "Bottom" : "Top", count, Plural(source->singular), group, name);
  reply.explanation = title + ", renewed as rows come.";
  return Finish(utterance, std::move(reply), text, std::move(title));
}

}  // namespace

std::optional<Reply> ReadRowWindow(const Utterance& utterance) {
  const Wish wish = WishOf(utterance);
  if (wish == Wish::kNone) return ReadTopRows(utterance);
  std::optional<RowFrame> frame = BestFrame(utterance);
  if (!frame) return std::nullopt;
  Reply reply;
  reply.intent = wish == Wish::kMoving    ? "sql.moving_average"
                 : wish == Wish::kPercent ? "sql.pct_change"
                                          : "sql.running";
  reply.suggested_viz = "line";
  Column column = wish == Wish::kMoving    ? Moving(utterance, &*frame, &reply)
                  : wish == Wish::kRunning ? Running(utterance, *frame)
                                           : Previous(*frame, wish);
  if (!frame->partition.empty()) reply.understood.push_back({PerText(*frame).substr(1), PartitionText(*frame)});
  std::string shown;
  for (int field : frame->partition) shown += ColumnText("", NameOf(*frame, field)) + ", ";
  const std::vector<std::string> times = TimeColumns(*frame->source);
  if (!times.empty()) shown += ColumnText("", times.front()) + ", ";
  std::string text = fmt::format("SELECT {}{}, {} FROM {}{}", shown, ColumnText("", NameOf(*frame, frame->value)),
                                 column.text, FromText(*frame->source), WhereText(*frame));
  if (const double limit = wish == Wish::kPercent ? PercentLimit(utterance) : 0; limit > 0) {
    text = fmt::format("SELECT * FROM ({}) AS moves WHERE ABS(pct_change) > {}", text, limit);
  }
  const std::string title = column.title + PerText(*frame);
  reply.explanation = Capitalised(title) + ", " + column.explanation + ".";
  return Finish(utterance, std::move(reply), text + " EMIT CHANGES", title);
}

}  // namespace velo::language
