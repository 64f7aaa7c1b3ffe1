#pragma once

#include <memory>

#include "engine/io/connector.h"

namespace velo {

/// Reads CSV, JSON, Parquet and Arrow files: "file:///in/trades/*.csv", folders and globs, plain or compressed.
std::unique_ptr<Connector> MakeFileConnector();

}  // namespace velo
