#include "studio/doors/upload_door.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "services/ids.h"
#include "services/json_text.h"

namespace velo::doors {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 6> kReadable = {".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet"};
constexpr std::string_view kUnfinished = ".part";

Status Wrong(std::string message, std::string cure) {
  return Status::User("VALIDATION_ERROR", std::move(message), std::move(cure));
}

int64_t NumberOf(std::string_view text) {
  int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

Status CheckName(const std::string& name) {
  std::string extension = fs::path(name).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (std::find(kReadable.begin(), kReadable.end(), extension) != kReadable.end()) return Status::OK();
  return Status::User("UNSUPPORTED", fmt::format("'{}' is no kind of file that can be read.", name),
                      "Files end with .csv, .tsv, .json, .jsonl or .parquet.")
      .WithDetail("feature", "format");
}

/// The unfinished file of an upload.
Result<fs::path> Unfinished(const fs::path& folder, const std::string& id) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder / id, error)) {
    if (entry.path().extension() == kUnfinished) return entry.path();
  }
  return Status::User("NOT_FOUND", fmt::format("There is no unfinished upload {}.", id), "Begin again.");
}

Status Append(const fs::path& file, const std::string& bytes) {
  std::ofstream out(file, std::ios::binary | std::ios::app);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (out) return Status::OK();
  return Status::World("READ_ONLY", "The file could not be written into the data folder.",
                       "See whether the disk is full.", true);
}

}  // namespace

std::string SafeFileName(std::string_view name) {
  if (const size_t slash = name.find_last_of("/\\"); slash != std::string_view::npos) name.remove_prefix(slash + 1);
  std::string safe;
  for (const char c : name.substr(0, std::min<size_t>(name.size(), 100))) {
    const auto byte = static_cast<unsigned char>(c);
    const bool fine = byte < 128 && (std::isalnum(byte) || c == '.' || c == '_' || c == '-');
    safe.push_back(fine ? c : '_');
  }
  safe.erase(0, safe.find_first_not_of('.'));
  return safe;
}

Result<services::Json> UploadDoor::Take(const server::Request& request) {
  const std::string& data_dir = context_.workspace->options().data_dir;
  if (data_dir.empty()) {
    return Status::User("UNSUPPORTED", "Files need a data folder to be put into.", "Start velo with --data-dir.");
  }
  if (!request.Header("content-type").starts_with("application/octet-stream")) {
    return Status::User("UNSUPPORTED_MEDIA_TYPE", "A piece of a file is application/octet-stream.", "");
  }
  const fs::path folder = fs::path(data_dir) / "uploads";
  const int64_t total = NumberOf(request.Query("total")),
                offset = std::max<int64_t>(0, NumberOf(request.Query("offset")));
  if (total < 0) return Wrong("'total' must be the size of the file in bytes.", "");
  if (total > kMaxBytes) {
    return Status::User("PAYLOAD_TOO_LARGE", "The file is larger than 2 GiB.",
                        "Name its path instead: it is read where it is.");
  }
  std::string id(request.Query("file_id"));
  fs::path part;
  std::error_code error;
  if (id.empty()) {
    const std::string name = SafeFileName(request.Query("name"));
    VELO_RETURN_IF_ERROR(CheckName(name));
    id = services::NewId("file", context_.workspace->clock().Now());
    part = folder / id / (name + std::string(kUnfinished));
    fs::create_directories(part.parent_path(), error);
  } else {
    if (!services::IsValidId(id)) return Wrong("This is no id of an upload.", "");
    VELO_ASSIGN_OR_RETURN(part, Unfinished(folder, id));
  }
  int64_t received = fs::exists(part) ? static_cast<int64_t>(fs::file_size(part, error)) : 0;
  if (offset != received) {
    return Status::User("CONFLICT", "The piece does not begin where the last one ended.", "Go on from 'received'.")
        .WithDetail("received", std::to_string(received));
  }
  if (received + static_cast<int64_t>(request.body.size()) > total) return Wrong("There is more than 'total'.", "");
  VELO_RETURN_IF_ERROR(Append(part, request.body));
  received += static_cast<int64_t>(request.body.size());
  const fs::path whole = part.parent_path() / part.stem();
  services::Json answer = {{"file_id", id}, {"name", whole.filename().string()}, {"received", received}};
  if (received < total) return answer;
  fs::rename(part, whole, error);
  answer["size_bytes"] = received;
  answer["path"] = fs::absolute(whole, error).string();
  answer["uri"] = "file://" + fs::absolute(whole, error).string();
  return answer;
}

server::Response UploadDoor::Handle(const server::Request& request) {
  if (request.method != "POST") {
    return ErrorResponse(Status::User("METHOD_NOT_ALLOWED", "Files are sent with POST.", ""), request);
  }
  std::lock_guard lock(mutex_);
  Result<services::Json> taken = Take(request);
  if (!taken.ok()) return ErrorResponse(taken.status(), request);
  return server::Response::Json(200, services::DumpJson(*taken));
}

}  // namespace velo::doors
