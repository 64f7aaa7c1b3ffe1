#include "assistant/language/build_sql.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "assistant/language/durations.h"
#include "assistant/language/lexicon.h"
#include "assistant/language/reader.h"
#include "assistant/language/sql_nodes.h"
#include "engine/sql/printer.h"

namespace velo::language {

using sql::BinaryOperator;
using sql::ExpressionPtr;

namespace {

constexpr int64_t kDefaultWindow = 5 * 60'000;
constexpr int64_t kDefaultGap = 30 * 60'000;

std::string ListWords(const std::vector<std::string>& parts) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += i + 1 == parts.size() ? " and " : ", ";
    out += parts[i];
  }
  return out;
}

std::string FreeName(const SourceModel& source, std::string name) {
  for (const FieldModel& field : source.fields) {
    if (field.name == name) return "total_" + name;
  }
  return name;
}

Measure CountMeasure(const SourceModel& source) {
  Measure measure;
  measure.expression = CountAllNode();
  measure.function = Aggregate::kCount;
  measure.alias = source.singular + "_count";
  for (const FieldModel& field : source.fields) {
    if (field.name == measure.alias) measure.alias = "record_count";
  }
  measure.words = "number of " + Plural(source.singular);
  return measure;
}

/// "I want to monitor trading activity": volume and average price of trading sources, else counts and the main figure.
void FillMonitor(const SourceModel& source, Frame* frame) {
  if (frame->measures.empty()) {
    int quantity = source.FindRole("quantity"), price = source.FindRole("price"), amount = source.FindRole("amount");
    int latency = source.FindRoles({"latency_ms", "value"});
    auto add = [&](std::string_view function, int field, std::string alias, Aggregate kind, std::string words) {
      Measure measure;
      std::string name = source.fields[static_cast<size_t>(field)].name;
      measure.expression = CallNode(function, ColumnNode(name));
      measure.alias = std::move(alias);
      measure.function = kind;
      measure.field = field;
      measure.words = std::move(words);
      frame->measures.push_back(std::move(measure));
    };
    auto name = [&](int field) { return source.fields[static_cast<size_t>(field)].name; };
    if (source.is_trading() && quantity >= 0) {
      add("SUM", quantity, FreeName(source, "volume"), Aggregate::kSum, "volume");
      add("AVG", price, "avg_" + name(price), Aggregate::kAverage, "average " + name(price));
    } else {
      frame->measures.push_back(CountMeasure(source));
      if (amount >= 0)
        add("SUM", amount, "total_" + name(amount), Aggregate::kSum, "total " + name(amount));
      else if (latency >= 0)
        add("AVG", latency, "avg_" + name(latency), Aggregate::kAverage, "average " + name(latency));
    }
  }
  if (frame->keys.empty()) {
    int key = source.FindRoles(
        {"symbol", "service", "device_id", "region", "event_type", "page", "status", "level", "agent_id"});
    if (key >= 0 && source.fields[static_cast<size_t>(key)].is_text()) {
      std::string name = source.fields[static_cast<size_t>(key)].name;
      frame->keys.push_back({ColumnNode(name), "", name, key});
    }
  }
  if (!frame->window) {
    frame->window = WindowFrame{sql::WindowKind::kTumbling, kDefaultWindow, 0, "", true, false};
  }
}

/// Metric annotations for a monitoring wish (API 5-minute example of section 6.4): one per SUM of quantities or count.
std::string MonitorAnnotations(const SourceModel& source, const Frame& frame) {
  std::string labels;
  for (const GroupKey& key : frame.keys) {
    std::string name = key.alias.empty() ? source.fields[static_cast<size_t>(key.field)].name : key.alias;
    labels += (labels.empty() ? "" : ", ") + name;
  }
  for (const Measure& measure : frame.measures) {
    bool counter = measure.function == Aggregate::kCount || measure.alias == "volume";
    if (!counter) continue;
    std::string name = measure.alias == "volume" ? source.singular + "_volume" : measure.alias;
    std::string text = fmt::format("-- @metric: {}\n-- @metric_type: counter\n", name);
    if (!labels.empty()) text += fmt::format("-- @metric_labels: {}\n", labels);
    return text;
  }
  return {};
}

void AddSessionBounds(const SourceModel& source, Frame* frame) {
  int time = source.FindRoles({"timestamp", "event_time"});
  if (frame->measures.empty()) frame->measures.push_back(CountMeasure(source));
  if (time < 0) return;
  std::string name = source.fields[static_cast<size_t>(time)].name;
  for (auto [function, alias] :
       {std::pair<std::string_view, std::string_view>{"MIN", "session_start"}, {"MAX", "session_end"}}) {
    Measure measure;
    measure.expression = CallNode(function, ColumnNode(name));
    measure.alias = std::string(alias);
    measure.function = Aggregate::kFormula;
    measure.words = alias == "session_start" ? "start" : "end";
    frame->measures.push_back(std::move(measure));
  }
  if (frame->keys.empty()) {
    int user = source.FindRoles({"user_id", "session_id", "device_id"});
    if (user >= 0) {
      std::string key = source.fields[static_cast<size_t>(user)].name;
      frame->keys.push_back({ColumnNode(key), "", key, user});
    }
  }
}

std::string KeyWords(const SourceModel& source, const Frame& frame) {
  std::vector<std::string> names;
  for (const GroupKey& key : frame.keys) {
    names.push_back(key.alias.empty() && key.field >= 0 ? source.fields[static_cast<size_t>(key.field)].name
                                                        : key.alias);
  }
  return ListWords(names);
}

std::string ConditionWords(const SourceModel& source, const Frame& frame) {
  std::vector<std::string> words;
  for (const Condition& condition : frame.conditions) {
    // "orders above 500" repeats the noun of the title.
    std::string text = condition.words, noun = Plural(source.singular) + " ";
    if (text.starts_with(noun)) text.erase(0, noun.size());
    if (text.find(' ') != std::string::npos) words.push_back(text);
  }
  return ListWords(words);
}

std::string MakeTitle(const SourceModel& source, const Frame& frame) {
  std::string subject;
  if (!frame.measures.empty()) {
    std::vector<std::string> words;
    for (const Measure& measure : frame.measures) words.push_back(measure.words);
    if (words.size() > 3) words.resize(3);
    subject = ListWords(words);
  } else if (frame.list_values) {
    subject = "distinct " + Plural(source.fields[static_cast<size_t>(frame.distinct_fields.front())].name);
  } else {
    // "rainy days with wind above 7": single words stand before the noun.
    for (const Condition& condition : frame.conditions) {
      if (condition.words.find(' ') == std::string::npos) subject += condition.words + " ";
    }
    subject += Plural(source.singular);
  }
  std::string title = subject;
  if (std::string keys = KeyWords(source, frame); !keys.empty()) title += " per " + keys;
  if (frame.limit && frame.order)
    title = fmt::format("{} {}: {}", frame.order->descending ? "Top" : "Bottom", *frame.limit, title);
  else if (frame.measures.empty() && !ConditionWords(source, frame).empty())
    title += " " + ConditionWords(source, frame);
  return Capitalised(title);
}

/// What the title of an aggregate does not say: " where price > 5, with COUNT(*) > 100".
std::string Limits(const Frame& frame) {
  std::vector<std::string> rows, groups;
  for (const Condition& condition : frame.conditions) {
    (condition.of_measure ? groups : rows).push_back(sql::Print(*condition.expression));
  }
  std::string text;
  if (!rows.empty()) text += fmt::format(" where {}", fmt::join(rows, " and "));
  if (!groups.empty()) text += fmt::format(", with {}", fmt::join(groups, " and "));
  return text;
}

std::string MakeExplanation(const SourceModel& source, const Frame& frame, const std::string& title) {
  std::string text = title;
  if (!frame.measures.empty()) text += Limits(frame);
  if (frame.last_milliseconds > 0 && !frame.window)
    text += frame.last_words == "today" ? std::string(", only since midnight (UTC)")
                                        : fmt::format(", only of the last {}", LengthWords(frame.last_milliseconds));
  bool windowed = frame.window.has_value();
  if (windowed) {
    const WindowFrame& window = *frame.window;
    if (window.kind == sql::WindowKind::kSession)
      text += fmt::format(", in sessions that end after {} of silence", LengthWords(window.size));
    else if (window.kind == sql::WindowKind::kSliding)
      text += fmt::format(" over the last {}, renewed every {}", LengthWords(window.size), LengthWords(window.advance));
    else
      text += fmt::format(" in {} windows", LengthAdjective(window.size));
  }
  if (frame.emit_final && windowed)
    text += ", once per window";
  else if (!frame.measures.empty())
    text += fmt::format(", updated with every {}", source.singular);
  return text + ".";
}

std::string ChooseChart(const SourceModel& source, const Frame& frame) {
  bool aggregated = !frame.measures.empty();
  if (aggregated && frame.window) return "line";
  bool dated = std::any_of(frame.keys.begin(), frame.keys.end(), [&](const GroupKey& key) {
    return key.field < 0 || source.fields[static_cast<size_t>(key.field)].is_time();
  });
  if (aggregated && dated) return "line";
  if (aggregated && frame.keys.empty() && frame.measures.size() == 1) return "gauge";
  if (aggregated && !frame.keys.empty()) return "bar";
  return "table";
}

std::string NameIntent(const Frame& frame) {
  if (frame.buckets) return "sql.case";
  if (frame.list_values) return "sql.distinct";
  bool having =
      std::any_of(frame.conditions.begin(), frame.conditions.end(), [](const Condition& c) { return c.of_measure; });
  if (having) return "sql.threshold";
  if (frame.limit && frame.order) return "sql.topn";
  if (frame.window && frame.window->kind == sql::WindowKind::kSession) return "sql.session";
  if (frame.window && frame.window->kind == sql::WindowKind::kSliding) return "sql.sliding";
  for (const Measure& measure : frame.measures) {
    if (measure.function == Aggregate::kFormula &&
        (measure.alias == "vwap" || measure.alias.ends_with("_rate") || measure.alias == "volatility"))
      return "sql.ratio";
    if (measure.function == Aggregate::kPercentile || measure.function == Aggregate::kMedian) return "sql.percentile";
    if (measure.function == Aggregate::kCountDistinct) return "sql.distinct";
  }
  if (!frame.measures.empty()) return frame.window ? "sql.window_aggregate" : "sql.aggregate";
  if (!frame.projections.empty()) return "sql.project";
  if (!frame.conditions.empty() || frame.last_milliseconds > 0) return "sql.filter";
  return "sql.passthrough";
}

void AddItem(sql::SelectCore* core, ExpressionPtr expression, std::string_view alias) {
  sql::SelectItem item;
  item.expression = std::move(expression);
  item.alias.text = std::string(alias);
  core->items.push_back(std::move(item));
}

bool IsLive(const SourceModel& source) {
  const RelationPtr& relation = source.fact->relation;
  return source.fact->type == "topic" && (relation == nullptr || !relation->bounded);
}

/// Fills what the wish implies but does not say: monitoring figures, a count for groups without a figure.
void Complete(const SourceModel& source, Frame* frame) {
  if (frame->monitor) FillMonitor(source, frame);
  if (frame->window && frame->window->kind == sql::WindowKind::kSession) AddSessionBounds(source, frame);
  bool needs_measure = frame->measures.empty() && !frame->list_values && (!frame->keys.empty() || frame->window);
  if (needs_measure) {
    frame->measures.push_back(CountMeasure(source));
    if (frame->order && frame->order->alias.empty()) frame->order->expression = nullptr;
    if (frame->order && frame->order->expression == nullptr) frame->order->alias = frame->measures.front().alias;
  }
  if (!frame->measures.empty()) SlideOverLast(source, frame);
}

/// An order by a bare column inside a grouped query ranks by that column's figure.
void RepairOrder(Frame* frame) {
  if (!frame->order || frame->measures.empty() || !frame->order->alias.empty()) return;
  std::vector<std::string> columns;
  if (frame->order->expression != nullptr) CollectColumns(*frame->order->expression, &columns);
  for (const GroupKey& key : frame->keys) {
    std::vector<std::string> own;
    CollectColumns(*key.expression, &own);
    if (own == columns) return;
  }
  for (const Measure& measure : frame->measures) {
    std::vector<std::string> own;
    CollectColumns(*measure.expression, &own);
    if (!columns.empty() && std::find(own.begin(), own.end(), columns.front()) != own.end()) {
      frame->order->alias = measure.alias;
      frame->order->expression = nullptr;
      return;
    }
  }
  if (frame->order->expression == nullptr) frame->order->alias = frame->measures.front().alias;
}

void FillConditions(const SourceModel& source, Frame* frame, sql::SelectCore* core) {
  std::vector<ExpressionPtr> where, having;
  for (Condition& condition : frame->conditions) {
    (condition.of_measure ? having : where).push_back(std::move(condition.expression));
  }
  if (frame->last_milliseconds > 0) {
    if (frame->window && frame->window->size < frame->last_milliseconds) {
      frame->assumptions.push_back(
          {"range", fmt::format("windows from before \"{}\" are shown, too", frame->last_words), {}});
    } else if (frame->window) {
      // The span is the window itself: "count this hour".
    } else {
      where.push_back(BuildTimeRange(source, frame->last_milliseconds, frame->last_words == "today"));
    }
  }
  core->where = JoinConjuncts(std::move(where));
  core->having = JoinConjuncts(std::move(having));
}

void FillItems(const SourceModel& source, Frame* frame, sql::SelectCore* core) {
  bool aggregated = !frame->measures.empty();
  if (frame->list_values) {
    core->distinct = true;
    for (int field : frame->distinct_fields)
      AddItem(core, ColumnNode(source.fields[static_cast<size_t>(field)].name), "");
    return;
  }
  if (aggregated) {
    for (GroupKey& key : frame->keys) AddItem(core, sql::Clone(*key.expression), key.alias);
    for (Measure& measure : frame->measures) AddItem(core, std::move(measure.expression), measure.alias);
    return;
  }
  for (Projection& projection : frame->projections) AddItem(core, std::move(projection.expression), projection.alias);
  if (core->items.empty()) AddItem(core, std::make_unique<sql::Star>(), "");
  if (frame->buckets) AddItem(core, BuildBuckets(source, &*frame->buckets, frame), frame->buckets->alias);
}

}  // namespace

std::string Capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::vector<std::string> TimeColumns(const SourceModel& source) {
  std::vector<std::string> columns;
  if (source.fact->report != nullptr) {
    for (const EventTimeCandidate& candidate : source.fact->report->event_time_candidates)
      columns.push_back(candidate.field);
  }
  for (const FieldModel& field : source.fields) {
    bool known = std::find(columns.begin(), columns.end(), field.name) != columns.end();
    if (field.is_time() && !known) columns.push_back(field.name);
  }
  return columns;
}

ExpressionPtr TimeNode(const SourceModel& source, const std::string& column) {
  for (const FieldModel& field : source.fields) {
    if (field.name == column) return TimeExpression(field);
  }
  return ColumnNode(column);
}

void SlideOverLast(const SourceModel& source, Frame* frame) {
  if (frame->last_milliseconds == 0 || frame->window || !IsLive(source)) return;
  const bool day = frame->last_words == "today";
  frame->window = WindowFrame{day ? sql::WindowKind::kTumbling : sql::WindowKind::kSliding,
                              frame->last_milliseconds,
                              0,
                              frame->last_words,
                              false,
                              false};
  frame->last_milliseconds = 0;
  const bool ranked = frame->order && frame->limit;
  if (!ranked || day || frame->emit_changes) return;
  // With every change the best of all windows would be sent; each window has a ranking of its own when it closes.
  frame->emit_final = true;
  frame->assumptions.push_back({"emit", "one ranking per window", {{"every change", "emit changes"}}});
}

ExpressionPtr BuildTimeRange(const SourceModel& source, int64_t milliseconds, bool today) {
  std::string column = "_event_time";
  if (source.fact->relation != nullptr && !source.fact->relation->event_time_column.empty()) {
    column = source.fact->relation->event_time_column;
  } else if (source.fact->type != "topic") {
    std::vector<std::string> candidates = TimeColumns(source);
    if (!candidates.empty()) column = candidates.front();
  }
  if (today) {
    std::vector<ExpressionPtr> arguments;
    arguments.push_back(StringNode("day"));
    arguments.push_back(CallNode("NOW", std::vector<ExpressionPtr>()));
    return BinaryNode(BinaryOperator::kGreaterEqual, TimeNode(source, column),
                      CallNode("DATE_TRUNC", std::move(arguments)));
  }
  auto start =
      BinaryNode(BinaryOperator::kSubtract, CallNode("NOW", std::vector<ExpressionPtr>()), IntervalNode(milliseconds));
  return BinaryNode(BinaryOperator::kGreaterEqual, TimeNode(source, column), std::move(start));
}

sql::WindowClause BuildWindow(const SourceModel& source, WindowFrame window, Frame* frame) {
  sql::WindowClause clause;
  clause.kind = window.kind;
  if (window.kind == sql::WindowKind::kSession && window.size == 0) {
    window.size = kDefaultGap;
    frame->assumptions.push_back(
        {"gap",
         "a session ends after 30 minutes of silence",
         {{"10 minutes", "session window with 10 minute gap"}, {"1 hour", "session window with 1 hour gap"}}});
  }
  if (window.size == 0) window.size = kDefaultWindow;
  if (window.kind == sql::WindowKind::kSliding) {
    if (window.advance == 0 || window.advance > window.size) {
      window.advance = std::max<int64_t>(1000, window.size / 10);
      if (window.size >= 600'000) window.advance = window.advance / 60'000 * 60'000;
      frame->assumptions.push_back(
          {"advance",
           fmt::format("renewed every {}", LengthWords(window.advance)),
           {{"every minute", fmt::format("sliding window of {} every 1 minute", LengthWords(window.size))}}});
    }
    clause.advance = MakeDuration(window.advance);
  }
  if (window.size_assumed) {
    frame->assumptions.push_back({"window",
                                  fmt::format("{} windows", LengthAdjective(window.size)),
                                  {{"1 minute", "make the window 1 minute"}, {"1 hour", "make the window 1 hour"}}});
  }
  clause.size = MakeDuration(window.size);
  const SourceFact& fact = *source.fact;
  bool declared = fact.relation != nullptr && !fact.relation->event_time_column.empty();
  if (declared || fact.type == "topic") return clause;
  std::vector<std::string> candidates = TimeColumns(source);
  if (candidates.empty()) {
    frame->assumptions.push_back({"time", "no column holds a time, so windows follow the time of reading", {}});
    return clause;
  }
  clause.time = TimeNode(source, candidates.front());
  Assumption assumption{"time", fmt::format("windows follow the time in {}", candidates.front()), {}};
  for (size_t i = 1; i < candidates.size() && i < 3; ++i) {
    assumption.alternatives.push_back({candidates[i], fmt::format("use {} as the time", candidates[i])});
  }
  frame->assumptions.push_back(std::move(assumption));
  return clause;
}

ExpressionPtr BuildBuckets(const SourceModel& source, BucketFrame* buckets, Frame* frame) {
  const FieldModel& field = source.fields[static_cast<size_t>(buckets->field)];
  if (buckets->limits.size() + 1 != buckets->labels.size()) {
    double low = 0, high = 100;
    if (source.fact->report != nullptr) {
      for (const FieldReport& report : source.fact->report->fields) {
        if (report.name != field.name || report.max.empty()) continue;
        low = std::strtod(report.min.c_str(), nullptr);
        high = std::strtod(report.max.c_str(), nullptr);
      }
    }
    buckets->limits.clear();
    for (size_t i = 1; i < buckets->labels.size(); ++i) {
      double share = static_cast<double>(i) / static_cast<double>(buckets->labels.size());
      buckets->limits.push_back(fmt::format("{:.4g}", low + (high - low) * share));
      if (buckets->limits.back().find('e') != std::string::npos)
        buckets->limits.back() = fmt::format("{:.0f}", low + (high - low) * share);
    }
    std::string shown;
    for (const std::string& limit : buckets->limits) shown += (shown.empty() ? "" : " and ") + limit;
    frame->assumptions.push_back(
        {"thresholds", fmt::format("limits at {} split the range seen of {}", shown, field.name), {}});
  }
  auto choice = std::make_unique<sql::Case>();
  for (size_t i = 0; i < buckets->limits.size(); ++i) {
    bool two = buckets->labels.size() == 2;
    auto op = two ? BinaryOperator::kGreater : BinaryOperator::kLess;
    auto test = BinaryNode(op, ColumnNode(field.name), NumberNode(buckets->limits[i]));
    choice->branches.push_back({std::move(test), StringNode(buckets->labels[two ? 1 : i])});
  }
  choice->otherwise = StringNode(buckets->labels.size() == 2 ? buckets->labels.front() : buckets->labels.back());
  return choice;
}

BuiltQuery BuildQuery(const SourceModel& source, Frame* frame) {
  BuiltQuery built;
  Complete(source, frame);
  RepairOrder(frame);
  built.query = std::make_unique<sql::Query>();
  auto core = std::make_unique<sql::SelectCore>();
  sql::TableReference from;
  from.name = source.fact->name;
  core->from.push_back(std::move(from));
  if (frame->monitor) built.annotations = MonitorAnnotations(source, *frame);
  if (frame->window) {
    core->window = BuildWindow(source, *frame->window, frame);
    frame->window->size = core->window->size.milliseconds;
    if (core->window->advance) frame->window->advance = core->window->advance->milliseconds;
    if (!frame->window->words.empty()) {
      frame->understood.push_back({frame->window->words, frame->window->kind == sql::WindowKind::kSliding
                                                             ? "SLIDING " + LengthShort(frame->window->size)
                                                         : frame->window->kind == sql::WindowKind::kSession
                                                             ? "SESSION " + LengthShort(frame->window->size)
                                                             : "TUMBLING " + LengthShort(frame->window->size)});
    }
    if (!frame->emit_final && !frame->emit_changes) {
      frame->assumptions.push_back({"emit", "every change is emitted", {{"once per window", "only final results"}}});
    }
  }
  built.intent = NameIntent(*frame);
  built.title = MakeTitle(source, *frame);
  built.explanation = MakeExplanation(source, *frame, built.title);
  built.suggested_viz = ChooseChart(source, *frame);
  FillConditions(source, frame, core.get());
  if (!frame->measures.empty()) {
    for (GroupKey& key : frame->keys)
      core->group_by.push_back({key.alias.empty() ? sql::Clone(*key.expression) : ColumnNode(key.alias)});
  }
  if (frame->order) {
    sql::OrderItem item;
    item.descending = frame->order->descending;
    item.expression =
        frame->order->alias.empty() ? std::move(frame->order->expression) : ColumnNode(frame->order->alias);
    if (item.expression != nullptr) built.query->order_by.push_back(std::move(item));
  }
  FillItems(source, frame, core.get());
  built.query->limit = frame->limit;
  built.query->emit = frame->emit_final ? sql::EmitMode::kFinal : sql::EmitMode::kChanges;
  built.query->body.select = std::move(core);
  return built;
}

}  // namespace velo::language
