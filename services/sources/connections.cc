#include "services/sources/connections.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include <fmt/format.h>

#include "services/ids.h"

namespace velo::services {
namespace {

Connection TopicsConnection() {
  Connection topics;
  topics.id = kTopicsSourceId;
  topics.alias = "topics";
  topics.uri = "topic://";
  topics.type = "topic";
  topics.is_default = true;
  return topics;
}

/// "file:///data/trades/*.csv" -> "trades"; the last part of the path that is a name.
std::string NameFromUri(std::string_view uri) {
  size_t scheme = uri.find("://");
  std::string_view path = scheme == std::string_view::npos ? uri : uri.substr(scheme + 3);
  while (!path.empty()) {
    while (path.ends_with('/')) path.remove_suffix(1);
    size_t slash = path.rfind('/');
    std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
    std::string name;
    for (char c : last.substr(0, last.find('.'))) {
      if (std::isalnum(static_cast<unsigned char>(c))) {
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      } else if (c == '_' || c == '-' || c == ' ') {
        name += '_';
      }
    }
    bool pattern = last.substr(0, last.find('.')).find_first_of("*?[{") != std::string_view::npos;
    if (!pattern && !name.empty()) {
      return std::isdigit(static_cast<unsigned char>(name[0])) ? "data_" + name : name;
    }
  }
  return "data";
}

class ConnectionCatalog : public Catalog {
 public:
  ConnectionCatalog(std::vector<Connection> connections, Catalog* base)
      : connections_(std::move(connections)), base_(base) {}

  Result<RelationPtr> Find(std::string_view name, const PropertyMap& properties) override {
    // What was connected last wins when a thread has two of one name.
    for (auto known = connections_.rbegin(); known != connections_.rend(); ++known) {
      if (known->type == "topic" || (known->alias != name && known->uri != name)) continue;
      PropertyMap all = properties;
      for (const auto& option : known->EngineProperties()) {
        bool given = std::any_of(all.begin(), all.end(), [&](const auto& own) { return own.first == option.first; });
        if (!given) all.push_back(option);
      }
      VELO_ASSIGN_OR_RETURN(RelationPtr relation, base_->Find(known->uri, all));
      if (relation == nullptr || relation->name == name) return relation;
      auto renamed = std::make_shared<Relation>(*relation);
      renamed->name = std::string(name);
      return RelationPtr(renamed);
    }
    return base_->Find(name, properties);
  }

  std::vector<std::string> Names() override {
    std::vector<std::string> names = base_->Names();
    for (const Connection& connection : connections_) {
      if (connection.type != "topic") names.push_back(connection.alias);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

 private:
  std::vector<Connection> connections_;
  Catalog* base_;
};

bool SameOptions(PropertyMap a, PropertyMap b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

}  // namespace

std::unique_ptr<Catalog> MakeConnectionCatalog(std::vector<Connection> connections, Catalog* base) {
  return std::make_unique<ConnectionCatalog>(std::move(connections), base);
}

std::string NormaliseUri(const std::string& text, std::vector<std::string>* assumptions) {
  size_t from = text.find_first_not_of(" \t\r\n"), to = text.find_last_not_of(" \t\r\n");
  std::string uri = from == std::string::npos ? "" : text.substr(from, to - from + 1);
  if (uri.empty() || uri.find("://") != std::string::npos) return uri;
  if (uri.starts_with("~/")) {
    const char* home = std::getenv("HOME");
    if (home != nullptr) uri = std::string(home) + uri.substr(1);
  }
  if (uri.starts_with('/') || uri.starts_with("./") || uri.starts_with("../") || uri.find('/') != std::string::npos ||
      uri.find('.') != std::string::npos) {
    assumptions->push_back(fmt::format("Read '{}' as the path of files.", text));
    return "file://" + uri;
  }
  return uri;
}

Result<std::vector<Connection>> Connections::List(const std::string& thread_id) {
  std::vector<Connection> connections;
  if (engine_->topics() != nullptr) connections.push_back(TopicsConnection());
  VELO_ASSIGN_OR_RETURN(std::vector<Connection> kept, store_.List(thread_id));
  connections.insert(connections.end(), kept.begin(), kept.end());
  return connections;
}

std::string Connections::FreeAlias(const std::string& wanted, const std::string& format,
                                   const std::vector<Connection>& taken) {
  std::vector<std::string> names = engine_->catalog().Names();
  for (const Connection& connection : taken) names.push_back(connection.alias);
  auto free = [&](const std::string& name) { return std::find(names.begin(), names.end(), name) == names.end(); };
  if (free(wanted)) return wanted;
  if (!format.empty() && free(wanted + "_" + format)) return wanted + "_" + format;
  for (int i = 2;; ++i) {
    std::string numbered = fmt::format("{}_{}", wanted, i);
    if (free(numbered)) return numbered;
  }
}

Result<Connections::Connected> Connections::Connect(const ConnectRequest& request) {
  std::vector<std::string> assumptions;
  std::string uri = NormaliseUri(request.uri, &assumptions);
  std::string scheme = UriScheme(uri);
  Connector* connector = engine_->connectors().Find(scheme);
  if (connector == nullptr) {
    return Status::User("UNSUPPORTED",
                        scheme.empty() ? fmt::format("'{}' is not the address of a source.", request.uri)
                                       : fmt::format("Sources of the form {}:// cannot be read.", scheme),
                        "Use file:///path/to/files or topic://name.")
        .WithDetail("feature", scheme.empty() ? "uri" : scheme)
        .WithDetail("alternatives", R"(["file://","topic://"])");
  }
  Connection asked;
  asked.uri = uri;
  asked.type = request.type;
  asked.format = request.format;
  asked.options = request.options;
  VELO_ASSIGN_OR_RETURN(ConnectionReport report, connector->Connect(uri, asked.EngineProperties()));
  report.assumptions.insert(report.assumptions.begin(), assumptions.begin(), assumptions.end());

  std::lock_guard lock(connecting_);
  VELO_ASSIGN_OR_RETURN(std::vector<Connection> known, List(request.thread_id));
  bool whole_store = scheme == "topic";
  for (const Connection& connection : known) {
    bool same = connection.uri == report.uri && SameOptions(connection.options, request.options) &&
                (request.format.empty() || connection.format == request.format);
    if (same || (whole_store && connection.id == kTopicsSourceId)) return Connected{connection, report, true};
  }
  Connection made = asked;
  made.uri = report.uri;
  made.type = request.type.empty() ? report.type : request.type;
  made.format = request.format.empty() ? report.format : request.format;
  made.connected_at = engine_->clock().Now();
  made.id = NewId("src", made.connected_at);
  made.thread_id = request.thread_id;
  made.alias = FreeAlias(request.alias.empty() ? NameFromUri(report.uri) : request.alias, made.format, known);
  made.is_default = request.make_default;
  VELO_RETURN_IF_ERROR(store_.Save(made));
  return Connected{made, report, false};
}

Result<Connection> Connections::Find(const std::string& id_or_alias, const std::string& thread_id) {
  VELO_ASSIGN_OR_RETURN(std::vector<Connection> known, List(thread_id));
  for (auto connection = known.rbegin(); connection != known.rend(); ++connection) {
    if (connection->id == id_or_alias || connection->alias == id_or_alias || connection->uri == id_or_alias) {
      return *connection;
    }
  }
  // A connection of another thread is found by its id: the whole session belongs to one person.
  return store_.Get(id_or_alias);
}

Result<Connection> Connections::FindOrConnect(const std::string& uri, const std::string& thread_id) {
  std::vector<std::string> assumptions;
  std::string normal = NormaliseUri(uri, &assumptions);
  Result<Connection> known = Find(normal, thread_id);
  if (known.ok()) return known;
  ConnectRequest request;
  request.uri = normal;
  request.thread_id = thread_id;
  VELO_ASSIGN_OR_RETURN(Connected connected, Connect(request));
  return connected.connection;
}

Result<Connection> Connections::Update(const Connection& connection) {
  Connection next = connection;
  ++next.version;
  VELO_RETURN_IF_ERROR(store_.Save(next));
  return next;
}

Status Connections::Delete(const std::string& id) { return store_.Delete(id); }

}  // namespace velo::services
