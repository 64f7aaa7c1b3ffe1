#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/lexicon.h"
#include "assistant/language/reader.h"
#include "assistant/language/sql_nodes.h"

namespace velo::language {

namespace {

using Rule = bool (*)(Reader*);

bool ReadMonitor(Reader* reader) {
  size_t start = reader->at;
  if (!reader->Accept("monitor|track|keep an eye on|watch over|monitoring|tracking")) return false;
  reader->frame.monitor = true;
  reader->SkipArticles();
  if (reader->Accept("trading activity|trading|market activity"))
    reader->named_source = reader->source.is_trading();
  else
    reader->Accept("activity");
  reader->Accept("in real time|in realtime|realtime|live");
  reader->Understand(reader->Said(start, reader->at), "figures in 5-minute windows");
  return true;
}

bool ReadEverything(Reader* reader) {
  size_t start = reader->at;
  bool all = reader->Accept(
      "everything from|everything in|everything|all columns|all the columns|all fields|pass the data through|pass data "
      "through|pass everything through|"
      "pass through|as is|unchanged|all changes from|changes from|all rows|every row|select "
      "all|follow|watch|tail|subscribe to|stream|live feed of|listen to");
  if (!all) return false;
  reader->frame.everything = true;
  reader->Understand(reader->Said(start, reader->at), "*");
  return true;
}

bool ReadSourceMention(Reader* reader) {
  size_t start = reader->at;
  bool lead = reader->Accept("from the|from|in the|in|on the|of the|of|the|for|stream|over the|using the|using|use");
  size_t length = reader->source_name();
  if (length == 0) {
    reader->at = start;
    return false;
  }
  // A column of the same name means the column, unless "from" goes before.
  const FieldLink& link = reader->field();
  if (!lead && link && link.rival < 0 && link.score >= 0.98 && link.length >= length) {
    reader->at = start;
    return false;
  }
  reader->at += length;
  reader->Accept("topic|table|stream|file|dataset|data|source|activity");
  reader->named_source = true;
  return true;
}

bool ReadMention(Reader* reader) {
  const FieldLink link = reader->field();
  if (!link) return false;
  size_t start = reader->at;
  int field = -1;
  reader->AcceptField(&field);
  reader->Accept("column|field|value|values");
  for (const Mention& known : reader->frame.mentions) {
    if (known.field == field) return true;
  }
  reader->frame.mentions.push_back({field, reader->Said(start, reader->at), start});
  return true;
}

// The order is the grammar's precedence: what is more specific comes first.
constexpr Rule kRules[] = {ReadEmit,         ReadComputed, ReadTop,       ReadBuckets,    ReadDistinct,
                           ReadNamedMeasure, ReadWindow,   ReadTimeRange, ReadOrder,      ReadMeasure,
                           ReadFilter,       ReadGroup,    ReadMonitor,   ReadEverything, ReadSourceMention,
                           ReadValueFilter,  ReadMention};

/// True for "only the ids", "just symbol", "list devices": the column itself is wanted.
bool SaysOnly(const Reader& reader, size_t position) {
  for (size_t back = 1; back <= 3 && back <= position; ++back) {
    std::string_view word = reader.sentence.tokens[position - back].text;
    if (word == "only" || word == "just" || word == "list" || word == "column") return true;
  }
  return false;
}

/// Adds the figures that bare columns mean once the query groups or windows.
void ResolveMentions(Reader* reader) {
  Frame& frame = reader->frame;
  bool edits_aggregate = reader->names != nullptr && reader->names->aggregated;
  bool having = std::any_of(frame.conditions.begin(), frame.conditions.end(),
                            [](const Condition& condition) { return condition.of_measure; });
  bool aggregated = frame.aggregates() || frame.window || frame.monitor || having || edits_aggregate;
  if (!aggregated) {
    // "devices hotter than 80": the noun stands for the rows, not for the only column to show.
    bool subject =
        frame.mentions.size() == 1 && frame.projections.empty() && !frame.conditions.empty() &&
        (reader->model(frame.mentions[0].field).is_id() || reader->model(frame.mentions[0].field).is_text()) &&
        !SaysOnly(*reader, frame.mentions[0].position);
    if (subject) return;
    for (const Mention& mention : frame.mentions) {
      frame.projections.push_back(
          {ColumnNode(reader->name(mention.field)), "", mention.words, mention.field, mention.position});
    }
    std::stable_sort(frame.projections.begin(), frame.projections.end(),
                     [](const Projection& a, const Projection& b) { return a.position < b.position; });
    return;
  }
  bool had_measures = !frame.measures.empty();
  for (const Mention& mention : frame.mentions) {
    bool used = std::any_of(frame.measures.begin(), frame.measures.end(),
                            [&](const Measure& m) { return m.field == mention.field; }) ||
                std::any_of(frame.keys.begin(), frame.keys.end(),
                            [&](const GroupKey& k) { return k.field == mention.field; }) ||
                (frame.top && frame.top->entity == mention.field);
    if (used) continue;
    const FieldModel& model = reader->model(mention.field);
    if (!model.is_numeric() || model.is_id()) {
      // "symbol and average price": the plain column is what the figures are for.
      if (!model.is_time()) frame.keys.push_back({ColumnNode(model.name), "", mention.words, mention.field});
      continue;
    }
    Measure measure = MeasureOfMention(*reader, mention.field);
    if (!had_measures || model.is_numeric()) {
      std::string name = model.name;
      std::string said = measure.function == Aggregate::kSum       ? "total"
                         : measure.function == Aggregate::kAverage ? "average"
                                                                   : "highest";
      reader->Assume("measure", name == said ? measure.words : fmt::format("{} {}", said, name),
                     {{fmt::format("average {}", name), fmt::format("replace {} with average {}", measure.alias, name)},
                      {fmt::format("total {}", name), fmt::format("replace {} with total {}", measure.alias, name)},
                      {fmt::format("highest {}", name), fmt::format("replace {} with max {}", measure.alias, name)}});
      frame.measures.push_back(std::move(measure));
    }
  }
}

void ResolveDistinct(Reader* reader) {
  Frame& frame = reader->frame;
  if (frame.distinct_fields.empty()) return;
  bool counted = frame.distinct_counted || !frame.keys.empty() || frame.window || !frame.measures.empty();
  if (!counted || frame.list_values) {
    frame.list_values = true;
    return;
  }
  for (int field : frame.distinct_fields) {
    Measure measure = MakeMeasure(*reader, Aggregate::kCountDistinct, field);
    bool known = std::any_of(frame.measures.begin(), frame.measures.end(),
                             [&](const Measure& m) { return m.alias == measure.alias; });
    if (!known) frame.measures.push_back(std::move(measure));
  }
  frame.distinct_fields.clear();
}

/// "symbols whose average price is above 100" shows the average, too.
void ShowComparedFigure(const Condition& condition, Frame* frame) {
  if (condition.measure_alias.empty() || condition.expression->kind != sql::ExpressionKind::kBinary) return;
  for (const Measure& measure : frame->measures) {
    if (measure.alias == condition.measure_alias) return;
  }
  Measure measure;
  measure.expression = sql::Clone(*static_cast<const sql::Binary&>(*condition.expression).left);
  measure.alias = measure.words = condition.measure_alias;
  frame->measures.push_back(std::move(measure));
}

/// "volume over 1M" filters rows in a list of rows, and groups in a grouped query.
void ResolveConditions(Reader* reader) {
  Frame& frame = reader->frame;
  bool grouped = !frame.keys.empty() || frame.window.has_value() || (frame.top && frame.top->entity >= 0);
  for (Condition& condition : frame.conditions) {
    if (condition.of_measure && reader->names == nullptr) ShowComparedFigure(condition, &frame);
    if (condition.as_measure == nullptr || !grouped) continue;
    bool shown = std::any_of(frame.measures.begin(), frame.measures.end(),
                             [&](const Measure& measure) { return measure.alias == condition.measure_alias; });
    // The figure that is compared is shown, too.
    if (!shown && condition.as_measure->kind == sql::ExpressionKind::kBinary) {
      Measure measure;
      measure.expression = sql::Clone(*static_cast<const sql::Binary&>(*condition.as_measure).left);
      measure.alias = condition.measure_alias;
      measure.words = condition.measure_alias;
      measure.function = Aggregate::kSum;
      frame.measures.push_back(std::move(measure));
    }
    condition.expression = std::move(condition.as_measure);
    condition.of_measure = true;
  }
}

void ResolveTop(Reader* reader) {
  Frame& frame = reader->frame;
  if (!frame.top) return;
  TopFrame& top = *frame.top;
  if (top.entity >= 0) {
    bool known =
        std::any_of(frame.keys.begin(), frame.keys.end(), [&](const GroupKey& key) { return key.field == top.entity; });
    if (!known)
      frame.keys.push_back(
          {ColumnNode(reader->name(top.entity)), "", std::string(reader->name(top.entity)), top.entity});
  }
  if (top.count_assumed) {
    reader->Assume("limit", fmt::format("the {} {}", top.descending ? "top" : "bottom", top.count),
                   {{"top 5", "limit 5"}, {"top 20", "limit 20"}});
  }
  frame.limit = top.count;
  // Ranking by a figure needs groups: "the three most expensive stocks by average price".
  if (top.entity < 0 && frame.keys.empty() && frame.order && !frame.order->alias.empty() && reader->names == nullptr) {
    int key =
        reader->source.FindRoles({"symbol", "user_id", "product_id", "service", "device_id", "merchant_id", "region"});
    if (key >= 0 && !reader->model(key).is_numeric()) {
      frame.keys.push_back({ColumnNode(reader->name(key)), "", std::string(reader->name(key)), key});
    }
  }
  if (frame.order) {
    frame.order->descending = top.descending;
    return;
  }
  Ordering order;
  order.descending = top.descending;
  order.words = top.words;
  if (top.entity >= 0 || !frame.keys.empty() || !frame.measures.empty() || reader->names != nullptr) {
    if (frame.measures.empty() && !(reader->names != nullptr && top.entity < 0)) {
      // Nothing says by what: money where there is money, else how many.
      int amount = reader->source.FindRole("amount");
      bool active = top.words.find("active") != std::string::npos || top.words.find("popular") != std::string::npos ||
                    top.words.find("frequent") != std::string::npos || top.words.find("common") != std::string::npos ||
                    top.words.find("busiest") != std::string::npos;
      Measure measure = amount >= 0 && !active ? MakeMeasure(*reader, Aggregate::kSum, amount) : MakeCount(*reader);
      reader->Assume("rank", fmt::format("ranked by {}", measure.words),
                     {{"by the number of rows", fmt::format("top {} by count", top.count)}});
      frame.measures.push_back(std::move(measure));
    }
    if (!frame.measures.empty()) order.alias = frame.measures.front().alias;
  } else {
    int main = reader->source.FindRoles({"amount", "price", "value", "quantity", "latency_ms"});
    if (main < 0) return;
    order.expression = ColumnNode(reader->name(main));
    reader->Assume("rank", fmt::format("ranked by {}", reader->name(main)));
  }
  frame.order = std::move(order);
}

bool HasTime(const SourceModel& source) {
  return std::any_of(source.fields.begin(), source.fields.end(),
                     [](const FieldModel& field) { return field.is_time(); });
}

void Finish(Reader* reader) {
  ResolveDistinct(reader);
  ResolveTop(reader);
  ResolveMentions(reader);
  ResolveConditions(reader);
}

}  // namespace

bool LeavesNegation(const Reading& reading) {
  static constexpr std::string_view kNegations[] = {"not",     "no",    "without", "except", "excluding",
                                                    "exclude", "never", "neither", "nor",    "ignore"};
  return std::any_of(reading.leftovers.begin(), reading.leftovers.end(), [](const std::string& word) {
    return std::find(std::begin(kNegations), std::end(kNegations), ToLower(word)) != std::end(kNegations);
  });
}

Reading ReadQuery(const Sentence& sentence, const SourceModel& source, const QueryNames* names) {
  Reader reader(sentence, source, names);
  double content = 0, covered = 0;
  std::string row_noun;
  std::vector<size_t> used;
  while (!reader.done()) {
    size_t before = reader.at;
    bool taken = false;
    const bool asked = reader.frame.question.has_value();
    for (Rule rule : kRules) {
      if (rule(&reader) && reader.at > before) {
        taken = true;
        break;
      }
      reader.at = before;
      if (!asked) reader.frame.question.reset();  // Of words that were not taken.
    }
    if (taken) {
      for (size_t i = before; i < reader.at; ++i) {
        used.push_back(sentence.tokens[i].begin);
        bool filler = sentence.tokens[i].is_word() && IsFiller(sentence.tokens[i].text);
        if (filler) continue;
        content += 1;
        covered += 1;
      }
      continue;
    }
    const Token& token = reader.token();
    bool symbol = token.kind == Token::Kind::kSymbol;
    bool day_rows = token.is_word() && (token.stem == "day" || token.stem == "date") && HasTime(source);
    bool noise = symbol || day_rows || IsFillerToken(token) || (token.is_word() && IsRecordNoun(token.stem));
    // "films without a director": a plural noun before all else stands for the rows.
    bool first = covered == 0 && reader.leftovers.empty() && row_noun.empty();
    bool noun =
        first && token.is_word() && token.text != token.stem && !IsGrammarWord(token.text) && token.text.size() > 4;
    if (noun || noise) used.push_back(token.begin);
    if (noun) {
      row_noun = token.raw;
      content += 1;
      covered += 0.8;
    } else if (!noise) {
      content += 1;
      reader.leftovers.push_back(token.raw);
    }
    ++reader.at;
  }
  Finish(&reader);
  Reading reading;
  reading.source = &source;
  reading.named_source = reader.named_source;
  reading.leftovers = std::move(reader.leftovers);
  reading.row_noun = std::move(row_noun);
  reading.words_used = std::move(used);
  reading.score = content > 0 ? covered / content : reader.frame.empty() ? 0 : 1;
  reading.fit = reader.links > 0 ? reader.link_score / reader.links : 0.85;
  if (!reader.frame.unknown_field.empty()) reading.score -= 0.3;
  reading.frame = std::move(reader.frame);
  return reading;
}

}  // namespace velo::language
