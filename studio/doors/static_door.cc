#include "studio/doors/static_door.h"

#include <array>
#include <fstream>
#include <functional>
#include <sstream>

#include <fmt/format.h>
#include <zlib.h>

namespace velo::doors {
namespace {

namespace fs = std::filesystem;

struct MediaType {
  std::string_view extension, type;
  bool text;
};
constexpr std::array kTypes = {
    MediaType{".html", "text/html; charset=utf-8", true},
    MediaType{".js", "text/javascript; charset=utf-8", true},
    MediaType{".mjs", "text/javascript; charset=utf-8", true},
    MediaType{".css", "text/css; charset=utf-8", true},
    MediaType{".json", "application/json", true},
    MediaType{".map", "application/json", true},
    MediaType{".svg", "image/svg+xml", true},
    MediaType{".png", "image/png", false},
    MediaType{".ico", "image/x-icon", false},
    MediaType{".woff2", "font/woff2", false},
    MediaType{".ttf", "font/ttf", true},
    MediaType{".wasm", "application/wasm", true},
    MediaType{".webmanifest", "application/manifest+json", true},
    MediaType{".txt", "text/plain; charset=utf-8", true},
};

MediaType TypeOf(const fs::path& path) {
  std::string extension = path.extension().string();
  for (const MediaType& type : kTypes) {
    if (type.extension == extension) return type;
  }
  return {"", "application/octet-stream", false};
}

/// Empty when it does not get smaller.
std::string Gzip(const std::string& plain) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (deflateInit2(&stream, 6, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) return "";
  std::string out(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return whole && out.size() < plain.size() ? out : "";
}

/// "/assets/app.js" -> "assets/app.js"; empty for the root and for anything that would leave the folder.
std::string FileName(const server::Request& request) {
  std::string path;
  server::Fields ignored;
  std::string_view raw = request.path;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '%' && i + 2 < raw.size()) {
      path += static_cast<char>(std::strtol(std::string(raw.substr(i + 1, 2)).c_str(), nullptr, 16));
      i += 2;
    } else {
      path += raw[i];
    }
  }
  if (path.find('\\') != std::string::npos || path.find('\0') != std::string::npos) return "";
  std::stringstream parts(path);
  std::string part, name;
  while (std::getline(parts, part, '/')) {
    if (part.empty() || part == ".") continue;
    if (part.starts_with('.')) return "";  // Neither ".." nor hidden files.
    name += (name.empty() ? "" : "/") + part;
  }
  return name;
}

}  // namespace

StaticDoor::StaticDoor(std::string folder) : folder_(std::move(folder)) {}

std::string StaticDoor::FindFolder(const std::string& given) {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  std::vector<fs::path> candidates;
  if (!given.empty()) candidates.push_back(given);
  candidates.push_back(program / ".." / "share" / "velo" / "web");
  // A source tree: the program is in bin/ or build/<preset>/bin/.
  for (fs::path up = program; !up.empty() && up != up.root_path(); up = up.parent_path()) {
    candidates.push_back(up / "web" / "dist");
  }
  for (const fs::path& candidate : candidates) {
    if (fs::is_regular_file(candidate / "index.html", error)) return fs::canonical(candidate, error).string();
  }
  return "";
}

std::shared_ptr<const StaticDoor::File> StaticDoor::Load(const std::string& name) {
  std::error_code error;
  fs::path path = fs::path(folder_) / name;
  fs::path real = fs::canonical(path, error);
  if (error || !fs::is_regular_file(real, error)) return nullptr;
  // A link inside the folder must not lead out of it.
  if (!real.string().starts_with(folder_ + "/")) return nullptr;
  fs::file_time_type modified = fs::last_write_time(real, error);
  std::lock_guard lock(mutex_);
  auto known = files_.find(name);
  if (known != files_.end() && known->second->modified == modified) return known->second;
  std::ifstream stream(real, std::ios::binary);
  std::stringstream content;
  content << stream.rdbuf();
  auto file = std::make_shared<File>();
  MediaType type = TypeOf(real);
  file->modified = modified;
  file->content_type = std::string(type.type);
  file->plain = std::make_shared<const std::string>(content.str());
  file->etag = fmt::format("\"{:016x}-{:x}\"", std::hash<std::string>()(*file->plain), file->plain->size());
  constexpr size_t kWorthIt = 1024;
  if (type.text && file->plain->size() >= kWorthIt) {
    std::string smaller = Gzip(*file->plain);
    if (!smaller.empty()) file->gzipped = std::make_shared<const std::string>(std::move(smaller));
  }
  files_[name] = file;
  return file;
}

server::Response StaticDoor::Handle(const server::Request& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    server::Response refused = server::Response::Text(405, "Only GET is possible here.\n");
    refused.Set("Allow", "GET, HEAD");
    return refused;
  }
  std::string name = FileName(request);
  std::shared_ptr<const File> file;
  if (!folder_.empty() && !name.empty()) file = Load(name);
  bool asset = name.starts_with("assets/");
  if (file == nullptr && asset) return server::Response::Text(404, "There is no such file.\n");
  if (file == nullptr && !folder_.empty()) file = Load("index.html");
  if (file == nullptr) {
    return server::Response::Text(503,
                                  "The web app is not installed beside this program. The interface under /api works; "
                                  "build the web app or give its folder with --web-dir.\n");
  }
  server::Response response;
  response.Set("Content-Type", file->content_type);
  response.Set("ETag", file->etag);
  response.Set("Vary", "Accept-Encoding");
  response.Set("Cache-Control", asset ? "public, max-age=31536000, immutable" : "no-cache");
  if (request.Header("if-none-match") == file->etag) {
    response.status = 304;
    return response;
  }
  bool zipped = file->gzipped != nullptr && request.Header("accept-encoding").find("gzip") != std::string_view::npos;
  if (zipped) response.Set("Content-Encoding", "gzip");
  response.shared_body = zipped ? file->gzipped : file->plain;
  return response;
}

}  // namespace velo::doors
