#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/sql/ast/expression.h"

namespace velo::sql {

/// One entry of a WITH (...) list. Values keep their text; `key` is unquoted with dots.
struct Property {
  std::string key;
  SourceSpan key_span;
  std::string value;
  SourceSpan value_span;
  bool value_is_string = true;
};
using Properties = std::vector<Property>;

enum class EmitMode : uint8_t { kDefault, kChanges, kFinal };

/// A place to write to: a name or a URI.
struct Sink {
  std::string name;
  SourceSpan span;
  Properties properties;
  bool is_uri() const { return name.find("://") != std::string::npos; }
};

struct SelectItem {
  ExpressionPtr expression;  ///< May be a Star.
  Identifier alias;          ///< Empty when none was written.
  bool primary_key = false;
  SourceSpan span;
};

enum class WindowKind : uint8_t { kTumbling, kSliding, kSession };

/// The WINDOW clause, or a TUMBLE/HOP/SESSION call found in GROUP BY (then from_group_by is set).
struct WindowClause {
  WindowKind kind = WindowKind::kTumbling;
  Duration size;                    ///< The gap for sessions.
  std::optional<Duration> advance;  ///< Sliding only.
  std::optional<Duration> grace;
  ExpressionPtr time;                       ///< Null: the source's event time.
  std::vector<ExpressionPtr> session_keys;  ///< Extra key columns of SESSION(ts, gap, key).
  bool from_group_by = false;
  SourceSpan span;
};

struct NamedWindow {
  Identifier name;
  std::unique_ptr<Over> body;
};

struct GroupItem {
  ExpressionPtr expression;  ///< An INTEGER literal is a SELECT ordinal.
};

struct TableReference;
struct Within {
  Duration before, after;
  std::optional<Duration> grace;
  SourceSpan span;
};

enum class JoinKind : uint8_t { kInner, kLeft, kRight, kFull, kCross, kLeftSemi };

struct Join {
  JoinKind kind = JoinKind::kInner;
  std::unique_ptr<TableReference> right;
  std::optional<Within> within;
  ExpressionPtr on;  ///< May be null.
  std::vector<Identifier> using_columns;
  SourceSpan span;
};

/// One relation of FROM with the joins written after it.
struct TableReference {
  enum class Kind : uint8_t { kRelation, kSubquery, kFunction };
  Kind kind = Kind::kRelation;
  std::string name;  ///< Relation name or whole URI, unquoted.
  SourceSpan name_span;
  std::unique_ptr<Query> subquery;
  ExpressionPtr function;  ///< A Call.
  Identifier alias;
  std::vector<Identifier> column_aliases;
  Properties properties;
  std::vector<Join> joins;
  SourceSpan span;

  bool is_uri() const { return name.find("://") != std::string::npos; }
};

/// SELECT ... HAVING of one arm.
struct SelectCore {
  bool distinct = false;
  std::vector<SelectItem> items;
  std::vector<TableReference> from;  ///< Empty: one row of constants.
  ExpressionPtr where;
  std::vector<GroupItem> group_by;
  std::optional<WindowClause> window;
  ExpressionPtr having;
  std::vector<NamedWindow> named_windows;
  SourceSpan span;
  SourceSpan where_span, group_by_span, window_span, having_span;  ///< Of the whole clauses; invalid when absent.
};

enum class SetOperator : uint8_t { kUnion, kUnionAll, kIntersect, kExcept };

struct QueryBody {
  /// Either one select (then `arms` is empty) or arms joined left to right by `operators`.
  std::unique_ptr<SelectCore> select;
  std::vector<std::unique_ptr<Query>> arms;
  std::vector<SetOperator> operators;
};

struct CommonTable {
  Identifier name;
  std::vector<Identifier> columns;
  std::unique_ptr<Query> query;
};

struct Query {
  std::vector<CommonTable> common_tables;
  QueryBody body;
  std::vector<OrderItem> order_by;
  std::optional<int64_t> limit;
  std::optional<int64_t> offset;
  SourceSpan limit_span, order_by_span, emit_span;
  EmitMode emit = EmitMode::kDefault;
  std::vector<Sink> into;
  Properties properties;  ///< All WITH lists of the statement in order; later keys win.
  SourceSpan span;
};
using QueryPtr = std::unique_ptr<Query>;

QueryPtr Clone(const Query& query);
/// As SameExpression, for whole queries.
bool SameQuery(const Query& a, const Query& b);

}  // namespace velo::sql
