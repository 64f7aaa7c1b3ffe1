// What CREATE does in a session: it declares what is there already, or starts a query and keeps its rows.

#include "engine/plan/binder/from_binder.h"
#include "engine/plan/statement_sinks.h"
#include "engine/runtime/script_session.h"
#include "engine/runtime/session_words_internal.h"
#include "engine/sql/printer.h"

namespace velo {

namespace {

/// Points the relation at what is at `address`, with the columns that are written for it where some are.
Status PointAt(const std::string& address, const PropertyMap& properties, Catalog* catalog,
               const sql::CreateStatement& create, Relation* relation) {
  PropertyMap reading = plan::ReaderProperties(address, properties);
  std::string columns;
  for (const Column& column : relation->schema.columns) {
    columns += fmt::format("{}{}:{}", columns.empty() ? "" : ",", column.name, column.type.ToString());
  }
  if (UriScheme(address) == "file" && !columns.empty()) reading.emplace_back("columns", columns);
  VELO_ASSIGN_OR_RETURN(const RelationPtr found, catalog->Find(address, reading));
  if (found == nullptr) {
    return Status::User("E3001", fmt::format("there is no topic '{}' for '{}'", address, create.name),
                        "create the topic first, or name a file with 'path'")
        .WithSpan(create.name_span);
  }
  relation->uri = found->uri;
  relation->bounded = found->bounded;
  relation->properties = reading;
  if (relation->schema.columns.empty()) relation->schema = found->schema;
  if (relation->event_time_column.empty()) relation->event_time_column = found->event_time_column;
  for (Column& column : relation->schema.columns) {
    const int position = found->schema.Find(column.name);
    if (position < 0) {
      return Status::User("E2102", fmt::format("'{}' has no column '{}'", address, column.name),
                          "its columns: " + Lists(found->schema.Names()))
          .WithSpan(create.name_span);
    }
    // What is read is what the file holds.
    column.type = found->schema.columns[static_cast<size_t>(position)].type;
  }
  return Status::OK();
}

}  // namespace

Status ScriptSession::ExecuteCreate(Step* step, ScriptObserver* observer) {
  const auto& create = static_cast<const sql::CreateStatement&>(*step->statement);
  StatementOutcome outcome;
  outcome.statement = step->info;
  const SessionObject* existing = Find(create.name);
  if (existing != nullptr && create.if_not_exists) {
    outcome.message = fmt::format("{} {} is there already", WordOf(existing->what), create.name);
    observer->OnStatement(outcome);
    return Status::OK();
  }
  const bool again = existing != nullptr && !origin_.empty() && existing->origin == origin_;
  if (existing != nullptr && !create.or_replace && !again) {
    return Status::User("E5003", fmt::format("there is a {} '{}' already", WordOf(existing->what), create.name),
                        fmt::format("use CREATE OR REPLACE, or DROP {} first", create.name))
        .WithSpan(create.name_span);
  }
  if (existing != nullptr && existing->job != nullptr) existing->job->Cancel();
  objects_[create.name] = ObjectOf(*step, create);
  if (create.what != sql::RelationWord::kView && create.query != nullptr) return StartCreated(step, create, observer);
  if (create.query == nullptr) {
    if (Status declared = Declare(step, create, &outcome); !declared.ok()) {
      objects_.erase(create.name);
      return declared;
    }
  }
  if (outcome.message.empty()) outcome.message = fmt::format("{} {}", WordOf(create.what), create.name);
  observer->OnStatement(outcome);
  return Status::OK();
}

SessionObject ScriptSession::ObjectOf(const Step& step, const sql::CreateStatement& create) const {
  SessionObject object;
  object.what = create.what;
  object.name = create.name;
  object.sql = step.text;
  object.origin = origin_;
  object.created_at = engine_->clock().Now();
  object.schema = step.report.output;
  object.key_columns = step.report.key_columns;
  object.sources = step.report.sources;
  for (const sql::Property& property : plan::PropertiesOf(create)) {
    object.properties.emplace_back(property.key, property.value);
  }
  return object;
}

Status ScriptSession::StartCreated(Step* step, const sql::CreateStatement& create, ScriptObserver* observer) {
  const std::shared_ptr<const PreparedQuery> query = step->report.prepared;
  if (query == nullptr) return Status::Bug("a valid query was not prepared");
  const bool table = create.what == sql::RelationWord::kTable;
  VELO_ASSIGN_OR_RETURN(std::vector<plan::StatementSink> sinks, plan::SinksOf(create));
  StatementOutputs outputs;
  outputs.message_key = MessageKeyColumns(*query);
  bool shown = sinks.empty();
  for (plan::StatementSink& sink : sinks) {
    // INTO with a plain name that nothing describes: a stream of the session, else the topic of that name.
    if (!sink.uri.empty() || sink.name == create.name) continue;
    const SessionObject* object = Find(sink.name);
    const bool in_session = object != nullptr && object->rows != nullptr;
    sink.uri = in_session ? "memory://" + object->rows->name() : "topic://" + sink.name;
  }
  VELO_RETURN_IF_ERROR(PrepareToKeep(step, *query, create.name, table, sinks));
  VELO_RETURN_IF_ERROR(OpenSinks(*step, sinks, *query, create.name, table, &outputs, &shown));
  KeepRows(create, *query, &outputs);
  AskForReceiver(step, query, shown, observer, &outputs);
  return Start(step, query, std::move(outputs), observer, table);
}

/// Makes the relation that keeps the rows of the query under the name of the statement.
void ScriptSession::KeepRows(const sql::CreateStatement& create, const PreparedQuery& query,
                             StatementOutputs* outputs) {
  const bool table = create.what == sql::RelationWord::kTable;
  SessionObject& made = objects_[create.name];
  // The rows of a key that is not shown are told apart all the same, but nobody can name it.
  std::vector<std::string> key_columns = made.key_columns;
  for (int column : query.key) {
    if (column >= static_cast<int>(query.output.columns.size())) key_columns.clear();
  }
  made.rows =
      engine_->memory().Create(MemoryName(create.name), query.output,
                               table ? RelationKind::kTable : RelationKind::kStream, key_columns, &engine_->clock());
  if (HeadersOf(query) >= 0) made.rows->KeepHeaders();
  made.uri = "memory://" + create.name;
  // A stream that nobody reads is not kept; statements of later scripts may read what is complete.
  const bool for_later = options_.leave_running && (query.bounded || !options_.run.live);
  if (!table && !for_later && !IsReadLater(create.name)) made.rows->KeepNewest(kLiveHistory);
  Relation relation;
  relation.name = create.name;
  relation.uri = "memory://" + MemoryName(create.name);
  relation.kind = made.rows->kind();
  relation.schema = query.output;
  relation.bounded = query.bounded || !options_.run.live;
  if (HeadersOf(query) >= 0) relation.properties.emplace_back(kHeadersColumn, "kept");
  relation.key_columns = key_columns;
  catalog_.Put(std::move(relation));
  outputs->relation = made.rows;
  outputs->single_row = table && GivesSingleRow(query);
  if (table) outputs->identity = query.key;
  if (table && outputs->identity.empty() && query.raw_key >= 0 && query.sources.size() == 1) {
    // Rows of a keyed input keep their key.
    const Result<RelationPtr> input = catalog_.Find(query.sources[0], {});
    if (input.ok() && *input != nullptr && !(*input)->key_columns.empty()) outputs->identity = {query.raw_key};
  }
}

/// A relation with columns and no query: what its properties point at, or an empty one to INSERT INTO.
Status ScriptSession::Declare(Step* step, const sql::CreateStatement& create, StatementOutcome* outcome) {
  SessionObject& object = objects_[create.name];
  const sql::Properties written = plan::PropertiesOf(create);
  const PropertyMap properties = plan::ResolveProperties({&written}, create.name, "", {}, plan::PropertyRole::kSource);
  const std::string address = plan::AddressOf(create.name, properties);
  Relation relation;
  relation.name = create.name;
  relation.kind = create.what == sql::RelationWord::kTable ? RelationKind::kTable : RelationKind::kStream;
  relation.schema = step->report.output;
  relation.key_columns = object.key_columns;
  relation.event_time_column = create.watermark_column.text;
  relation.properties = properties;
  if (create.watermark_delay.has_value()) {
    relation.properties.emplace_back("watermark.strategy", "bounded_out_of_orderness");
    relation.properties.emplace_back("watermark.max_out_of_orderness",
                                     fmt::format("{}ms", create.watermark_delay->TotalMilliseconds()));
  }
  object.format = plan::PropertyValue(properties, "format");
  if (address != create.name) {
    VELO_RETURN_IF_ERROR(PointAt(address, properties, base_, create, &relation));
    outcome->message = fmt::format("{} {} reads {}", WordOf(create.what), create.name, relation.uri);
  } else {
    object.rows = engine_->memory().Create(MemoryName(create.name), relation.schema, relation.kind,
                                           relation.key_columns, &engine_->clock());
    relation.uri = "memory://" + MemoryName(create.name);
    relation.bounded = true;
  }
  object.uri = object.rows != nullptr ? "memory://" + create.name : relation.uri;
  object.schema = relation.schema;
  catalog_.Put(std::move(relation));
  return Status::OK();
}

}  // namespace velo
