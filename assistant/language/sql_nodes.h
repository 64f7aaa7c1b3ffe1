#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sql/ast/query.h"

namespace velo::language {

// Short makers of syntax tree nodes. All own what they are given.

sql::ExpressionPtr ColumnNode(std::string_view name);
sql::ExpressionPtr NumberNode(std::string_view digits);
sql::ExpressionPtr StringNode(std::string_view text);
sql::ExpressionPtr IntervalNode(int64_t milliseconds);
sql::ExpressionPtr BinaryNode(sql::BinaryOperator op, sql::ExpressionPtr left, sql::ExpressionPtr right);
sql::ExpressionPtr NotNode(sql::ExpressionPtr operand);
sql::ExpressionPtr NullTestNode(sql::ExpressionPtr operand, bool negated);
sql::ExpressionPtr LikeNode(sql::ExpressionPtr operand, std::string_view pattern, bool negated);
sql::ExpressionPtr CountAllNode();
sql::ExpressionPtr CallNode(std::string_view function, sql::ExpressionPtr argument);
sql::ExpressionPtr CallNode(std::string_view function, std::vector<sql::ExpressionPtr> arguments);
/// EXTRACT(unit FROM column)
sql::ExpressionPtr ExtractNode(std::string_view unit, sql::ExpressionPtr operand);

sql::Duration MakeDuration(int64_t milliseconds);

/// Splits a AND b AND c into its parts, giving up the tree; empty for null.
std::vector<sql::ExpressionPtr> SplitConjuncts(sql::ExpressionPtr condition);
/// Joins by AND; null when there are none. Parts that are ORs get parentheses.
sql::ExpressionPtr JoinConjuncts(std::vector<sql::ExpressionPtr> parts);
/// Adds the names of all columns an expression uses.
void CollectColumns(const sql::Expression& expression, std::vector<std::string>* names);
/// True when an aggregate call (COUNT, SUM, AVG ...) stands anywhere in it.
bool HasAggregate(const sql::Expression& expression);
/// Writes `alias`.column for every bare column of that name.
void QualifyColumn(std::string_view column, std::string_view alias, sql::Expression* expression);
/// Replaces every bare column called `from` by `to`. Returns how many were found.
int RenameColumn(std::string_view from, std::string_view to, sql::Expression* expression);

}  // namespace velo::language
