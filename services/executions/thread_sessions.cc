#include "services/executions/thread_sessions.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/ids.h"

namespace velo::services {
namespace {

/// What names mean outside a session, looked up when they are used: connections come and go while a session lives.
class OutsideCatalog : public Catalog {
 public:
  OutsideCatalog(ThreadSessions::CatalogMaker make, std::string thread_id)
      : make_(std::move(make)), thread_id_(std::move(thread_id)) {}
  Result<RelationPtr> Find(std::string_view name, const PropertyMap& properties) override {
    return make_(thread_id_)->Find(name, properties);
  }
  std::vector<std::string> Names() override { return make_(thread_id_)->Names(); }

 private:
  const ThreadSessions::CatalogMaker make_;
  const std::string thread_id_;
};

SessionOptions OptionsOf(const std::string& thread_id) {
  SessionOptions options;
  options.leave_running = true;
  options.memory_prefix = thread_id.empty() ? "" : thread_id + "/";
  options.may_write = [](std::string_view uri) { return !IsOutside(uri); };
  return options;
}

}  // namespace

struct ThreadSessions::Session {
  Session(Engine* engine, CatalogMaker outside_catalog, const std::string& thread_id)
      : outside(std::move(outside_catalog), thread_id), script(engine, &outside, OptionsOf(thread_id)) {}

  /// Takes a copy of what the session knows, for those who look while a script runs.
  void Publish() {
    std::vector<RelationPtr> known;
    for (const auto& [name, object] : script.objects()) {
      Result<RelationPtr> relation = script.catalog().Find(name, {});
      if (relation.ok() && *relation != nullptr) known.push_back(relation.TakeValue());
    }
    std::lock_guard lock(relations_mutex);
    relations = std::move(known);
  }

  OutsideCatalog outside;
  std::mutex script_mutex;  ///< Held while a script runs.
  ScriptSession script;
  std::mutex relations_mutex;
  std::vector<RelationPtr> relations;
  std::atomic<bool> closed{false};
};

ThreadSessions::ThreadSessions(Engine* engine, ExecutionRegistry* executions, CatalogMaker outside)
    : engine_(engine), executions_(executions), outside_(std::move(outside)) {}

ThreadSessions::~ThreadSessions() {
  std::vector<Worker> workers;
  {
    std::lock_guard lock(mutex_);
    for (auto& [thread_id, session] : sessions_) session->closed = true;
    workers.swap(workers_);
  }
  for (Worker& worker : workers) worker.run->Cancel();
  for (Worker& worker : workers) worker.thread.join();
}

std::shared_ptr<ThreadSessions::Session> ThreadSessions::SessionOf(const std::string& thread_id) {
  std::shared_ptr<Session>& session = sessions_[thread_id];
  if (session == nullptr) session = std::make_shared<Session>(engine_, outside_, thread_id);
  return session;
}

void ThreadSessions::JoinEnded() {
  std::erase_if(workers_, [](Worker& worker) {
    if (!worker.run->through()) return false;
    worker.thread.join();
    return true;
  });
}

Result<std::shared_ptr<ScriptRun>> ThreadSessions::Run(ScriptRequest request, const ScriptReport& report) {
  std::lock_guard lock(mutex_);
  JoinEnded();
  const auto waiting = std::count_if(workers_.begin(), workers_.end(), [&](const Worker& worker) {
    return worker.run->request().thread_id == request.thread_id;
  });
  if (static_cast<size_t>(waiting) >= kScriptsPerThread) {
    return Status::World("OVERLOADED", fmt::format("{} scripts of this thread are running already.", waiting),
                         "Stop one of them first.", true);
  }
  std::shared_ptr<Session> session = SessionOf(request.thread_id);
  const Timestamp now = engine_->clock().Now();
  auto run = std::make_shared<ScriptRun>(NewId("script", now), std::move(request), report, executions_, now);
  runs_.push_back(run);
  if (runs_.size() > kRunsKept) runs_.erase(runs_.begin());
  workers_.push_back({run, std::thread([run, session] {
                        std::lock_guard turn(session->script_mutex);
                        if (session->closed) {
                          run->GiveUp(Status::User("CONFLICT", "The thread of this script was deleted.", ""));
                          return;
                        }
                        run->Run(&session->script, [session] { session->Publish(); });
                      })});
  return run;
}

Result<std::shared_ptr<ScriptRun>> ThreadSessions::Find(const std::string& id) {
  std::lock_guard lock(mutex_);
  for (const std::shared_ptr<ScriptRun>& run : runs_) {
    if (run->id() == id) return run;
  }
  return Status::User("NOT_FOUND", fmt::format("There is no script run {}.", id), "Run the script again.");
}

std::vector<RelationPtr> ThreadSessions::Relations(const std::string& thread_id) {
  std::shared_ptr<Session> session;
  {
    std::lock_guard lock(mutex_);
    const auto found = sessions_.find(thread_id);
    if (found == sessions_.end()) return {};
    session = found->second;
  }
  std::lock_guard lock(session->relations_mutex);
  return session->relations;
}

void ThreadSessions::Close(const std::string& thread_id) {
  std::shared_ptr<Session> session;
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(thread_id);
  if (found == sessions_.end()) return;
  session = std::move(found->second);
  session->closed = true;
  sessions_.erase(found);
  for (Worker& worker : workers_) {
    if (worker.run->request().thread_id == thread_id) worker.run->Cancel();
  }
  // What still runs keeps its session until it has ended; otherwise it goes with the last mention here.
}

}  // namespace velo::services
