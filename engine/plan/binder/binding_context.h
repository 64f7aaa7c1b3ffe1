#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/catalog/catalog.h"
#include "engine/functions/registry.h"
#include "engine/sql/ast/query.h"

namespace velo::plan {

/// What the binders of one statement share. Not thread safe; lives as long as the binding of the statement.
struct BindingContext {
  Catalog* catalog = nullptr;
  const FunctionRegistry* functions = nullptr;
  Diagnostics* diagnostics = nullptr;

  /// Views made by earlier statements of the script; inlined where they are named. Not owned.
  const std::map<std::string, const sql::Query*>* views = nullptr;
  /// Targets of statements that could not be understood: using them is not reported again.
  const std::set<std::string>* broken_names = nullptr;
  /// WITH lists of the statements around the query being bound, outermost first. Not owned.
  std::vector<const sql::Properties*> properties;
  /// WITH lists behind the relations in FROM of the query being bound: settings of the whole query may stand there,
  /// since "FROM t WITH (...)" can mean either. Not owned.
  std::vector<const sql::Properties*> attached;
  /// Common tables in scope, innermost last. Not owned.
  std::vector<const sql::CommonTable*> common_tables;
  /// Nesting of queries; guards against runaway input.
  int depth = 0;
  /// Inside how many subqueries of expressions: there a stream is read as the table of its newest rows by key.
  int table_depth = 0;

  /// What CURRENT_JOB and APP_VERSION answer; empty outside of jobs and applications.
  std::string job_name;
  std::string application_version;

  // Collected facts.
  std::vector<std::string> sources;
  std::vector<std::string> joins;
  /// Relations whose columns are only known from their use.
  std::vector<std::pair<std::string, Schema>> inferred;
  /// Why the query is understood but cannot be run; the first reason wins.
  std::string not_runnable_code;
  std::string not_runnable_reason;

  void RefuseToRun(std::string code, std::string reason) {
    if (!not_runnable_reason.empty()) return;
    not_runnable_code = std::move(code);
    not_runnable_reason = std::move(reason);
  }
  /// Value of a job-wide property, later lists first, those behind relations last; null when it is not set.
  const sql::Property* FindProperty(std::string_view key) const;
};

inline constexpr int kMaxQueryDepth = 16;

}  // namespace velo::plan
