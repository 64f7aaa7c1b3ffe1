// What queries, INSERT, UPDATE, DELETE, DROP and ALTER do in a session (CREATE: session_create.cc).

#include <arrow/array/array_binary.h>
#include <arrow/record_batch.h>

#include <set>

#include "engine/exec/batch_rows.h"
#include "engine/plan/binder/from_binder.h"
#include "engine/plan/statement_sinks.h"
#include "engine/runtime/script_session.h"
#include "engine/runtime/session_words_internal.h"
#include "engine/sql/printer.h"
#include "engine/types/arrow_status.h"

namespace velo {

namespace {

using plan::StatementSink;

constexpr int64_t kForEver = INT64_MAX;

/// The records that UPDATE or DELETE of a stream concerns. `rows`: "_offset", the columns of the stream, "_key". The
/// keys are those of the key columns, else those the records had.
Result<SinkRows> StreamRows(const arrow::RecordBatch& rows, const Schema& columns,
                            const std::vector<std::string>& key_columns) {
  const arrow::ArrayVector& all = rows.columns();
  SinkRows records;
  records.columns =
      arrow::RecordBatch::Make(columns.ToArrow(), rows.num_rows(), arrow::ArrayVector(all.begin() + 1, all.end() - 1));
  std::vector<int> key;
  for (const std::string& name : key_columns) {
    if (const int position = columns.Find(name); position >= 0) key.push_back(position);
  }
  VELO_ASSIGN_OR_RETURN(records.keys, MessageKeys(*records.columns, key, /*as_json=*/false));
  if (records.keys == nullptr) records.keys = all.back();
  return records;
}

/// A deletion for every distinct key of the records.
Result<SinkRows> TombstonesFor(const SinkRows& records) {
  const auto& keys = static_cast<const arrow::StringArray&>(*records.keys);
  std::vector<uint32_t> chosen;
  std::set<std::string_view> seen;
  for (int64_t row = 0; row < keys.length(); ++row) {
    if (keys.IsValid(row) && seen.insert(keys.GetView(row)).second) chosen.push_back(static_cast<uint32_t>(row));
  }
  if (chosen.empty() && keys.length() > 0) {
    return Status::User("E3090", "none of these records has a key, so nothing could say which ones are deleted",
                        "mark the key column of the stream with PRIMARY KEY");
  }
  arrow::ArrayVector columns = records.columns->columns();
  columns.push_back(records.keys);
  arrow::FieldVector fields = records.columns->schema()->fields();
  fields.push_back(arrow::field(std::string(kKeyColumn), arrow::utf8()));
  const auto all = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), keys.length(), std::move(columns));
  VELO_ASSIGN_OR_RETURN(const Batch taken, exec::TakeRows({all, {}}, chosen));
  SinkRows tombstones;
  const auto count = static_cast<int64_t>(chosen.size());
  arrow::ArrayVector payload = taken.columns->columns();
  tombstones.keys = payload.back();
  payload.pop_back();
  tombstones.columns = arrow::RecordBatch::Make(records.columns->schema(), count, std::move(payload));
  tombstones.kinds.assign(chosen.size(), RowKind::kDelete);
  return tombstones;
}

}  // namespace

/// Opens the places a statement names. "stdout://", what has no place of its own and what must not be written go to
/// the receiver.
Status ScriptSession::OpenSinks(const Step& step, const std::vector<StatementSink>& sinks, const PreparedQuery& query,
                                const std::string& job, bool table, StatementOutputs* outputs, bool* to_receiver) {
  for (const StatementSink& sink : sinks) {
    const std::string scheme = UriScheme(sink.uri);
    if (scheme == "stdout") {
      *to_receiver = true;
      continue;
    }
    if (scheme == "null" || sink.uri.empty()) continue;
    if (options_.may_write && !options_.may_write(sink.uri)) {
      outputs->withheld.push_back(sink.uri);
      *to_receiver = true;
      continue;
    }
    if (step.recovered != nullptr && step.recovered->done) continue;
    SinkTarget target{
        sink.uri, job, query.output, step.report.key_columns, table, sink.properties, engine_->clock().Now()};
    VELO_RETURN_IF_ERROR(GoOnAt(step, outputs->sinks.size(), &target));
    const std::string key_field = plan::PropertyValue(sink.properties, "key.field");
    if (!key_field.empty()) {
      const int position = query.output.Find(key_field);
      if (position < 0) {
        return Status::User("E2102", fmt::format("the key column '{}' is not among the output columns", key_field),
                            "columns: " + Lists(query.output.Names()))
            .WithSpan(sink.span);
      }
      outputs->message_key = {position};
    }
    outputs->json_keys |= plan::PropertyValue(sink.properties, "key.format") == "json";
    Connector* connector = engine_->connectors().Find(scheme);
    if (connector == nullptr) {
      const bool topic = scheme == "topic";
      return Status::User("E3004",
                          topic ? fmt::format("'{}' cannot be written: topics need a data folder", sink.name)
                                : fmt::format("'{}://' is not a kind of sink this build can write", scheme),
                          topic ? "give one with --data-dir" : "write to file://..., a topic, stdout:// or null://")
          .WithSpan(sink.span);
    }
    Result<std::unique_ptr<Sink>> opened = connector->OpenSink(target);
    if (!opened.ok()) return opened.status().WithSpan(sink.span);
    outputs->sinks.push_back(opened.TakeValue());
    outputs->uris.push_back(sink.uri);
  }
  return Status::OK();
}

void ScriptSession::AskForReceiver(Step* step, const std::shared_ptr<const PreparedQuery>& query, bool shown,
                                   ScriptObserver* observer, StatementOutputs* outputs) const {
  step->info.live = options_.run.live && !query->bounded;
  step->info.updates = query->updates;
  step->info.query = query;
  step->info.writes = outputs->relation != nullptr || !outputs->sinks.empty();
  outputs->hidden_columns = observer->sees_everything();
  if (shown || observer->sees_everything()) outputs->receiver = observer->OnResult(step->info, query->output);
}

Status ScriptSession::ExecuteQuery(Step* step, ScriptObserver* observer) {
  const std::shared_ptr<const PreparedQuery> query = step->report.prepared;
  if (query == nullptr) return Status::Bug("a valid query was not prepared");
  VELO_ASSIGN_OR_RETURN(std::vector<StatementSink> sinks, plan::SinksOf(*step->statement));
  StatementOutputs outputs;
  outputs.message_key = MessageKeyColumns(*query);
  bool shown = sinks.empty();
  for (StatementSink& sink : sinks) {
    const SessionObject* object = Find(sink.name);
    if (object != nullptr && object->rows != nullptr && sink.uri.empty()) {
      outputs.relation = object->rows;
    } else if (sink.uri.empty()) {
      sink.uri = "topic://" + sink.name;
    }
  }
  const std::string job = options_.app_name.empty() ? fmt::format("query_{}", step->info.number)
                                                    : fmt::format("{}_query_{}", options_.app_name, step->info.number);
  VELO_RETURN_IF_ERROR(PrepareToKeep(step, *query, /*makes=*/"", /*table=*/false, sinks));
  VELO_RETURN_IF_ERROR(OpenSinks(*step, sinks, *query, job, false, &outputs, &shown));
  AskForReceiver(step, query, shown, observer, &outputs);
  return Start(step, query, std::move(outputs), observer, false);
}

Status ScriptSession::ExecuteInsert(Step* step, ScriptObserver* observer) {
  const auto& insert = static_cast<const sql::InsertStatement&>(*step->statement);
  const bool values = insert.query == nullptr;
  const std::shared_ptr<const PreparedQuery> query = values ? step->report.rows_to_write : step->report.prepared;
  if (query == nullptr) {
    return Status::User("E3002", fmt::format("the columns of '{}' are not known", insert.target.name),
                        "create it first: CREATE STREAM name (column TYPE, ...)")
        .WithSpan(insert.target.span);
  }
  StatementOutputs outputs;
  outputs.message_key = MessageKeyColumns(*query);
  bool shown = false;
  bool table = false;
  const SessionObject* object = Find(insert.target.name);
  VELO_ASSIGN_OR_RETURN(std::vector<StatementSink> sinks, plan::SinksOf(*step->statement));
  if (object != nullptr && object->rows != nullptr) {
    outputs.relation = object->rows;
    table = object->what == sql::RelationWord::kTable;
    std::vector<int> key;
    for (const std::string& name : object->key_columns) {
      if (const int position = query->output.Find(name); position >= 0) key.push_back(position);
    }
    if (!key.empty()) outputs.message_key = key;
    sinks.clear();
  } else if (sinks.front().uri.empty()) {
    VELO_ASSIGN_OR_RETURN(const RelationPtr target, catalog_.Find(insert.target.name, {}));
    if (target == nullptr || target->uri.empty()) {
      return Status::User("E3002", fmt::format("there is no stream or table '{}' to insert into", insert.target.name),
                          "create it first, or name a place: INSERT INTO 'file:///out.csv' ...")
          .WithSpan(insert.target.span);
    }
    sinks.front().uri = target->uri;
  }
  VELO_RETURN_IF_ERROR(PrepareToKeep(step, *query, /*makes=*/"", table, sinks));
  VELO_RETURN_IF_ERROR(OpenSinks(*step, sinks, *query, insert.target.name, table, &outputs, &shown));
  AskForReceiver(step, query, shown, observer, &outputs);
  return Start(step, query, std::move(outputs), observer, table);
}

/// UPDATE and DELETE: the rows concerned are read to the end, then written back.
Status ScriptSession::ExecuteRewrite(Step* step, StatementOutcome* outcome) {
  const SessionObject* object = Find(step->info.name);
  const bool removes = step->statement->kind == sql::StatementKind::kDelete;
  const bool in_session = object != nullptr && object->rows != nullptr;
  RelationPtr topic;
  if (!in_session) {
    VELO_ASSIGN_OR_RETURN(topic, catalog_.Find(step->info.name, {}));
  }
  if (!in_session && (topic == nullptr || UriScheme(topic->uri) != "topic")) {
    return Status::User("E3090",
                        fmt::format("'{}' cannot be changed: it is no stream or table of this session, and no topic",
                                    step->info.name),
                        "make one with CREATE TABLE ... AS SELECT, and change that")
        .WithSpan(step->info.span);
  }
  const std::shared_ptr<const PreparedQuery> query = step->report.rows_to_write;
  if (query == nullptr) return Status::Bug("a valid statement was not prepared");
  if (!in_session && checkpointer_ != nullptr) {
    return Status::User("UNSUPPORTED", "a statement that changes a topic cannot be kept by checkpoints",
                        "run it by itself, without them")
        .WithSpan(step->info.span);
  }
  VELO_ASSIGN_OR_RETURN(const Batch rows, RunToEnd(engine_, query, {}, /*fold=*/false, kForEver));
  const auto counted = [outcome](int64_t count, std::string_view what, std::string_view done) {
    outcome->rows = count;
    outcome->message = fmt::format("{} {}{} {}", count, what, count == 1 ? "" : "s", done);
    return Status::OK();
  };
  if (in_session && object->what == sql::RelationWord::kTable) {
    Result<int64_t> changed = removes ? object->rows->Remove(*rows.columns) : object->rows->Replace(*rows.columns);
    if (!changed.ok()) return changed.status();
    return counted(*changed, "row", removes ? "deleted" : "updated");
  }
  const Schema& columns = in_session ? object->rows->schema() : topic->schema;
  VELO_ASSIGN_OR_RETURN(SinkRows written,
                        StreamRows(*rows.columns, columns, in_session ? object->key_columns : topic->key_columns));
  if (removes) {
    Result<SinkRows> tombstones = TombstonesFor(written);
    if (!tombstones.ok()) return tombstones.status().WithSpan(step->info.span);
    written = tombstones.TakeValue();
  }
  if (in_session) {
    VELO_RETURN_IF_ERROR(object->rows->Append(written));
  } else if (written.columns->num_rows() > 0) {
    Connector* connector = engine_->connectors().Find("topic");
    if (connector == nullptr) return Status::Bug("a topic is known without a place for topics");
    SinkTarget target;
    target.uri = topic->uri;
    target.name = step->info.name;
    target.columns = columns;
    target.key_columns = topic->key_columns;
    target.now = engine_->clock().Now();
    VELO_ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, connector->OpenSink(target));
    VELO_RETURN_IF_ERROR(sink->Write(written));
    VELO_RETURN_IF_ERROR(sink->Close());
  }
  return removes ? counted(written.columns->num_rows(), "tombstone", "written")
                 : counted(written.columns->num_rows(), "row", "added");
}

Status ScriptSession::ExecuteDrop(const sql::DropStatement& drop, StatementOutcome* outcome) {
  const auto at = objects_.find(drop.name);
  if (at == objects_.end()) {
    outcome->message = fmt::format("there is no {} {}", WordOf(drop.what), drop.name);
    if (drop.if_exists) return Status::OK();
    return Status::User("E2104", fmt::format("there is no {} '{}' to drop", WordOf(drop.what), drop.name),
                        "use DROP ... IF EXISTS where it may be missing")
        .WithSpan(drop.name_span);
  }
  if (at->second.what != drop.what) {
    return Status::User("E2104",
                        fmt::format("'{}' is a {}, not a {}", drop.name, WordOf(at->second.what), WordOf(drop.what)),
                        fmt::format("write DROP {} {}", WordOf(at->second.what), drop.name))
        .WithSpan(drop.name_span);
  }
  std::vector<std::string> readers;
  for (const auto& [name, object] : objects_) {
    if (std::find(object.sources.begin(), object.sources.end(), drop.name) != object.sources.end()) {
      readers.push_back(name);
    }
  }
  if (!readers.empty() && !drop.cascade) {
    return Status::User("E5004", fmt::format("'{}' is read by {}", drop.name, Lists(readers)),
                        "drop those first, or use DROP ... CASCADE")
        .WithSpan(drop.name_span);
  }
  for (const std::string& reader : readers) {
    const auto known = objects_.find(reader);
    if (known == objects_.end()) continue;
    sql::DropStatement next;
    next.what = known->second.what;
    next.name = reader;
    next.cascade = true;
    VELO_RETURN_IF_ERROR(ExecuteDrop(next, outcome));
  }
  const auto dropped = objects_.find(drop.name);
  if (dropped->second.job != nullptr) dropped->second.job->Cancel();
  if (dropped->second.rows != nullptr) engine_->memory().Remove(dropped->second.rows->name());
  analyser_.RemoveView(drop.name);
  catalog_.Remove(drop.name);
  objects_.erase(dropped);
  outcome->message = fmt::format("{} {} dropped", WordOf(drop.what), drop.name);
  if (!readers.empty()) outcome->message += ", and with it " + Lists(readers);
  return Status::OK();
}

Status ScriptSession::ExecuteAlter(const sql::AlterStatement& alter, StatementOutcome* outcome) {
  const auto at = objects_.find(alter.name);
  if (at == objects_.end()) {
    return Status::User("E2104", fmt::format("there is no {} '{}'", WordOf(alter.what), alter.name))
        .WithSpan(alter.name_span);
  }
  SessionObject& object = at->second;
  using Action = sql::AlterStatement::Action;
  if (alter.action == Action::kSet) {
    for (const sql::Property& property : alter.properties) {
      std::erase_if(object.properties, [&](const auto& known) { return known.first == property.key; });
      object.properties.emplace_back(property.key, property.value);
    }
    outcome->message = fmt::format("{} {}: {} propert{} set", WordOf(object.what), alter.name, alter.properties.size(),
                                   alter.properties.size() == 1 ? "y" : "ies");
    return Status::OK();
  }
  if (alter.action == Action::kResetOffset) {
    return Status::User("E3090", "Offsets cannot be reset in this version: a session reads from the beginning.",
                        "run the statement again with --from")
        .WithSpan(alter.name_span);
  }
  const bool pause = alter.action == Action::kPause;
  const JobState state = object.job == nullptr ? JobState::kFinished : object.job->state();
  if (state != (pause ? JobState::kRunning : JobState::kPaused)) {
    return Status::User("E5004", fmt::format("'{}' is not {}", alter.name, pause ? "running" : "paused"))
        .WithSpan(alter.name_span);
  }
  pause ? object.job->Pause() : object.job->Resume();
  outcome->message = fmt::format("{} {} {}", WordOf(object.what), alter.name, pause ? "paused" : "goes on");
  return Status::OK();
}

}  // namespace velo
