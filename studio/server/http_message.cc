#include "studio/server/http_message.h"

#include <algorithm>

namespace velo::server {
namespace {

std::string_view FindField(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

bool HasField(const Fields& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char lower = static_cast<char>(c | 32);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool Decode(std::string_view text, bool plus_is_space, std::string* out) {
  out->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || HexDigit(text[i + 1]) < 0 || HexDigit(text[i + 2]) < 0) return false;
      c = static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return false;
    *out += c;
  }
  return true;
}

}  // namespace

std::string_view Request::Header(std::string_view name) const { return FindField(headers, name); }
bool Request::HasHeader(std::string_view name) const { return HasField(headers, name); }
std::string_view Request::Query(std::string_view name) const { return FindField(query, name); }
bool Request::HasQuery(std::string_view name) const { return HasField(query, name); }

std::string Request::Cookie(std::string_view name) const {
  std::string_view cookies = Header("cookie");
  while (!cookies.empty()) {
    size_t end = cookies.find(';');
    std::string_view pair = cookies.substr(0, end);
    cookies = end == std::string_view::npos ? std::string_view() : cookies.substr(end + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) return std::string(pair.substr(equals + 1));
  }
  return {};
}

void Response::Set(std::string name, std::string value) { headers.emplace_back(std::move(name), std::move(value)); }

Response Response::Json(int status, std::string body) { return Text(status, std::move(body), "application/json"); }

Response Response::Text(int status, std::string body, std::string content_type) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.Set("Content-Type", std::move(content_type));
  return response;
}

bool ParseTarget(std::string_view target, std::string* path, Fields* query) {
  target = target.substr(0, target.find('#'));
  size_t question = target.find('?');
  // Placeholders are decoded after the path was split, so that "%2F" in a name is not a separator.
  std::string decoded;
  if (!Decode(target.substr(0, question), false, &decoded)) return false;
  *path = std::string(target.substr(0, question));
  if (question == std::string_view::npos) return true;
  std::string_view rest = target.substr(question + 1);
  while (!rest.empty()) {
    size_t end = rest.find('&');
    std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (pair.empty()) continue;
    size_t equals = pair.find('=');
    std::string key, value;
    if (!Decode(pair.substr(0, equals), true, &key)) return false;
    if (equals != std::string_view::npos && !Decode(pair.substr(equals + 1), true, &value)) return false;
    query->emplace_back(std::move(key), std::move(value));
  }
  return true;
}

}  // namespace velo::server
