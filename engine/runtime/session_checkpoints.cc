// How a session keeps what its statements have done (Checkpointer).

#include <algorithm>
#include <functional>

#include "engine/runtime/script_session.h"
#include "engine/sql/printer.h"

namespace velo {

namespace {

void VisitScans(const PlanNode& node, const std::function<void(const ScanNode&)>& visit) {
  if (node.kind == PlanKind::kScan) visit(static_cast<const ScanNode&>(node));
  for (const PlanNodePtr& input : node.inputs) VisitScans(*input, visit);
}

/// Everything that the bytes of the state depend on.
std::string PlanText(const PreparedQuery& query, bool table) {
  std::string text = ExplainPlan(query);
  for (const Column& column : query.plan->output.columns) {
    text += fmt::format("\n{} {}", column.name, column.type.ToString());
  }
  return text + (table ? "\ntable" : "\nstream");
}

}  // namespace

Status ScriptSession::OpenCheckpoints(const sql::Script& script) {
  if (checkpointer_ != nullptr) {
    return Status::User("UNSUPPORTED", "a session with checkpoints executes one script",
                        "put all statements into one, or open another session with a folder of its own");
  }
  VELO_ASSIGN_OR_RETURN(checkpointer_, Checkpointer::Open(options_.checkpoints, engine_));
  std::vector<std::string> texts;
  for (const auto& statement : script.statements) texts.push_back(sql::Print(*statement));
  return checkpointer_->Recover(texts);
}

Status ScriptSession::PrepareToKeep(Step* step, const PreparedQuery& query, const std::string& makes, bool table,
                                    const std::vector<plan::StatementSink>& sinks) {
  if (checkpointer_ == nullptr) return Status::OK();
  step->kept = std::any_of(sinks.begin(), sinks.end(), [this](const plan::StatementSink& sink) {
    const std::string scheme = UriScheme(sink.uri);
    if (scheme.empty() || scheme == "stdout" || scheme == "null") return false;
    return !options_.may_write || options_.may_write(sink.uri);
  });
  if (!step->kept) return Status::OK();
  VELO_RETURN_IF_ERROR(CheckKeepable(*step, query, makes));
  step->identity.name = step->info.name.empty() ? fmt::format("statement {}", step->info.number) : step->info.name;
  step->identity.sql = sql::Print(*step->statement);
  step->identity.plan = PlanText(query, table);
  step->recovered = checkpointer_->Claim(step->identity.sql);
  if (step->recovered == nullptr || step->recovered->plan == step->identity.plan) return Status::OK();
  return Status::User("STATE_INCOMPATIBLE",
                      fmt::format("{} is not the query that the checkpoint was made of: what it reads has other "
                                  "columns now, or a view in it has changed",
                                  step->identity.name),
                      "bring that back as it was, or start again with an empty checkpoint folder")
      .WithSpan(step->info.span);
}

/// What lives in memory only is made anew at every start, which fits as long as it is made from the beginning.
Status ScriptSession::CheckKeepable(const Step& step, const PreparedQuery& query, const std::string& makes) const {
  if (!makes.empty() && IsReadLater(makes)) {
    return Status::User("UNSUPPORTED",
                        fmt::format("'{}' is written to a place and read from memory by a later statement, which "
                                    "checkpoints cannot bring together",
                                    makes),
                        "let the later statement read that place, for example FROM 'topic://...'")
        .WithSpan(step.info.span);
  }
  std::string live;
  VisitScans(*query.plan, [&](const ScanNode& scan) {
    for (const auto& [name, object] : objects_) {
      if (object.rows == nullptr || scan.relation->uri != "memory://" + object.rows->name()) continue;
      if (object.job != nullptr && !object.job->WaitFor(0)) live = name;
    }
  });
  if (live.empty()) return Status::OK();
  return Status::User("UNSUPPORTED",
                      fmt::format("'{}' is a live stream in memory, which checkpoints do not keep", live),
                      fmt::format("make '{}' a view (CREATE VIEW), or write it into a topic and read that", live))
      .WithSpan(step.info.span);
}

Status ScriptSession::GoOnAt(const Step& step, size_t number, SinkTarget* target) const {
  if (!step.kept) return Status::OK();
  target->writer = checkpointer_->writer();
  if (step.recovered == nullptr) return Status::OK();
  const auto& places = step.recovered->places;
  if (number < places.size() && places[number].uri == target->uri) {
    target->position = places[number].position;
    return Status::OK();
  }
  return Status::User(
             "STATE_INCOMPATIBLE",
             fmt::format("{} writes to {}, but did not when the checkpoint was made", step.identity.name, target->uri),
             "bring that back as it was, or start again with an empty checkpoint folder")
      .WithSpan(step.info.span);
}

Status ScriptSession::StartKept(const Step& step, const Running& running) {
  const Status started = checkpointer_->Start(step.identity, step.recovered, running.job, running.writer);
  if (started.ok()) return started;
  running.job->Cancel();
  return started;
}

void ScriptSession::FinishCheckpoints(bool last_one, ScriptObserver* observer) {
  if (checkpointer_ != nullptr) checkpointer_->Finish(last_one);
  PassNotices(observer);
}

void ScriptSession::PassNotices(ScriptObserver* observer) {
  if (checkpointer_ == nullptr) return;
  for (const std::string& notice : checkpointer_->TakeNotices()) observer->OnNotice(notice);
}

CheckpointFigures ScriptSession::checkpoint_figures() const {
  return checkpointer_ == nullptr ? CheckpointFigures{} : checkpointer_->figures();
}

}  // namespace velo
