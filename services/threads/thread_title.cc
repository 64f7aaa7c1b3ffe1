#include "services/threads/thread_title.h"

#include <nlohmann/json.hpp>

#include "services/json.h"

namespace velo::services {

std::string TextOfMessage(const std::string& content_json) {
  Json content = Json::parse(content_json, nullptr, false);
  std::string text;
  if (!content.is_object() || !content.contains("parts") || !content["parts"].is_array()) return text;
  for (const Json& part : content["parts"]) {
    bool is_text = part.is_object() && part.value("type", "") == "text" && part.contains("text");
    if (!is_text || !part["text"].is_string()) continue;
    if (!text.empty()) text += '\n';
    text += part["text"].get<std::string>();
  }
  return text;
}

std::string TitleOfMessage(const std::string& content_json) {
  std::string text = TextOfMessage(content_json);
  text = text.substr(0, text.find('\n'));
  constexpr size_t kLongest = 60;
  if (text.size() <= kLongest) return text;
  size_t end = text.rfind(' ', kLongest - 3);
  if (end == std::string::npos || end < kLongest / 2) end = kLongest - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // Not inside a character.
  return text.substr(0, end) + "…";
}

}  // namespace velo::services
