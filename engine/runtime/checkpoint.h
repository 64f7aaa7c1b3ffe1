#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/status.h"

namespace velo {

/// One statement of a script at the moment of a checkpoint.
struct StatementCheckpoint {
  /// A place it writes to, and where its output stood (Sink::Position).
  struct Place {
    std::string uri;
    std::string position;
  };
  std::string name;  ///< For messages.
  std::string sql;   ///< As printed: which statement of the script it is.
  std::string plan;  ///< What it was taken to mean: state fits no other plan.
  bool done = false;
  std::vector<Place> places;
  std::shared_ptr<const std::string> state;  ///< Of Job::SaveState; null when done.
};

/// All statements of a script that write somewhere, at one moment: none had a batch under way.
struct Checkpoint {
  int64_t writer = 0;  ///< Stands beside the rows written, see SinkTarget::writer.
  Timestamp taken_at = 0;
  std::vector<StatementCheckpoint> statements;
};

/// The bytes (docs/formats/checkpoints.md). Decode: STATE_DAMAGED, or STATE_INCOMPATIBLE for those of other versions.
std::string EncodeCheckpoint(const Checkpoint& checkpoint);
Result<Checkpoint> DecodeCheckpoint(std::string_view bytes);

}  // namespace velo
