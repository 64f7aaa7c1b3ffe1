// Edits that take something away, swap it or name it anew.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/edit_sql.h"
#include "assistant/language/lexicon.h"
#include "assistant/language/sql_nodes.h"
#include "engine/sql/printer.h"

namespace velo::language {

namespace {

std::string OutputName(const sql::SelectItem& item) {
  if (!item.alias.empty()) return item.alias.text;
  return item.expression->kind == sql::ExpressionKind::kColumn
             ? static_cast<const sql::ColumnReference&>(*item.expression).parts.back().text
             : "";
}

/// The output column that words at the cursor mean: its name, its parts in any order ("average price" -> avg_price),
/// its function ("the sum"), or the column inside it. Returns its place or -1.
int AcceptOutput(Reader* reader, const sql::SelectCore& core) {
  reader->SkipArticles();
  auto spelt = [](std::string_view word) {
    return std::string(word == "average" || word == "mean"      ? "avg"
                       : word == "maximum" || word == "highest" ? "max"
                       : word == "minimum" || word == "lowest"  ? "min"
                                                                : word);
  };
  int best = -1;
  size_t best_length = 0;
  std::string joined;
  for (size_t length = 1; length <= 4 && reader->at + length <= reader->size(); ++length) {
    const Token& token = reader->token(length - 1);
    if (!token.is_word() && token.kind != Token::Kind::kQuoted && !token.is_number()) break;
    joined += spelt(token.is_word() ? token.text : ToLower(token.text.empty() ? token.digits : token.text));
    for (size_t i = 0; i < core.items.size(); ++i) {
      std::string name = Joined(OutputName(core.items[i]));
      if (name.empty()) continue;
      if (name == Joined(joined) || Singular(name) == Singular(Joined(joined)))
        best = static_cast<int>(i), best_length = length;
    }
  }
  if (best >= 0) {
    reader->at += best_length;
    return best;
  }
  // "the sum", "count", "max price": by function.
  static constexpr std::pair<std::string_view, std::string_view> kFunctions[] = {
      {"sum|total|totals", "SUM"},
      {"count|number of|trade count|counts", "COUNT"},
      {"average|avg|mean|averages", "AVG"},
      {"min|minimum|lowest", "MIN"},
      {"max|maximum|highest", "MAX"},
      {"median", "MEDIAN"},
      {"stddev|standard deviation|std", "STDDEV"}};
  for (const auto& [words, function] : kFunctions) {
    size_t length = reader->Match(words);
    if (length == 0) continue;
    for (size_t i = 0; i < core.items.size(); ++i) {
      std::string text = sql::Print(*core.items[i].expression);
      if (!text.starts_with(std::string(function) + "(")) continue;
      reader->at += length;
      reader->Accept("of");
      if (reader->field()) reader->at += reader->field().length;
      return static_cast<int>(i);
    }
  }
  const FieldLink link = reader->field();
  if (!link) return -1;
  for (size_t i = 0; i < core.items.size(); ++i) {
    std::vector<std::string> columns;
    CollectColumns(*core.items[i].expression, &columns);
    if (std::find(columns.begin(), columns.end(), reader->name(link.field)) == columns.end()) continue;
    reader->at += link.length;
    return static_cast<int>(i);
  }
  return -1;
}

bool RemoveConditions(std::string_view column, sql::ExpressionPtr* where, std::vector<Change>* changes) {
  std::vector<sql::ExpressionPtr> kept;
  bool removed = false;
  for (sql::ExpressionPtr& part : SplitConjuncts(std::move(*where))) {
    std::vector<std::string> columns;
    CollectColumns(*part, &columns);
    if (column.empty() || std::find(columns.begin(), columns.end(), column) != columns.end()) {
      changes->push_back({"remove_filter", sql::Print(*part), ""});
      removed = true;
    } else {
      kept.push_back(std::move(part));
    }
  }
  *where = JoinConjuncts(std::move(kept));
  return removed;
}

void RemoveItem(int place, EditedQuery* edited, std::vector<Change>* changes) {
  sql::SelectCore& core = *edited->core;
  sql::SelectItem& item = core.items[static_cast<size_t>(place)];
  std::string name = OutputName(item);
  bool key = false;
  for (size_t i = 0; i < core.group_by.size(); ++i) {
    const sql::Expression& group = *core.group_by[i].expression;
    if (sql::SameExpression(group, *item.expression) || sql::Print(group) == name) {
      core.group_by.erase(core.group_by.begin() + static_cast<std::ptrdiff_t>(i));
      key = true;
      break;
    }
  }
  changes->push_back({key ? "remove_group" : "remove_measure", PrintItem(item), ""});
  core.items.erase(core.items.begin() + place);
  // What sorted or filtered by the column goes with it.
  std::erase_if(edited->query->order_by,
                [&](const sql::OrderItem& order) { return sql::Print(*order.expression) == name; });
  if (core.having != nullptr) RemoveConditions(name, &core.having, changes);
}

bool ApplyRemove(Reader* reader, EditedQuery* edited, std::vector<Change>* changes, std::string* problem) {
  if (!reader->Accept(
          "remove|drop|delete|get rid of|take out|take away|leave out|without|no|hide|kill|lose|strip|clear|not "
          "by|dont group by|not grouped by|stop grouping by|ungroup by|ungroup"))
    return false;
  std::string_view verb = reader->sentence.tokens[0].text;
  reader->SkipArticles();
  sql::SelectCore& core = *edited->core;
  if (reader->Accept("time window|windowing|windows|window")) {
    if (core.window) changes->push_back({"remove_window", PrintWindow(*core.window), ""});
    core.window.reset();
    return true;
  }
  if (reader->Accept("limit|top|cap")) {
    if (edited->query->limit) changes->push_back({"remove_limit", fmt::format("{}", *edited->query->limit), ""});
    edited->query->limit.reset();
    return true;
  }
  if (reader->Accept("sorting|ordering|sort|order|order by")) {
    if (!edited->query->order_by.empty())
      changes->push_back({"remove_order", sql::Print(*edited->query->order_by[0].expression), ""});
    edited->query->order_by.clear();
    return true;
  }
  if (reader->Accept("grouping|groups|group by|groupings")) {
    Frame frame;
    frame.ungroup = true;
    SourceModel none;
    *changes = ApplyFrame(none, &frame, false, edited);
    return true;
  }
  size_t mark = reader->at;
  if (reader->Accept("all filters|filters|filter|conditions|condition|where clause|where|having")) {
    std::string column;
    if (reader->Accept("on|for|about|of")) {
      reader->SkipArticles();
      if (reader->field()) column = std::string(reader->name(reader->field().field));
    }
    bool any = core.where != nullptr && RemoveConditions(column, &core.where, changes);
    if (core.having != nullptr) any = RemoveConditions(column, &core.having, changes) || any;
    if (!any) *problem = "This query has no filter to remove.";
    return true;
  }
  // "the price filter"
  if (const FieldLink link = reader->field(); link && reader->Match("filter|condition|restriction", link.length) > 0) {
    std::string column(reader->name(link.field));
    bool any = core.where != nullptr && RemoveConditions(column, &core.where, changes);
    if (!any) *problem = fmt::format("This query has no filter on {}.", column);
    reader->at += link.length + 1;
    return true;
  }
  reader->at = mark;
  if (verb == "without" || verb == "no" || verb == "hide") {
    // "without test accounts" filters rows; only names of output columns are taken away.
    int place = AcceptOutput(reader, core);
    if (place < 0 || reader->value()) return false;
    RemoveItem(place, edited, changes);
    return true;
  }
  int place = AcceptOutput(reader, core);
  if (place < 0) return false;
  while (place >= 0) {
    if (core.items.size() == 1) {
      *problem = "That is the only column of the query.";
      return true;
    }
    RemoveItem(place, edited, changes);
    reader->Accept("column|columns|grouping|breakdown");
    bool more = reader->Accept("and") || reader->IsSymbol(",");
    if (reader->IsSymbol(",")) ++reader->at;
    place = more ? AcceptOutput(reader, core) : -1;
  }
  return true;
}

/// "not by symbol any more"
bool ApplyNotBy(Reader* reader, EditedQuery* edited, std::vector<Change>* changes) {
  if (!reader->Accept("not by|not per|no longer by|no longer per|dont group by|dont split by|not grouped by"))
    return false;
  int place = AcceptOutput(reader, *edited->core);
  if (place < 0) return false;
  RemoveItem(place, edited, changes);
  return true;
}

bool ApplyReplace(Reader* reader, const SourceModel& source, EditedQuery* edited, std::vector<Change>* changes) {
  bool use = false;
  if (!reader->Accept("replace|swap|change|substitute|exchange")) {
    use = reader->Accept("use|show|take");
    if (!use) return false;
  }
  if (use) {
    // "use median instead of average"
    size_t instead = reader->at;
    while (instead < reader->size() && reader->sentence.tokens[instead].text != "instead") ++instead;
    if (instead + 1 >= reader->size() || reader->sentence.tokens[instead + 1].text != "of") return false;
    size_t wanted = reader->at;
    reader->at = instead + 2;
    int place = AcceptOutput(reader, *edited->core);
    if (place < 0) return false;
    reader->at = wanted;
    Operand operand;
    std::vector<std::string> columns;
    CollectColumns(*edited->core->items[static_cast<size_t>(place)].expression, &columns);
    if (!ReadOperand(reader, &operand)) return false;
    Measure measure;
    if (operand.measure)
      measure.expression = std::move(operand.expression), measure.alias = operand.alias;
    else
      measure = MeasureOfMention(*reader, operand.field);
    sql::SelectItem& item = edited->core->items[static_cast<size_t>(place)];
    changes->push_back({"replace_measure", PrintItem(item), ""});
    item.expression = std::move(measure.expression);
    item.alias.text = measure.alias;
    changes->back().to = PrintItem(item);
    return true;
  }
  int place = AcceptOutput(reader, *edited->core);
  if (place < 0) return false;
  if (!reader->Accept("with|by|to|for|into")) return false;
  reader->SkipArticles();
  sql::SelectItem& item = edited->core->items[static_cast<size_t>(place)];
  std::vector<std::string> columns;
  CollectColumns(*item.expression, &columns);
  Measure measure;
  size_t before = reader->frame.measures.size();
  if ((ReadNamedMeasure(reader) || ReadMeasure(reader)) && reader->frame.measures.size() > before) {
    measure = std::move(reader->frame.measures.back());
    reader->frame.measures.resize(before);
  } else if (!columns.empty() && StartsMeasure(*reader)) {
    // "replace avg with median": the same column.
    int field = -1;
    for (size_t i = 0; i < source.fields.size(); ++i) {
      if (source.fields[i].name == columns.front()) field = static_cast<int>(i);
    }
    static constexpr std::pair<std::string_view, Aggregate> kWords[] = {
        {"median", Aggregate::kMedian},          {"average|avg|mean", Aggregate::kAverage},
        {"sum|total", Aggregate::kSum},          {"max|maximum|highest", Aggregate::kMax},
        {"min|minimum|lowest", Aggregate::kMin}, {"stddev|standard deviation", Aggregate::kStddev},
        {"latest|last", Aggregate::kLast},       {"first", Aggregate::kFirst}};
    for (const auto& [words, function] : kWords) {
      if (field >= 0 && measure.expression == nullptr && reader->Accept(words))
        measure = MakeMeasure(*reader, function, field);
    }
  }
  if (measure.expression == nullptr) return false;
  std::string old_name = OutputName(item);
  changes->push_back({"replace_measure", PrintItem(item), ""});
  item.expression = std::move(measure.expression);
  item.alias.text = measure.alias;
  changes->back().to = PrintItem(item);
  for (sql::OrderItem& order : edited->query->order_by) RenameColumn(old_name, measure.alias, order.expression.get());
  if (edited->core->having != nullptr) RenameColumn(old_name, measure.alias, edited->core->having.get());
  return true;
}

/// A name as typed after "to" or "call it": words joined by "_".
std::string AcceptNewName(Reader* reader) {
  reader->SkipArticles();
  std::string name;
  while (!reader->done() &&
         (reader->token().is_word() || reader->token().kind == Token::Kind::kQuoted || reader->token().is_number())) {
    if (reader->Match("please|instead") > 0) break;
    if (!name.empty()) name += "_";
    const Token& token = reader->token();
    name += token.is_word() ? ToLower(token.raw) : token.kind == Token::Kind::kQuoted ? token.text : token.digits;
    ++reader->at;
  }
  for (char& c : name) {
    if (c == ' ' || c == '-') c = '_';
  }
  return name;
}

bool ApplyRename(Reader* reader, EditedQuery* edited, std::vector<Change>* changes, std::string* problem) {
  int place = -1;
  bool call = reader->Accept("call it|call that|call the|name it|call|name the|name");
  if (!call &&
      !reader->Accept(
          "rename|relabel|change the column name|change the column header|change the header|change the name of"))
    return false;
  bool it = call && (reader->sentence.tokens[reader->at - 1].text == "it" ||
                     reader->sentence.tokens[reader->at - 1].text == "that");
  if (!it) {
    reader->Accept("the column|column|the|it");
    place = AcceptOutput(reader, *edited->core);
    reader->Accept("column|header");
  }
  if (place < 0) {
    for (size_t i = edited->core->items.size(); i-- > 0 && place < 0;) {
      if (HasAggregate(*edited->core->items[i].expression)) place = static_cast<int>(i);
    }
    if (place < 0) place = static_cast<int>(edited->core->items.size()) - 1;
  }
  if (!call)
    reader->Accept("to be called|to|as|into");
  else
    reader->Accept("as");
  std::string name = AcceptNewName(reader);
  if (name.empty()) {
    *problem = "Say the new name too, for example \"rename it to revenue\".";
    return true;
  }
  sql::SelectItem& item = edited->core->items[static_cast<size_t>(place)];
  if (item.expression->kind == sql::ExpressionKind::kStar) return false;
  std::string old_name = OutputName(item);
  item.alias.text = name;
  changes->push_back({"rename", old_name, name});
  for (sql::OrderItem& order : edited->query->order_by) RenameColumn(old_name, name, order.expression.get());
  if (edited->core->having != nullptr) RenameColumn(old_name, name, edited->core->having.get());
  return true;
}

/// "use date as the time": the time column of the window.
bool ApplyTimeColumn(Reader* reader, EditedQuery* edited, std::vector<Change>* changes) {
  if (!reader->Accept("use|take") || !edited->core->window) return false;
  reader->SkipArticles();
  const FieldLink link = reader->field();
  if (!link ||
      reader->Match(
          "as the time|as time|for the time|as the event time|as event time|for time|for the window|for the windows",
          link.length) == 0)
    return false;
  std::string before = edited->core->window->time != nullptr ? sql::Print(*edited->core->window->time) : "";
  edited->core->window->time = TimeExpression(reader->model(link.field));
  changes->push_back({"set_time", before, std::string(reader->name(link.field))});
  return true;
}

}  // namespace

bool ApplyVerb(const Sentence& sentence, const SourceModel& source, EditedQuery* edited, Frame* frame,
               std::vector<Change>* changes, std::string* problem, size_t* end) {
  Reader reader(sentence, source, &edited->names);
  auto start = [&] {
    reader.at = 0;
    while (reader.Accept("please|can you|could you|now|ok|then|and|just|actually|lets|also|but")) {
    }
  };
  start();
  bool done = ApplyNotBy(&reader, edited, changes);
  if (!done) start(), done = ApplyRename(&reader, edited, changes, problem);
  if (!done) start(), done = ApplyTimeColumn(&reader, edited, changes);
  if (!done) start(), done = ApplyReplace(&reader, source, edited, changes);
  if (!done) start(), done = ApplyRemove(&reader, edited, changes, problem);
  if (!done) return false;
  frame->understood = std::move(reader.frame.understood);
  *end = reader.at;
  return true;
}

}  // namespace velo::language
