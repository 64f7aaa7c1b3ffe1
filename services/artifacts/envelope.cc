#include "services/artifacts/envelope.h"

#include <functional>

#include "engine/base/clock.h"
#include "services/describe.h"

namespace velo::services {
namespace {

struct ArtifactAction {
  std::string id, label, tool;  ///< Without a tool the client does it by itself.
  Json arguments = Json::object();
  std::string shortcut;
  bool primary = false, enabled = true;
};

Json ActionJson(const ArtifactAction& action) {
  return {{"id", action.id},
          {"label", action.label},
          {"tool", action.tool.empty() ? Json(nullptr) : Json(action.tool)},
          {"arguments", action.arguments},
          {"shortcut", action.shortcut.empty() ? Json(nullptr) : Json(action.shortcut)},
          {"primary", action.primary},
          {"enabled", action.enabled},
          {"confirm", false}};
}

std::string Text(const Json& data, const char* field) {
  auto found = data.find(field);
  return found != data.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<ArtifactAction> SqlEditorActions(const Json& data) {
  Json sql = {{"sql", Text(data, "sql")}};
  bool valid = data.contains("validation") && data["validation"].value("valid", false);
  return {{"run", "Run", "execute_query", sql, "Mod+Enter", true, valid},
          {"explain", "Explain", "explain_sql", sql, "", false, valid},
          {"format", "Format", "", Json::object(), "Shift+Alt+F"},
          {"copy", "Copy", "", Json::object(), ""}};
}

std::vector<ArtifactAction> ResultActions(const Json& data) {
  bool live = data.value("is_streaming", false);
  std::vector<ArtifactAction> actions;
  if (live) actions.push_back({"pause", "Pause", "", Json::object(), "P", true});
  if (live) actions.push_back({"stop", "Stop", "", Json::object(), "Escape"});
  if (data.contains("sql")) {
    actions.push_back({"rerun", "Run again", "execute_query", {{"sql", Text(data, "sql")}}, "", !live});
  }
  actions.push_back({"export", "Export", "", Json::object(), ""});
  return actions;
}

std::vector<ArtifactAction> SchemaActions(const Json& data) {
  std::vector<ArtifactAction> actions;
  std::string name = Text(data, "name"), source = Text(data, "source_id");
  if (source.empty()) return actions;
  actions.push_back({"preview", "Preview", "peek_source", {{"source_id", source}, {"name", name}}, "", true});
  actions.push_back({"query", "Query this", "generate_sql", {{"prompt", "show everything in " + name}}, ""});
  actions.push_back({"copy", "Copy", "", Json::object(), ""});
  return actions;
}

std::vector<ArtifactAction> TopicListActions(const Json&) {
  return {{"schema", "Schema", "inspect_topic", Json::object(), "Enter", true},
          {"peek", "Peek", "peek_messages", Json::object(), "Space"},
          {"filter", "Filter", "", Json::object(), ""}};
}

std::vector<ArtifactAction> PreviewActions(const Json& data) {
  if (Text(data, "kind") == "files") return {};
  Json arguments = {{"source_id", Text(data, "source_id")}, {"name", Text(data, "name")}};
  Json more = arguments, oldest = arguments, newest = arguments;
  more["limit"] = 100;
  oldest["from_end"] = false;
  newest["from_end"] = true;
  return {{"more", "More", "peek_source", more, "", true},
          {"newest", "Newest", "peek_source", newest, ""},
          {"oldest", "Oldest", "peek_source", oldest, ""},
          {"filter", "Filter", "", Json::object(), ""},
          {"export", "Export", "", Json::object(), ""}};
}

struct ArtifactType {
  std::string_view name;
  bool editable;
  std::vector<ArtifactAction> (*actions)(const Json& data);
};

constexpr ArtifactType kTypes[] = {
    {"sql-editor", true, SqlEditorActions},  {"query-results", true, ResultActions},
    {"schema-viewer", false, SchemaActions}, {"topic-list", false, TopicListActions},
    {"data-preview", false, PreviewActions},
};

const ArtifactType* FindType(std::string_view name) {
  for (const ArtifactType& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

}  // namespace

bool IsEditable(const std::string& type) {
  const ArtifactType* known = FindType(type);
  return known != nullptr && known->editable;
}

std::string EnvelopeJson(const ArtifactRow& row) {
  Json data = Json::parse(row.data_json, nullptr, false);
  Json actions = Json::array();
  if (const ArtifactType* type = FindType(row.type)) {
    for (const ArtifactAction& action : type->actions(data)) actions.push_back(ActionJson(action));
  }
  Json live = nullptr;
  if (row.type == "query-results" && data.value("live", false)) {
    live = {{"kind", "ws"}, {"url", "/api/stream/" + Text(data, "execution_id")}};
  }
  Json envelope = {{"id", row.id},
                   {"type", row.type},
                   {"version", row.version},
                   {"title", row.title},
                   {"thread_id", row.thread_id},
                   {"message_id", row.message_id.empty() ? Json(nullptr) : Json(row.message_id)},
                   {"call_id", row.call_id.empty() ? Json(nullptr) : Json(row.call_id)},
                   {"state", row.state},
                   {"editable", IsEditable(row.type)},
                   {"kept", row.kept},
                   {"created_at", FormatInstant(row.created_at)},
                   {"data", std::move(data)},
                   {"actions", std::move(actions)},
                   {"live", std::move(live)},
                   {"links", {{"self", "/t/" + row.thread_id + "?a=" + row.id + "@" + std::to_string(row.version)}}}};
  return envelope.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace velo::services
