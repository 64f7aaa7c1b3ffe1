#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/catalog/catalog.h"
#include "engine/plan/nodes/plan_node.h"

namespace velo::plan {

/// One relation of FROM as names see it.
struct ScopeRelation {
  std::string name;   ///< As written; empty for derived tables.
  std::string alias;  ///< Empty: none.
  SourceSpan span;
  RelationPtr relation;    ///< Null for derived tables.
  PropertyMap properties;  ///< Resolved properties of the relation.
  PlanNodePtr plan;        ///< Of derived tables, CTEs and views; else null.
  Schema schema;           ///< Visible columns; grows by use when the schema is not known.
  bool schema_known = true;
  /// The array of an UNNEST, over the relations before it; null for every other relation.
  BoundExpressionPtr unnested;
  bool visible = true;  ///< False for the right side of a semi join once its ON is bound.

  /// How messages name the relation.
  const std::string& display_name() const { return name.empty() ? alias : name; }
  bool Answers(std::string_view qualifier) const { return qualifier == alias || qualifier == name; }
};

/// A column that some expression reads. Its place in Scope::columns() is what bound expressions carry until the input
/// of the query is laid out.
struct ScopeColumn {
  int relation = -1;  ///< -1: a bound of the query's time window.
  Column column;
  bool system = false;
};

/// A column named in USING: without qualifier it is one column, whatever side it comes from.
struct MergedColumn {
  std::string name;
  std::vector<int> relations;  ///< That hold it, in FROM order.
  int source = -1;             ///< The one that never lacks it; -1: the first of them that has a value (FULL JOIN).
};

/// The names that expressions over the input of one SELECT can use.
class Scope {
 public:
  explicit Scope(const Scope* outer = nullptr) : outer_(outer) {}

  /// Enclosing query's scope, for correlated subqueries; may be null.
  const Scope* outer() const { return outer_; }
  std::vector<ScopeRelation>& relations() { return relations_; }
  const std::vector<ScopeRelation>& relations() const { return relations_; }
  const std::vector<ScopeColumn>& columns() const { return columns_; }

  /// Returns the place of a column, registering it on first use.
  int Use(int relation, const Column& column, bool system = false);
  /// Returns the place of `name` when it is in use already, or -1.
  int FindUsed(int relation, std::string_view name) const;
  /// Adds a column to a relation whose schema is not known.
  void Assume(int relation, std::string_view name);
  /// An outer join may leave the columns of `relation` without values.
  void MakeNullable(int relation);
  std::vector<MergedColumn>& merged() { return merged_; }
  /// The USING column of that name in that relation, or null.
  const MergedColumn* FindMerged(int relation, std::string_view name) const;
  /// Index of the relation that answers to `qualifier` (aliases before names), or -1.
  int FindRelation(std::string_view qualifier) const;
  bool has_unknown_schema() const;
  /// Every column a user may write without qualifier, for suggestions.
  std::vector<std::string> VisibleNames() const;

 private:
  const Scope* outer_;
  std::vector<ScopeRelation> relations_;
  std::vector<ScopeColumn> columns_;
  std::vector<MergedColumn> merged_;
};

/// What a (dotted) name means in a scope.
struct ColumnMatch {
  enum class Kind : uint8_t { kNone, kColumn, kAmbiguous, kUnknownQualifier };
  Kind kind = Kind::kNone;
  int relation = -1;
  Column column;
  bool system = false;
  bool assumed = false;         ///< Taken to exist in a relation of unknown schema.
  bool case_differs = false;    ///< Matched only when case is ignored.
  size_t parts_used = 0;        ///< The remaining parts descend into the value.
  int qualifier_relation = -1;  ///< Set when the first part names a relation.
  std::vector<int> candidates;  ///< Relations that have the column, for kAmbiguous.
  std::vector<int> coalesced;   ///< Relations that share the column by USING of a FULL JOIN; the first value counts.
};

/// Resolves `parts` against the relations of `scope` only (dialect 2.7, 4.2). Has no effect on the scope.
ColumnMatch ResolveColumn(const Scope& scope, const std::vector<std::string_view>& parts);

}  // namespace velo::plan
