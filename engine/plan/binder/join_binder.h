#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/plan/binder/binding_context.h"
#include "engine/plan/binder/join_conditions.h"
#include "engine/plan/binder/relation_layout.h"
#include "engine/plan/nodes/join_node.h"

namespace velo::plan {

/// One step of FROM after the first relation, as written.
struct JoinStep {
  int relation = -1;  ///< What is joined to everything on its left.
  sql::JoinKind kind = sql::JoinKind::kInner;
  std::vector<BoundExpressionPtr> conditions;  ///< Of ON and USING, over scope places.
  std::optional<sql::Within> within;
  const sql::Join* written = nullptr;  ///< Null for a comma.
  bool has_errors = false;             ///< Reported already: nothing more is said about its conditions.
  SourceSpan span;
};

/// Plans the joins of one FROM, left-deep in written order (dialect 4.9): puts every condition as low as it may stand,
/// takes conditions apart into keys, time bounds and the rest, chooses the method and lays out both sides.
class JoinBinder {
 public:
  JoinBinder(BindingContext* context, Environment* environment, RelationLayout* layout)
      : context_(context), env_(environment), layout_(layout) {}

  void AddStep(JoinStep step) { steps_.push_back(std::move(step)); }
  bool empty() const { return steps_.empty(); }

  /// The column of the joined rows' event time: the later of the sides'.
  BoundExpressionPtr JoinedTime();
  /// `where`: conjuncts over scope places; those that end up below the joins are taken out. With `time` the rows carry
  /// it in a hidden column.
  InputPlan Build(std::vector<BoundExpressionPtr>* where, const RelationTime& time);

 private:
  /// What is settled about a step before anything is laid out.
  struct Settled {
    JoinMethod method = JoinMethod::kInterval;
    bool swapped = false;  ///< The stream on the right looks rows up on the left.
    JoinConditions conditions;
    std::vector<BoundExpressionPtr> above;  ///< Filters on the joined rows.
    TimeLimits limits;                      ///< Of conditions, WITHIN and properties.
  };

  JoinSides SidesOf(size_t step) const;
  bool IsUnnest(size_t step) const { return RelationOf(steps_[step].relation).unnested != nullptr; }
  const ScopeRelation& RelationOf(int relation) const { return env_->scope->relations()[relation]; }
  bool IsTable(int relation) const;
  bool IsPreserved(size_t step, bool left) const;
  // Where conditions stand.
  bool PlaceFilter(const BoundExpressionPtr& condition, int step);
  void PlaceWhere(std::vector<BoundExpressionPtr>* where);
  void PlaceOn(size_t step);
  // Settling.
  void Settle(size_t step);
  void ChooseMethod(size_t step);
  void AddWrittenLimits(size_t step);
  void AddSharedWindow(size_t step, std::string_view type);
  void ApplyLimits(size_t step);
  void LookupLimits(size_t step);
  void KeepRecordsApart(size_t step);
  void WarnAboutConditions(size_t step);
  void RefuseLookup(size_t step);
  void SettleTimes(const RelationTime& time);
  /// Columns by which rows of a live table replace each other; used so that they are read.
  void UseTableKeys();
  std::vector<std::string> TableKey(int relation) const;
  // Building.
  InputPlan BuildRelation(int relation);
  InputPlan BuildStep(size_t step, InputPlan left);
  InputPlan BuildUnnest(size_t step, InputPlan left);
  void AddSubqueries(size_t step, InputPlan* left, InputPlan* right);
  void SetKeysAndBound(const Settled& settled, const InputPlan& left, const InputPlan& right, JoinNode* join);
  void SetOptions(size_t step, const InputPlan& table, JoinNode* join);
  void SetTableKey(size_t step, const InputPlan& table, JoinNode* join);
  InputPlan WithTime(InputPlan input, const RelationTime& time);
  std::string Property(size_t step, std::string_view key) const;
  int64_t DurationOf(size_t step, std::string_view key, int64_t otherwise) const;
  BoundExpressionPtr Call(std::string_view name, std::vector<BoundExpressionPtr> arguments, std::string text) const;

  BindingContext* context_;
  Environment* env_;
  RelationLayout* layout_;
  std::vector<JoinStep> steps_;
  std::vector<Settled> settled_;
  std::vector<std::vector<BoundExpressionPtr>> relation_filters_;  ///< Per relation, over places.
  std::vector<RelationTime> times_;                                ///< Per relation.
};

/// Puts an UNNEST on top of `input`. `relation` is the relation of FROM it stands for; -1: the UNNEST of a SELECT item,
/// whose element is the column kUnnestedColumn of the scope.
InputPlan AddUnnest(InputPlan input, const BoundExpressionPtr& array, bool keeps_empty, const Scope& scope,
                    int relation, SourceSpan span);

bool IsInner(sql::JoinKind kind);
/// How long both sides of a join without time bound are kept (dialect 4.9).
inline constexpr int64_t kUnboundedRetentionMs = 3'600'000;

/// "left join", for messages and EXPLAIN.
std::string_view JoinWords(sql::JoinKind kind);

}  // namespace velo::plan
