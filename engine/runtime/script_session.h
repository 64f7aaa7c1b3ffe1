#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan/config_files.h"
#include "engine/plan/statement_analyser.h"
#include "engine/plan/statement_sinks.h"
#include "engine/runtime/checkpointer.h"
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
  bool writes = false;  ///< Its rows go into a relation or a place, not only to who asked.
  /// Null for statements without a query of their own, and before the statement was bound.
  std::shared_ptr<const PreparedQuery> query;
};

/// What became of a statement.
struct StatementOutcome {
  StatementInfo statement;
  Status status;
  int64_t rows = 0;                 ///< Written, changed or shown.
  std::vector<std::string> places;  ///< Files, topics it wrote to.
  /// Places it names that SessionOptions::may_write forbids; nothing was written there.
  std::vector<std::string> withheld;
  std::string message;       ///< "table totals: 3 rows"; one line.
  std::shared_ptr<Job> job;  ///< Null for statements without a query.
};

/// Hears what a script does. OnResult and OnStatement are called by the thread that runs the script; receivers by
/// engine threads.
class ScriptObserver {
 public:
  virtual ~ScriptObserver() = default;
  /// A statement is about to give rows to whoever asked: SELECT, SHOW, EXPLAIN, "stdout://", and statements that make a
  /// stream or table without naming a place for it. Null: nobody wants them.
  virtual std::shared_ptr<ResultReceiver> OnResult(const StatementInfo& statement, const Schema& columns) = 0;
  /// A statement is through or has failed. Not told of queries that go on after Execute has returned.
  virtual void OnStatement(const StatementOutcome& outcome) { (void)outcome; }
  /// Whether OnResult is asked for every query, also one whose rows go elsewhere, and receivers get the hidden columns
  /// of the plan after the visible ones.
  virtual bool sees_everything() const { return false; }
  /// A query has begun to run; the outcome holds its job and what of its places is withheld.
  virtual void OnStarted(const StatementOutcome& outcome) { (void)outcome; }
  /// Something else worth a line: where the script goes on after a restart, a checkpoint that could not be written.
  virtual void OnNotice(const std::string& text) { (void)text; }
  /// Asked every few milliseconds while statements run; false stops everything.
  virtual bool WantsMore() { return true; }
};

struct SessionOptions {
  RunOptions run;            ///< `live`: statements over unbounded input go on until they are stopped.
  std::string app_name;      ///< Stands for {job} of unnamed statements.
  ConfigFiles config_files;  ///< Which files of the script (config_file = '...') may be read, and from where.
  /// With a directory: statements that write to topics or files go on where they stood when the same script is executed
  /// again after a crash. A session executes one script then.
  CheckpointOptions checkpoints;
  /// Live statements, and bounded ones that only show rows of places outside the session, go on when Execute returns.
  /// They end by themselves, with what they feed (DROP), or with the session.
  bool leave_running = false;
  /// Stands before the names of relations in the memory of the engine, which all its sessions share.
  std::string memory_prefix;
  /// Whether statements may write to a place ("file:///out.csv", "topic://totals"). Null: everywhere.
  std::function<bool(std::string_view uri)> may_write;
};

/// Something a session knows by name.
struct SessionObject {
  sql::RelationWord what = sql::RelationWord::kStream;
  std::string name;
  std::string sql;     ///< The statement that made it, printed.
  std::string origin;  ///< Of the script that made it; see Execute.
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
  /// text nothing is run, and the Status holds them. `origin` says where the text stands, for example a cell: what an
  /// earlier run of the same origin has made is made anew; without one it is in the way (E5003).
  Status Execute(std::string_view text, ScriptObserver* observer, std::string_view origin = {});
  /// For the scripts that follow.
  void set_run_options(const RunOptions& run) { options_.run = run; }
  /// Stops everything that runs; Execute returns soon after. Thread safe.
  void Cancel() { cancelled_ = true; }

  MemoryCatalog& catalog() { return catalog_; }
  Engine& engine() { return *engine_; }
  const std::map<std::string, SessionObject>& objects() const { return objects_; }
  const SessionObject* Find(const std::string& name) const;
  /// All 0 without checkpoints.
  CheckpointFigures checkpoint_figures() const;

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
    // With checkpoints, once it is known that the statement writes somewhere:
    bool kept = false;
    StatementCheckpoint identity;                          ///< Only what says which statement it is.
    std::shared_ptr<const StatementCheckpoint> recovered;  ///< What it goes on with; null: it is new.
  };

  Status ExecuteStatement(Step* step, ScriptObserver* observer);
  Status ExecuteQuery(Step* step, ScriptObserver* observer);
  Status ExecuteCreate(Step* step, ScriptObserver* observer);
  SessionObject ObjectOf(const Step& step, const sql::CreateStatement& create) const;
  Status StartCreated(Step* step, const sql::CreateStatement& create, ScriptObserver* observer);
  void KeepRows(const sql::CreateStatement& create, const PreparedQuery& query, StatementOutputs* outputs);
  Status Declare(Step* step, const sql::CreateStatement& create, StatementOutcome* outcome);
  Status ExecuteInsert(Step* step, ScriptObserver* observer);
  Status ExecuteRewrite(Step* step, StatementOutcome* outcome);
  Status ExecuteDrop(const sql::DropStatement& drop, StatementOutcome* outcome);
  Status ExecuteExplain(Step* step, ScriptObserver* observer);
  Status ExecuteAlter(const sql::AlterStatement& alter, StatementOutcome* outcome);
  Status ShowRows(const StatementInfo& info, const Schema& columns, const std::shared_ptr<arrow::RecordBatch>& rows,
                  ScriptObserver* observer);
  void AskForReceiver(Step* step, const std::shared_ptr<const PreparedQuery>& query, bool shown,
                      ScriptObserver* observer, StatementOutputs* outputs) const;
  Status Start(Step* step, std::shared_ptr<const PreparedQuery> query, StatementOutputs outputs,
               ScriptObserver* observer, bool table);
  Status Wait(Running* running, ScriptObserver* observer);
  /// session_checkpoints.cc: opens the folder and brings back what a crash has left behind.
  Status OpenCheckpoints(const sql::Script& script);
  /// Whether and as what the statement is kept, before its places are opened.
  Status PrepareToKeep(Step* step, const PreparedQuery& query, const std::string& makes, bool table,
                       const std::vector<plan::StatementSink>& sinks);
  Status CheckKeepable(const Step& step, const PreparedQuery& query, const std::string& makes) const;
  Status StartKept(const Step& step, const Running& running);
  /// Fills in what a place has to know to go on.
  Status GoOnAt(const Step& step, size_t number, SinkTarget* target) const;
  /// Before jobs are cancelled: with `last_one` they go on from here.
  void FinishCheckpoints(bool last_one, ScriptObserver* observer);
  void PassNotices(ScriptObserver* observer);
  Status OpenSinks(const Step& step, const std::vector<plan::StatementSink>& sinks, const PreparedQuery& query,
                   const std::string& job, bool table, StatementOutputs* outputs, bool* to_receiver);
  Status WaitForAll(ScriptObserver* observer);
  bool IsReadLater(const std::string& name) const;
  bool MayGoOn(const Step& step, const PreparedQuery& query, const StatementOutputs& outputs) const;
  void ForgetEnded();
  bool Stopped() const { return cancelled_ || stopped_; }
  std::string MemoryName(const std::string& name) const { return options_.memory_prefix + name; }

  Engine* const engine_;
  Catalog* const base_;
  SessionOptions options_;
  MemoryCatalog catalog_;
  plan::StatementAnalyser analyser_;
  /// Views and defaults refer into the trees of earlier scripts.
  std::vector<std::unique_ptr<sql::Script>> scripts_;
  std::map<std::string, SessionObject> objects_;
  std::unique_ptr<Checkpointer> checkpointer_;  ///< Null without checkpoints.
  std::vector<Running> running_;
  std::vector<std::vector<std::string>> later_sources_;  ///< Of the statements after the one at hand.
  std::string origin_;                                   ///< Of the script at hand.
  bool stopped_ = false;                                 ///< The observer of the script at hand wants no more.
  std::atomic<bool> cancelled_{false};
};

}  // namespace velo
