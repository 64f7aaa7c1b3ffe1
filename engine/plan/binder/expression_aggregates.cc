#include <arrow/scalar.h>

#include <algorithm>

#include "engine/functions/aggregate/quantiles.h"
#include "engine/plan/binder/expression_binder.h"

namespace velo::plan {
namespace {

/// Text of a literal argument as the type rules want it; nothing for other expressions.
std::optional<std::string> ConstantText(const BoundExpression& expression) {
  if (expression.kind != BoundKind::kLiteral || expression.literal == nullptr || !expression.literal->is_valid) {
    return std::nullopt;
  }
  return expression.literal->ToString();
}

/// Aggregates whose result depends on the order of their values; for all others ORDER BY inside the call is idle.
bool DependsOnOrder(std::string_view function) {
  static constexpr std::string_view kNames[] = {"STRING_AGG", "ARRAY_AGG", "COLLECT_SET", "MAP_AGG",   "MODE",
                                                "MIN_BY",     "MAX_BY",    "FIRST_VALUE", "LAST_VALUE"};
  return std::find(std::begin(kNames), std::end(kNames), function) != std::end(kNames);
}

/// Aggregates that take the column they work on from WITHIN GROUP.
bool ReadsWithinGroup(std::string_view function) {
  return function.starts_with("PERCENTILE_") || function == "APPROX_PERCENTILE" || function == "MODE" ||
         function == "MEDIAN";
}

}  // namespace

void ExpressionBinder::BindWithinGroup(const sql::Call& call, const sql::OrderItem& item,
                                       std::vector<Bound>* arguments) {
  // PERCENTILE_CONT(p) WITHIN GROUP (ORDER BY x) is PERCENTILE_CONT(x, p).
  const bool discrete = UpperCase(call.name.text) == "PERCENTILE_DISC";
  if (item.descending && !arguments->empty() && !discrete) {
    Bound one = MakeLiteral(std::make_shared<arrow::Int64Scalar>(1), TypeKind::kInteger, "1", call.span);
    (*arguments)[0] = Operator("-", {one, (*arguments)[0]}, call.span);
  }
  arguments->insert(arguments->begin(), BindNode(*item.expression));
  if (item.descending && discrete) {
    arguments->push_back(MakeLiteral(std::make_shared<arrow::StringScalar>(std::string(kDescendingOrder)),
                                     TypeKind::kString, "", call.span));
  }
}

bool ExpressionBinder::BindOrderKeys(const std::vector<sql::OrderItem>& items, AggregateCall* out,
                                     std::vector<Bound>* order_keys) {
  for (const sql::OrderItem& item : items) {
    Bound key = FoldConstants(BindNode(*item.expression));
    if (key->type.is_nested()) {
      diagnostics().Error("E2301", item.expression->span,
                          fmt::format("ORDER BY needs values with an order, not {}", key->type.ToString()));
      return false;
    }
    // Constants order nothing.
    if (key->kind == BoundKind::kLiteral || !DependsOnOrder(out->function->name)) continue;
    out->order_by.push_back({item.descending, item.nulls_first.value_or(item.descending)});
    order_keys->push_back(std::move(key));
  }
  return true;
}

bool ExpressionBinder::CollectAggregateArguments(const sql::Call& call, AggregateCall* out,
                                                 std::vector<Bound>* order_keys) {
  ++inside_aggregate_;
  const size_t errors = diagnostics().error_count();
  std::vector<Bound> arguments = BindArguments(call);
  const bool within_group = !call.within_group.empty();
  if (within_group && ReadsWithinGroup(out->function->name)) {
    BindWithinGroup(call, call.within_group[0], &arguments);
  } else if (within_group) {
    BindOrderKeys(call.within_group, out, order_keys);
  }
  BindOrderKeys(call.order_by, out, order_keys);
  if (call.filter != nullptr) {
    Bound filter = FoldConstants(BindNode(*call.filter));
    const TypeKind kind = filter->type.kind();
    if (kind == TypeKind::kBoolean) {
      out->filter = std::move(filter);
    } else if (kind != TypeKind::kAny) {
      diagnostics().Error(
          "E2301", call.filter->span,
          fmt::format("FILTER needs a condition that is true or false, not {}", filter->type.ToString()));
    }
  }
  --inside_aggregate_;
  const bool lenient = PropertyIs("sql.error_mode", "null");
  for (Bound& argument : arguments) argument = FoldConstants(lenient ? NullOnError(argument) : argument);
  out->arguments = std::move(arguments);
  return diagnostics().error_count() == errors;
}

bool ExpressionBinder::OrdersByEventTime() const {
  if (env_->scope->relations().size() != 1) return false;
  const ScopeRelation& relation = env_->scope->relations()[0];
  if (relation.plan != nullptr) return relation.plan->event_time >= 0;
  if (env_->windowed || !relation.relation->event_time_column.empty()) return true;
  return std::any_of(relation.properties.begin(), relation.properties.end(),
                     [](const auto& property) { return property.first == "event.time.field"; });
}

BoundExpressionPtr ExpressionBinder::EventTimeColumn(SourceSpan span) {
  const int place = env_->scope->Use(0, {std::string(kEventTimeColumn), TypeKind::kInteger, true}, true);
  return MakeColumn(place, TypeKind::kInteger, std::string(kEventTimeColumn), span);
}

/// Moves a WHERE that is one comparison with an aggregate behind GROUP BY.
void ExpressionBinder::OfferHaving(const sql::Call& call, Diagnostic* found) {
  const sql::SelectCore* core = env_->core;
  if (core == nullptr || core->where == nullptr || core->having != nullptr || !core->where_span.valid()) return;
  const auto* whole =
      core->where->kind == sql::ExpressionKind::kBinary ? static_cast<const sql::Binary*>(core->where.get()) : nullptr;
  const bool single = whole != nullptr && (whole->left.get() == &call || whole->right.get() == &call);
  if (!single) return;
  const std::string having = "HAVING " + ExpressionText(*core->where);
  if (core->group_by_span.valid()) {
    found->fixes.push_back(
        {"move to HAVING", {{core->where_span, ""}, {{core->group_by_span.end(), 0}, " " + having}}});
  } else {
    found->fixes.push_back({"use HAVING", {{core->where_span, having}}});
  }
}

bool ExpressionBinder::AggregateMayStandHere(const sql::Call& call, std::string_view name) {
  if (inside_aggregate_ > 0 && clause_ != Clause::kGroupBy) {
    diagnostics().Error("E2112", call.span, fmt::format("{} cannot stand inside another aggregate", name)).hint =
        "compute the inner one in a subquery in FROM";
    return false;
  }
  if (env_->stage == nullptr || clause_ == Clause::kGroupBy || clause_ == Clause::kWhere || clause_ == Clause::kOn) {
    const char* place = clause_ == Clause::kWhere     ? "WHERE"
                        : clause_ == Clause::kGroupBy ? "GROUP BY"
                        : clause_ == Clause::kOn      ? "ON"
                                                      : "this place";
    Diagnostic& found = diagnostics().Error("E2110", call.span, fmt::format("{} cannot be used in {}", name, place));
    found.hint = clause_ == Clause::kWhere ? "conditions on aggregates go to HAVING, after GROUP BY"
                                           : "compute it in a subquery in FROM, and use its result here";
    if (clause_ == Clause::kWhere) OfferHaving(call, &found);
    return false;
  }
  return true;
}

BoundExpressionPtr ExpressionBinder::TypeAggregate(const sql::Call& call, std::vector<Bound> order_keys,
                                                   AggregateCall* bound) {
  const std::string name = UpperCase(call.name.text);
  std::vector<SqlType> types;
  std::vector<std::string> texts(bound->arguments.size());
  std::vector<const std::string*> constants(bound->arguments.size(), nullptr);
  bool untyped = false;
  for (size_t i = 0; i < bound->arguments.size(); ++i) {
    types.push_back(bound->arguments[i]->type);
    untyped = untyped || types.back().kind() == TypeKind::kAny;
    const std::optional<std::string> text = ConstantText(*bound->arguments[i]);
    bound->constant_given.push_back(text.has_value());
    if (text.has_value()) {
      texts[i] = *text;
      constants[i] = &texts[i];
    }
  }
  bound->constants = texts;
  Result<CallTypes> rule = bound->function->types(name, types, constants);
  if (!rule.ok()) {
    // Text of unknown meaning is read as what the aggregate needs.
    std::vector<SqlType> readable = types;
    for (size_t i = 0; i < types.size(); ++i) {
      if (IsUntypedText(*bound->arguments[i])) readable[i] = TypeKind::kAny;
    }
    Result<CallTypes> other = bound->function->types(name, readable, constants);
    if (other.ok() && !untyped) rule = std::move(other);
  }
  if (!rule.ok()) {
    if (untyped && rule.status().error().code != "E2311") return Placeholder(TypeKind::kAny, call.span);
    return Report(rule.status(), call.span);
  }
  bound->types = *rule;
  for (size_t i = 0; i < bound->arguments.size() && i < bound->types.arguments.size(); ++i) {
    if (bound->types.arguments[i].kind() == TypeKind::kAny || types[i].kind() == TypeKind::kAny) continue;
    if (IsUntypedText(*bound->arguments[i]) && bound->types.arguments[i].kind() == TypeKind::kFloat) {
      const Bound number = Operator("AGGREGATE INPUT", {bound->arguments[i]}, call.span);
      bound->arguments[i] = PropertyIs("sql.error_mode", "null") ? NullOnError(number) : number;
      continue;
    }
    Result<Bound> cast = MakeCast(bound->arguments[i], bound->types.arguments[i], false, bound->arguments[i]->text,
                                  bound->arguments[i]->span);
    if (!cast.ok()) return Report(cast.status(), call.span);
    bound->arguments[i] = std::move(*cast);
  }
  // What orders the values comes after them.
  for (Bound& key : order_keys) {
    bound->types.arguments.push_back(key->type);
    bound->arguments.push_back(std::move(key));
  }
  return nullptr;
}

BoundExpressionPtr ExpressionBinder::BindAggregate(const sql::Call& call, const AggregateFunction& named) {
  const std::string name = UpperCase(call.name.text);
  if (BelongsToOuterQuery(call)) return env_->scope->outer()->reader()->AddParameter(call);
  if (!AggregateMayStandHere(call, name)) return Poison(call.span);
  // COUNT(DISTINCT a, b) counts combinations.
  const bool combinations = named.counts_rows && call.distinct && call.arguments.size() > 1;
  const AggregateFunction& function = combinations ? *context_->functions->FindAggregate("COUNT_DISTINCT") : named;
  AggregateCall bound;
  bound.function = &function;
  bound.distinct = call.distinct || function.is_distinct;
  bound.text = ExpressionText(call);
  const bool star = call.arguments.size() == 1 && call.arguments[0]->kind == sql::ExpressionKind::kStar;
  if (star && !function.counts_rows) {
    diagnostics().Error("E2311", call.span, fmt::format("{}(*) is not possible; only COUNT takes *", name)).hint =
        function.doc.signature;
    return Poison(call.span);
  }
  std::vector<Bound> order_keys;
  if (!CollectAggregateArguments(call, &bound, &order_keys)) return Poison(call.span);

  const bool end_value = function.name == "FIRST_VALUE" || function.name == "LAST_VALUE";
  if (end_value && order_keys.empty() && OrdersByEventTime()) order_keys.push_back(EventTimeColumn(call.span));
  if (Bound failed = TypeAggregate(call, std::move(order_keys), &bound)) return failed;
  const SqlType result = bound.types.result;
  const bool counts = name.starts_with("COUNT") || name.starts_with("APPROX_COUNT");
  std::string text = bound.text;
  const int place = env_->stage->AddCall(std::move(bound), !counts);
  return MakeColumn(place, result, std::move(text), call.span);
}

}  // namespace velo::plan
