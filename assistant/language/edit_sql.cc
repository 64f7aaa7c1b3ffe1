#include "assistant/language/edit_sql.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/durations.h"
#include "assistant/language/lexicon.h"
#include "assistant/language/sql_nodes.h"
#include "engine/sql/parser.h"
#include "engine/sql/printer.h"

namespace velo::language {

namespace {

std::string OutputName(const sql::SelectItem& item) {
  if (!item.alias.empty()) return item.alias.text;
  if (item.expression->kind == sql::ExpressionKind::kColumn) {
    const auto& parts = static_cast<const sql::ColumnReference&>(*item.expression).parts;
    if (!parts.empty()) return parts.back().text;
  }
  return {};
}

bool IsStar(const sql::SelectItem& item) { return item.expression->kind == sql::ExpressionKind::kStar; }

bool HasItem(const sql::SelectCore& core, std::string_view name) {
  return std::any_of(core.items.begin(), core.items.end(),
                     [&](const sql::SelectItem& item) { return OutputName(item) == name; });
}

/// Place of the first figure: keys go before it.
size_t FirstMeasure(const sql::SelectCore& core) {
  size_t i = 0;
  while (i < core.items.size() && !HasAggregate(*core.items[i].expression)) ++i;
  return i;
}

sql::SelectItem MakeItem(sql::ExpressionPtr expression, std::string_view alias) {
  sql::SelectItem item;
  item.expression = std::move(expression);
  item.alias.text = std::string(alias);
  return item;
}

void ApplyWindow(const SourceModel& source, Frame* frame, EditedQuery* edited, std::vector<Change>* changes) {
  if (!frame->window) return;
  std::optional<sql::WindowClause>& window = edited->core->window;
  WindowFrame wanted = *frame->window;
  std::string before = window ? PrintWindow(*window) : "";
  if (wanted.kind == sql::WindowKind::kTumbling && wanted.size == 0 && window) wanted.size = window->size.milliseconds;
  sql::WindowClause made = BuildWindow(source, wanted, frame);
  frame->window->size = made.size.milliseconds;
  if (window && window->time != nullptr) {
    made.time = std::move(window->time);
    std::erase_if(frame->assumptions, [](const Assumption& a) { return a.id == "time"; });
  }
  if (window && window->grace) made.grace = window->grace;
  window = std::move(made);
  std::string after = PrintWindow(*window);
  if (after == before) return;
  changes->push_back({"set_window", before, after});
  // A list of rows in windows is rarely meant: rows are counted.
  bool figures = std::any_of(edited->core->items.begin(), edited->core->items.end(),
                             [](const sql::SelectItem& item) { return HasAggregate(*item.expression); });
  if (!figures && frame->measures.empty()) {
    edited->core->items.clear();
    edited->core->items.push_back(MakeItem(CountAllNode(), source.singular + "_count"));
    changes->push_back({"add_measure", "", source.singular + "_count"});
  }
}

void ApplyKeys(Frame* frame, bool replaces, EditedQuery* edited, std::vector<Change>* changes,
               const SourceModel& source) {
  if (frame->keys.empty()) return;
  sql::SelectCore& core = *edited->core;
  bool aggregated = std::any_of(core.items.begin(), core.items.end(),
                                [](const sql::SelectItem& item) { return HasAggregate(*item.expression); });
  if (!aggregated) {
    core.items.clear();
    if (frame->measures.empty()) {
      core.items.push_back(MakeItem(CountAllNode(), source.singular + "_count"));
      changes->push_back({"add_measure", "", source.singular + "_count"});
    }
  }
  if (replaces) {
    for (const sql::GroupItem& item : core.group_by)
      changes->push_back({"remove_group", sql::Print(*item.expression), ""});
    core.group_by.clear();
    std::erase_if(core.items, [](const sql::SelectItem& item) { return !HasAggregate(*item.expression); });
  }
  for (GroupKey& key : frame->keys) {
    std::string shown = sql::Print(*key.expression);
    bool known = std::any_of(core.group_by.begin(), core.group_by.end(), [&](const sql::GroupItem& item) {
      return sql::SameExpression(*item.expression, *key.expression) ||
             (!key.alias.empty() && sql::Print(*item.expression) == key.alias);
    });
    if (known) continue;
    core.items.insert(core.items.begin() + static_cast<std::ptrdiff_t>(FirstMeasure(core)),
                      MakeItem(sql::Clone(*key.expression), key.alias));
    core.group_by.push_back({key.alias.empty() ? sql::Clone(*key.expression) : ColumnNode(key.alias)});
    changes->push_back({"add_group", "", shown});
  }
}

void ApplyMeasures(Frame* frame, EditedQuery* edited, std::vector<Change>* changes) {
  sql::SelectCore& core = *edited->core;
  if (frame->measures.empty()) return;
  bool aggregated = std::any_of(core.items.begin(), core.items.end(),
                                [](const sql::SelectItem& item) { return HasAggregate(*item.expression); });
  if (!aggregated && core.group_by.empty()) core.items.clear();
  for (Measure& measure : frame->measures) {
    if (HasItem(core, measure.alias)) continue;
    sql::SelectItem item = MakeItem(std::move(measure.expression), measure.alias);
    changes->push_back({"add_measure", "", PrintItem(item)});
    core.items.push_back(std::move(item));
  }
}

void ApplyProjections(Frame* frame, bool replaces, EditedQuery* edited, std::vector<Change>* changes) {
  sql::SelectCore& core = *edited->core;
  if (frame->projections.empty()) return;
  bool star = core.items.size() == 1 && IsStar(core.items[0]);
  if (star || replaces) core.items.clear();
  for (Projection& projection : frame->projections) {
    sql::SelectItem item = MakeItem(std::move(projection.expression), projection.alias);
    if (HasItem(core, OutputName(item))) continue;
    changes->push_back({"add_column", "", PrintItem(item)});
    core.items.push_back(std::move(item));
  }
}

std::vector<std::string> ColumnsOf(const sql::Expression& expression) {
  std::vector<std::string> names;
  CollectColumns(expression, &names);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// A value condition replaces one on the same column; bounds from the other side are kept ("> 10" and "< 50").
bool Replaces(const sql::Expression& added, const sql::Expression& present) {
  if (ColumnsOf(added) != ColumnsOf(present) || HasAggregate(added) != HasAggregate(present)) return false;
  if (added.kind != sql::ExpressionKind::kBinary || present.kind != sql::ExpressionKind::kBinary) return true;
  auto side = [](sql::BinaryOperator op) {
    if (op == sql::BinaryOperator::kLess || op == sql::BinaryOperator::kLessEqual) return -1;
    if (op == sql::BinaryOperator::kGreater || op == sql::BinaryOperator::kGreaterEqual) return 1;
    return op == sql::BinaryOperator::kNotEqual ? 2 : 0;
  };
  int a = side(static_cast<const sql::Binary&>(added).op), b = side(static_cast<const sql::Binary&>(present).op);
  return a == b || a == 0 || b == 0;
}

void AddConjunct(sql::ExpressionPtr added, sql::ExpressionPtr* where, std::vector<Change>* changes) {
  std::string after = sql::Print(*added);
  std::vector<sql::ExpressionPtr> parts = SplitConjuncts(std::move(*where));
  bool done = false;
  for (sql::ExpressionPtr& part : parts) {
    if (part == nullptr || !Replaces(*added, *part)) continue;
    std::string before = sql::Print(*part);
    if (before != after) changes->push_back({"replace_filter", before, after});
    part = std::move(added);
    done = true;
    break;
  }
  if (!done) {
    changes->push_back({"add_filter", "", after});
    parts.push_back(std::move(added));
  }
  *where = JoinConjuncts(std::move(parts));
}

void ApplyConditions(const SourceModel& source, Frame* frame, EditedQuery* edited, std::vector<Change>* changes) {
  for (Condition& condition : frame->conditions) {
    bool aggregate = condition.of_measure || HasAggregate(*condition.expression);
    // "volume over 1M" on a query without a volume column is about its sum.
    if (condition.as_measure != nullptr && edited->names.aggregated) {
      condition.expression = std::move(condition.as_measure);
      aggregate = true;
    }
    AddConjunct(std::move(condition.expression), aggregate ? &edited->core->having : &edited->core->where, changes);
  }
  if (frame->last_milliseconds > 0 && !edited->core->window) {
    AddConjunct(BuildTimeRange(source, frame->last_milliseconds), &edited->core->where, changes);
  }
}

void ApplyOrder(Frame* frame, EditedQuery* edited, std::vector<Change>* changes) {
  sql::Query& query = *edited->query;
  if (frame->order) {
    std::string before = query.order_by.empty() ? ""
                                                : sql::Print(*query.order_by[0].expression) +
                                                      (query.order_by[0].descending ? " DESC" : "");
    sql::OrderItem item;
    item.descending = frame->order->descending;
    if (!frame->order->alias.empty())
      item.expression = ColumnNode(frame->order->alias);
    else if (frame->order->expression != nullptr)
      item.expression = std::move(frame->order->expression);
    else if (!query.order_by.empty())
      item.expression = sql::Clone(*query.order_by[0].expression);
    if (item.expression == nullptr) {
      for (const QueryNames::Item& name : edited->names.items) {
        if (name.measure) {
          item.expression = ColumnNode(name.alias);
          break;
        }
      }
    }
    // An order by a bare column of a grouped query means its figure.
    if (item.expression != nullptr && edited->names.aggregated &&
        item.expression->kind == sql::ExpressionKind::kColumn) {
      std::string column = static_cast<sql::ColumnReference&>(*item.expression).parts.back().text;
      if (!HasItem(*edited->core, column)) {
        for (const sql::SelectItem& candidate : edited->core->items) {
          std::vector<std::string> uses = ColumnsOf(*candidate.expression);
          if (HasAggregate(*candidate.expression) && std::find(uses.begin(), uses.end(), column) != uses.end()) {
            item.expression = ColumnNode(OutputName(candidate));
            break;
          }
        }
      }
    }
    if (item.expression != nullptr) {
      std::string after = sql::Print(*item.expression) + (item.descending ? " DESC" : "");
      if (after != before) changes->push_back({"set_order", before, after});
      query.order_by.clear();
      query.order_by.push_back(std::move(item));
    }
  }
  if (frame->limit && query.limit != frame->limit) {
    changes->push_back(
        {"set_limit", query.limit ? fmt::format("{}", *query.limit) : "", fmt::format("{}", *frame->limit)});
    query.limit = frame->limit;
  }
}

}  // namespace

std::string TitleOf(const EditedQuery& edited) {
  std::string figures, keys;
  int shown = 0;
  for (const sql::SelectItem& item : edited.core->items) {
    std::string name = OutputName(item);
    if (!HasAggregate(*item.expression) || name.empty() || shown++ == 3) continue;
    std::string words = name == "vwap" ? "VWAP" : name;
    if (words.starts_with("avg_")) words = "average " + words.substr(4);
    std::replace(words.begin(), words.end(), '_', ' ');
    figures += (figures.empty() ? "" : ", ") + words;
  }
  for (const sql::GroupItem& item : edited.core->group_by)
    keys += (keys.empty() ? "" : " and ") + sql::Print(*item.expression);
  if (figures.empty()) {
    std::string source = edited.core->from.empty() ? "query" : edited.core->from[0].name;
    size_t slash = source.find_last_of('/');
    figures = slash == std::string::npos || slash + 1 == source.size() ? source : source.substr(slash + 1);
  }
  std::string title = figures + (keys.empty() ? "" : " per " + keys);
  if (edited.query->limit && !edited.query->order_by.empty()) {
    title =
        fmt::format("{} {}: {}", edited.query->order_by[0].descending ? "Top" : "Bottom", *edited.query->limit, title);
  }
  return Capitalised(title);
}

std::string PrintItem(const sql::SelectItem& item) {
  std::string text = sql::Print(*item.expression);
  return item.alias.empty() ? text : text + " AS " + item.alias.text;
}

std::string PrintWindow(const sql::WindowClause& window) {
  switch (window.kind) {
    case sql::WindowKind::kSliding:
      return fmt::format("sliding {} every {}", LengthShort(window.size.milliseconds),
                         window.advance ? LengthShort(window.advance->milliseconds) : "");
    case sql::WindowKind::kSession:
      return "session " + LengthShort(window.size.milliseconds);
    default:
      return LengthShort(window.size.milliseconds);
  }
}

std::string EditedQuery::Print() const {
  std::string text = sql::Print(*statement);
  return comments + text;
}

QueryNames NamesOf(const sql::SelectCore& core) {
  QueryNames names;
  for (const sql::SelectItem& item : core.items) {
    std::string name = OutputName(item);
    bool measure = HasAggregate(*item.expression);
    names.aggregated = names.aggregated || measure;
    if (!name.empty()) names.items.push_back({name, Joined(name), measure});
  }
  names.aggregated = names.aggregated || !core.group_by.empty();
  return names;
}

std::optional<EditedQuery> ParseForEdit(const std::string& text) {
  Diagnostics diagnostics;
  sql::Script script = sql::ParseScript(text, &diagnostics);
  if (diagnostics.has_errors() || script.statements.size() != 1) return std::nullopt;
  EditedQuery edited;
  edited.statement = std::move(script.statements[0]);
  if (edited.statement->kind == sql::StatementKind::kQuery) {
    edited.query = static_cast<sql::QueryStatement&>(*edited.statement).query.get();
  } else if (edited.statement->kind == sql::StatementKind::kCreate) {
    edited.query = static_cast<sql::CreateStatement&>(*edited.statement).query.get();
  }
  if (edited.query == nullptr || edited.query->body.select == nullptr) return std::nullopt;
  edited.core = edited.query->body.select.get();
  int32_t start = edited.statement->span.offset;
  if (start > 0) edited.comments = text.substr(0, static_cast<size_t>(start));
  if (edited.comments.find_first_not_of(" \t\r\n") == std::string::npos) edited.comments.clear();
  edited.names = NamesOf(*edited.core);
  return edited;
}

std::vector<Change> ApplyFrame(const SourceModel& source, Frame* frame, bool replaces, EditedQuery* edited) {
  std::vector<Change> changes;
  if (frame->ungroup && !edited->core->group_by.empty()) {
    for (const sql::GroupItem& item : edited->core->group_by)
      changes.push_back({"remove_group", sql::Print(*item.expression), ""});
    edited->core->group_by.clear();
    std::erase_if(edited->core->items, [](const sql::SelectItem& item) { return !HasAggregate(*item.expression); });
  }
  if (!frame->distinct_fields.empty() && !edited->names.aggregated) frame->distinct_fields.clear();
  ApplyKeys(frame, replaces, edited, &changes, source);
  ApplyMeasures(frame, edited, &changes);
  ApplyProjections(frame, replaces, edited, &changes);
  const bool figures = edited->names.aggregated || !frame->measures.empty();
  if (figures && !edited->core->window) SlideOverLast(source, frame);
  ApplyWindow(source, frame, edited, &changes);
  ApplyConditions(source, frame, edited, &changes);
  ApplyOrder(frame, edited, &changes);
  if (frame->buckets) {
    sql::ExpressionPtr labels = BuildBuckets(source, &*frame->buckets, frame);
    edited->core->items.push_back(MakeItem(std::move(labels), frame->buckets->alias));
    changes.push_back({"add_column", "", frame->buckets->alias});
  }
  if (frame->emit_final && edited->query->emit != sql::EmitMode::kFinal) {
    edited->query->emit = sql::EmitMode::kFinal;
    changes.push_back({"set_emit", "changes", "final"});
  } else if (frame->emit_changes && edited->query->emit != sql::EmitMode::kChanges) {
    edited->query->emit = sql::EmitMode::kChanges;
    changes.push_back({"set_emit", "final", "changes"});
  }
  return changes;
}

}  // namespace velo::language
