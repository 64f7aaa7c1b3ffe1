#include "engine/runtime/statement_writer.h"

#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>

#include "engine/exec/batch_rows.h"
#include "engine/types/arrow_status.h"
#include "engine/types/cast.h"
#include "engine/types/value_text.h"

namespace velo {

namespace {

Result<std::shared_ptr<arrow::Array>> TextOf(const std::shared_ptr<arrow::Array>& column) {
  if (column->type_id() == arrow::Type::STRING) return column;
  VELO_ASSIGN_OR_RETURN(const SqlType type, SqlType::FromArrow(*column->type()));
  if (CanCast(type, TypeKind::kString)) return CastValues(*column, type, TypeKind::kString, /*try_cast=*/false);
  arrow::StringBuilder builder;
  std::string text;
  for (int64_t row = 0; row < column->length(); ++row) {
    text.clear();
    AppendText(*column, row, &text);
    VELO_RETURN_IF_ARROW_ERROR(column->IsNull(row) ? builder.AppendNull() : builder.Append(text));
  }
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> texts, builder.Finish());
  return texts;
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> MessageKeys(const arrow::RecordBatch& rows, const std::vector<int>& columns,
                                                  bool as_json) {
  if (columns.empty()) return std::shared_ptr<arrow::Array>();
  if (columns.size() == 1 && !as_json) return TextOf(rows.column(columns[0]));
  std::vector<std::shared_ptr<arrow::Array>> parts;
  for (int column : columns) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> text, TextOf(rows.column(column)));
    parts.push_back(std::move(text));
  }
  arrow::StringBuilder keys;
  std::string key;
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    key.clear();
    if (as_json) key.push_back('{');
    bool present = false;
    for (size_t i = 0; i < parts.size(); ++i) {
      const auto& part = static_cast<const arrow::StringArray&>(*parts[i]);
      present |= part.IsValid(row);
      if (i > 0) key.push_back(as_json ? ',' : '|');
      if (as_json) {
        AppendJsonString(rows.schema()->field(columns[i])->name(), &key);
        key.push_back(':');
        AppendJson(*rows.column(columns[i]), row, JsonStyle::kDialect, &key);
      } else if (part.IsValid(row)) {
        key += part.GetView(row);
      }
    }
    if (as_json) key.push_back('}');
    VELO_RETURN_IF_ARROW_ERROR(present ? keys.Append(key) : keys.AppendNull());
  }
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> column, keys.Finish());
  return column;
}

std::vector<int> MessageKeyColumns(const PreparedQuery& query) {
  std::vector<int> columns = query.key;
  if (query.windowed && !columns.empty() && query.plan->output.columns[columns.back()].name == kWindowStartColumn) {
    columns.pop_back();
  }
  return columns;
}

int HeadersOf(const PreparedQuery& query) {
  const int place = query.plan->output.Find(kHeadersColumn);
  return place >= static_cast<int>(query.output.columns.size()) ? place : -1;
}

StatementWriter::StatementWriter(std::shared_ptr<const PreparedQuery> query, StatementOutputs outputs)
    : query_(std::move(query)), headers_(HeadersOf(*query_)), outputs_(std::move(outputs)) {
  if (outputs_.relation != nullptr) outputs_.relation->AddWriter();
}

StatementWriter::~StatementWriter() {
  // A job that never started leaves its relation ended all the same.
  if (!closed_ && outputs_.relation != nullptr) outputs_.relation->RemoveWriter();
}

void StatementWriter::SetJob(const std::shared_ptr<Job>& job) {
  if (outputs_.relation != nullptr) outputs_.relation->SetWriterJob(job);
  std::lock_guard lock(mutex_);
  job_ = job;
  if (!status_.ok()) job->Cancel();
}

Status StatementWriter::Write(const Batch& batch) {
  SinkRows rows;
  const int visible = static_cast<int>(query_->output.columns.size());
  std::vector<int> shown(static_cast<size_t>(visible));
  for (int i = 0; i < visible; ++i) shown[static_cast<size_t>(i)] = i;
  VELO_ASSIGN_OR_RETURN_ARROW(const auto columns, batch.columns->SelectColumns(shown));
  // Names and nullability are those of the statement, whatever the operators below made of them.
  rows.columns = arrow::RecordBatch::Make(query_->output.ToArrow(), columns->num_rows(), columns->columns());
  rows.kinds = batch.kinds;
  rows_ += batch.num_rows();
  if (outputs_.receiver != nullptr) {
    Batch shown_rows{rows.columns, rows.kinds};
    if (outputs_.hidden_columns) {
      arrow::FieldVector fields = rows.columns->schema()->fields();
      arrow::ArrayVector arrays = rows.columns->columns();
      for (int i = visible; i < batch.columns->num_columns(); ++i) {
        fields.push_back(batch.columns->schema()->field(i));
        arrays.push_back(batch.columns->column(i));
      }
      shown_rows.columns = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch.num_rows(), arrays);
    }
    outputs_.receiver->OnRows(shown_rows);
  }
  if (outputs_.relation == nullptr && outputs_.sinks.empty()) return Status::OK();
  VELO_ASSIGN_OR_RETURN(rows.keys, MessageKeys(*batch.columns, outputs_.message_key, outputs_.json_keys));
  if (rows.keys == nullptr && query_->raw_key >= 0) rows.keys = batch.columns->column(query_->raw_key);
  if (query_->plan->event_time >= 0) rows.event_times = batch.columns->column(query_->plan->event_time);
  if (headers_ >= 0) rows.headers = batch.columns->column(headers_);
  if (outputs_.relation != nullptr) {
    std::vector<std::shared_ptr<arrow::Array>> identity;
    for (int column : outputs_.identity) identity.push_back(batch.columns->column(column));
    if (outputs_.single_row) {
      VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> same,
                                  arrow::MakeArrayFromScalar(arrow::Int64Scalar(0), batch.num_rows()));
      identity.push_back(std::move(same));
    }
    VELO_RETURN_IF_ERROR(outputs_.relation->Append(rows, identity));
  }
  for (const auto& sink : outputs_.sinks) VELO_RETURN_IF_ERROR(sink->Write(rows));
  return Status::OK();
}

void StatementWriter::OnRows(const Batch& batch) {
  if (!status().ok() || batch.num_rows() == 0) return;
  const Status written = Write(batch);
  if (!written.ok()) Fail(written);
}

void StatementWriter::Fail(const Status& status) {
  std::shared_ptr<Job> job;
  {
    std::lock_guard lock(mutex_);
    if (status_.ok()) status_ = status;
    job = job_.lock();
  }
  if (job != nullptr) job->Cancel();
}

Status StatementWriter::Close() {
  Status first;
  for (const auto& sink : outputs_.sinks) {
    const Status closed = sink->Close();
    if (first.ok()) first = closed;
  }
  return first;
}

void StatementWriter::OnFinished(const Status& status) {
  // Also what ended early is closed, so that a file stays readable.
  const Status closed = Close();
  {
    std::lock_guard lock(mutex_);
    if (status_.ok()) status_ = status.ok() ? closed : status;
    closed_ = true;
  }
  if (outputs_.relation != nullptr) outputs_.relation->RemoveWriter();
  if (outputs_.receiver != nullptr) outputs_.receiver->OnFinished(this->status());
}

Status StatementWriter::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

Result<std::vector<StatementCheckpoint::Place>> StatementWriter::Positions() const {
  std::vector<StatementCheckpoint::Place> places;
  for (size_t i = 0; i < outputs_.sinks.size(); ++i) {
    StatementCheckpoint::Place place;
    place.uri = outputs_.uris[i];
    VELO_ASSIGN_OR_RETURN(place.position, outputs_.sinks[i]->Position());
    places.push_back(std::move(place));
  }
  return places;
}

std::vector<std::string> StatementWriter::places() const {
  std::vector<std::string> places;
  for (const auto& sink : outputs_.sinks) places.push_back(sink->where());
  return places;
}

}  // namespace velo
