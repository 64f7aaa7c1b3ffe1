#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "studio/server/http_message.h"

namespace velo::doors {

/// Serves the files of the web app from one folder, and its shell for every path that is no file, so that deep links
/// work. Files are kept in memory, plain and gzipped, and read again when they change.
class StaticDoor {
 public:
  explicit StaticDoor(std::string folder);
  server::Response Handle(const server::Request& request);

  /// The first that exists: `given`, <program>/../share/velo/web, web/dist of a source tree. Empty: none.
  static std::string FindFolder(const std::string& given);

 private:
  struct File {
    std::filesystem::file_time_type modified;
    std::string content_type, etag;
    std::shared_ptr<const std::string> plain, gzipped;  ///< `gzipped` is null where it would not pay.
  };

  std::shared_ptr<const File> Load(const std::string& name);

  std::string folder_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const File>> files_;
};

}  // namespace velo::doors
