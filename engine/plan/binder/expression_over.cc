#include <arrow/scalar.h>

#include <algorithm>
#include <charconv>

#include "engine/plan/binder/expression_binder.h"

namespace velo::plan {
namespace {

constexpr int64_t kDefaultBufferRows = 1000;
constexpr int64_t kDefaultMaxRows = 100'000;
constexpr int64_t kDefaultExpireMs = 60'000;

/// Functions whose value follows from the one before, so that no rows have to be kept (dialect 4.10).
bool RunsWithoutBuffer(std::string_view name, const OverCall& call) {
  if (call.call.distinct) return false;
  if (call.window != nullptr) return name == "ROW_NUMBER" || name == "FIRST_VALUE" || name == "LAST_VALUE";
  static constexpr std::string_view kNames[] = {"COUNT", "COUNT_IF", "SUM", "AVG", "MIN", "MAX"};
  return std::find(std::begin(kNames), std::end(kNames), call.call.function->name) != std::end(kNames);
}

bool IsRank(std::string_view name) {
  return name == "RANK" || name == "DENSE_RANK" || name == "PERCENT_RANK" || name == "CUME_DIST";
}

/// Whether a frame that starts at UNBOUNDED PRECEDING can be followed without a buffer. Rows that come are the newest,
/// so FOLLOWING has nothing to add.
bool EndRuns(const OverFrame& frame) {
  return frame.end.kind != FrameEdge::kPreceding || frame.unit == FrameUnit::kRows;
}

FrameEdge EdgeOf(sql::FrameBound::Kind kind) {
  switch (kind) {
    case sql::FrameBound::Kind::kUnboundedPreceding:
      return FrameEdge::kUnboundedPreceding;
    case sql::FrameBound::Kind::kPreceding:
      return FrameEdge::kPreceding;
    case sql::FrameBound::Kind::kCurrentRow:
      return FrameEdge::kCurrentRow;
    case sql::FrameBound::Kind::kFollowing:
      return FrameEdge::kFollowing;
    case sql::FrameBound::Kind::kUnboundedFollowing:
      return FrameEdge::kUnboundedFollowing;
  }
  return FrameEdge::kCurrentRow;
}

FrameUnit UnitOf(sql::Frame::Unit unit) {
  return unit == sql::Frame::Unit::kRows    ? FrameUnit::kRows
         : unit == sql::Frame::Unit::kRange ? FrameUnit::kRange
                                            : FrameUnit::kGroups;
}

int64_t OffsetOf(const OverBound& bound, FrameEdge kind) { return bound.kind == kind ? bound.offset : 0; }

bool IsTimeLike(TypeKind kind) {
  return kind == TypeKind::kTimestamp || kind == TypeKind::kDate || kind == TypeKind::kTime ||
         kind == TypeKind::kInterval;
}

}  // namespace

BoundExpressionPtr ExpressionBinder::BindOver(const sql::Call& call, std::string_view name) {
  OverCall bound;
  bound.window = context_->functions->FindWindow(name);
  bound.call.function = context_->functions->FindAggregate(name);
  bound.call.text = ExpressionText(call);
  bound.call.distinct = call.distinct;
  bound.ignore_nulls = call.ignore_nulls.value_or(false);
  if (bound.window == nullptr && bound.call.function == nullptr) {
    if (context_->functions->FindScalar(name) == nullptr) return UnknownFunction(call);
    diagnostics().Error("E2210", call.span, fmt::format("{} cannot be used with OVER", name)).hint =
        "OVER goes with aggregates and functions such as LAG, RANK and ROW_NUMBER";
    return Poison(call.span);
  }
  // FIRST_VALUE and LAST_VALUE are both; FILTER and DISTINCT belong to aggregates.
  const bool as_aggregate =
      bound.call.function != nullptr && (bound.window == nullptr || call.filter != nullptr || call.distinct);
  if (as_aggregate) {
    bound.window = nullptr;
    // COUNT(DISTINCT a, b) counts combinations.
    if (bound.call.function->counts_rows && call.distinct && call.arguments.size() > 1) {
      bound.call.function = context_->functions->FindAggregate("COUNT_DISTINCT");
    }
    bound.call.distinct |= bound.call.function->is_distinct;
  } else {
    bound.call.function = nullptr;
  }

  const sql::Over* over = OverBody(call);
  if (over == nullptr || !CheckOver(call, name, *over)) return Poison(call.span);
  OverWindow window;
  window.span = call.span;
  const bool outer = inside_over_;
  inside_over_ = true;
  std::vector<Bound> order_keys;
  const bool understood = CollectOverArguments(call, *over, &bound, &order_keys) & BindOverWindow(*over, &window);
  inside_over_ = outer;
  if (!understood) return Poison(call.span);
  Bound failed =
      as_aggregate ? TypeAggregate(call, std::move(order_keys), &bound.call) : TypeWindowFunction(call, name, &bound);
  if (failed != nullptr) return failed;
  const bool untyped = std::any_of(bound.call.arguments.begin(), bound.call.arguments.end(),
                                   [](const Bound& a) { return a->type.kind() == TypeKind::kAny; });
  if (!DeriveBuffer(call, name, *over, &bound, &window)) return Poison(call.span);
  const SqlType result = bound.call.types.result;
  if (untyped || result.kind() == TypeKind::kAny) return Placeholder(result, call.span);
  std::string text = bound.call.text;
  const int place = env_->overs->Add(std::move(window), std::move(bound));
  return MakeColumn(place, result, std::move(text), call.span);
}

/// What stands in the parentheses, or behind the name.
const sql::Over* ExpressionBinder::OverBody(const sql::Call& call) {
  const sql::Over& over = *call.over;
  if (over.window_name.empty()) return &over;
  std::string known;
  if (env_->core != nullptr) {
    for (const sql::NamedWindow& named : env_->core->named_windows) {
      if (named.name.text == over.window_name.text && named.body->window_name.empty()) return named.body.get();
      known += (known.empty() ? "windows of this query: " : ", ") + named.name.text;
    }
  }
  diagnostics().Error("E2104", over.window_name.span, fmt::format("unknown window '{}'", over.window_name.text)).hint =
      known.empty() ? fmt::format("define it: WINDOW {} AS (PARTITION BY ...)", over.window_name.text) : known;
  return nullptr;
}

bool ExpressionBinder::CheckOver(const sql::Call& call, std::string_view name, const sql::Over& over) {
  const bool in_place = (clause_ == Clause::kSelect || clause_ == Clause::kOrderBy) && env_->overs != nullptr;
  if (!in_place) {
    diagnostics()
        .Error("E2110", call.span, fmt::format("{} OVER (...) can only stand in SELECT and ORDER BY", name))
        .hint = "compute it in a subquery in FROM and filter there";
    return false;
  }
  if (inside_aggregate_ > 0) {
    diagnostics().Error("E2110", call.span, fmt::format("{} OVER (...) cannot stand inside an aggregate", name)).hint =
        "compute it in a subquery in FROM and aggregate there";
    return false;
  }
  if (context_->functions->FindAggregate(name) == nullptr && (call.filter != nullptr || call.distinct)) {
    diagnostics()
        .Error(
            "E1005", call.filter != nullptr ? call.filter->span : call.span,
            fmt::format("{} goes with aggregates, not with {}", call.filter != nullptr ? "FILTER" : "DISTINCT", name))
        .hint = "filter the rows in a subquery in FROM";
    return false;
  }
  if (IsRank(name) && over.order_by.empty()) {
    diagnostics()
        .Warning("W2215", call.span, fmt::format("{} without ORDER BY gives every row the same rank", name))
        .hint = "add ORDER BY to the OVER clause";
  }
  const bool shifts = name == "LAG" || name == "LEAD";
  const bool counts = name == "NTILE" || name == "NTH_VALUE";
  const size_t position = name == "NTILE" ? 0 : 1;
  if ((shifts || counts) && call.arguments.size() > position) {
    const sql::Expression& offset = *call.arguments[position];
    const bool constant = offset.kind == sql::ExpressionKind::kLiteral &&
                          static_cast<const sql::Literal&>(offset).type == sql::Literal::Type::kInteger;
    if (!constant) {
      diagnostics()
          .Error("E2216", offset.span,
                 fmt::format("the {} of {} must be a constant of 0 or more", shifts ? "offset" : "number", name))
          .hint = shifts ? fmt::format("{}(x, 1) looks one row {}", name, name == "LAG" ? "back" : "ahead")
                         : fmt::format("for example {}", name == "NTILE" ? "NTILE(4)" : "NTH_VALUE(x, 2)");
      return false;
    }
  }
  return true;
}

bool ExpressionBinder::CollectOverArguments(const sql::Call& call, const sql::Over& over, OverCall* out,
                                            std::vector<Bound>* order_keys) {
  const size_t errors = diagnostics().error_count();
  const bool star = call.arguments.size() == 1 && call.arguments[0]->kind == sql::ExpressionKind::kStar;
  if (star && (out->call.function == nullptr || !out->call.function->counts_rows)) {
    diagnostics().Error("E2311", call.span, fmt::format("{}(*) is not possible; only COUNT takes *", call.name.text));
    return false;
  }
  std::vector<Bound> arguments = BindArguments(call);
  // PERCENTILE_CONT(p) WITHIN GROUP (ORDER BY x), or over the ORDER BY column of the window, is PERCENTILE_CONT(x, p).
  const bool of_order = out->call.function != nullptr && call.within_group.empty() && call.arguments.size() == 1 &&
                        out->call.function->name.starts_with("PERCENTILE_") && !over.order_by.empty();
  if (!call.within_group.empty() || of_order) {
    BindWithinGroup(call, of_order ? over.order_by[0] : call.within_group[0], &arguments);
  }
  if (!call.order_by.empty() && out->call.function == nullptr) {
    diagnostics().Error("E1005", call.span, fmt::format("ORDER BY inside {} has no meaning", call.name.text)).hint =
        "order the rows with ORDER BY in OVER (...)";
    return false;
  }
  if (!BindOrderKeys(call.order_by, &out->call, order_keys)) return false;
  if (call.filter != nullptr) {
    Bound filter = FoldConstants(BindNode(*call.filter));
    const TypeKind kind = filter->type.kind();
    if (kind == TypeKind::kBoolean) {
      out->call.filter = std::move(filter);
    } else if (kind != TypeKind::kAny) {
      diagnostics().Error(
          "E2301", call.filter->span,
          fmt::format("FILTER needs a condition that is true or false, not {}", filter->type.ToString()));
    }
  }
  for (Bound& argument : arguments) argument = FoldConstants(argument);
  out->call.arguments = std::move(arguments);
  return diagnostics().error_count() == errors;
}

/// Checks the arguments of LAG and its like; what is constant moves out of the arguments.
BoundExpressionPtr ExpressionBinder::TypeWindowFunction(const sql::Call& call, std::string_view name, OverCall* out) {
  std::vector<Bound>& arguments = out->call.arguments;
  std::vector<SqlType> types;
  std::vector<std::string> texts(arguments.size());
  std::vector<const std::string*> constants(arguments.size(), nullptr);
  for (size_t i = 0; i < arguments.size(); ++i) {
    types.push_back(arguments[i]->type);
    if (arguments[i]->kind != BoundKind::kLiteral || !arguments[i]->literal->is_valid) continue;
    texts[i] = arguments[i]->literal->ToString();
    constants[i] = &texts[i];
  }
  Result<CallTypes> rule = out->window->types(name, types, constants);
  const bool untyped =
      std::any_of(types.begin(), types.end(), [](const SqlType& t) { return t.kind() == TypeKind::kAny; });
  if (!rule.ok()) {
    if (untyped && rule.status().error().code != "E2311") return Placeholder(TypeKind::kAny, call.span);
    return Report(rule.status(), call.span);
  }
  if (untyped) return Placeholder(rule->result, call.span);
  out->call.types = *rule;
  const size_t constant = name == "NTILE" ? 0 : 1;
  if (arguments.size() > constant) {
    std::from_chars(texts[constant].data(), texts[constant].data() + texts[constant].size(), out->offset);
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    Result<Bound> cast =
        MakeCast(arguments[i], out->call.types.arguments[i], false, arguments[i]->text, arguments[i]->span);
    if (!cast.ok()) return Report(cast.status(), call.span);
    arguments[i] = FoldConstants(*cast);
  }
  if (arguments.size() > 2 && types[2].kind() != TypeKind::kNull) out->otherwise = arguments[2];
  arguments.resize(name == "NTILE" ? 0 : std::min<size_t>(arguments.size(), 1));
  return nullptr;
}

bool ExpressionBinder::BindOverWindow(const sql::Over& over, OverWindow* out) {
  const size_t errors = diagnostics().error_count();
  for (const sql::ExpressionPtr& key : over.partition_by) {
    Bound bound = FoldConstants(BindNode(*key));
    auto named = std::make_shared<BoundExpression>(*bound);
    named->text = ExpressionText(*key);
    out->partition_by.push_back(std::move(named));
  }
  for (const sql::OrderItem& item : over.order_by) {
    Bound bound = FoldConstants(BindNode(*item.expression));
    if (bound->type.is_nested()) {
      diagnostics().Error(
          "E2301", item.expression->span,
          fmt::format("{} is {}, which has no order", ExpressionText(*item.expression), bound->type.ToString()));
      return false;
    }
    auto named = std::make_shared<BoundExpression>(*bound);
    named->text = ExpressionText(*item.expression);
    out->order_by.push_back({std::move(named), item.descending, item.nulls_first.value_or(item.descending)});
  }
  if (over.frame) {
    out->frame.unit = UnitOf(over.frame->unit);
    out->frame.start = {EdgeOf(over.frame->start.kind), over.frame->start.rows};
    out->frame.end = {EdgeOf(over.frame->end.kind), over.frame->end.rows};
    if (over.frame->unit == sql::Frame::Unit::kRange && !BindRangeBounds(over, out)) return false;
  }
  if (over.buffer_rows) out->buffer_rows = *over.buffer_rows;
  if (over.expire_after) {
    out->expire_ms = over.expire_after->TotalMilliseconds();
  } else if (over.buffer_rows && !over.expire_never) {
    out->expire_ms = kDefaultExpireMs;
  }
  out->emit_on_full = over.emit == sql::Over::Emit::kOnBufferFull;
  return diagnostics().error_count() == errors;
}

/// RANGE with an offset measures on one ORDER BY column: a time with lengths of time, a number with numbers.
bool ExpressionBinder::BindRangeBounds(const sql::Over& over, OverWindow* out) {
  const sql::FrameBound* written[] = {&over.frame->start, &over.frame->end};
  OverBound* bounds[] = {&out->frame.start, &out->frame.end};
  for (int i : {0, 1}) {
    if (bounds[i]->kind != FrameEdge::kPreceding && bounds[i]->kind != FrameEdge::kFollowing) continue;
    const auto wrong = [&](std::string message, std::string hint) {
      diagnostics().Error("E2212", written[i]->span, std::move(message)).hint = std::move(hint);
      return false;
    };
    if (out->order_by.size() != 1) {
      return wrong("RANGE with an offset needs ORDER BY with exactly one column",
                   "add ORDER BY with a time, for example ORDER BY ts");
    }
    const SqlType& type = out->order_by[0].expression->type;
    const bool time = IsTimeLike(type.kind());
    if (!time && !type.is_numeric() && type.kind() != TypeKind::kAny && type.kind() != TypeKind::kNull) {
      return wrong(fmt::format("RANGE with an offset needs a time or a number in ORDER BY, but {} is {}",
                               out->order_by[0].expression->text, type.ToString()),
                   "ROWS counts rows whatever the type");
    }
    if (written[i]->duration && !time && type.kind() != TypeKind::kInteger && type.kind() != TypeKind::kAny) {
      return wrong(fmt::format("a length of time does not fit ORDER BY {}, which is {}",
                               out->order_by[0].expression->text, type.ToString()),
                   "write a number, or order by a time");
    }
    // A bare number next to a time is seconds, as everywhere.
    bounds[i]->offset = written[i]->duration ? written[i]->duration->TotalMilliseconds()
                        : time               ? written[i]->rows * 1000
                                             : written[i]->rows;
  }
  return true;
}

/// The table of dialect 4.10: how many rows a partition keeps.
bool ExpressionBinder::DeriveBuffer(const sql::Call& call, std::string_view name, const sql::Over& over,
                                    OverCall* bound, OverWindow* out) {
  const OverStage& overs = *env_->overs;
  if (overs.final_rows && !over.buffer_rows) {
    out->per_emission = std::none_of(out->order_by.begin(), out->order_by.end(),
                                     [&](const SortKey& key) { return overs.reads_window_bound(*key.expression); });
    if (out->per_emission) {
      out->expire_ms = -1;
      if (!out->emit_on_full) return true;
    }
  }
  const bool unbounded_start = out->frame.start.kind == FrameEdge::kUnboundedPreceding;
  if (!over.buffer_rows && !unbounded_start && over.frame) {
    const sql::Frame& frame = *over.frame;
    const OverFrame& bounds = out->frame;
    const bool in_view_order = bounds.end.kind == FrameEdge::kUnboundedFollowing && !out->order_by.empty();
    if (bounds.unit == FrameUnit::kRows && !in_view_order) {
      out->buffer_rows =
          OffsetOf(bounds.start, FrameEdge::kPreceding) + 1 +
          std::max(OffsetOf(bounds.start, FrameEdge::kFollowing), OffsetOf(bounds.end, FrameEdge::kFollowing));
      // LAG looks past the frame, so the rows it needs are kept as well.
      if (name == "LAG") out->buffer_rows = std::max(out->buffer_rows, bound->offset + 1);
    } else if (frame.start.duration || frame.end.duration) {
      const bool following = out->frame.end.kind == FrameEdge::kFollowing;
      const bool preceding = out->frame.start.kind == FrameEdge::kPreceding;
      out->buffer_ms = (preceding ? out->frame.start.offset : 0) + (following ? out->frame.end.offset : 0);
      out->buffer_rows = RowWindowLimit(*context_, *env_->scope, "row_window.max_rows", kDefaultMaxRows);
    }
  }
  const bool constant_rank = IsRank(name) && out->order_by.empty();
  if (out->buffer_rows < 0) {
    if (unbounded_start && EndRuns(out->frame) && (RunsWithoutBuffer(name, *bound) || constant_rank)) {
      out->order_by.clear();
      if (out->frame.end.kind != FrameEdge::kPreceding) out->frame = {};
    } else if (unbounded_start && name == "LAG" && !bound->ignore_nulls) {
      out->buffer_rows = bound->offset + 1;
      out->order_by.clear();
      out->frame = {};
    } else {
      out->buffer_rows = kDefaultBufferRows;
      diagnostics()
          .Warning("W2214", call.span,
                   fmt::format("{} over an unlimited number of rows looks at the newest {} of each partition", name,
                               kDefaultBufferRows))
          .hint = "say how many rows to keep: OVER (ROWS WINDOW BUFFER 100 ROWS ...)";
    }
  }
  if (out->emit_on_full && (out->buffer_rows < 0 || out->buffer_ms >= 0 || out->per_emission)) {
    diagnostics().Error("E2211", call.over->span, "EMIT ON BUFFER FULL needs a buffer that can be full").hint =
        "OVER (ROWS WINDOW BUFFER 100 ROWS ... EMIT ON BUFFER FULL)";
    return false;
  }
  return true;
}

}  // namespace velo::plan
