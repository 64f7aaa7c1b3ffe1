#include "services/executions/execution_registry.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "services/describe.h"
#include "services/executions/execution_json.h"
#include "services/ids.h"
#include "services/json_text.h"

namespace velo::services {

ExecutionRegistry::ExecutionRegistry(Engine* engine, Database* database)
    : engine_(engine), store_(database), publisher_([this] { PublishLoop(); }) {}

ExecutionRegistry::~ExecutionRegistry() {
  std::vector<std::shared_ptr<Execution>> running;
  {
    std::lock_guard lock(mutex_);
    for (auto& [id, execution] : executions_) running.push_back(execution);
  }
  for (auto& execution : running) execution->Cancel();
  for (auto& execution : running) {
    while (!execution->WaitFor(1000)) {
    }
    execution->Release();
  }
  {
    std::lock_guard lock(wake_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  publisher_.join();
}

void ExecutionRegistry::Wake() {
  {
    std::lock_guard lock(wake_mutex_);
    if (woken_) return;
    woken_ = true;
  }
  wake_.notify_one();
}

void ExecutionRegistry::PublishLoop() {
  int64_t next = INT64_MAX;
  while (true) {
    {
      std::unique_lock lock(wake_mutex_);
      auto due = [this] { return woken_ || stopping_; };
      if (next == INT64_MAX) {
        wake_.wait(lock, due);
      } else {
        int64_t wait = std::max<int64_t>(0, next - engine_->clock().Now());
        wake_.wait_for(lock, std::chrono::microseconds(wait), due);
      }
      if (stopping_) return;
      woken_ = false;
    }
    next = TickAll();
  }
}

int64_t ExecutionRegistry::TickAll() {
  std::vector<std::shared_ptr<Execution>> all;
  {
    std::lock_guard lock(mutex_);
    for (auto& [id, execution] : executions_) all.push_back(execution);
  }
  int64_t next = INT64_MAX, now = engine_->clock().Now();
  for (auto& execution : all) {
    next = std::min(next, execution->Tick());
    if (execution->Abandoned(kGraceMicros)) execution->Cancel();
    ExecutionFacts facts = execution->Facts();
    if (facts.finished_at == 0) continue;
    if (facts.viewers == 0 && execution->WaitFor(0) && execution->Release()) Freeze(execution.get());
    if (now - facts.finished_at > kRetentionMicros && facts.viewers == 0) {
      std::lock_guard lock(mutex_);
      executions_.erase(execution->id());
    } else {
      next = std::min(next, facts.finished_at + kRetentionMicros);
    }
  }
  return next;
}

void ExecutionRegistry::Freeze(Execution* execution) {
  ExecutionFacts facts = execution->Facts();
  Json rows = Json::array();
  for (const std::string& row : execution->Rows(0, 50)) rows.push_back(Json::parse(row, nullptr, false));
  Json document = {{"columns", ToJson(execution->shape().columns)},
                   {"key_columns", execution->shape().key_columns},
                   {"viz", ToJson(execution->Viz())},
                   {"accounting", AccountingJson(facts.metrics)},
                   {"rows", std::move(rows)}};
  PastExecution past{facts.id,           facts.thread_id,  facts.sql,        facts.state,
                     DumpJson(document), facts.started_at, facts.finished_at};
  Status status = store_.Put(past);
  // A full disk must not end the publisher; the live rows are still in memory for an hour.
  if (!status.ok()) return;
}

Status ExecutionRegistry::MakeRoom(const std::string& thread_id) {
  std::vector<std::shared_ptr<Execution>> running;
  size_t in_thread = 0;
  {
    std::lock_guard lock(mutex_);
    for (auto& [id, execution] : executions_) {
      if (execution->ended()) continue;
      running.push_back(execution);
      in_thread += execution->spec().thread_id == thread_id;
    }
  }
  bool thread_full = in_thread >= kPerThread;
  if (!thread_full && running.size() < kInAll) return Status::OK();
  for (auto& execution : running) {
    if (thread_full && execution->spec().thread_id != thread_id) continue;
    if (!execution->spec().run.live || execution->spec().writes) continue;
    if (execution->Facts().viewers > 0) continue;
    execution->Cancel();
    return Status::OK();
  }
  return Status::World("OVERLOADED", fmt::format("{} queries are running already.", running.size()),
                       "Stop one of them first.", true);
}

Result<std::shared_ptr<Execution>> ExecutionRegistry::Add(ExecutionSpec spec) {
  VELO_RETURN_IF_ERROR(MakeRoom(spec.thread_id));
  Clock& clock = engine_->clock();
  auto execution = std::make_shared<Execution>(NewId("exec", clock.Now()), std::move(spec), &clock, [this] { Wake(); });
  std::lock_guard lock(mutex_);
  executions_[execution->id()] = execution;
  return execution;
}

void ExecutionRegistry::Forget(const std::string& id) {
  std::lock_guard lock(mutex_);
  executions_.erase(id);
}

Result<std::shared_ptr<Execution>> ExecutionRegistry::Start(ExecutionSpec spec) {
  VELO_ASSIGN_OR_RETURN(std::shared_ptr<Execution> execution, Add(std::move(spec)));
  const Status started = execution->Start(engine_);
  if (!started.ok()) {
    Forget(execution->id());
    return started;
  }
  Wake();
  return execution;
}

Result<std::shared_ptr<Execution>> ExecutionRegistry::Find(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto found = executions_.find(id);
  if (found == executions_.end()) {
    return Status::User("NOT_FOUND", fmt::format("There is no execution {}.", id), "Results are kept for an hour.");
  }
  return found->second;
}

std::vector<std::shared_ptr<Execution>> ExecutionRegistry::List(const std::string& thread_id) {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Execution>> found;
  for (auto& [id, execution] : executions_) {
    if (thread_id.empty() || execution->spec().thread_id == thread_id) found.push_back(execution);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

void ExecutionRegistry::CancelThread(const std::string& thread_id) {
  for (auto& execution : List(thread_id)) {
    if (!execution->ended()) execution->Cancel();
  }
}

}  // namespace velo::services
