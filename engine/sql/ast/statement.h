#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/sql/ast/query.h"

namespace velo::sql {

enum class StatementKind : uint8_t {
  kQuery,
  kCreate,
  kInsert,
  kUpdate,
  kDelete,
  kDrop,
  kAlter,
  kJob,
  kShow,
  kDescribe,
  kExplain
};

/// Base of all statements.
struct Statement {
  explicit Statement(StatementKind kind, SourceSpan span = {}) : kind(kind), span(span) {}
  virtual ~Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  const StatementKind kind;
  SourceSpan span;  ///< From the first to the last token, without the semicolon.
};
using StatementPtr = std::unique_ptr<Statement>;

struct QueryStatement : Statement {
  QueryStatement() : Statement(StatementKind::kQuery) {}
  QueryPtr query;
};

struct ColumnDefinition {
  Identifier name;
  std::optional<TypeName> type;
  bool primary_key = false;
  bool not_null = false;
  ExpressionPtr default_value;
  ExpressionPtr check;
  std::string comment;
};

enum class RelationWord : uint8_t { kStream, kTable, kView };

struct CreateStatement : Statement {
  CreateStatement() : Statement(StatementKind::kCreate) {}
  RelationWord what = RelationWord::kStream;
  bool or_replace = false, if_not_exists = false, temporary = false;
  std::string name;
  SourceSpan name_span;
  std::vector<ColumnDefinition> columns;
  std::vector<Identifier> primary_key;
  Identifier watermark_column;
  std::optional<Duration> watermark_delay;
  Properties properties;  ///< Before AS.
  std::vector<Sink> into;
  EmitMode emit = EmitMode::kDefault;
  QueryPtr query;  ///< Null for a declaration without AS.
};

struct InsertStatement : Statement {
  InsertStatement() : Statement(StatementKind::kInsert) {}
  Sink target;
  std::vector<Identifier> columns;
  QueryPtr query;                                ///< Either this
  std::vector<std::vector<ExpressionPtr>> rows;  ///< or VALUES.
  Properties properties;
};

struct UpdateStatement : Statement {
  UpdateStatement() : Statement(StatementKind::kUpdate) {}
  std::string name;
  SourceSpan name_span;
  std::vector<std::pair<Identifier, ExpressionPtr>> assignments;
  ExpressionPtr where;
};

struct DeleteStatement : Statement {
  DeleteStatement() : Statement(StatementKind::kDelete) {}
  std::string name;
  SourceSpan name_span;
  ExpressionPtr where;
};

struct DropStatement : Statement {
  DropStatement() : Statement(StatementKind::kDrop) {}
  RelationWord what = RelationWord::kStream;
  bool if_exists = false, cascade = false;
  std::string name;
  SourceSpan name_span;
};

struct AlterStatement : Statement {
  enum class Action : uint8_t { kPause, kResume, kResetOffset, kSet };
  AlterStatement() : Statement(StatementKind::kAlter) {}
  RelationWord what = RelationWord::kStream;
  std::string name;
  SourceSpan name_span;
  Action action = Action::kPause;
  std::string offset;  ///< For kResetOffset.
  Properties properties;
};

struct JobStatement : Statement {
  enum class Verb : uint8_t { kStart, kStop, kPause, kResume, kDeploy, kRollback };
  enum class Strategy : uint8_t { kBlueGreen, kRolling, kReplace, kCanary };
  JobStatement() : Statement(StatementKind::kJob) {}
  Verb verb = Verb::kStart;
  std::string name;
  SourceSpan name_span;
  bool force = false;
  std::string version;
  Strategy strategy = Strategy::kBlueGreen;
  double canary_percent = 0;
  StatementPtr body;  ///< START and DEPLOY only.
  Properties properties;
};

struct ShowStatement : Statement {
  ShowStatement() : Statement(StatementKind::kShow) {}
  std::string what;     ///< "STREAMS", "TOPICS", "FUNCTIONS", "SCHEMA", "CREATE STREAM" ...
  std::string name;     ///< Object named, if any.
  std::string pattern;  ///< LIKE pattern, if any.
  SourceSpan name_span;
};

struct DescribeStatement : Statement {
  DescribeStatement() : Statement(StatementKind::kDescribe) {}
  bool extended = false;
  std::string name;
  SourceSpan name_span;
};

struct ExplainStatement : Statement {
  enum class Mode : uint8_t { kPlain, kAnalyze, kVerbose, kPlan };
  ExplainStatement() : Statement(StatementKind::kExplain) {}
  Mode mode = Mode::kPlain;
  StatementPtr body;
};

StatementPtr Clone(const Statement& statement);
/// As SameExpression, for whole statements.
bool SameStatement(const Statement& a, const Statement& b);

}  // namespace velo::sql
