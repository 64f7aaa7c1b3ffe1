#include "services/operation.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/near_names.h"
#include "services/artifacts/envelope.h"
#include "services/describe.h"
#include "services/store/artifact_store.h"
#include "services/store/thread_store.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

std::string PercentDecode(std::string_view text) {
  auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string_view NextSegment(std::string_view* path) {
  size_t slash = path->find('/');
  std::string_view segment = path->substr(0, slash);
  *path = slash == std::string_view::npos ? std::string_view() : path->substr(slash + 1);
  return segment;
}

/// Compares a path with a pattern, segment by segment.
bool MatchPath(std::string_view pattern, std::string_view path,
               std::vector<std::pair<std::string, std::string>>* values) {
  values->clear();
  pattern.remove_prefix(1);
  path.remove_prefix(std::min<size_t>(1, path.size()));
  while (!pattern.empty() && !path.empty()) {
    std::string_view wanted = NextSegment(&pattern), got = NextSegment(&path);
    if (wanted.starts_with('{')) {
      if (got.empty()) return false;
      values->emplace_back(std::string(wanted.substr(1, wanted.size() - 2)), PercentDecode(got));
    } else if (wanted != got) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

/// Cuts long lists and texts to what a reader of a tool result needs (API 3.1).
bool Cut(Json* value, size_t list_limit) {
  constexpr size_t kRows = 200, kItems = 50, kText = 32 * 1024;
  bool cut = false;
  if (value->is_string() && value->get_ref<const std::string&>().size() > kText) {
    *value = value->get_ref<const std::string&>().substr(0, kText);
    return true;
  }
  if (value->is_array() && value->size() > list_limit) {
    value->erase(value->begin() + static_cast<std::ptrdiff_t>(list_limit), value->end());
    cut = true;
  }
  if (value->is_object()) {
    for (auto item = value->begin(); item != value->end(); ++item) {
      bool rows =
          item.key() == "rows" || item.key() == "records" || item.key() == "messages" || item.key() == "columns";
      cut |= Cut(&*item, rows ? kRows : kItems);
    }
  } else if (value->is_array()) {
    for (Json& item : *value) cut |= Cut(&item, kItems);
  }
  return cut;
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// What an answer has shown already is not shown twice: connecting a file and then inspecting it gives one schema.
Result<std::optional<ArtifactRow>> FindShown(const ArtifactDraft& draft, const CallContext& context) {
  std::optional<ArtifactRow> shown;
  if (context.message_id.empty() || !draft.artifact_id.empty()) return shown;
  VELO_ASSIGN_OR_RETURN(std::vector<ArtifactRow> rows,
                        context.workspace->artifacts().List(context.thread_id, draft.type));
  for (ArtifactRow& row : rows) {
    if (row.message_id == context.message_id && row.data_json == draft.data_json) shown = std::move(row);
  }
  return shown;
}

/// Stores the drafts of a call in its thread and tells the thread's context.
Result<std::vector<ArtifactReference>> KeepArtifacts(OutcomeFacts& facts, CallContext& context) {
  std::vector<ArtifactReference> references;
  if (context.thread_id.empty()) return references;
  for (ArtifactDraft& draft : facts.artifacts) {
    VELO_ASSIGN_OR_RETURN(std::optional<ArtifactRow> shown, FindShown(draft, context));
    if (shown) {
      references.push_back({shown->id, shown->type, shown->version, EnvelopeJson(*shown)});
      continue;
    }
    ArtifactRow row;
    row.id = draft.artifact_id;
    row.thread_id = context.thread_id;
    row.message_id = context.message_id;
    row.call_id = context.call_id;
    row.type = draft.type;
    row.title = draft.title;
    row.state = draft.state;
    row.data_json = std::move(draft.data_json);
    VELO_ASSIGN_OR_RETURN(ArtifactRow stored, context.workspace->artifacts().Put(std::move(row)));
    references.push_back({stored.id, stored.type, stored.version, EnvelopeJson(stored)});
  }
  if (references.empty() && !facts.remember) return references;
  VELO_RETURN_IF_ERROR(context.workspace->threads().UpdateContext(context.thread_id, [&](ThreadContext& thread) {
    if (!references.empty()) {
      thread.focus.artifact_id = references.front().id;
      thread.focus.artifact_type = references.front().type;
      if (references.front().type == "sql-editor") thread.focus.sql_artifact_id = references.front().id;
    }
    if (facts.remember) facts.remember(thread);
  }));
  return references;
}

ToolOutcome Failed(const Status& status, const CallContext& context, std::string_view sql) {
  ToolOutcome outcome;
  outcome.status = status;
  outcome.summary = status.error().message;
  Json error = ErrorJson(status, context.request_id, sql);
  outcome.output_json = Dump({{"ok", false},
                              {"summary", outcome.summary},
                              {"artifact", nullptr},
                              {"result", nullptr},
                              {"warnings", Json::array()},
                              {"suggestions", 0},
                              {"error", error["error"]}});
  return outcome;
}

std::string SqlOf(const Json& arguments) {
  auto found = arguments.is_object() ? arguments.find("sql") : arguments.end();
  return found != arguments.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string_view EffectName(Effect effect) {
  switch (effect) {
    case Effect::kRead:
      return "read";
    case Effect::kSession:
      return "session";
    case Effect::kAddress:
      return "address";
    case Effect::kOutside:
      return "outside";
  }
  return "read";
}

OperationRegistry::OperationRegistry() = default;
OperationRegistry::~OperationRegistry() = default;

void OperationRegistry::Add(std::unique_ptr<Operation> operation) { operations_.push_back(std::move(operation)); }

const Operation* OperationRegistry::Find(std::string_view name) const {
  for (const auto& operation : operations_) {
    if (operation->info().name == name) return operation.get();
  }
  return nullptr;
}

OperationRegistry::PathMatch OperationRegistry::Match(std::string_view method, std::string_view path) const {
  PathMatch match;
  size_t fewest_values = SIZE_MAX;
  for (const auto& operation : operations_) {
    const OperationInfo& info = operation->info();
    std::vector<std::pair<std::string, std::string>> values;
    bool hit = MatchPath(info.path, path, &values);
    for (size_t i = 0; !hit && i < info.also.size(); ++i) hit = MatchPath(info.also[i], path, &values);
    if (!hit) continue;
    match.allowed.push_back(info.method);
    // "/api/threads/import" is nearer than "/api/threads/{id}".
    if (info.method == method && values.size() < fewest_values) {
      fewest_values = values.size();
      match.operation = operation.get();
      match.values = std::move(values);
    }
  }
  return match;
}

ToolOutcome OperationRegistry::Invoke(std::string_view name, const std::string& arguments_json,
                                      CallContext& context) const {
  const Operation* operation = Find(name);
  if (operation == nullptr) {
    std::vector<std::string> names;
    for (const auto& known : operations_) names.push_back(known->info().name);
    std::vector<std::string> near = NearNames(name, names);
    return Failed(Status::User("NOT_FOUND", fmt::format("There is no tool '{}'.", name),
                               near.empty() ? "" : fmt::format("Did you mean '{}'?", near.front())),
                  context, {});
  }
  Json arguments = Json::parse(arguments_json.empty() ? "{}" : arguments_json, nullptr, false);
  if (arguments.is_discarded() || !arguments.is_object()) {
    return Failed(Status::User("VALIDATION_ERROR", "The arguments are not a JSON object."), context, {});
  }
  if (auto thread = arguments.find("thread_id"); thread != arguments.end()) {
    if (context.thread_id.empty() && thread->is_string()) context.thread_id = thread->get<std::string>();
    arguments.erase(thread);
  }
  Json answer;
  Result<OutcomeFacts> facts = operation->Call(arguments, false, context, &answer);
  if (!facts.ok()) return Failed(facts.status(), context, SqlOf(arguments));
  ToolOutcome outcome;
  Result<std::vector<ArtifactReference>> kept = KeepArtifacts(*facts, context);
  if (!kept.ok()) return Failed(kept.status(), context, {});
  outcome.artifacts = kept.TakeValue();
  outcome.summary = facts->summary;
  outcome.result_json = Dump(answer);
  if (Cut(&answer, 50) && answer.is_object()) answer["truncated"] = true;
  Json artifact = nullptr;
  if (!outcome.artifacts.empty()) {
    const ArtifactReference& first = outcome.artifacts.front();
    artifact = {{"id", first.id}, {"type", first.type}, {"version", first.version}};
  }
  outcome.output_json = Dump({{"ok", true},
                              {"summary", outcome.summary},
                              {"artifact", artifact},
                              {"result", std::move(answer)},
                              {"warnings", facts->warnings},
                              {"suggestions", 0},
                              {"error", nullptr}});
  return outcome;
}

HttpAnswer OperationRegistry::InvokeHttp(const Operation& operation, const Json& arguments, bool textual,
                                         CallContext& context) const {
  HttpAnswer http;
  Json answer;
  Json own = arguments;
  if (auto thread = own.find("thread_id"); thread != own.end()) {
    if (thread->is_string()) context.thread_id = thread->get<std::string>();
    own.erase(thread);
  }
  Result<OutcomeFacts> facts = operation.Call(own, textual, context, &answer);
  if (!facts.ok()) {
    http.status = HttpStatusOf(facts.status());
    http.body = Dump(ErrorJson(facts.status(), context.request_id, SqlOf(own)));
    return http;
  }
  http.status = facts->http_status;
  if (facts->version) http.etag = fmt::format("\"v{}\"", *facts->version);
  if (facts->raw) {
    http.content_type = facts->raw->content_type;
    http.file_name = facts->raw->file_name;
    http.body = std::move(facts->raw->body);
  } else {
    http.body = Dump(answer);
  }
  return http;
}

}  // namespace velo::services
