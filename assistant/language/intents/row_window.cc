// Figures over neighbouring rows: moving averages, differences to the previous row, running totals (API S9, S10, S11).
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

enum class Wish : uint8_t { kNone, kMoving, kPrevious, kDifference, kPercent, kRunning };

constexpr std::string_view kMoving =
    "moving average|moving averages|moving avg|moving mean|moving sum|moving minimum|moving min|moving maximum|moving "
    "max|rolling averages|rolling average|rolling avg|rolling mean|rolling sum|running average|running avg|running "
    "mean|smoothed|smooth|ma";
constexpr std::string_view kPercent =
    "percent change|percentage change|pct change|change in percent|change in %|relative change|percent "
    "changes|percentage move";
constexpr std::string_view kChange = "difference|differences|delta|changes|changed|change|moved|moves|move";
constexpr std::string_view kPrevious =
    "the previous one|previous|prior|preceding|the last one|the one before|last trade|last reading|last row|last "
    "value|last price|lag";
constexpr std::string_view kRunning =
    "running totals|running total|running sum|running count|cumulative|count so far|number so far|how many so far|so "
    "far";
constexpr std::string_view kBridges =
    "by how much|how much|since|compared to|compared with|against|relative to|versus|over time";
constexpr std::string_view kWorks =
    "Over neighbouring rows I can write moving averages, differences to the row before and running totals of a column, "
    "with a filter and \"per\" a column.";
constexpr int64_t kDefaultRows = 20;

Wish WishOf(const Utterance& utterance) {
  if (utterance.Has("updated every|renewed every|refreshed every|windows|window")) return Wish::kNone;
  if (utterance.Has(kMoving)) return Wish::kMoving;
  const bool percent = std::any_of(utterance.sentence.tokens.begin(), utterance.sentence.tokens.end(),
                                   [](const Token& token) { return token.percent || token.text == "%"; });
  const bool moved = utterance.Has(
      "moved|moves|move|changed|changes|change|jumped|rose|risen|increased|gained|grew|fell|fallen|decreased|dropped|"
      "lost");
  if (utterance.Has(kPercent) || (percent && moved)) return Wish::kPercent;
  if (utterance.Has(kRunning)) return Wish::kRunning;
  const bool previous = utterance.Has(kPrevious);
  if (previous && utterance.Has(kChange)) return Wish::kDifference;
  if (previous && !utterance.Has("query|version|month|year|week|day|hour|period|messages|rows")) return Wish::kPrevious;
  return Wish::kNone;
}

/// What the words of the form say.
struct RowFrame {
  const SourceModel* source = nullptr;
  FormValue value;
  std::vector<int> partition;
  int64_t rows = 0;          ///< "last 20 trades"
  int64_t milliseconds = 0;  ///< "10-minute"
  double percent = 0;        ///< "moved more than 5 %"
  int side = 0;              ///< 1: only up, -1: only down.
  std::string function = "AVG", alias = "moving_avg", title = "moving average";
  bool counts = false;
};

std::string NameOf(const RowFrame& frame) { return frame.source->fields[static_cast<size_t>(frame.value.field)].name; }

std::string PartitionText(const RowFrame& frame) {
  return frame.partition.empty() ? "" : fmt::format("PARTITION BY {} ", ColumnList(*frame.source, frame.partition));
}

std::string OverRows(const RowFrame& frame, int64_t rows) {
  return fmt::format("OVER (ROWS WINDOW BUFFER {} ROWS {}ORDER BY {})", rows, PartitionText(frame),
                     TimeText(*frame.source));
}

void TakeMoving(FixedForm* form, RowFrame* frame) {
  struct Function {
    std::string_view words, call, alias, title;
  };
  static constexpr Function kFunctions[] = {
      {"moving sum|rolling sum", "SUM", "moving_sum", "moving sum"},
      {"moving minimum|moving min", "MIN", "moving_min", "moving minimum"},
      {"moving maximum|moving max", "MAX", "moving_max", "moving maximum"},
  };
  for (const Function& function : kFunctions) {
    if (!form->utterance.Has(function.words)) continue;
    frame->function = function.call;
    frame->alias = function.alias;
    frame->title = function.title;
  }
  form->Take(kMoving);
  const std::vector<Token>& tokens = form->utterance.sentence.tokens;
  for (size_t i = 0; i < tokens.size() && frame->milliseconds == 0; ++i) {
    if (!tokens[i].is_duration()) continue;
    frame->milliseconds = tokens[i].milliseconds;
    const bool lead = i > 0 && (tokens[i - 1].text == "last" || tokens[i - 1].text == "past");
    form->TakeTokens(lead ? i - 1 : i, i + 1);
  }
  if (frame->milliseconds == 0) frame->rows = form->TakeRows();
}

/// "more than 5 percent"
void TakePercent(FixedForm* form, RowFrame* frame) {
  form->Take(kPercent);
  if (form->Take("rose|risen|increased|gained|went up|grew")) frame->side = 1;
  if (form->Take("fell|fallen|decreased|dropped|lost|went down|sank")) frame->side = -1;
  form->Take("change in|moved|moves|move|changed|changes|change|jumped|rose|fell");
  const std::vector<Token>& tokens = form->utterance.sentence.tokens;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].percent || !form->utterance.Has("more than|over|above|at least|exceeds|by")) continue;
    frame->percent = tokens[i].number;
    form->TakeTokens(i, i + 1);
    form->Take("by more than|by over|by at least|more than|over|above|at least|exceeds|by");
  }
}

void TakeWish(FixedForm* form, Wish wish, RowFrame* frame) {
  if (wish == Wish::kMoving) TakeMoving(form, frame);
  if (wish == Wish::kPercent) TakePercent(form, frame);
  if (wish == Wish::kRunning) {
    frame->counts = form->utterance.Has("running count|count so far|number so far|how many so far");
    form->Take(kRunning);
    if (form->utterance.Begins("count")) frame->counts = form->Take("count");
  }
  if (wish == Wish::kPrevious || wish == Wish::kDifference || wish == Wish::kPercent) form->Take(kPrevious);
  if (wish == Wish::kDifference) form->Take(kChange);
  form->Take(kBridges);
  form->Take("percent|%");
}

struct Column {
  std::string text;  ///< Expression and alias.
  std::string title, explanation;
};

Column Moving(RowFrame* frame, Reading* reading) {
  const std::string name = NameOf(*frame), noun = Plural(frame->source->singular);
  std::string over, reach;
  if (frame->milliseconds > 0) {
    over = fmt::format("OVER ({}ORDER BY {} RANGE BETWEEN {} PRECEDING AND CURRENT ROW)", PartitionText(*frame),
                       TimeText(*frame->source), sql::PrintDuration(MakeDuration(frame->milliseconds)));
    reach = fmt::format("the last {}", LengthWords(frame->milliseconds));
  } else {
    if (frame->rows == 0) {
      frame->rows = kDefaultRows;
      reading->frame.assumptions.push_back({"rows", fmt::format("over {} {}", kDefaultRows, noun), {}});
    }
    over = OverRows(*frame, frame->rows);
    reach = fmt::format("the last {} {}", frame->rows, noun);
  }
  reading->frame.understood.push_back({reach, frame->milliseconds > 0 ? "RANGE" : fmt::format("{} ROWS", frame->rows)});
  return {fmt::format("{}({}) {} AS {}", frame->function, ColumnText("", name), over,
                      sql::QuoteIdentifier(fmt::format("{}_{}", frame->alias, name))),
          fmt::format("{} of {}", frame->title, name), fmt::format("over {}", reach)};
}

Column Previous(const RowFrame& frame, Wish wish) {
  const std::string name = NameOf(frame), column = ColumnText("", name);
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

Column Running(const RowFrame& frame) {
  const std::string name = NameOf(frame);
  const std::string over = fmt::format("OVER ({}ORDER BY {} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
                                       PartitionText(frame), TimeText(*frame.source));
  if (frame.counts) return {fmt::format("COUNT(*) {} AS running_count", over), "running count", "up to each row"};
  return {fmt::format("SUM({}) {} AS {}", ColumnText("", name), over, sql::QuoteIdentifier("running_" + name)),
          "running total of " + name, "up to each row"};
}

std::string_view IntentOf(Wish wish) {
  if (wish == Wish::kMoving) return "sql.moving_average";
  return wish == Wish::kPercent || wish == Wish::kDifference ? "sql.pct_change" : "sql.running";
}

/// The column that tells one series from the other, where the words name none: a price is compared with that of the
/// same symbol.
void Partition(const Reading& reading, Wish wish, RowFrame* frame, Reading* told) {
  frame->partition = PartitionOf(reading);
  if (!frame->partition.empty()) {
    const std::string per = PerWords(*frame->source, frame->partition).substr(1);
    told->frame.understood.push_back({per, PartitionText(*frame)});
    return;
  }
  const int series = SeriesColumn(*frame->source);
  const bool compares = wish == Wish::kPrevious || wish == Wish::kDifference || wish == Wish::kPercent;
  if (!compares || series < 0) return;
  frame->partition = {series};
  told->frame.assumptions.push_back(
      {"partition", fmt::format("each {} by itself", frame->source->fields[static_cast<size_t>(series)].name), {}});
}

std::string SelectText(const RowFrame& frame, const Column& column, const Reading& reading) {
  std::string shown;
  const std::string value = NameOf(frame);
  for (int field : frame.partition) {
    if (field != frame.value.field) shown += ColumnList(*frame.source, {field}) + ", ";
  }
  const std::vector<std::string> times = TimeColumns(*frame.source);
  if (!times.empty()) shown += ColumnText("", times.front()) + ", ";
  return fmt::format("SELECT {}{}, {} FROM {}{}", shown, ColumnText("", value), column.text, FromText(*frame.source),
                     WhereText(reading));
}

}  // namespace

std::optional<Reply> ReadRowWindow(const Utterance& utterance) {
  const Wish wish = WishOf(utterance);
  if (wish == Wish::kNone) return std::nullopt;
  FixedForm form(utterance);
  RowFrame frame;
  TakeWish(&form, wish, &frame);
  FormSource found = ReadRest(form, [](const Reading& reading) {
    return reading.source->FindRoles({"price", "value", "amount", "latency_ms", "quantity"}) >= 0 ||
           !reading.frame.mentions.empty() || !reading.frame.measures.empty();
  });
  if (found.reply) return found.reply;
  if (!found.reading) return std::nullopt;
  Reading& reading = *found.reading;
  frame.source = reading.source;
  frame.value = TakeValue(&reading);
  if (frame.value.field < 0) return std::nullopt;
  if (std::optional<Reply> refusal = RefuseRest(form, reading, IntentOf(wish), kWorks, {.range = true})) return refusal;
  Partition(reading, wish, &frame, &reading);
  const Column column = wish == Wish::kMoving    ? Moving(&frame, &reading)
                        : wish == Wish::kRunning ? Running(frame)
                                                 : Previous(frame, wish);
  std::string text = SelectText(frame, column, reading);
  if (frame.percent > 0) {
    const std::string test = frame.side > 0   ? fmt::format("pct_change > {:g}", frame.percent)
                             : frame.side < 0 ? fmt::format("pct_change < -{:g}", frame.percent)
                                              : fmt::format("ABS(pct_change) > {:g}", frame.percent);
    text = fmt::format("SELECT * FROM ({}) AS moves WHERE {}", text, test);
  }
  const std::string title = column.title + PerWords(*frame.source, frame.partition);
  std::optional<Reply> reply = FormReply(form, &reading, IntentOf(wish), text + " EMIT CHANGES", title);
  if (!reply) return TextReply("sql.rows", std::string(kWorks));
  reply->suggested_viz = "line";
  const std::string where = WhereText(reading);
  reply->explanation = Capitalised(title) + ", " + column.explanation;
  reply->explanation += WhereWords(reading);
  if (frame.percent > 0)
    reply->explanation += fmt::format(", only {} of more than {:g} %",
                                      frame.side > 0   ? "rises"
                                      : frame.side < 0 ? "falls"
                                                       : "moves",
                                      frame.percent);
  reply->explanation += ".";
  return reply;
}

}  // namespace velo::language
