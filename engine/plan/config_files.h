#pragma once

#include <string>
#include <string_view>

#include "engine/plan/prepared_query.h"
#include "engine/sql/parser.h"

namespace velo {

/// Which config files a script may read ('config_file', 'source_config', 'orders.config_file' ... in WITH).
struct ConfigFiles {
  bool allowed = false;  ///< False: none. Who runs text of others must not read files for them.
  std::string folder;    ///< Relative paths start here: the folder of the SQL file.
  bool required = true;  ///< A file that is missing or damaged is an error; otherwise (when only checking) a warning.
};

/// As AnalyseScript of prepared_query.h, with the settings of config files merged in.
ScriptReport AnalyseScript(std::string_view text, Catalog* catalog, const FunctionRegistry& functions,
                           const ConfigFiles& files, Diagnostics* diagnostics);

namespace plan {

/// Adds to the WITH lists of every statement what its config files say and the statement does not (dialect 7.1: WITH,
/// then URIs, then config files, then defaults). YAML (.yaml, .yml) and .properties; "extends" names a base file.
/// Findings name the file and line: E3006 for files that cannot be read, E3010 and W3011 for their settings.
void MergeConfigFiles(const ConfigFiles& files, sql::Script* script, Diagnostics* diagnostics);

}  // namespace plan
}  // namespace velo
