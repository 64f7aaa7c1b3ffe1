#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/describe.hpp>

#include "engine/plan/prepared_query.h"
#include "services/describe.h"
#include "services/workspace.h"

namespace velo::services {

/// What a query gives on a few real rows of its sources.
struct SampleRun {
  Json rows = Json::array();
  std::string from;                  ///< "last 100 rows"; empty: it was not run.
  std::optional<std::string> error;  ///< Why it could not run on them.
};
BOOST_DESCRIBE_STRUCT(SampleRun, (), (rows, from, error))

/// Runs a query on up to 100 newest rows of each source. Takes milliseconds; never fails as such.
SampleRun RunOnSample(Workspace& workspace, Catalog* catalog, std::shared_ptr<const PreparedQuery> query);

}  // namespace velo::services
