#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/plan/binder/query_binder.h"
#include "engine/plan/prepared_query.h"

namespace velo::plan {

/// Binds statements one after the other against a catalog and puts what each of them makes into it, so that later ones
/// find it by name. Used for whole scripts (AnalyseScript) and by sessions, which put relations with rows in their
/// place. Views keep a reference into their statement: REQUIRES that analysed CREATE VIEW statements stay alive.
/// Not thread safe.
class StatementAnalyser {
 public:
  /// Nothing is owned.
  StatementAnalyser(MemoryCatalog* catalog, const FunctionRegistry& functions)
      : functions_(functions), catalog_(catalog) {}

  /// Fills `report` apart from its span. Findings go to `diagnostics`.
  void Analyse(const sql::Statement& statement, Diagnostics* diagnostics, StatementReport* report);

  /// Takes the target of a statement that could not be understood, so that its readers are not blamed.
  void AddBrokenName(std::string name) { broken_names_.insert(std::move(name)); }
  void RemoveView(const std::string& name) { views_.erase(name); }
  /// The annotations of the script at hand (not owned); the statement number of the diagnostics says which are meant.
  void set_annotations(const std::vector<sql::Annotation>* annotations) { annotations_ = annotations; }
  /// For running: results that others read carry their event time.
  void set_carries_event_time(bool carries) { carries_event_time_ = carries; }
  /// Null when there is no such view.
  const sql::Query* FindView(const std::string& name) const;

 private:
  /// Where a column of a target comes from: a visible column of the query, or a constant, or (neither) NULL.
  struct ColumnSource {
    int column = -1;
    BoundExpressionPtr value;
  };

  BindingContext MakeContext();
  const sql::Query& WithEmit(const sql::Query& query, sql::EmitMode of_statement);
  bool AnalyseQuery(const sql::Query& query, BindingContext* context, StatementReport* report, BoundQuery* bound,
                    bool for_readers = false);
  std::shared_ptr<PreparedQuery> PrepareForReaders(const sql::Query& query, BindingContext* context, BoundQuery* bound);
  bool MayCarryKey(const sql::Query& query);
  std::shared_ptr<PreparedQuery> PrepareWithKey(const sql::Query& query, BindingContext* context, BoundQuery* bound);
  void AnalyseStatement(const sql::Statement& statement, StatementReport* report);
  void AnalyseCreate(const sql::CreateStatement& create, StatementReport* report);
  void DeclareColumns(const sql::CreateStatement& create, Relation* relation, StatementReport* report);
  void ApplyColumnList(const sql::CreateStatement& create, Schema* schema, StatementReport* report);
  void AnalyseJob(const sql::JobStatement& job, StatementReport* report);
  void AnalyseDescribe(const sql::DescribeStatement& describe, StatementReport* report);

  // statement_writes.cc
  void AnalyseInsert(const sql::InsertStatement& insert, StatementReport* report);
  std::shared_ptr<PreparedQuery> BindValues(const sql::InsertStatement& insert);
  bool CheckTarget(const sql::InsertStatement& insert, size_t given, SourceSpan given_span, RelationPtr* target);
  std::shared_ptr<const PreparedQuery> ConformInsert(const sql::InsertStatement& insert, const Relation& target,
                                                     const PreparedQuery& rows);
  BoundExpressionPtr DefaultOf(const std::string& relation, const Column& column);
  std::shared_ptr<const PreparedQuery> ConformTo(const PreparedQuery& query, const Schema& target,
                                                 const std::vector<ColumnSource>& sources, SourceSpan span);
  using Assignments = std::vector<std::pair<sql::Identifier, sql::ExpressionPtr>>;
  void PrepareRewrite(const std::string& name, SourceSpan span, const Assignments& assignments,
                      const sql::Expression* where, StatementReport* report);
  void AnalyseUpdate(const sql::UpdateStatement& update, StatementReport* report);
  void AnalyseDelete(const sql::DeleteStatement& remove, StatementReport* report);

  const FunctionRegistry& functions_;
  MemoryCatalog* catalog_;
  Diagnostics* diagnostics_ = nullptr;  ///< Of the statement at hand.
  std::map<std::string, const sql::Query*> views_;
  std::set<std::string> broken_names_;
  /// Declarations by name, for the defaults of their columns. Not owned.
  std::map<std::string, const sql::CreateStatement*> declarations_;
  std::vector<sql::QueryPtr> rewritten_;  ///< Copies with another emit mode; plans do not need them, views never are.
  sql::Properties attached_;              ///< Of the statement at hand: what lists of relations say about others.
  sql::EmitMode default_emit_ = sql::EmitMode::kDefault;  ///< What -- @emit_mode says of the statement at hand.
  const std::vector<sql::Annotation>* annotations_ = nullptr;
  bool carries_event_time_ = false;
};

}  // namespace velo::plan
