#pragma once

#include <functional>
#include <memory>

#include "engine/base/clock.h"
#include "engine/io/sink.h"

namespace velo {

/// Opens a file sink (dialect 7.7): path with {timestamp}, {date}, {job} and strftime letters, format, compression,
/// append, header, delimiter, and rotation by size, rows or time. Deletes of a table leave no trace in a file. `now`
/// tells the time for rotation; empty: the machine's clock.
Result<std::unique_ptr<Sink>> OpenFileSink(const SinkTarget& target, std::function<Timestamp()> now = {});

/// Makes the file end where `target.position` says. CONFLICT when it ends before that.
Status CutFileBack(const SinkTarget& target);

}  // namespace velo
