#include <algorithm>

#include <fmt/format.h>

#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sources/source_views.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct ConnectionsParams {
  std::string type;
};
BOOST_DESCRIBE_STRUCT(ConnectionsParams, (), (type))

struct ConnectionsAnswer {
  std::vector<ConnectionView> connections;
  std::optional<std::string> next_cursor;
  int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(ConnectionsAnswer, (), (connections, next_cursor, total))

Result<Outcome<ConnectionsAnswer>> ListConnections(const ConnectionsParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(std::vector<Connection> all, context.workspace->connections().List(context.thread_id));
  Outcome<ConnectionsAnswer> outcome;
  for (const Connection& connection : all) {
    if (params.type.empty() || params.type == connection.type) {
      outcome.answer.connections.push_back(ViewConnection(connection));
    }
  }
  outcome.answer.total = static_cast<int64_t>(outcome.answer.connections.size());
  outcome.summary = fmt::format("{} connections", outcome.answer.total);
  return outcome;
}

enum class ItemKind : uint8_t { kAny, kTopic, kFile, kObject, kTable };
BOOST_DESCRIBE_ENUM(ItemKind, kAny, kTopic, kFile, kObject, kTable)

struct ListParams {
  std::string source_id, filter;
  ItemKind kind = ItemKind::kAny;
  bool include_internal = false;
  std::string sort = "name";
  int64_t limit = 50;
  std::string cursor;

  static std::vector<FieldRule> Rules() {
    return {{"source_id", "which connection; the embedded topics when left out"},
            {"filter", "part of a name, or a pattern with *", false, {}, {}, {}, {}, 256},
            {"sort", "", false, {}, {}, {"name", "-name", "size_bytes", "-size_bytes"}},
            {"limit", "", false, 1, 500}};
  }
};
BOOST_DESCRIBE_STRUCT(ListParams, (), (source_id, filter, kind, include_internal, sort, limit, cursor))

struct ItemView {
  std::string name, kind;
  std::optional<int64_t> partitions, message_count, size_bytes;
  std::optional<std::string> modified_at, format;
  std::vector<std::string> flags;
};
BOOST_DESCRIBE_STRUCT(ItemView, (), (name, kind, partitions, message_count, size_bytes, modified_at, format, flags))

struct ListAnswer {
  std::string source_id, type;
  std::vector<ItemView> items;
  std::optional<std::string> next_cursor;
  int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(ListAnswer, (), (source_id, type, items, next_cursor, total))

std::optional<int64_t> KnownCount(int64_t count) { return count < 0 ? std::nullopt : std::optional(count); }

Result<std::vector<ItemView>> ItemsOf(CallContext& context, const Connection& connection) {
  std::vector<ItemView> items;
  Engine& engine = context.workspace->engine();
  if (connection.type == "topic") {
    if (engine.topics() == nullptr) return items;
    for (const TopicInfo& topic : engine.topics()->List()) {
      TopicView view = ViewTopic(topic);
      items.push_back({view.name, "topic", static_cast<int64_t>(view.partitions.size()), view.total_messages,
                       view.size_bytes, view.last_message_at, std::string("columnar"), view.flags});
    }
    return items;
  }
  Connector* connector = engine.connectors().Find(UriScheme(connection.uri));
  if (connector == nullptr) return Status::Bug("connection without connector");
  VELO_ASSIGN_OR_RETURN(ConnectionReport report, connector->Connect(connection.uri, connection.EngineProperties()));
  for (const SourceItem& item : report.items) {
    ItemView view;
    view.name = item.name;
    view.kind = item.kind;
    view.message_count = KnownCount(item.rows);
    view.size_bytes = KnownCount(item.size_bytes);
    view.modified_at = InstantOrNone(item.modified_at);
    view.format = TextOrNone(item.format.empty() ? report.format : item.format);
    view.flags = item.flags;
    items.push_back(std::move(view));
  }
  return items;
}

ArtifactDraft Draw(const ListAnswer& answer, const Connection& connection) {
  if (connection.type == "topic") {
    Json data = ToJson(answer);
    data["groups"] = Json::array();
    return {"topic-list", "Topics", data.dump(), "", answer.items.empty() ? "empty" : "ready"};
  }
  Json files = Json::array();
  for (const ItemView& item : answer.items) {
    files.push_back(
        {{"path", item.name}, {"size_bytes", ToJson(item.size_bytes)}, {"modified_at", ToJson(item.modified_at)}});
  }
  Json data = {
      {"kind", "files"},
      {"layout", "single"},
      {"columns", Json::array()},
      {"messages", Json::array()},
      {"records", Json::array()},
      {"files", files},
      {"scan", {{"scanned", answer.total}, {"matched", answer.total}, {"budget_hit", false}, {"continue", nullptr}}},
      {"source_id", connection.id},
      {"name", connection.alias},
      {"masked_fields", Json::array()}};
  return {"data-preview", "Files of " + connection.alias, data.dump(), "", "ready"};
}

Result<Outcome<ListAnswer>> ListSources(const ListParams& params, CallContext& context) {
  std::string id = params.source_id.empty() ? kTopicsSourceId : params.source_id;
  VELO_ASSIGN_OR_RETURN(Connection connection, context.workspace->connections().Find(id, context.thread_id));
  VELO_ASSIGN_OR_RETURN(std::vector<ItemView> items, ItemsOf(context, connection));
  std::erase_if(items, [&](const ItemView& item) {
    bool wrong_kind =
        params.kind != ItemKind::kAny && item.kind != EnumText(boost::describe::enum_to_string(params.kind, ""));
    return wrong_kind || !MatchesFilter(item.name, params.filter);
  });
  bool by_size = params.sort.ends_with("size_bytes"), descending = params.sort.starts_with('-');
  std::stable_sort(items.begin(), items.end(), [&](const ItemView& a, const ItemView& b) {
    const ItemView& first = descending ? b : a;
    const ItemView& second = descending ? a : b;
    return by_size ? first.size_bytes.value_or(-1) < second.size_bytes.value_or(-1) : first.name < second.name;
  });
  Outcome<ListAnswer> outcome;
  ListAnswer& answer = outcome.answer;
  answer.source_id = connection.id;
  answer.type = connection.type;
  answer.total = static_cast<int64_t>(items.size());
  VELO_ASSIGN_OR_RETURN(size_t first, ReadCursor(params.cursor));
  for (size_t i = first; i < items.size() && i < first + static_cast<size_t>(params.limit); ++i) {
    answer.items.push_back(items[i]);
  }
  if (first + answer.items.size() < items.size()) answer.next_cursor = std::to_string(first + answer.items.size());
  const char* what = connection.type == "topic" ? "topic" : "file";
  outcome.summary = fmt::format("{} {}{}", answer.total, what, answer.total == 1 ? "" : "s");
  outcome.artifacts.push_back(Draw(answer, connection));
  return outcome;
}

}  // namespace

void RegisterListSources(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "list_connections",
                .title = "List connections",
                .description = "Lists what is connected.",
                .method = "GET",
                .path = "/api/connections"},
               ListConnections);
  AddOperation(registry,
               {.name = "list_sources",
                .title = "List what a source has",
                .description = "Lists the topics or files of a connection, for example list_sources({}). Not for "
                               "columns: use inspect_source.",
                .method = "GET",
                .path = "/api/sources",
                .rate_per_minute = 30,
                .artifact = "topic-list",
                .is_tool = true},
               ListSources);
}

}  // namespace velo::services
