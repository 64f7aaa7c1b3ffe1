#include "engine/runtime/checkpoint.h"

#include <fmt/format.h>

#include "engine/exec/state_codec.h"

namespace velo {

using exec::PutInteger;
using exec::PutText;
using exec::TakeInteger;
using exec::TakeText;

namespace {

/// Goes up whenever the bytes of a checkpoint or of any operator's state change their meaning.
constexpr int64_t kVersion = 2;  // 1: aggregates with DISTINCT kept what they had seen in another form.

Result<StatementCheckpoint> TakeStatement(std::string_view* in) {
  StatementCheckpoint statement;
  for (std::string* text : {&statement.name, &statement.sql, &statement.plan}) {
    VELO_ASSIGN_OR_RETURN(*text, TakeText(in));
  }
  VELO_ASSIGN_OR_RETURN(const int64_t done, TakeInteger(in));
  statement.done = done != 0;
  VELO_ASSIGN_OR_RETURN(const int64_t places, TakeInteger(in));
  for (int64_t i = 0; i < places; ++i) {
    StatementCheckpoint::Place place;
    VELO_ASSIGN_OR_RETURN(place.uri, TakeText(in));
    VELO_ASSIGN_OR_RETURN(place.position, TakeText(in));
    statement.places.push_back(std::move(place));
  }
  VELO_ASSIGN_OR_RETURN(const std::string_view state, TakeText(in));
  if (!statement.done) statement.state = std::make_shared<const std::string>(state);
  return statement;
}

}  // namespace

std::string EncodeCheckpoint(const Checkpoint& checkpoint) {
  size_t size = 64;
  for (const StatementCheckpoint& statement : checkpoint.statements) {
    size += 4096 + statement.sql.size() + statement.plan.size();
    if (statement.state != nullptr) size += statement.state->size();
  }
  std::string bytes;
  bytes.reserve(size);
  PutInteger(kVersion, &bytes);
  PutInteger(checkpoint.writer, &bytes);
  PutInteger(checkpoint.taken_at, &bytes);
  PutInteger(static_cast<int64_t>(checkpoint.statements.size()), &bytes);
  for (const StatementCheckpoint& statement : checkpoint.statements) {
    for (const std::string* text : {&statement.name, &statement.sql, &statement.plan}) PutText(*text, &bytes);
    PutInteger(statement.done ? 1 : 0, &bytes);
    PutInteger(static_cast<int64_t>(statement.places.size()), &bytes);
    for (const StatementCheckpoint::Place& place : statement.places) {
      PutText(place.uri, &bytes);
      PutText(place.position, &bytes);
    }
    PutText(statement.state == nullptr ? std::string_view() : *statement.state, &bytes);
  }
  return bytes;
}

Result<Checkpoint> DecodeCheckpoint(std::string_view bytes) {
  Checkpoint checkpoint;
  VELO_ASSIGN_OR_RETURN(const int64_t version, TakeInteger(&bytes));
  if (version != kVersion) {
    return Status::World("STATE_INCOMPATIBLE",
                         fmt::format("the checkpoint is of version {}, this velo reads version {}", version, kVersion),
                         "go on with the velo that made it, or start again with an empty checkpoint folder");
  }
  VELO_ASSIGN_OR_RETURN(checkpoint.writer, TakeInteger(&bytes));
  VELO_ASSIGN_OR_RETURN(checkpoint.taken_at, TakeInteger(&bytes));
  VELO_ASSIGN_OR_RETURN(const int64_t statements, TakeInteger(&bytes));
  for (int64_t i = 0; i < statements; ++i) {
    VELO_ASSIGN_OR_RETURN(StatementCheckpoint statement, TakeStatement(&bytes));
    checkpoint.statements.push_back(std::move(statement));
  }
  if (bytes.empty()) return checkpoint;
  return Status::World("STATE_DAMAGED", "the checkpoint is longer than it says",
                       "start again with an empty checkpoint folder");
}

}  // namespace velo
