#include "engine/plan/statement_sinks.h"

#include "engine/plan/binder/from_binder.h"
#include "engine/sql/words.h"

namespace velo::plan {
namespace {

/// Whether properties say where the rows of `name` go.
bool DescribesSink(const std::vector<const sql::Properties*>& lists, const std::string& name) {
  for (const sql::Properties* list : lists) {
    for (const sql::Property& property : *list) {
      const std::string& key = property.key;
      if (key == "topic" || key == "output.type" || key.starts_with("sink.") || key.starts_with(name + ".") ||
          key.starts_with(name + "_sink.")) {
        return true;
      }
    }
  }
  return false;
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

std::vector<const sql::Properties*> PropertyListsOf(const sql::Statement& statement) {
  switch (statement.kind) {
    case sql::StatementKind::kQuery:
      return {&static_cast<const sql::QueryStatement&>(statement).query->properties};
    case sql::StatementKind::kCreate: {
      const auto& create = static_cast<const sql::CreateStatement&>(statement);
      if (create.query == nullptr) return {&create.properties};
      return {&create.properties, &create.query->properties};
    }
    case sql::StatementKind::kInsert: {
      const auto& insert = static_cast<const sql::InsertStatement&>(statement);
      if (insert.query == nullptr) return {&insert.properties};
      return {&insert.properties, &insert.query->properties};
    }
    case sql::StatementKind::kJob: {
      const auto& job = static_cast<const sql::JobStatement&>(statement);
      std::vector<const sql::Properties*> lists{&job.properties};
      if (job.body != nullptr) {
        for (const sql::Properties* list : PropertyListsOf(*job.body)) lists.push_back(list);
      }
      return lists;
    }
    case sql::StatementKind::kExplain:
      return PropertyListsOf(*static_cast<const sql::ExplainStatement&>(statement).body);
    default:
      return {};
  }
}

Result<std::vector<StatementSink>> SinksOf(const sql::Statement& statement) {
  const std::vector<const sql::Properties*> lists = PropertyListsOf(statement);
  std::vector<StatementSink> sinks;
  auto add = [&](const std::string& name, const sql::Properties& attached, SourceSpan span) -> Status {
    StatementSink sink{name, "", ResolveProperties(lists, name, "", attached, PropertyRole::kSink), span};
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
    if (sinks.empty() && own && create.query != nullptr && DescribesSink(lists, create.name)) {
      VELO_RETURN_IF_ERROR(add(create.name, {}, create.name_span));
    }
  }
  return sinks;
}

}  // namespace velo::plan
