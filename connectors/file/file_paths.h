#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/formats/byte_window.h"

namespace velo {

/// Takes the path out of "file:///a/b", "file://rel", "file://./rel" or a bare path. Percent escapes are decoded.
Result<std::string> PathOfFileUri(std::string_view uri);

/// Whether the path holds any of `* ? [ {`.
bool HasGlob(std::string_view path);

/// Expands "{a,b}" (which may nest) into all combinations.
std::vector<std::string> ExpandBraces(std::string_view pattern);

/// Whether one path component fits a pattern of `*`, `?` and `[a-z]` (`[!a-z]`). A leading dot must be matched by a
/// dot.
bool MatchComponent(std::string_view pattern, std::string_view name);

/// Finds the regular files that a path, folder or glob (`* ? ** [..] {a,b}`) names, sorted by path. Devices, FIFOs, and
/// whatever lies in /proc, /sys or /dev are refused, also behind symbolic links. A folder gives its files, not hidden
/// ones and not those whose names begin with '_'; with `recursive` those of its subfolders too. Errors:
/// SOURCE_NOT_FOUND with the detail "near", FORBIDDEN with the detail "reason".
Result<std::vector<formats::InputFile>> FindFiles(const std::string& path, bool recursive);

/// The data files and folders (these end in "/") whose addresses begin with `started` ("file:///data/or"), sorted, at
/// most `limit`. Hidden ones and those of /proc, /sys and /dev are left out. Empty for what is no address of a file.
std::vector<std::string> FilesThatContinue(std::string_view started, size_t limit);

}  // namespace velo
