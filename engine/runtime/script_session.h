#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan/config_files.h"
#include "engine/plan/statement_analyser.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/memory_relation.h"
#include "engine/runtime/statement_writer.h"
#include "engine/sql/parser.h"

namespace velo {

/// One statement of a script, as its observer sees it.
struct StatementInfo {
  int32_t number = 0;  ///< 1-based, in the order of the text.
  std::string kind;    ///< As StatementReport::kind.
  std::string name;    ///< What it makes or writes to; may be empty.
  SourceSpan span;
  bool live = false;  ///< Runs until it is stopped.
  bool updates = false;
};

/// What became of a statement.
struct StatementOutcome {
  StatementInfo statement;
  Status status;
  int64_t rows = 0;                 ///< Written, changed or shown.
  std::vector<std::string> places;  ///< Files, topics it wrote to.
  std::string message;              ///< "table totals: 3 rows"; one line.
  std::shared_ptr<Job> job;         ///< Null for statements without a query.
};

/// Hears what a script does. OnResult and OnStatement are called by the thread that runs the script; receivers by
/// engine threads.
class ScriptObserver {
 public:
  virtual ~ScriptObserver() = default;
  /// A statement is about to give rows to whoever asked: SELECT, SHOW, EXPLAIN, "stdout://", and statements that make a
  /// stream or table without naming a place for it. Null: nobody wants them.
  virtual std::shared_ptr<ResultReceiver> OnResult(const StatementInfo& statement, const Schema& columns) = 0;
  virtual void OnStatement(const StatementOutcome& outcome) { (void)outcome; }
  /// A query has begun to run.
  virtual void OnStarted(const StatementInfo& statement, const std::shared_ptr<Job>& job) {
    (void)statement, (void)job;
  }
  /// Asked every few milliseconds while statements run; false stops everything.
  virtual bool WantsMore() { return true; }
};

struct SessionOptions {
  RunOptions run;        ///< `live`: statements over unbounded input go on until they are stopped.
  std::string app_name;  ///< Stands for {job} of unnamed statements.
  ConfigFiles config_files;
};

/// Something a session knows by name.
struct SessionObject {
  sql::RelationWord what = sql::RelationWord::kStream;
  std::string name;
  std::string sql;  ///< The statement that made it, printed.
  Timestamp created_at = 0;
  std::string uri;     ///< Where its rows are: "memory://totals", "file:///in.csv"; empty for views.
  std::string format;  ///< Of an external relation; may be empty.
  Schema schema;
  std::vector<std::string> key_columns;
  std::vector<std::string> sources;                             ///< Relations its query reads.
  std::vector<std::pair<std::string, std::string>> properties;  ///< As written.
  std::shared_ptr<MemoryRelation> rows;                         ///< Null for views and external relations.
  std::shared_ptr<Job> job;                                     ///< Null when no query feeds it.
};

/// Executes the statements of scripts one after the other: what one makes, later ones read by name, in this script and
/// in later ones of the session. Over bounded input every statement is complete before the next one starts; live ones
/// run side by side. Not thread safe, except for Cancel.
class ScriptSession {
 public:
  /// `engine` and `base` (what names mean outside the session; may be null: the engine's catalog) must outlive it.
  ScriptSession(Engine* engine, Catalog* base, SessionOptions options);
  /// Stops what still runs.
  ~ScriptSession();
  ScriptSession(const ScriptSession&) = delete;
  ScriptSession& operator=(const ScriptSession&) = delete;

  /// Runs a script to its end and returns the first failure; the statements after it are not run. With errors in the
  /// text nothing is run, and the Status holds them.
  Status Execute(std::string_view text, ScriptObserver* observer);
  /// Stops everything that runs; Execute returns soon after. Thread safe.
  void Cancel() { cancelled_ = true; }

  Catalog& catalog() { return catalog_; }
  Engine& engine() { return *engine_; }
  const std::map<std::string, SessionObject>& objects() const { return objects_; }
  const SessionObject* Find(const std::string& name) const;

 private:
  /// Rows of a live stream that are kept for queries that come later.
  static constexpr int64_t kLiveHistory = 100'000;

  /// One query at work.
  struct Running {
    StatementOutcome outcome;
    std::shared_ptr<StatementWriter> writer;
    std::shared_ptr<Job> job;
  };
  struct Step {
    const sql::Statement* statement = nullptr;
    StatementInfo info;
    StatementReport report;
    std::string text;  ///< As written.
  };

  Status ExecuteStatement(Step* step, ScriptObserver* observer);
  Status ExecuteQuery(Step* step, ScriptObserver* observer);
  Status ExecuteCreate(Step* step, ScriptObserver* observer);
  Status Declare(Step* step, const sql::CreateStatement& create, StatementOutcome* outcome);
  Status ExecuteInsert(Step* step, ScriptObserver* observer);
  Status ExecuteRewrite(Step* step, StatementOutcome* outcome);
  Status ExecuteDrop(const sql::DropStatement& drop, StatementOutcome* outcome);
  Status ExecuteExplain(Step* step, ScriptObserver* observer);
  Status ExecuteAlter(const sql::AlterStatement& alter, StatementOutcome* outcome);
  Status ShowRows(const StatementInfo& info, const Schema& columns, const std::shared_ptr<arrow::RecordBatch>& rows,
                  ScriptObserver* observer);
  Status Start(Step* step, std::shared_ptr<const PreparedQuery> query, StatementOutputs outputs,
               ScriptObserver* observer, bool table);
  Status Wait(Running* running, ScriptObserver* observer);
  Status WaitForAll(ScriptObserver* observer);
  bool IsReadLater(const std::string& name) const;

  Engine* const engine_;
  Catalog* const base_;
  const SessionOptions options_;
  MemoryCatalog catalog_;
  plan::StatementAnalyser analyser_;
  /// Views and defaults refer into the trees of earlier scripts.
  std::vector<std::unique_ptr<sql::Script>> scripts_;
  std::map<std::string, SessionObject> objects_;
  std::vector<Running> running_;
  std::vector<std::vector<std::string>> later_sources_;  ///< Of the statements after the one at hand.
  std::atomic<bool> cancelled_{false};
};

}  // namespace velo
