#include "engine/plan/statement_sinks.h"

#include "engine/plan/binder/from_binder.h"
#include "engine/plan/properties/known_properties.h"
#include "engine/sql/words.h"

namespace velo::plan {
namespace {

/// Whether properties say where the rows of `name` go.
bool DescribesSink(const sql::Properties& properties, const std::string& name) {
  for (const sql::Property& property : properties) {
    const std::string& key = property.key;
    if (key == "topic" || key == "output.type" || key.starts_with("sink.") || key.starts_with(name + "_sink.")) {
      return true;
    }
    // Of the keys with the name of the result only those that say where it goes.
    for (std::string_view where : {".type", ".topic", ".path", ".connector"}) {
      if (key == name + std::string(where)) return true;
    }
  }
  return false;
}

/// What lists attached to relations say about others.
void CollectAttached(const sql::Query& query, sql::Properties* out);

void CollectAttached(const sql::TableReference& table, sql::Properties* out) {
  for (const sql::Property& property : table.properties) {
    const KnownProperty* known = FindProperty(property.key);
    const bool scoped = known == nullptr || property.key.starts_with("source.") || property.key.starts_with("sink.");
    const bool job_wide = known != nullptr && known->group >= PropertyGroup::kBatch && known->name != "type";
    if (scoped || job_wide) out->push_back(property);
  }
  if (table.subquery != nullptr) CollectAttached(*table.subquery, out);
  for (const sql::Join& join : table.joins) CollectAttached(*join.right, out);
}

void CollectAttached(const sql::Query& query, sql::Properties* out) {
  for (const sql::CommonTable& common : query.common_tables) CollectAttached(*common.query, out);
  if (query.body.select != nullptr) {
    for (const sql::TableReference& table : query.body.select->from) CollectAttached(table, out);
  }
  for (const auto& arm : query.body.arms) CollectAttached(*arm, out);
}

Result<std::string> UriOf(const std::string& name, const PropertyMap& properties, SourceSpan span) {
  if (name.find("://") != std::string::npos) return name;
  std::string type = PropertyValue(properties, "type");
  if (type.empty()) type = PropertyValue(properties, "connector");
  if (type.empty()) type = PropertyValue(properties, "output.type");
  type = sql::LowerCase(type);
  const std::string path = PropertyValue(properties, "path");
  const std::string topic = PropertyValue(properties, "topic");
  if (type == "file_sink" || type == "file" || (type.empty() && !path.empty())) {
    if (path.empty()) {
      return Status::User("E3022", fmt::format("the file of '{}' has no path", name),
                          fmt::format("add '{}.path' = '/data/out.csv'", name))
          .WithSpan(span);
    }
    return path.find("://") != std::string::npos ? path : "file://" + path;
  }
  if (type == "stdout_sink" || type == "stdout") return std::string("stdout://");
  if (type == "null_sink" || type == "null") return std::string("null://");
  if (type == "memory_sink" || type == "memory") return "memory://" + name;
  if (type == "kafka_sink" || type == "kafka" || type == "topic") {
    if (!PropertyValue(properties, "bootstrap.servers").empty()) {
      return Status::User("E3004",
                          fmt::format("'{}' names a Kafka cluster, and this build has no Kafka connector", name),
                          "leave 'bootstrap.servers' out to write to the embedded topic of that name")
          .WithSpan(span);
    }
    return "topic://" + (topic.empty() ? name : topic);
  }
  if (!type.empty()) {
    return Status::User("E3004", fmt::format("'{}' is not a kind of sink this build can write", type),
                        "use file_sink, kafka_sink (embedded topics), stdout_sink or null_sink")
        .WithSpan(span);
  }
  return topic.empty() ? "" : "topic://" + topic;
}

}  // namespace

sql::Properties AttachedProperties(const sql::Statement& statement) {
  sql::Properties found;
  switch (statement.kind) {
    case sql::StatementKind::kQuery:
      CollectAttached(*static_cast<const sql::QueryStatement&>(statement).query, &found);
      break;
    case sql::StatementKind::kCreate:
      if (const auto& query = static_cast<const sql::CreateStatement&>(statement).query)
        CollectAttached(*query, &found);
      break;
    case sql::StatementKind::kInsert:
      if (const auto& query = static_cast<const sql::InsertStatement&>(statement).query)
        CollectAttached(*query, &found);
      break;
    case sql::StatementKind::kJob:
      if (const auto& body = static_cast<const sql::JobStatement&>(statement).body) return AttachedProperties(*body);
      break;
    case sql::StatementKind::kExplain:
      return AttachedProperties(*static_cast<const sql::ExplainStatement&>(statement).body);
    default:
      break;
  }
  return found;
}

sql::Properties PropertiesOf(const sql::Statement& statement) {
  sql::Properties all = AttachedProperties(statement);
  auto add = [&all](const sql::Properties& list) { all.insert(all.end(), list.begin(), list.end()); };
  switch (statement.kind) {
    case sql::StatementKind::kQuery:
      add(static_cast<const sql::QueryStatement&>(statement).query->properties);
      break;
    case sql::StatementKind::kCreate: {
      const auto& create = static_cast<const sql::CreateStatement&>(statement);
      add(create.properties);
      if (create.query != nullptr) add(create.query->properties);
      break;
    }
    case sql::StatementKind::kInsert: {
      const auto& insert = static_cast<const sql::InsertStatement&>(statement);
      add(insert.properties);
      if (insert.query != nullptr) add(insert.query->properties);
      break;
    }
    case sql::StatementKind::kJob: {
      const auto& job = static_cast<const sql::JobStatement&>(statement);
      add(job.properties);
      if (job.body != nullptr) add(PropertiesOf(*job.body));
      break;
    }
    case sql::StatementKind::kExplain:
      return PropertiesOf(*static_cast<const sql::ExplainStatement&>(statement).body);
    default:
      break;
  }
  return all;
}

Result<std::vector<StatementSink>> SinksOf(const sql::Statement& statement) {
  const sql::Properties properties = PropertiesOf(statement);
  std::vector<StatementSink> sinks;
  auto add = [&](const std::string& name, const sql::Properties& attached, SourceSpan span) -> Status {
    StatementSink sink{name, "", ResolveProperties({&properties}, name, "", attached, PropertyRole::kSink), span};
    VELO_ASSIGN_OR_RETURN(sink.uri, UriOf(name, sink.properties, span));
    sinks.push_back(std::move(sink));
    return Status::OK();
  };
  auto add_all = [&](const std::vector<sql::Sink>& into) -> Status {
    for (const sql::Sink& sink : into) VELO_RETURN_IF_ERROR(add(sink.name, sink.properties, sink.span));
    return Status::OK();
  };
  if (statement.kind == sql::StatementKind::kQuery) {
    VELO_RETURN_IF_ERROR(add_all(static_cast<const sql::QueryStatement&>(statement).query->into));
  } else if (statement.kind == sql::StatementKind::kInsert) {
    const sql::Sink& target = static_cast<const sql::InsertStatement&>(statement).target;
    VELO_RETURN_IF_ERROR(add(target.name, target.properties, target.span));
  } else if (statement.kind == sql::StatementKind::kCreate) {
    const auto& create = static_cast<const sql::CreateStatement&>(statement);
    VELO_RETURN_IF_ERROR(add_all(create.into));
    if (create.query != nullptr) VELO_RETURN_IF_ERROR(add_all(create.query->into));
    const bool own =
        std::none_of(sinks.begin(), sinks.end(), [&](const StatementSink& s) { return s.name == create.name; });
    if (sinks.empty() && own && create.query != nullptr && DescribesSink(properties, create.name)) {
      VELO_RETURN_IF_ERROR(add(create.name, {}, create.name_span));
    }
  }
  return sinks;
}

}  // namespace velo::plan
