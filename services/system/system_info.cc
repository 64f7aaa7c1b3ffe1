#include <fstream>
#include <thread>

#include <unistd.h>

#include "services/executions/execution_registry.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/store/thread_store.h"
#include "services/system/openapi.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct EngineView {
  int64_t lanes = 1, memory_used_bytes = 0;
};
BOOST_DESCRIBE_STRUCT(EngineView, (), (lanes, memory_used_bytes))

struct Features {
  bool demo = false, topics = false, model = false;
};
BOOST_DESCRIBE_STRUCT(Features, (), (demo, topics, model))

struct Limits {
  int64_t body_bytes = 1 << 20, sql_bytes = 256 << 10, prompt_bytes = 16 << 10, preview_rows = 1000;
  int64_t execution_rows = 100'000, executions = static_cast<int64_t>(ExecutionRegistry::kInAll);
};
BOOST_DESCRIBE_STRUCT(Limits, (), (body_bytes, sql_bytes, prompt_bytes, preview_rows, execution_rows, executions))

struct InfoAnswer {
  std::string name = "velo", version, commit, api = "1";
  int64_t uptime_seconds = 0;
  EngineView engine;
  Features features;
  std::vector<std::string> sources;  ///< URI schemes that can be connected.
  Limits limits;
  bool first_run = false;
};
BOOST_DESCRIBE_STRUCT(InfoAnswer, (),
                      (name, version, commit, api, uptime_seconds, engine, features, sources, limits, first_run))

/// Resident memory of the process; 0 where the system does not tell.
int64_t MemoryUsed() {
  std::ifstream file("/proc/self/statm");
  int64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

Result<Outcome<InfoAnswer>> SystemInfo(const NoParams&, CallContext& context) {
  Workspace& workspace = *context.workspace;
  Outcome<InfoAnswer> outcome;
  InfoAnswer& info = outcome.answer;
  info.version = workspace.options().version;
  info.commit = workspace.options().commit;
  info.uptime_seconds = (workspace.clock().Now() - workspace.started_at()) / 1'000'000;
  info.engine.lanes = std::max(1U, std::thread::hardware_concurrency());
  info.engine.memory_used_bytes = MemoryUsed();
  info.features.demo = workspace.options().demo;
  info.features.topics = workspace.engine().topics() != nullptr;
  info.sources = workspace.engine().connectors().Schemes();
  int64_t threads = 0;
  VELO_ASSIGN_OR_RETURN(std::vector<ThreadRow> rows, workspace.threads().List({.limit = 1}, &threads));
  info.first_run = rows.empty();
  return outcome;
}

struct HealthAnswer {
  std::string status = "ok";
};
BOOST_DESCRIBE_STRUCT(HealthAnswer, (), (status))

Result<Outcome<HealthAnswer>> Health(const NoParams&, CallContext&) { return Outcome<HealthAnswer>(); }

struct Check {
  std::string name;
  bool ok = true;
  std::optional<std::string> message;
};
BOOST_DESCRIBE_STRUCT(Check, (), (name, ok, message))

struct ReadyAnswer {
  std::string status = "ready";
  std::vector<Check> checks;
};
BOOST_DESCRIBE_STRUCT(ReadyAnswer, (), (status, checks))

Result<Outcome<ReadyAnswer>> Ready(const NoParams&, CallContext& context) {
  Outcome<ReadyAnswer> outcome;
  int64_t total = 0;
  Result<std::vector<ThreadRow>> threads = context.workspace->threads().List({.limit = 1}, &total);
  outcome.answer.checks.push_back({"store", threads.ok(), std::nullopt});
  if (!threads.ok()) outcome.answer.checks.back().message = threads.status().error().message;
  outcome.answer.checks.push_back({"engine", true, std::nullopt});
  if (!threads.ok()) {
    outcome.answer.status = "starting";
    outcome.http_status = 503;
  }
  return outcome;
}

Result<Outcome<Json>> OpenApi(const NoParams&, CallContext& context) {
  Outcome<Json> outcome;
  outcome.answer = OpenApiDocument(context.workspace->operations());
  return outcome;
}

}  // namespace

void RegisterSystemInfo(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "system_info",
                .title = "About",
                .description = "Version, features and limits.",
                .method = "GET",
                .path = "/api/system/info",
                .also = {"/api/status"}},
               SystemInfo);
  AddOperation(registry,
               {.name = "health",
                .title = "Alive",
                .description = "The process answers.",
                .method = "GET",
                .path = "/healthz",
                .scope = "none",
                .rate_per_minute = 600},
               Health);
  AddOperation(registry,
               {.name = "ready",
                .title = "Ready",
                .description = "The store and the engine work.",
                .method = "GET",
                .path = "/readyz",
                .scope = "none",
                .rate_per_minute = 600},
               Ready);
  AddOperation(registry,
               {.name = "openapi",
                .title = "Interface description",
                .description = "OpenAPI 3.1.",
                .method = "GET",
                .path = "/api/openapi.json",
                .scope = "none",
                .rate_per_minute = 30},
               OpenApi);
}

}  // namespace velo::services
