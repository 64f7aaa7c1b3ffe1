#include <algorithm>

#include <fmt/format.h>

#include "engine/base/near_names.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sources/source_views.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct CatalogueParams {
  std::string kind, q;
  static std::vector<FieldRule> Rules() {
    return {{"kind", "", false, {}, {}, {"", "tables", "functions", "keywords"}},
            {"q", "", false, {}, {}, {}, {}, 256}};
  }
};
BOOST_DESCRIBE_STRUCT(CatalogueParams, (), (kind, q))

struct TableColumn {
  std::string name, type;
  bool nullable = true;
};
BOOST_DESCRIBE_STRUCT(TableColumn, (), (name, type, nullable))

struct TableSource {
  std::string type;
  std::optional<std::string> topic, uri;
  std::string source_id;
};
BOOST_DESCRIBE_STRUCT(TableSource, (), (type, topic, uri, source_id))

struct TableView {
  std::string name, type;
  std::vector<TableColumn> columns;
  TableSource source;
  int64_t schema_version = 1;
};
BOOST_DESCRIBE_STRUCT(TableView, (), (name, type, columns, source, schema_version))

struct FunctionView {
  std::string name, type, category, signature, doc, example, example_result;
};
BOOST_DESCRIBE_STRUCT(FunctionView, (), (name, type, category, signature, doc, example, example_result))

struct CatalogueAnswer {
  std::vector<TableView> tables;
  std::vector<FunctionView> functions;
  std::vector<std::string> keywords;
};
BOOST_DESCRIBE_STRUCT(CatalogueAnswer, (), (tables, functions, keywords))

constexpr const char* kKeywords[] = {
    "SELECT",    "DISTINCT", "FROM",    "WHERE",   "GROUP BY",      "HAVING",       "ORDER BY",    "LIMIT",
    "WINDOW",    "TUMBLING", "SLIDING", "SESSION", "ROWS",          "EMIT CHANGES", "EMIT FINAL",  "JOIN",
    "LEFT JOIN", "ON",       "AS",      "CASE",    "WHEN",          "THEN",         "ELSE",        "END",
    "CAST",      "INTERVAL", "AND",     "OR",      "NOT",           "IN",           "BETWEEN",     "LIKE",
    "IS NULL",   "NULL",     "TRUE",    "FALSE",   "CREATE STREAM", "CREATE TABLE", "INSERT INTO", "EXPLAIN",
    "DESCRIBE",  "SHOW"};

TableView ViewTable(const Relation& relation, const std::string& source_id) {
  TableView table;
  table.name = relation.name;
  table.type = relation.kind == RelationKind::kTable ? "table" : "stream";
  for (const Column& column : relation.schema.columns) {
    table.columns.push_back({column.name, column.type.ToString(), column.nullable});
  }
  table.source.source_id = source_id;
  if (relation.uri.starts_with("topic://")) {
    table.source.type = "topic";
    table.source.topic = relation.uri.substr(8);
  } else {
    table.source.type = "file";
    table.source.uri = relation.uri;
  }
  return table;
}

std::vector<FunctionView> Functions(const FunctionRegistry& registry, const std::string& q) {
  std::vector<FunctionView> functions;
  for (const FunctionRegistry::Entry& entry : registry.List()) {
    if (!MatchesFilter(entry.name, q)) continue;
    FunctionView view;
    view.name = entry.name;
    view.type = entry.is_window ? "window" : entry.is_aggregate ? "aggregate" : "scalar";
    if (entry.doc != nullptr) {
      view.category = entry.doc->category;
      view.signature = entry.doc->signature;
      view.doc = entry.doc->description;
      view.example = entry.doc->example;
      view.example_result = entry.doc->example_result;
    }
    functions.push_back(std::move(view));
  }
  return functions;
}

Result<Outcome<CatalogueAnswer>> Catalogue(const CatalogueParams& params, CallContext& context) {
  Outcome<CatalogueAnswer> outcome;
  Workspace& workspace = *context.workspace;
  if (params.kind.empty() || params.kind == "tables") {
    std::unique_ptr<Catalog> catalog = workspace.CatalogFor(context.thread_id);
    VELO_ASSIGN_OR_RETURN(std::vector<Connection> connections, workspace.connections().List(context.thread_id));
    for (const std::string& name : catalog->Names()) {
      if (!MatchesFilter(name, params.q)) continue;
      Result<RelationPtr> relation = catalog->Find(name, {});
      if (!relation.ok() || *relation == nullptr) continue;  // A file that has gone is left out of the list.
      std::string source_id = kTopicsSourceId;
      for (const Connection& connection : connections) {
        if (connection.alias == name) source_id = connection.id;
      }
      outcome.answer.tables.push_back(ViewTable(**relation, source_id));
    }
  }
  if (params.kind.empty() || params.kind == "functions") {
    outcome.answer.functions = Functions(workspace.functions(), params.q);
  }
  if (params.kind.empty() || params.kind == "keywords") {
    outcome.answer.keywords.assign(std::begin(kKeywords), std::end(kKeywords));
  }
  outcome.summary = fmt::format("{} tables", outcome.answer.tables.size());
  return outcome;
}

struct TableParams {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(TableParams, (), (name))

Result<Outcome<TableView>> GetTable(const TableParams& params, CallContext& context) {
  std::unique_ptr<Catalog> catalog = context.workspace->CatalogFor(context.thread_id);
  VELO_ASSIGN_OR_RETURN(RelationPtr relation, catalog->Find(params.name, {}));
  if (relation == nullptr) {
    std::vector<std::string> near = NearNames(params.name, catalog->Names());
    Status status = Status::User("NOT_FOUND", fmt::format("There is no table '{}'.", params.name),
                                 near.empty() ? "" : fmt::format("Did you mean '{}'?", near.front()));
    return near.empty() ? status : status.WithDetail("near", ToJson(near).dump());
  }
  Outcome<TableView> outcome;
  Result<Connection> connection = context.workspace->connections().Find(params.name, context.thread_id);
  outcome.answer = ViewTable(*relation, connection.ok() ? connection->id : kTopicsSourceId);
  outcome.summary = relation->name;
  return outcome;
}

}  // namespace

void RegisterSchemaCatalogue(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "schema_catalogue",
                .title = "Catalogue",
                .description = "Tables, functions and keywords of SQL.",
                .method = "GET",
                .path = "/api/schema"},
               Catalogue);
  AddOperation(registry,
               {.name = "get_table",
                .title = "Show a table",
                .description = "Columns of one table.",
                .method = "GET",
                .path = "/api/schema/{name}"},
               GetTable);
}

}  // namespace velo::services
