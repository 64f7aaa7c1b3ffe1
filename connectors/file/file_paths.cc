#include "connectors/file/file_paths.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/base/near_names.h"
#include "engine/formats/file_kind.h"
#include "engine/io/connector.h"

namespace velo {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFiles = 100'000;
constexpr size_t kMaxBraceResults = 1000;
constexpr size_t kMaxNear = 5;

Status Forbidden(const std::string& path, std::string_view why) {
  return Status::User("FORBIDDEN", fmt::format("{} may not be read: {}.", path, why),
                      "Name a regular file or a folder of files.")
      .WithDetail("reason", "path");
}

/// Empty when the path may be read, else why not.
std::string_view WhyForbidden(const std::string& path) {
  std::error_code error;
  const std::string real = fs::canonical(path, error).string() + "/";
  for (std::string_view root : {"/proc/", "/sys/", "/dev/"}) {
    if (real.starts_with(root)) return "it belongs to the operating system";
  }
  return "";
}

/// Files of the same folder (or of the nearest folder that exists) whose names are close.
std::vector<std::string> NearPaths(const fs::path& path) {
  fs::path folder = path.parent_path(), wanted = path.filename();
  std::error_code error;
  while (!folder.empty() && folder != folder.parent_path() && !fs::is_directory(folder, error)) {
    wanted = folder.filename();
    folder = folder.parent_path();
  }
  if (folder.empty()) folder = ".";
  std::vector<std::string> names;
  for (fs::directory_iterator at(folder, error), end; !error && at != end && names.size() < kMaxFiles;
       at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  std::vector<std::string> near = NearNames(wanted.string(), names);
  for (const std::string& name : names) {
    const bool same_stem = fs::path(name).stem() == wanted.stem();
    if (same_stem && std::find(near.begin(), near.end(), name) == near.end()) near.push_back(name);
  }
  if (near.size() > kMaxNear) near.resize(kMaxNear);
  for (std::string& name : near) name = (folder / name).string();
  return near;
}

Status NotFound(const std::string& path, const std::string& what) {
  const std::vector<std::string> near = NearPaths(path);
  std::string hint = "Check the path; relative paths start in the folder where velo was started.";
  if (!near.empty()) hint = fmt::format("Did you mean {}?", fmt::join(near, " or "));
  Status status = Status::User("SOURCE_NOT_FOUND", what, hint);
  for (const std::string& each : near) status = status.WithDetail("near", each);
  return status;
}

bool MatchClass(std::string_view* pattern, char letter) {
  size_t at = 1;
  const bool negated = at < pattern->size() && ((*pattern)[at] == '!' || (*pattern)[at] == '^');
  if (negated) ++at;
  bool matched = false;
  for (bool first = true; at < pattern->size() && (first || (*pattern)[at] != ']'); ++at, first = false) {
    const char low = (*pattern)[at];
    char high = low;
    if (at + 2 < pattern->size() && (*pattern)[at + 1] == '-' && (*pattern)[at + 2] != ']') {
      high = (*pattern)[at + 2];
      at += 2;
    }
    matched = matched || (low <= letter && letter <= high);
  }
  pattern->remove_prefix(std::min(at + 1, pattern->size()));
  return matched != negated;
}

bool MatchFrom(std::string_view pattern, std::string_view name) {
  while (!pattern.empty()) {
    if (pattern.front() == '*') {
      pattern.remove_prefix(1);
      for (size_t skip = 0; skip <= name.size(); ++skip) {
        if (MatchFrom(pattern, name.substr(skip))) return true;
      }
      return false;
    }
    if (name.empty()) return false;
    if (pattern.front() == '[' && pattern.find(']', 2) != std::string_view::npos) {
      if (!MatchClass(&pattern, name.front())) return false;
    } else {
      if (pattern.front() != '?' && pattern.front() != name.front()) return false;
      pattern.remove_prefix(1);
    }
    name.remove_prefix(1);
  }
  return name.empty();
}

std::vector<fs::path> SortedEntries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder.empty() ? "." : folder, error), end;
       !error && at != end && entries.size() < kMaxFiles; at.increment(error)) {
    entries.push_back(folder / at->path().filename());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// Walks down the folders as the components of a glob pattern say.
class GlobWalk {
 public:
  explicit GlobWalk(std::vector<std::string>* found) : found_(found) {}

  void Run(const std::string& pattern) {
    std::vector<std::string> components;
    for (const fs::path& part : fs::path(pattern).relative_path()) components.push_back(part.string());
    Descend(fs::path(pattern).root_path(), components, 0);
  }

 private:
  void Descend(const fs::path& folder, const std::vector<std::string>& components, size_t next) {
    if (found_->size() >= kMaxFiles) return;
    if (next == components.size()) {
      found_->push_back(folder.string());
      return;
    }
    const std::string& component = components[next];
    if (component == "**") {
      Descend(folder, components, next + 1);
      for (const fs::path& entry : SortedEntries(folder)) {
        std::error_code error;
        // Links to folders are not followed here: they could lead in circles.
        const bool is_folder = fs::is_directory(fs::symlink_status(entry, error));
        if (is_folder && !entry.filename().string().starts_with('.')) Descend(entry, components, next);
      }
      return;
    }
    if (!HasGlob(component)) {
      std::error_code error;
      if (fs::exists(folder / component, error)) Descend(folder / component, components, next + 1);
      return;
    }
    for (const fs::path& entry : SortedEntries(folder)) {
      if (MatchComponent(component, entry.filename().string())) Descend(entry, components, next + 1);
    }
  }

  std::vector<std::string>* found_;
};

void AddFolder(const fs::path& folder, bool recursive, std::vector<std::string>* found) {
  for (const fs::path& entry : SortedEntries(folder)) {
    const std::string name = entry.filename().string();
    if (name.starts_with('.') || name.starts_with('_')) continue;
    std::error_code error;
    if (fs::is_regular_file(entry, error)) {
      found->push_back(entry.string());
    } else if (recursive && fs::is_directory(fs::symlink_status(entry, error))) {
      AddFolder(entry, recursive, found);
    }
  }
}

formats::InputFile DescribeFile(const std::string& path, const struct stat& info) {
  formats::InputFile file;
  file.path = path;
  file.size = info.st_size;
  file.modified_at = info.st_mtim.tv_sec * 1'000'000LL + info.st_mtim.tv_nsec / 1000;
  return file;
}

}  // namespace

Result<std::string> PathOfFileUri(std::string_view uri) {
  const std::string scheme = UriScheme(uri);
  std::string_view rest = uri;
  if (!scheme.empty()) {
    if (scheme != "file") {
      return Status::User("UNSUPPORTED", fmt::format("'{}' is no file address.", uri), "Write file:///path/to/file.");
    }
    rest = uri.substr(uri.find("://") + 3);
  }
  std::string path;
  for (size_t i = 0; i < rest.size(); ++i) {
    auto digit = [&](size_t at) { return at < rest.size() && std::isxdigit(static_cast<unsigned char>(rest[at])); };
    if (rest[i] == '%' && digit(i + 1) && digit(i + 2)) {
      path.push_back(static_cast<char>(std::stoi(std::string(rest.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      path.push_back(rest[i]);
    }
  }
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Status::User("E3022", "The file address has no path.", "Write file:///path/to/file.");
  }
  return path;
}

bool HasGlob(std::string_view path) { return path.find_first_of("*?[{") != std::string_view::npos; }

std::vector<std::string> ExpandBraces(std::string_view pattern) {
  const size_t open = pattern.find('{');
  if (open == std::string_view::npos) return {std::string(pattern)};
  int depth = 0;
  size_t close = std::string_view::npos;
  std::vector<size_t> cuts{open};
  for (size_t i = open; i < pattern.size(); ++i) {
    if (pattern[i] == '{') ++depth;
    if (pattern[i] == '}' && --depth == 0) {
      close = i;
      break;
    }
    if (pattern[i] == ',' && depth == 1) cuts.push_back(i);
  }
  if (close == std::string_view::npos || cuts.size() == 1) return {std::string(pattern)};
  cuts.push_back(close);
  std::vector<std::string> expanded;
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    const std::string choice = std::string(pattern.substr(0, open)) +
                               std::string(pattern.substr(cuts[i] + 1, cuts[i + 1] - cuts[i] - 1)) +
                               std::string(pattern.substr(close + 1));
    for (std::string& each : ExpandBraces(choice)) {
      if (expanded.size() < kMaxBraceResults) expanded.push_back(std::move(each));
    }
  }
  return expanded;
}

bool MatchComponent(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  return MatchFrom(pattern, name);
}

Result<std::vector<formats::InputFile>> FindFiles(const std::string& path, bool recursive) {
  std::error_code error;
  std::vector<std::string> candidates;
  const bool is_glob = HasGlob(path) && !fs::exists(path, error);
  const bool is_folder = !is_glob && fs::is_directory(path, error);
  if (is_glob) {
    for (const std::string& pattern : ExpandBraces(path)) GlobWalk(&candidates).Run(pattern);
  } else if (is_folder) {
    AddFolder(path, recursive, &candidates);
  } else {
    if (!fs::exists(path, error)) return NotFound(path, fmt::format("There is no file {}.", path));
    candidates.push_back(path);
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());

  std::vector<formats::InputFile> files;
  for (const std::string& candidate : candidates) {
    const std::string_view why = WhyForbidden(candidate);
    struct stat info {};
    const bool known = stat(candidate.c_str(), &info) == 0;
    if (why.empty() && known && S_ISREG(info.st_mode)) {
      files.push_back(DescribeFile(candidate, info));
    } else if (!is_glob && !is_folder) {
      return Forbidden(candidate, why.empty() ? "it is a device, pipe or socket" : why);
    }
  }
  if (!files.empty()) return files;
  if (is_folder)
    return Status::User("SOURCE_NOT_FOUND", fmt::format("The folder {} has no files to read.", path),
                        "Set recursive = true to look into its subfolders.");
  return NotFound(path, fmt::format("No file matches {}.", path));
}

std::vector<std::string> FilesThatContinue(std::string_view started, size_t limit) {
  constexpr std::string_view kScheme = "file://";
  std::vector<std::string> found;
  const size_t slash = started.rfind('/');
  if (!started.starts_with(kScheme) || slash < kScheme.size() || HasGlob(started)) return found;
  const std::string_view folder_uri = started.substr(0, slash + 1), begun = started.substr(slash + 1);
  const Result<std::string> folder = PathOfFileUri(folder_uri);
  std::error_code error;
  if (!folder.ok() || !fs::is_directory(*folder, error) || !WhyForbidden(*folder).empty()) return found;
  size_t seen = 0;
  for (fs::directory_iterator at(*folder, error), end; !error && at != end && seen < kMaxFiles; at.increment(error)) {
    ++seen;
    std::string name = at->path().filename().string();
    if (name.starts_with('.') || name.starts_with('_') || !name.starts_with(begun)) continue;
    if (at->is_directory(error)) {
      if (WhyForbidden(at->path().string()).empty()) found.push_back(std::string(folder_uri) + name + "/");
      continue;
    }
    std::string plain = name;
    formats::TakeCompressionSuffix(&plain);
    if (formats::FileKindByExtension(plain).has_value()) found.push_back(std::string(folder_uri) + name);
  }
  std::sort(found.begin(), found.end());
  if (found.size() > limit) found.resize(limit);
  return found;
}

}  // namespace velo
