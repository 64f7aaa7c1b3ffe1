#pragma once

#include <string>

namespace velo::testing {

/// Runs a file of many queries in one process, for generators that compare the answers with another engine's
/// (tests/oracle). The file is lines of
///   source NAME PATH        the rows of a file (Parquet keeps the types) become the relation NAME, held in memory
///   query ID [MORE]         SQL on the lines up to a line "end"
/// and one line of JSON is printed per query, in order and at once:
///   {"id": ID, "types": [...], "rows": [[...]], "bad": N}, or {"id": ID, "error": "CODE: message"}
/// "bad" counts records that an expression rejected. MORE is "variants": the query runs again with other numbers of
/// lanes and rows per batch, with next to no memory, and with restarts from saved state; or "variants+changes": also
/// with one change per input row, of which the last of each key is kept (for queries that never take a row back).
/// Answers that are not the same to the last digit follow as "variants": [{"how": TEXT, "expected": [[...]], "rows":
/// [[...]]}]. Returns the exit code.
int RunQueryBatch(const std::string& path);

}  // namespace velo::testing
