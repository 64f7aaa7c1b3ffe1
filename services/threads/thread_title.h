#pragma once

#include <string>

namespace velo::services {

/// A title of at most 60 characters from the text of a UI message.
std::string TitleOfMessage(const std::string& content_json);
/// All text parts of a UI message, one per line.
std::string TextOfMessage(const std::string& content_json);

}  // namespace velo::services
