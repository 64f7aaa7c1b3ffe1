#include "engine/plan/binder/join_binder.h"

#include <algorithm>

#include "engine/plan/binder/from_binder.h"
#include "engine/plan/binder/predicates.h"
#include "engine/sql/parser.h"

namespace velo::plan {
bool IsInner(sql::JoinKind kind) { return kind == sql::JoinKind::kInner || kind == sql::JoinKind::kCross; }

namespace {

/// Whether the rows of an unbounded plan are the newest ones of groups: a table that changes.
bool HoldsNewestRows(const PlanNode& plan) {
  switch (plan.kind) {
    case PlanKind::kAggregate:
      return !static_cast<const AggregateNode&>(plan).window.has_value();
    case PlanKind::kFilter:
    case PlanKind::kProject:
      return HoldsNewestRows(*plan.inputs[0]);
    case PlanKind::kScan:
      return static_cast<const ScanNode&>(plan).relation->kind == RelationKind::kTable;
    default:
      return false;
  }
}

}  // namespace

std::string_view JoinWords(sql::JoinKind kind) {
  static constexpr std::string_view kWords[] = {"inner join", "left join",  "right join",
                                                "full join",  "cross join", "left semi join"};
  return kWords[static_cast<size_t>(kind)];
}

BoundExpressionPtr JoinBinder::JoinedTime() {
  const int place = env_->scope->Use(-1, {std::string(kEventTimeColumn), TypeKind::kInteger, true}, true);
  return MakeColumn(place, TypeKind::kInteger, std::string(kEventTimeColumn));
}

JoinSides JoinBinder::SidesOf(size_t step) const {
  JoinSides sides;
  sides.left.push_back(0);
  for (size_t i = 0; i < step; ++i) {
    if (steps_[i].kind != sql::JoinKind::kLeftSemi) sides.left.push_back(steps_[i].relation);
  }
  sides.right = steps_[step].relation;
  return sides;
}

bool JoinBinder::IsTable(int index) const {
  const ScopeRelation& relation = RelationOf(index);
  if (layout_->IsBounded(index)) return true;
  if (relation.plan != nullptr) return HoldsNewestRows(*relation.plan);
  return relation.relation->kind == RelationKind::kTable || PropertyValue(relation.properties, "role") == "table" ||
         PropertyValue(relation.properties, "type").starts_with("file");
}

std::string JoinBinder::Property(size_t step, std::string_view key) const {
  const std::string own = PropertyValue(RelationOf(steps_[step].relation).properties, key);
  if (!own.empty()) return own;
  const sql::Property* found = context_->FindProperty(key);
  return found == nullptr ? "" : found->value;
}

int64_t JoinBinder::DurationOf(size_t step, std::string_view key, int64_t otherwise) const {
  sql::Duration duration;
  const std::string text = Property(step, key);
  return !text.empty() && sql::ParseDuration(text, &duration) ? duration.TotalMilliseconds() : otherwise;
}

BoundExpressionPtr JoinBinder::Call(std::string_view name, std::vector<BoundExpressionPtr> arguments,
                                    std::string text) const {
  Result<BoundExpressionPtr> call = MakeCall(*context_->functions->FindScalar(name), std::move(arguments), text);
  VELO_CHECK(call.ok());
  return *call;
}

// Whether rows of that side pass through the join unchanged or not at all, so that a filter may stand below it.
bool JoinBinder::IsPreserved(size_t step, bool left) const {
  const sql::JoinKind kind = steps_[step].kind;
  if (IsInner(kind)) return true;
  return left ? kind == sql::JoinKind::kLeft || kind == sql::JoinKind::kLeftSemi : kind == sql::JoinKind::kRight;
}

/// Puts a filter on the rows of step `step` (-1: of the first relation) as low as it may stand. False: above them all.
bool JoinBinder::PlaceFilter(const BoundExpressionPtr& condition, int step) {
  if (step < 0) {
    relation_filters_[0].push_back(condition);
    return true;
  }
  const auto at = static_cast<size_t>(step);
  const SidesRead read = ReadSides(*condition, *env_->scope, SidesOf(at));
  if (read.other || !IsDeterministic(*condition)) return false;
  if (!read.right) {
    if (read.left && IsPreserved(at, true)) return PlaceFilter(condition, step - 1);
  } else if (!read.left) {
    if (IsPreserved(at, false) && !IsUnnest(at)) {
      relation_filters_[steps_[at].relation].push_back(condition);
      return true;
    }
  } else if (IsInner(steps_[at].kind) && !IsUnnest(at)) {
    steps_[at].conditions.push_back(condition);
    return true;
  }
  settled_[at].above.push_back(condition);
  return true;
}

void JoinBinder::PlaceWhere(std::vector<BoundExpressionPtr>* where) {
  std::vector<BoundExpressionPtr> rest;
  for (const BoundExpressionPtr& condition : *where) {
    if (!PlaceFilter(condition, static_cast<int>(steps_.size()) - 1)) rest.push_back(condition);
  }
  // What stands right above the last join is the filter the query wrote.
  auto& above = settled_.back().above;
  rest.insert(rest.begin(), above.begin(), above.end());
  above.clear();
  *where = std::move(rest);
}

/// A condition of ON that reads one side may filter that side, unless its rows come through in any case.
void JoinBinder::PlaceOn(size_t at) {
  std::vector<BoundExpressionPtr> conditions;
  conditions.swap(steps_[at].conditions);
  const sql::JoinKind kind = steps_[at].kind;
  for (const BoundExpressionPtr& condition : conditions) {
    const SidesRead read = ReadSides(*condition, *env_->scope, SidesOf(at));
    const bool movable = !read.other && IsDeterministic(*condition) && read.left != read.right;
    const bool left_may = IsInner(kind) || kind == sql::JoinKind::kRight || kind == sql::JoinKind::kLeftSemi;
    const bool right_may = IsInner(kind) || kind == sql::JoinKind::kLeft || kind == sql::JoinKind::kLeftSemi;
    if (movable && read.right && right_may && !IsUnnest(at)) {
      relation_filters_[steps_[at].relation].push_back(condition);
    } else if (movable && read.left && left_may && PlaceFilter(condition, static_cast<int>(at) - 1)) {
      continue;
    } else {
      steps_[at].conditions.push_back(condition);
    }
  }
}

void JoinBinder::ChooseMethod(size_t at) {
  const JoinStep& step = steps_[at];
  Settled& settled = settled_[at];
  const JoinSides sides = SidesOf(at);
  const bool left_bounded =
      std::all_of(sides.left.begin(), sides.left.end(), [this](int relation) { return layout_->IsBounded(relation); });
  const bool left_table =
      std::all_of(sides.left.begin(), sides.left.end(), [this](int relation) { return IsTable(relation); });
  const bool right_bounded = layout_->IsBounded(sides.right);
  const bool right_table = IsTable(sides.right);
  const bool can_swap = IsInner(step.kind) || step.kind == sql::JoinKind::kRight;
  if (left_bounded && right_bounded) {
    const auto declared_table = [this](int relation) {
      return RelationOf(relation).relation != nullptr && RelationOf(relation).relation->kind == RelationKind::kTable;
    };
    const bool streams = !declared_table(sides.right) && !declared_table(sides.left[0]);
    settled.method = settled.limits.IsComplete() && streams ? JoinMethod::kInterval : JoinMethod::kLookup;
  } else if (left_table && right_table && !(right_bounded && IsPreserved(at, true))) {
    settled.method = JoinMethod::kTable;
  } else if (right_table) {
    settled.method = JoinMethod::kLookup;
    if (step.kind == sql::JoinKind::kRight || step.kind == sql::JoinKind::kFull) RefuseLookup(at);
  } else if (left_table && can_swap) {
    settled.method = JoinMethod::kLookup;
    settled.swapped = true;
  } else if (left_table) {
    settled.method = JoinMethod::kLookup;
    RefuseLookup(at);
  } else {
    settled.method = JoinMethod::kInterval;
  }
}

void JoinBinder::RefuseLookup(size_t at) {
  const JoinStep& step = steps_[at];
  const bool table_left = !IsTable(step.relation);
  const std::string& table = RelationOf(table_left ? 0 : step.relation).display_name();
  Diagnostic& found = context_->diagnostics->Error(
      "E2304", step.span,
      fmt::format("a {} cannot show the rows of '{}' that no row of the stream has matched: the stream has no end",
                  JoinWords(step.kind), table));
  found.hint = table_left ? "put the stream on the left and use LEFT JOIN, or use JOIN" : "use LEFT JOIN or JOIN";
}

void JoinBinder::AddWrittenLimits(size_t at) {
  const JoinStep& step = steps_[at];
  TimeLimits& limits = settled_[at].limits;
  if (step.within.has_value()) {
    limits.Intersect(-step.within->before.TotalMilliseconds(), step.within->after.TotalMilliseconds());
  }
  const std::string type = LowerCase(Property(at, "join.type"));
  const std::string lower = Property(at, "join.lower_bound"), upper = Property(at, "join.upper_bound");
  if (type == "tumbling" || type == "sliding" || type == "session") return AddSharedWindow(at, type);
  if (type != "interval" && lower.empty() && upper.empty()) return;
  limits.Intersect(DurationOf(at, "join.lower_bound", 0), DurationOf(at, "join.upper_bound", kUnboundedRetentionMs));
}

void JoinBinder::Settle(size_t at) {
  Settled& settled = settled_[at];
  settled.conditions = SplitConditions(steps_[at].conditions, *env_->scope, SidesOf(at));
  settled.limits = settled.conditions.limits;
  AddWrittenLimits(at);
  ChooseMethod(at);
  if (settled.limits.IsEmpty()) {
    context_->diagnostics
        ->Error("E2303", steps_[at].span, "the time bounds of this join exclude each other, so no rows can meet")
        .hint = fmt::format("the right row would have to be at least {} ms after the left one and at most {} ms",
                            *settled.limits.lower, *settled.limits.upper);
  }
  if (settled.method != JoinMethod::kInterval || !settled.limits.IsComplete()) {
    auto& residual = settled.conditions.residual;
    residual.insert(residual.end(), settled.conditions.time_conditions.begin(),
                    settled.conditions.time_conditions.end());
    const bool written = settled.limits.lower != settled.conditions.limits.lower ||
                         settled.limits.upper != settled.conditions.limits.upper;
    if (written) LookupLimits(at);
    settled.limits = {};
  }
  if (settled.method == JoinMethod::kInterval) KeepRecordsApart(at);
  WarnAboutConditions(at);
}

/// A record does not meet itself where one relation stands under two names. Its place in the source says which it is.
void JoinBinder::KeepRecordsApart(size_t at) {
  const JoinSides sides = SidesOf(at);
  for (int left : sides.left) {
    const RelationPtr& one = RelationOf(left).relation;
    const RelationPtr& other = RelationOf(sides.right).relation;
    if (one == nullptr || other == nullptr || one->name != other->name) continue;
    BoundExpressionPtr apart;
    for (std::string_view name : {kOffsetColumn, kPartitionColumn, kTopicColumn}) {
      const SqlType type = *SystemColumnType(name);
      const auto of = [&](int relation) {
        const Column column{std::string(name), type, true};
        return MakeColumn(env_->scope->Use(relation, column, true), type, std::string(name));
      };
      BoundExpressionPtr differs = Call("IS DISTINCT FROM", {of(left), of(sides.right)}, "");
      apart = apart == nullptr ? differs : Call("OR", {apart, differs}, "not the same record");
    }
    settled_[at].conditions.residual.push_back(apart);
  }
}

/// WITHIN where the rows of one side are looked up: a condition on the two times like any other.
void JoinBinder::LookupLimits(size_t at) {
  Settled& settled = settled_[at];
  const RelationTime left = layout_->DefaultTime(0, steps_[at].span);
  const RelationTime right = layout_->DefaultTime(steps_[at].relation, steps_[at].span);
  if (left.expression == nullptr || right.expression == nullptr) return;
  const std::string text = "time distance";
  const auto number = [](int64_t value) {
    return MakeLiteral(std::make_shared<arrow::Int64Scalar>(value), TypeKind::kInteger, std::to_string(value));
  };
  const BoundExpressionPtr distance = Call("-", {right.expression, left.expression}, text);
  settled.conditions.residual.push_back(
      Call(">=", {distance, number(*settled.limits.lower)}, fmt::format("{} >= {} ms", text, *settled.limits.lower)));
  settled.conditions.residual.push_back(
      Call("<=", {distance, number(*settled.limits.upper)}, fmt::format("{} <= {} ms", text, *settled.limits.upper)));
}

void JoinBinder::WarnAboutConditions(size_t at) {
  const JoinStep& step = steps_[at];
  const Settled& settled = settled_[at];
  if (step.has_errors) return;
  const bool keyless = settled.conditions.keys.empty();
  if (settled.method == JoinMethod::kLookup) {
    if (!keyless || settled.conditions.residual.empty()) return;
    const int table = settled.swapped ? 0 : step.relation;
    context_->diagnostics
        ->Warning("W2303", step.span,
                  fmt::format("every row is compared with all rows of '{}', as this join has no equality",
                              RelationOf(table).display_name()))
        .hint = "join on an equality, such as a.id = b.id";
    return;
  }
  if (settled.method != JoinMethod::kInterval) return;
  const bool has_bound = settled.limits.IsComplete();
  if (keyless && !(has_bound && step.conditions.empty())) {
    context_->diagnostics->Warning("W2302", step.span, "this join has no key, so every row meets every row").hint =
        "join on an equality, such as a.id = b.id";
  } else if (!has_bound) {
    Diagnostic& found = context_->diagnostics->Warning(
        "W2305", step.span,
        fmt::format("this join of two streams has no time bound, so each side is kept for {}",
                    Property(at, "join.retention").empty() ? "an hour" : Property(at, "join.retention")));
    found.hint = "add WITHIN INTERVAL '10' MINUTE, or a BETWEEN on the two times";
    if (step.written != nullptr && step.span.valid()) {
      found.fixes.push_back({"keep rows for ten minutes", {{{step.span.end(), 0}, " WITHIN INTERVAL '10' MINUTE"}}});
    }
  }
}

/// Which relations carry a time: those whose time becomes the joined row's, where somebody asks for it.
void JoinBinder::SettleTimes(const RelationTime& time) {
  const Scope& scope = *env_->scope;
  times_.assign(scope.relations().size(), {});
  std::vector<uint8_t> gives_time(scope.relations().size(), 0), needed(scope.relations().size(), 0);
  const int joined = scope.FindUsed(-1, kEventTimeColumn);
  const bool wanted = time.expression != nullptr || joined >= 0;
  gives_time[0] = 1;
  for (size_t at = 0; at < steps_.size(); ++at) {
    const int right = steps_[at].relation;
    const JoinSides sides = SidesOf(at);
    if (IsUnnest(at)) continue;
    const auto own = [this](int relation) { return layout_->HasDeclaredTime(relation) && !IsTable(relation); };
    switch (settled_[at].method) {
      case JoinMethod::kInterval:
        gives_time[right] = 1;
        for (int relation : sides.left) needed[relation] = gives_time[relation];
        needed[right] = 1;
        break;
      case JoinMethod::kLookup: {
        const sql::JoinKind kind = steps_[at].kind;
        const bool shows_right = kind == sql::JoinKind::kRight || kind == sql::JoinKind::kFull;
        const bool both_files = layout_->IsBounded(right) && layout_->IsBounded(0);
        gives_time[right] =
            settled_[at].swapped || shows_right || own(right) || (both_files && layout_->HasDeclaredTime(right));
        for (int relation : sides.left) {
          if (settled_[at].swapped && !own(relation)) gives_time[relation] = 0;
        }
        break;
      }
      case JoinMethod::kTable:
        gives_time[right] = 1;
        break;
    }
    if (settled_[at].limits.left_time == nullptr) continue;
    // Times that the bound names take the place of the relation's own.
    for (const BoundExpressionPtr& named : {settled_[at].limits.left_time, settled_[at].limits.right_time}) {
      std::vector<int> places;
      CollectColumns(*named, &places);
      const int relation = scope.columns()[places[0]].relation;
      const bool one = std::all_of(places.begin(), places.end(),
                                   [&](int place) { return scope.columns()[place].relation == relation; });
      if (one && times_[relation].expression == nullptr) times_[relation] = layout_->ExplicitTime(named);
    }
  }
  std::vector<int> places;
  const bool explicit_time =
      time.expression != nullptr && !(time.expression->kind == BoundKind::kColumn && time.expression->column == joined);
  if (explicit_time) CollectColumns(*time.expression, &places);
  for (size_t r = 0; r < times_.size(); ++r) {
    const auto relation = static_cast<int>(r);
    const bool only_here = !places.empty() && std::all_of(places.begin(), places.end(), [&](int place) {
      return scope.columns()[place].relation == relation;
    });
    if (only_here && times_[r].expression == nullptr) times_[r] = time;
    const bool reads_own = scope.FindUsed(relation, kEventTimeColumn) >= 0 && scope.relations()[r].plan == nullptr;
    const bool carries = needed[r] != 0 || reads_own || (wanted && gives_time[r] != 0 && !explicit_time);
    if (!carries && !only_here) times_[r] = {};
    if (!carries || times_[r].expression != nullptr || scope.relations()[r].unnested != nullptr) continue;
    times_[r] = layout_->DefaultTime(relation, scope.relations()[r].span);
  }
}

}  // namespace velo::plan
