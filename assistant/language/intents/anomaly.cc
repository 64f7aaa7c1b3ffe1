// "detect anomalies in temperature", "trades more than 3 sigma from normal": rows far from the mean of their own
// recent past (API S19).
#include <algorithm>
#include <cstdlib>

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

constexpr std::string_view kStrange =
    "anomalous|anomalies|anomaly|outliers|outlier|unusually|unusual|strange|weird|abnormal|atypical|suspicious|odd|"
    "spikes|spike|unexpected|sigmas|sigma";
constexpr std::string_view kDeviates =
    "deviates|deviate|deviating|deviations from|deviation from|standard deviations|std devs|stddevs|z score|z scores";
constexpr std::string_view kUnits =
    "standard deviations|standard deviation|std deviations|std devs|std dev|stddevs|stddev|sigmas|sigma|deviations|σ";
constexpr std::string_view kMeans =
    "moving average|rolling average|running average|recent average|moving mean|rolling mean|running mean|recent "
    "mean|usual value|normal value|average|avg|mean|median|norm|normal|usual|baseline|expected";
constexpr std::string_view kWorks =
    "I can find rows far from the mean of the rows before: \"readings more than 3 sigma from normal per device\".";
constexpr int64_t kDefaultRows = 100;

struct AnomalyFrame {
  double sigma = 3;
  bool sigma_said = false;
  int side = 0;  ///< 1: only above, -1: only below the mean.
  int64_t rows = 0, milliseconds = 0;
};

/// "(by) more than 3 standard deviations (above)"
void TakeSigma(FixedForm* form, AnomalyFrame* frame) {
  const std::vector<Token>& tokens = form->utterance.sentence.tokens;
  Reader reader(form->utterance.sentence);
  for (size_t i = 0; i < tokens.size(); ++i) {
    reader.at = i + 1;
    if (!tokens[i].has_number || reader.Match(kUnits) == 0) continue;
    frame->sigma = tokens[i].number;
    frame->sigma_said = true;
    form->TakeTokens(i, i + 1 + reader.Match(kUnits));
    form->Take(
        "by more than|by over|by at least|more than|greater than|over|at least|exceeding|exceeds|exceed|beyond|"
        "outside|within|by");
    return;
  }
}

/// "(from the) moving average"; "median" by itself is a figure that is asked for.
void TakeMeans(FixedForm* form) {
  Reader reader(form->utterance.sentence);
  for (reader.at = 1; !reader.done(); ++reader.at) {
    static constexpr std::string_view kLeads[] = {"from", "the",  "its",     "their", "above", "below",
                                                  "than", "with", "against", "to",    "of"};
    const std::string& before = reader.sentence.tokens[reader.at - 1].text;
    if (std::find(std::begin(kLeads), std::end(kLeads), before) == std::end(kLeads)) continue;
    form->TakeTokens(reader.at, reader.at + reader.Match(kMeans));
  }
}

void TakeWords(FixedForm* form, AnomalyFrame* frame) {
  TakeSigma(form, frame);
  if (form->utterance.Has("above the|above its|above their|above normal|above average|too high|higher than"))
    frame->side = 1;
  if (form->utterance.Has("below the|below its|below their|below normal|below average|too low|lower than|drops"))
    frame->side = -1;
  form->Take("detect|detection|spot|identify|catch|discover|look for|search for|alert on|highlight");
  form->Take(kStrange);
  form->Take("deviates|deviate|deviating|deviations|deviation|differs|differ|z scores|z score|far away|far|away|off");
  form->Take("too high|too low|higher than|lower than|drops|jumps");
  form->Take(
      "from the|from its|from their|from|above the|above its|above their|above|below the|below its|below "
      "their|below|than|compared to the|compared to|compared with|against the|against");
  form->Take("for its|for their|for the");
  TakeMeans(form);
  form->Take("usual|normal|behaviour|behavior|pattern|level");
  frame->milliseconds =
      form->TakeDurationAfter("over the last|of the last|in the last|over the past|of the past|last|past|over");
  if (frame->milliseconds == 0) frame->rows = form->TakeRows();
}

/// True when one of the phrases stands in the message and names no source, column or value.
bool SaysBeyondData(const Utterance& utterance, std::string_view phrases) {
  Reader reader(utterance.sentence);
  for (; !reader.done(); ++reader.at) {
    if (reader.Match(phrases) == 0) continue;
    const bool data = std::any_of(utterance.sources.begin(), utterance.sources.end(), [&](const SourceModel& source) {
      const std::vector<Token>& tokens = utterance.sentence.tokens;
      const FieldLink field = LinkField(source, tokens, reader.at);
      return LinkSourceName(source, tokens, reader.at) > 0 || LinkValue(source, tokens, reader.at) ||
             (field && field.score > 0.9);
    });
    if (!data) return true;
  }
  return false;
}

struct Parts {
  std::string name, mean, spread, over;
};

/// Says over which rows the mean is taken: "of the last 100 trades". Fills `parts->over`.
std::string ReachBack(const SourceModel& source, const std::vector<int>& partition, AnomalyFrame* frame, Parts* parts,
                      std::vector<Assumption>* told) {
  const std::string keys = partition.empty() ? "" : fmt::format("PARTITION BY {} ", ColumnList(source, partition));
  if (frame->milliseconds > 0) {
    parts->over = fmt::format("OVER ({}ORDER BY {} RANGE BETWEEN {} PRECEDING AND CURRENT ROW)", keys, TimeText(source),
                              sql::PrintDuration(MakeDuration(frame->milliseconds)));
    return "of the last " + LengthWords(frame->milliseconds);
  }
  const std::string noun = Plural(source.singular);
  if (frame->rows == 0) {
    frame->rows = kDefaultRows;
    told->push_back({"rows", fmt::format("compared with the last {} {}", kDefaultRows, noun), {}});
  }
  parts->over = fmt::format("OVER (ROWS WINDOW BUFFER {} ROWS {}ORDER BY {})", frame->rows, keys, TimeText(source));
  return fmt::format("of the last {} {}", frame->rows, noun);
}

std::string QueryText(const AnomalyFrame& frame, const Reading& reading, const Parts& parts,
                      const std::vector<int>& partition) {
  const SourceModel& source = *reading.source;
  std::vector<std::string> shown;
  for (int field : partition) shown.push_back(source.fields[static_cast<size_t>(field)].name);
  // Rows of no series are told apart by their own key.
  for (const FieldModel& field : source.fields) {
    if (partition.empty() && shown.empty() && field.is_id() && field.name != parts.name) shown.push_back(field.name);
  }
  std::string outer, inner;
  for (const std::string& name : shown) outer += ColumnText("", name) + ", ";
  outer += ColumnText("", parts.name);
  inner = outer;
  const std::vector<std::string> times = TimeColumns(source);
  if (!times.empty()) inner += ", " + ColumnText("", times.front());
  const std::string value = ColumnText("", parts.name);
  const std::string distance = frame.side > 0   ? fmt::format("{} - {}", value, parts.mean)
                               : frame.side < 0 ? fmt::format("{} - {}", parts.mean, value)
                                                : fmt::format("ABS({} - {})", value, parts.mean);
  return fmt::format(
      "WITH stats AS (SELECT {}, AVG({}) {} AS {}, STDDEV({}) {} AS {} FROM {}{}) SELECT {}, {}, {} FROM stats WHERE "
      "{} "
      "> {:g} * {} EMIT CHANGES",
      inner, value, parts.over, parts.mean, value, parts.over, parts.spread, FromText(source), WhereText(reading),
      outer, parts.mean, parts.spread, distance, frame.sigma, parts.spread);
}

}  // namespace

std::optional<Reply> ReadAnomaly(const Utterance& utterance) {
  if (!SaysBeyondData(utterance, kStrange) && !SaysBeyondData(utterance, kDeviates)) return std::nullopt;
  FixedForm form(utterance);
  AnomalyFrame frame;
  TakeWords(&form, &frame);
  FormSource found = ReadRest(form, [](const Reading& reading) {
    return std::any_of(reading.source->fields.begin(), reading.source->fields.end(),
                       [](const FieldModel& field) { return field.is_numeric() && !field.is_id(); });
  });
  if (found.reply) return found.reply;
  if (!found.reading) return TextReply("sql.anomaly", std::string(kWorks));
  Reading& reading = *found.reading;
  FormValue value = TakeValue(&reading);
  for (const Token& token : utterance.sentence.tokens) {
    // "unusually long rides"
    const int quality = value.said || !token.is_word() ? -1 : FieldOfQuality(*reading.source, token.text);
    if (quality >= 0) value = {quality, true};
  }
  if (value.field < 0) return TextReply("sql.anomaly", std::string(kWorks));
  if (std::optional<Reply> refusal = RefuseRest(form, reading, "sql.anomaly", kWorks)) return refusal;
  const SourceModel& source = *reading.source;
  const std::string noun = Plural(source.singular);
  std::vector<Assumption>& told = reading.frame.assumptions;
  std::vector<int> partition = PartitionOf(reading);
  if (partition.empty() && SeriesColumn(source) >= 0) {
    partition = {SeriesColumn(source)};
    told.push_back(
        {"partition", fmt::format("each {} is compared with its own past", ColumnList(source, partition)), {}});
  }
  Parts parts;
  parts.name = source.fields[static_cast<size_t>(value.field)].name;
  parts.mean = sql::QuoteIdentifier("mean_" + parts.name);
  parts.spread = sql::QuoteIdentifier("stddev_" + parts.name);
  const std::string reach = ReachBack(source, partition, &frame, &parts, &told);
  if (!frame.sigma_said) told.push_back({"sigma", "unusual means more than 3 standard deviations from the mean", {}});
  if (!value.said) told.push_back({"column", fmt::format("{} is looked at", parts.name), {}});
  const std::string title = fmt::format("unusual {} in {}{}", parts.name, noun, PerWords(source, partition));
  std::optional<Reply> reply =
      FormReply(form, &reading, "sql.anomaly", QueryText(frame, reading, parts, partition), title);
  if (!reply) return TextReply("sql.anomaly", std::string(kWorks));
  const std::string_view side = frame.side > 0 ? "above" : frame.side < 0 ? "below" : "from";
  reply->explanation =
      fmt::format("{} whose {} is more than {:g} standard deviations {} the mean {}{}{}.", Capitalised(noun),
                  parts.name, frame.sigma, side, reach, PerWords(source, partition), WhereWords(reading));
  return reply;
}

}  // namespace velo::language
