#include "engine/plan/summary.h"

#include "engine/plan/binder/expression_binder.h"
#include "engine/plan/binder/window_binder.h"

namespace velo::plan {
namespace {

std::string JoinWords(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

const sql::SelectCore* FirstSelect(const sql::Query& query) { return query.body.select.get(); }

bool Aggregates(const BoundQuery& bound) { return bound.updates && (!bound.group_by.empty() || !bound.key.empty()); }

std::string Reading(const sql::Query& query, const BoundQuery& bound, const std::string& source) {
  const sql::SelectCore* core = FirstSelect(query);
  if (core == nullptr) return fmt::format("Combines the rows of {}", source);
  if (core->from.empty()) return "Computes one row of constants";
  const bool everything = core->items.size() == 1 && core->items[0].expression->kind == sql::ExpressionKind::kStar;
  if (everything) return fmt::format("Reads every column of {}", source);
  constexpr size_t kMostNames = 4;
  const std::vector<std::string> names = bound.visible.Names();
  if (bound.plan != nullptr && !core->from.empty() && (core->from.size() > 1 || !core->from[0].joins.empty())) {
    return fmt::format("Joins {} and reads {} columns", source, names.size());
  }
  if (names.size() <= kMostNames && !names.empty()) return fmt::format("Reads {} from {}", JoinWords(names), source);
  return fmt::format("Reads {} columns from {}", names.size(), source);
}

std::string SortPhrase(const sql::Query& query) {
  if (query.order_by.empty()) {
    return query.limit.has_value() ? fmt::format(", stops after {} rows", *query.limit) : "";
  }
  std::vector<std::string> keys;
  for (const sql::OrderItem& item : query.order_by) {
    keys.push_back(ExpressionText(*item.expression) + (item.descending ? " descending" : ""));
  }
  if (!query.limit.has_value()) return ", sorts by " + JoinWords(keys);
  return fmt::format(", keeps the first {} by {}", *query.limit, JoinWords(keys));
}

}  // namespace

std::string Summarise(const sql::Query& query, const BoundQuery& bound, const std::vector<std::string>& sources) {
  const std::string source = sources.empty() ? "the rows" : JoinWords(sources);
  const sql::SelectCore* core = FirstSelect(query);
  const bool grouped = core != nullptr && bound.updates && (!bound.group_by.empty() || bound.window.has_value());
  const bool aggregated =
      core != nullptr && (grouped || Aggregates(bound) || (bound.updates && query.order_by.empty()));
  std::string text;
  if (!bound.group_by.empty()) {
    text = fmt::format("Groups {} by {}", source, JoinWords(bound.group_by));
  } else if (aggregated) {
    text = fmt::format("Aggregates {}", source);
  } else {
    text = Reading(query, bound, source);
  }
  if (bound.window.has_value()) text += " in " + DescribeWindow(*bound.window);
  if (core != nullptr && core->where != nullptr) text += fmt::format(" where {}", ExpressionText(*core->where));
  if (core != nullptr && core->having != nullptr)
    text += fmt::format(", keeps groups with {}", ExpressionText(*core->having));
  text += SortPhrase(query);
  if (aggregated) {
    text += bound.emit_changes         ? " and emits every change"
            : bound.window.has_value() ? " and emits one result when each window closes"
                                       : " and emits one result per group at the end";
  }
  return text + ".";
}

std::string SummariseShortly(const BoundQuery& bound) {
  if (bound.group_by.empty() && !bound.window.has_value()) return "";
  std::string text = bound.group_by.empty() ? "Aggregates everything" : "Groups by " + JoinWords(bound.group_by);
  if (bound.window.has_value()) text += " with " + DescribeWindow(*bound.window);
  return text + ".";
}

}  // namespace velo::plan
