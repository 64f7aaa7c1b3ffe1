#include "engine/plan/properties/property_checks.h"

#include <algorithm>
#include <set>

#include "engine/base/near_names.h"
#include "engine/plan/properties/known_properties.h"
#include "engine/plan/statement_sinks.h"
#include "engine/sql/words.h"

namespace velo::plan {
namespace {

/// A WITH list and the relation it is attached to (empty: the statement).
struct AttachedList {
  const sql::Properties* list;
  std::string owner;
};

class ListCollector {
 public:
  explicit ListCollector(std::vector<AttachedList>* lists, std::set<std::string>* names)
      : lists_(lists), names_(names) {}

  void Add(const sql::Properties& list, const std::string& owner) {
    if (!list.empty()) lists_->push_back({&list, owner});
  }
  void Visit(const sql::TableReference& table) {
    if (!table.name.empty()) names_->insert(table.name);
    if (!table.alias.empty()) names_->insert(table.alias.text);
    Add(table.properties, table.name);
    if (table.subquery != nullptr) Visit(*table.subquery);
    for (const sql::Join& join : table.joins) Visit(*join.right);
  }
  void Visit(const sql::Query& query) {
    for (const sql::CommonTable& common : query.common_tables) Visit(*common.query);
    if (query.body.select != nullptr) {
      for (const sql::TableReference& table : query.body.select->from) Visit(table);
    }
    for (const auto& arm : query.body.arms) Visit(*arm);
    Visit(query.into);
    Add(query.properties, "");
  }
  void Visit(const std::vector<sql::Sink>& sinks) {
    for (const sql::Sink& sink : sinks) {
      names_->insert(sink.name);
      Add(sink.properties, sink.name);
    }
  }
  void Visit(const sql::Statement& statement) {
    if (statement.kind == sql::StatementKind::kQuery) {
      Visit(*static_cast<const sql::QueryStatement&>(statement).query);
    } else if (statement.kind == sql::StatementKind::kCreate) {
      const auto& create = static_cast<const sql::CreateStatement&>(statement);
      names_->insert(create.name);
      Add(create.properties, "");
      Visit(create.into);
      if (create.query != nullptr) Visit(*create.query);
    } else if (statement.kind == sql::StatementKind::kInsert) {
      const auto& insert = static_cast<const sql::InsertStatement&>(statement);
      names_->insert(insert.target.name);
      Add(insert.target.properties, insert.target.name);
      Add(insert.properties, "");
      if (insert.query != nullptr) Visit(*insert.query);
    } else if (statement.kind == sql::StatementKind::kJob) {
      const auto& job = static_cast<const sql::JobStatement&>(statement);
      Add(job.properties, "");
      if (job.body != nullptr) Visit(*job.body);
    } else if (statement.kind == sql::StatementKind::kAlter) {
      Add(static_cast<const sql::AlterStatement&>(statement).properties, "");
    } else if (statement.kind == sql::StatementKind::kExplain) {
      Visit(*static_cast<const sql::ExplainStatement&>(statement).body);
    }
  }

 private:
  std::vector<AttachedList>* lists_;
  std::set<std::string>* names_;
};

/// A key taken apart: whom it concerns, and what it says.
struct SplitKey {
  std::string owner;  ///< Name of a relation or "source", "sink"; empty: everybody.
  std::string rest;
};

class PropertyChecker {
 public:
  PropertyChecker(const sql::Statement& statement, const StatementReport& report, Diagnostics* diagnostics)
      : diagnostics_(diagnostics) {
    ListCollector(&lists_, &names_).Visit(statement);
    names_.insert(report.sources.begin(), report.sources.end());
  }

  void Check() {
    for (const AttachedList& attached : lists_) {
      for (const sql::Property& property : *attached.list) {
        SplitKey key = Split(property.key);
        if (key.owner.empty()) key.owner = attached.owner;
        CheckOne(property, key);
        CheckVariables(property);
        settings_.push_back({&property, std::move(key)});
      }
    }
    for (const Setting& setting : settings_) CheckTogether(setting);
  }

 private:
  struct Setting {
    const sql::Property* property;
    SplitKey key;
  };

  SplitKey Split(const std::string& key) const {
    std::string best;
    for (const std::string& name : names_) {
      for (const std::string& prefix : {name, name + "_source", name + "_sink"}) {
        if (prefix.size() > best.size() && key.size() > prefix.size() + 1 && key.starts_with(prefix) &&
            key[prefix.size()] == '.') {
          best = prefix;
        }
      }
    }
    SplitKey split{best, best.empty() ? key : key.substr(best.size() + 1)};
    if (split.owner.ends_with("_source") && !names_.contains(split.owner)) split.owner.resize(split.owner.size() - 7);
    if (split.owner.ends_with("_sink") && !names_.contains(split.owner)) split.owner.resize(split.owner.size() - 5);
    if (FindProperty(split.rest) != nullptr) return split;
    for (std::string_view prefix : {"datasource.consumer_config.", "datasink.producer_config.", "datasource.",
                                    "datasink.", "source.", "sink.", "kafka.", "file.", "s3."}) {
      if (!split.rest.starts_with(prefix)) continue;
      if (prefix == "source." || prefix == "sink.") split.owner = std::string(prefix.substr(0, prefix.size() - 1));
      split.rest = split.rest.substr(prefix.size());
    }
    return split;
  }

  static bool PassesSilently(std::string_view key) {
    for (std::string_view prefix : {"kafka.", "librdkafka.", "custom.", "x-"}) {
      if (key.starts_with(prefix) || key.find(std::string(".") + std::string(prefix)) != std::string::npos) return true;
    }
    return false;
  }

  void CheckOne(const sql::Property& property, const SplitKey& key) {
    const KnownProperty* known = FindProperty(key.rest);
    if (known == nullptr) {
      if (!PassesSilently(property.key)) ReportUnknown(property, key);
      return;
    }
    std::string wanted;
    if (FitsProperty(*known, property.value, &wanted)) return;
    const std::string shown = IsSecretProperty(key.rest) ? "this" : "'" + property.value + "'";
    // What binding needs has been refused there, with an error.
    const bool reported =
        std::any_of(diagnostics_->items().begin(), diagnostics_->items().end(), [&](const Diagnostic& earlier) {
          return earlier.code == "E3010" && earlier.message.find(known->name) != std::string::npos &&
                 earlier.message.find(shown) != std::string::npos;
        });
    if (reported) return;
    Diagnostic& found = diagnostics_->Warning("E3010", property.value_span,
                                              fmt::format("{} is no value for '{}'", shown, property.key));
    found.hint = "give " + wanted;
  }

  void ReportUnknown(const sql::Property& property, const SplitKey& key) {
    // "ordres.type": the key is known, the relation is not.
    const size_t dot = property.key.find('.');
    const bool misnamed = key.owner.empty() && dot != std::string::npos &&
                          FindProperty(property.key.substr(dot + 1)) != nullptr && !names_.empty();
    const std::string word = misnamed ? property.key.substr(0, dot) : key.rest;
    Diagnostic& found = diagnostics_->Warning(
        "W3011", property.key_span,
        misnamed ? fmt::format("'{}' is no relation of this statement, so '{}' is not used", word, property.key)
                 : fmt::format("unknown property '{}'", property.key));
    const std::vector<std::string> near =
        NearNames(word, misnamed ? std::vector<std::string>(names_.begin(), names_.end()) : PropertyNames());
    const std::string rest = property.key.substr(misnamed ? dot : property.key.size());
    const std::string before = misnamed ? "" : property.key.substr(0, property.key.size() - key.rest.size());
    for (const std::string& name : near) {
      const std::string whole = before + name + rest;
      found.hint += (found.hint.empty() ? "did you mean '" : " or '") + whole + "'";
      found.fixes.push_back({fmt::format("did you mean '{}'?", whole), {{property.key_span, "'" + whole + "'"}}});
    }
    if (!near.empty()) found.hint += "?";
  }

  void CheckVariables(const sql::Property& property) {
    std::vector<std::string> unset;
    const Result<std::string> filled = SubstituteVariables(property.value, &unset);
    if (!filled.ok()) {
      diagnostics_->Warning("E3005", property.value_span, filled.status().error().message);
    }
    for (const std::string& name : unset) {
      diagnostics_->Warning("W3006", property.value_span, fmt::format("the variable {} is not set", name)).hint =
          fmt::format("set it before the start, or write ${{{}:default}}", name);
    }
  }

  /// The value another key has for the same owner (or for everybody); null when it is not given.
  const sql::Property* Given(const std::string& owner, std::string_view canonical) const {
    for (const Setting& setting : settings_) {
      const KnownProperty* known = FindProperty(setting.key.rest);
      if (known == nullptr || known->name != canonical) continue;
      if (setting.key.owner.empty() || owner.empty() || setting.key.owner == owner || setting.key.owner == "source" ||
          setting.key.owner == "sink") {
        return setting.property;
      }
    }
    return nullptr;
  }

  bool GivenAny(const std::string& owner, std::initializer_list<std::string_view> names) const {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view name) { return Given(owner, name) != nullptr; });
  }

  static bool IsOn(const sql::Property* property) {
    if (property == nullptr) return false;
    const std::string value = sql::LowerCase(property->value);
    return value == "true" || value == "yes" || value == "on" || value == "1" || value == "streaming";
  }

  void CheckTogether(const Setting& setting) {
    const KnownProperty* known = FindProperty(setting.key.rest);
    if (known == nullptr) return;
    const std::string& owner = setting.key.owner;
    const std::string value = sql::LowerCase(setting.property->value);
    const SourceSpan span = setting.property->value_span;
    if (known->name == "security.protocol" && value.starts_with("sasl") && !GivenAny(owner, {"sasl.mechanism"})) {
      diagnostics_->Warning("E3020", span, fmt::format("{} needs a mechanism", setting.property->value)).hint =
          "add 'sasl.mechanism' = 'SCRAM-SHA-512', 'sasl.username' and 'sasl.password'";
    }
    if (known->name == "format") {
      const bool registry = GivenAny(owner, {"schema.registry.url", "schema.registry.enabled"});
      if (value == "avro" && !registry && !GivenAny(owner, {"avro.schema", "avro.schema.file"})) {
        diagnostics_->Warning("E3021", span, "Avro needs a schema").hint =
            "add 'avro.schema.file' = 'path.avsc' or 'schema.registry.url'";
      }
      if (value.starts_with("proto") && !registry && !GivenAny(owner, {"protobuf.schema", "protobuf.schema.file"})) {
        diagnostics_->Warning("E3021", span, "Protobuf needs a schema").hint =
            "add 'protobuf.schema.file' = 'path.proto' and 'protobuf.message.type'";
      }
    }
    if (known->name != "type") return;
    if (value.starts_with("file") && !GivenAny(owner, {"path"})) {
      const std::string prefix = owner.empty() ? "" : owner + ".";
      diagnostics_->Warning("E3022", span, "a file needs a path").hint =
          fmt::format("add '{}path' = '/data/...'", prefix);
    }
    const bool mapped = value == "file_source_mmap" || IsOn(Given(owner, "use_mmap"));
    if (mapped && (IsOn(Given(owner, "watching")) || IsOn(Given(owner, "processing.mode")))) {
      diagnostics_->Warning("E3023", span, "a file that is mapped into memory cannot be watched").hint =
          "use file_source, or leave 'watch' out";
    }
  }

  Diagnostics* diagnostics_;
  std::vector<AttachedList> lists_;
  std::set<std::string> names_;
  std::vector<Setting> settings_;
};

/// Value of the first variable of "A|B" that is set and not empty; null when none is.
const char* FirstSet(std::string_view names) {
  while (!names.empty()) {
    const size_t bar = std::min(names.find('|'), names.size());
    const char* value = std::getenv(std::string(names.substr(0, bar)).c_str());
    if (value != nullptr && *value != '\0') return value;
    names.remove_prefix(std::min(bar + 1, names.size()));
  }
  return nullptr;
}

}  // namespace

void CheckProperties(const sql::Statement& statement, const StatementReport& report, Diagnostics* diagnostics) {
  PropertyChecker(statement, report, diagnostics).Check();
}

bool IsSecretProperty(std::string_view key) {
  const std::string lower = sql::LowerCase(key);
  for (std::string_view word : {"password", "secret", "token", "key_id", "access_key", "credential"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

Result<std::string> SubstituteVariables(std::string_view text, std::vector<std::string>* unset) {
  std::string filled;
  while (!text.empty()) {
    const size_t open = text.find("${");
    const size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) break;
    filled += text.substr(0, open);
    const std::string_view inner = text.substr(open + 2, close - open - 2);
    const size_t colon = std::min(inner.find(':'), inner.size());
    const std::string_view names = inner.substr(0, colon);
    std::string_view otherwise = inner.substr(std::min(colon + 1, inner.size()));
    const char* value = FirstSet(names);
    if (value != nullptr) {
      filled += value;
    } else if (otherwise.starts_with('?')) {
      return Status::User("E3005", otherwise.size() > 1 ? std::string(otherwise.substr(1))
                                                        : fmt::format("the variable {} must be set", names));
    } else if (colon < inner.size()) {
      if (otherwise.starts_with('-')) otherwise.remove_prefix(1);
      filled += otherwise;
    } else {
      filled += text.substr(open, close - open + 1);
      if (unset != nullptr && names != "NODE_ID") unset->emplace_back(names);
    }
    text.remove_prefix(close + 1);
  }
  return filled + std::string(text);
}

}  // namespace velo::plan
