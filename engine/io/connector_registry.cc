#include "engine/io/connector.h"

namespace velo {

Result<std::unique_ptr<Sink>> Connector::OpenSink(const SinkTarget& target) {
  return Status::User("E3004", fmt::format("'{}' cannot be written to", target.uri),
                      "write to file://..., a topic, stdout:// or null://");
}

Status Connector::CutBack(const SinkTarget& target) {
  return Status::User("UNSUPPORTED", fmt::format("what was written to '{}' cannot be taken back", target.uri));
}

Result<std::string> Sink::Position() const {
  return Status::User("UNSUPPORTED", fmt::format("output to {} cannot be taken up again after a restart", where()),
                      "write into a topic, or run without checkpoints");
}

void ConnectorRegistry::Add(std::unique_ptr<Connector> connector) { connectors_.push_back(std::move(connector)); }

Connector* ConnectorRegistry::Find(std::string_view scheme) const {
  for (const auto& connector : connectors_) {
    if (connector->scheme() == scheme) return connector.get();
  }
  return nullptr;
}

std::vector<std::string> ConnectorRegistry::Schemes() const {
  std::vector<std::string> schemes;
  for (const auto& connector : connectors_) schemes.emplace_back(connector->scheme());
  return schemes;
}

std::string UriScheme(std::string_view uri) {
  const size_t end = uri.find("://");
  if (end == std::string_view::npos || end == 0) return "";
  std::string scheme(uri.substr(0, end));
  for (size_t i = 0; i < scheme.size(); ++i) {
    char& letter = scheme[i];
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
    const bool is_letter = letter >= 'a' && letter <= 'z';
    const bool is_other = (letter >= '0' && letter <= '9') || letter == '+' || letter == '.' || letter == '-';
    if (!is_letter && (i == 0 || !is_other)) return "";
  }
  return scheme;
}

}  // namespace velo
