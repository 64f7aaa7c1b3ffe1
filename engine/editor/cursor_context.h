#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/editor/completion.h"
#include "engine/sql/lexer.h"

namespace velo::editor {

/// Which part of a statement the cursor stands in.
enum class Place : uint8_t {
  kStatement,
  kSelect,
  kFrom,
  kOn,
  kWhere,
  kGroupBy,
  kWindow,
  kHaving,
  kOrderBy,
  kLimit,
  kEmit,
  kInto,
  kPropertyKey,
  kPropertyValue,
  kOver,
  kAnnotationName,
  kAnnotationValue,
  kText
};

/// A relation whose columns the statement can use at the cursor.
struct VisibleRelation {
  std::string name;
  std::string alias;
  Schema schema;
  RelationPtr relation;  ///< Null for subqueries and common tables.
};

/// What is known around the cursor, worked out from tokens so that broken text is fine.
struct CursorContext {
  Place place = Place::kStatement;
  std::string word;             ///< Started word left of the cursor; may be empty.
  SourceSpan replace;           ///< Of that word.
  std::string qualifier;        ///< "t" in "t.pri|"; empty: none.
  bool after_operand = false;   ///< The next thing is an operator or a keyword, not a value.
  std::string compared;         ///< Column left of the comparison the cursor stands behind.
  bool compares_order = false;  ///< That is <, <=, > or >=.
  bool in_string = false;
  std::string call;  ///< Innermost open call, upper case; empty: none.
  SourceSpan call_span;
  int argument = 0;
  std::string property;  ///< Key whose value is being written, or the annotation's name.
  std::vector<VisibleRelation> relations;
  std::vector<VisibleRelation> outer_relations;  ///< Of the queries around a subquery, which may refer to them.
  std::vector<std::string> derived_names;        ///< Common tables and results of earlier statements.
  std::vector<std::string> select_aliases;
  std::vector<std::string> plain_items;      ///< Select items that are plain columns, as written.
  std::vector<std::string> aggregate_items;  ///< Names of select items that aggregate.
  bool has_from = false, has_where = false, has_group_by = false, has_window = false, has_having = false,
       has_order_by = false, has_limit = false, has_emit = false;
  bool in_subquery = false;

  std::vector<sql::Token> before;  ///< Tokens of the query block left of the cursor.
};

CursorContext ReadCursor(const EditorRequest& request);

}  // namespace velo::editor
