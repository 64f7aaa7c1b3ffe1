#include <arrow/scalar.h>

#include <algorithm>
#include <array>

#include "engine/base/near_names.h"
#include "engine/plan/binder/expression_binder.h"

namespace velo::plan {
namespace {

/// Foreign spellings with a direct counterpart (dialect 9.4).
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kForeign = {{
    {"SYSDATE", "NOW()"},
    {"GETDATE", "NOW()"},
    {"STRFTIME", "DATE_FORMAT"},
    {"NVL2", "CASE WHEN x IS NOT NULL THEN a ELSE b END"},
    {"TOP", "LIMIT n"},
    {"LEN_BYTES", "OCTET_LENGTH"},
}};

bool IsWindowStart(std::string_view name) {
  return name == "TUMBLE_START" || name == "HOP_START" || name == "SLIDING_START" || name == "SESSION_START" ||
         name == "WINDOW_START";
}
bool IsWindowEnd(std::string_view name) {
  return name == "TUMBLE_END" || name == "HOP_END" || name == "SLIDING_END" || name == "SESSION_END" ||
         name == "WINDOW_END";
}

}  // namespace

BoundExpressionPtr ExpressionBinder::BindCall(const sql::Call& call) {
  const std::string name = UpperCase(call.name.text);
  if (call.over != nullptr) return BindOver(call, name);
  bool handled = false;
  ++inside_choice_;
  Bound bound = BindLazyCall(call, name, &handled);
  --inside_choice_;
  if (handled) return bound;
  bound = BindWindowCall(call, name, &handled);
  if (handled) return bound;
  if (name == "UNNEST") return BindUnnest(call);
  bound = BindSpecialCall(call, name, &handled);
  if (handled) return bound;
  if (const AggregateFunction* aggregate = context_->functions->FindAggregate(name))
    return BindAggregate(call, *aggregate);
  if (const ScalarFunction* scalar = context_->functions->FindScalar(name)) return BindScalar(call, *scalar);
  if (context_->functions->FindWindow(name) != nullptr) {
    diagnostics().Error("E2210", call.span, fmt::format("{}() needs an OVER clause", name)).hint =
        fmt::format("write {}(...) OVER (PARTITION BY ... ORDER BY ...)", name);
    BindArguments(call);
    return Poison(call.span);
  }
  return UnknownFunction(call);
}

/// UNNEST in a SELECT item: one row per element.
BoundExpressionPtr ExpressionBinder::BindUnnest(const sql::Call& call) {
  if (call.arguments.size() != 1) {
    diagnostics()
        .Error("E2311", call.span, fmt::format("UNNEST takes 1 argument, not {}", call.arguments.size()))
        .hint = "UNNEST(array)";
    BindArguments(call);
    return Poison(call.span);
  }
  const Bound array = BindNode(*call.arguments[0]);
  const bool in_item = clause_ == Clause::kSelect && env_->stage == nullptr;
  if (!in_item || (env_->unnested != nullptr && env_->unnested->span != call.span)) {
    diagnostics()
        .Error("E3090", call.span,
               in_item ? "one UNNEST per SELECT is supported"
                       : "UNNEST can stand in FROM and in a SELECT without grouping")
        .hint = "put it into FROM: FROM s CROSS JOIN UNNEST(s.items) AS item";
    return Poison(call.span);
  }
  const TypeKind kind = array->type.kind();
  if (kind != TypeKind::kArray) {
    if (kind == TypeKind::kAny || kind == TypeKind::kNull) return Placeholder(TypeKind::kAny, call.span);
    diagnostics()
        .Error("E2301", call.arguments[0]->span, fmt::format("UNNEST needs an array, got {}", array->type.ToString()))
        .hint = "an array column, or ['a', 'b']";
    return Poison(call.span);
  }
  auto whole = std::make_shared<BoundExpression>(*array);
  whole->span = call.span;
  env_->unnested = whole;
  const SqlType item = array->type.children()[0].type;
  const int place = env_->scope->Use(-1, {std::string(kUnnestedColumn), item, true}, true);
  return MakeColumn(place, item, ExpressionText(call), call.span);
}

std::vector<BoundExpressionPtr> ExpressionBinder::BindArguments(const sql::Call& call) {
  std::vector<Bound> arguments;
  for (const sql::ExpressionPtr& argument : call.arguments) {
    if (argument->kind == sql::ExpressionKind::kStar) continue;
    arguments.push_back(BindNode(*argument));
  }
  return arguments;
}

BoundExpressionPtr ExpressionBinder::BindLazyCall(const sql::Call& call, std::string_view name, bool* handled) {
  *handled = true;
  const size_t count = call.arguments.size();
  auto expect = [&](size_t least, size_t most, std::string_view signature) {
    if (count >= least && count <= most) return true;
    diagnostics().Error("E2311", call.span,
                        fmt::format("{} takes {} argument{}: {}", name,
                                    least == most ? std::to_string(least) : fmt::format("at least {}", least),
                                    least == 1 ? "" : "s", signature));
    BindArguments(call);
    return false;
  };
  if (name == "COALESCE" || name == "IFNULL" || name == "NVL") {
    const bool pair = name != "COALESCE";
    if (!expect(pair ? 2 : 1, pair ? 2 : SIZE_MAX,
                fmt::format("{}(value, {})", name, pair ? "replacement" : "value, ..."))) {
      return Poison(call.span);
    }
    std::vector<Bound> arguments = BindArguments(call);
    SqlType type(TypeKind::kNull);
    for (const Bound& argument : arguments) type = CommonType(type, argument->type);
    for (Bound& argument : arguments) {
      if (type.kind() == TypeKind::kAny || argument->type.kind() == TypeKind::kAny) return Placeholder(type, call.span);
      Result<Bound> cast = MakeCast(argument, type, false, argument->text, argument->span);
      if (!cast.ok()) return Report(cast.status(), call.span);
      argument = std::move(*cast);
    }
    auto expression = std::make_shared<BoundExpression>();
    expression->kind = BoundKind::kCoalesce;
    expression->type = type;
    expression->span = call.span;
    expression->arguments = std::move(arguments);
    return expression;
  }
  if (name == "NULLIF") {
    if (!expect(2, 2, "NULLIF(value, other)")) return Poison(call.span);
    std::vector<Bound> arguments = BindArguments(call);
    Bound equal = Operator("=", {arguments[0], arguments[1]}, call.span);
    Bound null = MakeLiteral(arrow::MakeNullScalar(arrow::null()), TypeKind::kNull, "NULL", call.span);
    return CaseOf({equal, null, arguments[0]}, call.span);
  }
  if (name == "IF" || name == "IIF") {
    if (!expect(3, 3, fmt::format("{}(condition, then, else)", name))) return Poison(call.span);
    return CaseOf(BindArguments(call), call.span);
  }
  *handled = false;
  return nullptr;
}

BoundExpressionPtr ExpressionBinder::BindWindowCall(const sql::Call& call, std::string_view name, bool* handled) {
  const bool start = IsWindowStart(name);
  const bool end = IsWindowEnd(name);
  const bool duration = name == "SESSION_DURATION";
  *handled = start || end || duration;
  if (name == "TIMESTAMP" && call.arguments.empty()) {
    *handled = true;
    sql::ColumnReference event_time(call.span);
    event_time.parts.push_back({std::string(kEventTimeColumn), call.span, sql::Identifier::Quote::kBacktick});
    return BindColumn(event_time, true);
  }
  if (!*handled) return nullptr;
  if (!env_->windowed) {
    // TUMBLE_START(ts, d) also computes the bucket of any time outside a window.
    if (call.arguments.size() == 2 && context_->functions->FindScalar(name) != nullptr) {
      *handled = false;
      return nullptr;
    }
    diagnostics().Error("E2205", call.span, fmt::format("{}() needs a time window in this query", name)).hint =
        "add a WINDOW clause such as WINDOW TUMBLING(INTERVAL '5' MINUTE)";
    return Poison(call.span);
  }
  if (clause_ == Clause::kWhere || clause_ == Clause::kGroupBy || !call.arguments.empty()) {
    for (const sql::ExpressionPtr& argument : call.arguments) BindOverInput(*argument, Clause::kWindow);
  }
  if (duration) {
    Bound length = Operator(
        "-", {WindowBoundColumn(false, call.span, "_window_end"), WindowBoundColumn(true, call.span, "_window_start")},
        call.span);
    Bound gap =
        MakeLiteral(std::make_shared<arrow::Int64Scalar>(env_->session_gap_ms), TypeKind::kInteger, "", call.span);
    return Operator("-", {length, gap}, call.span);
  }
  return WindowBoundColumn(start, call.span, std::string(start ? kWindowStartColumn : kWindowEndColumn));
}

BoundExpressionPtr ExpressionBinder::BindScalar(const sql::Call& call, const ScalarFunction& function) {
  std::vector<Bound> arguments = BindArguments(call);
  const bool untyped =
      std::any_of(arguments.begin(), arguments.end(), [](const Bound& a) { return a->type.kind() == TypeKind::kAny; });
  // Constant arguments may be expressions; rules look at their values.
  for (Bound& argument : arguments) argument = FoldConstants(argument);
  Result<Bound> bound = MakeCall(function, std::move(arguments), "", call.span);
  if (bound.ok()) return std::move(*bound);
  if (untyped && bound.status().error().code != "E2311") return Placeholder(TypeKind::kAny, call.span);
  return Report(bound.status(), call.span);
}

BoundExpressionPtr ExpressionBinder::UnknownFunction(const sql::Call& call) {
  Diagnostic found;
  found.code = "E2309";
  found.span = call.name.span.valid() ? call.name.span : call.span;
  found.message = fmt::format("unknown function {}", call.name.text);
  found.statement = diagnostics().statement();
  const std::string name = UpperCase(call.name.text);
  for (const auto& [foreign, ours] : kForeign) {
    if (name == foreign) found.hint = fmt::format("use {}", ours);
  }
  if (found.hint.empty()) {
    const std::vector<std::string> near = NearNames(name, context_->functions->Names());
    for (const std::string& candidate : near) {
      found.hint += (found.hint.empty() ? "did you mean " : " or ") + candidate;
      found.fixes.push_back({fmt::format("did you mean '{}'?", candidate), {{found.span, candidate}}});
    }
    if (near.empty()) found.hint = "SHOW FUNCTIONS lists what there is";
  }
  diagnostics().Add(std::move(found));
  // Above a grouping the arguments may be meant to be aggregated; complaints about them would only distract.
  if (input_level()) BindArguments(call);
  return Poison(call.span);
}

}  // namespace velo::plan
