#include "engine/plan/config_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "engine/base/near_names.h"
#include "engine/plan/properties/config_text.h"
#include "engine/plan/properties/known_properties.h"
#include "engine/plan/properties/property_checks.h"
#include "engine/plan/statement_sinks.h"

namespace velo::plan {
namespace {

constexpr int kDeepest = 8;  // Files that extend each other.
constexpr uintmax_t kLargest = 1 << 20;

/// A key that names a config file. Later ones of kKeys win over earlier ones.
struct ConfigKey {
  std::string_view name;
  std::string_view scope;  ///< What its settings are for: "source", "sink" or everything.
};
constexpr ConfigKey kKeys[] = {
    {"base_source_config", "source"}, {"base_sink_config", "sink"}, {"security_config", ""},
    {"monitoring_config", ""},        {"config_file", ""},          {"source_config", "source"},
    {"sink_config", "sink"}};

/// A setting of a file, and the key it gets in WITH.
struct Setting {
  std::string key;         ///< Without the section it stands in.
  std::string_view scope;  ///< Of the section: "source", "sink" or everything.
  std::string value;
  std::string where;  ///< "conf/orders.yaml line 3".
};

/// Sections of config files, longest first, and whose settings they hold.
struct Section {
  std::string_view prefix;
  std::string_view scope;
};
constexpr Section kSections[] = {{"datasource.consumer_config.", "source"},
                                 {"datasink.producer_config.", "sink"},
                                 {"datasource.", "source"},
                                 {"datasink.", "sink"},
                                 {"source.", "source"},
                                 {"sink.", "sink"},
                                 {"schema.", ""},
                                 {"topic.", ""},
                                 {"file.", ""}};

std::string Normal(std::string_view key) {
  std::string normal(key);
  std::replace(normal.begin(), normal.end(), '_', '.');
  return normal;
}

Status MissingOrBad(const std::string& shown, std::string_view problem, std::string_view hint) {
  return Status::User("E3006", fmt::format("the config file {} {}", shown, problem), std::string(hint));
}

Result<std::string> ReadText(const std::filesystem::path& path, const std::string& shown) {
  std::error_code error;
  const std::string extension = path.extension().string();
  if (extension != ".yaml" && extension != ".yml" && extension != ".properties") {
    return MissingOrBad(shown, "has no known ending", "config files end in .yaml, .yml or .properties");
  }
  if (!std::filesystem::exists(path, error)) {
    return MissingOrBad(shown, "is not there", "paths start at the folder of the SQL file");
  }
  if (!std::filesystem::is_regular_file(path, error) || std::filesystem::file_size(path, error) > kLargest) {
    return MissingOrBad(shown, "is no file of settings", "name a text file of at most 1 MiB");
  }
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (file.bad()) return MissingOrBad(shown, "cannot be read", "check who may read it");
  return text;
}

Setting SettingOf(const ConfigEntry& entry, const std::string& shown) {
  Setting setting{entry.key, "", entry.value, fmt::format("{} line {}", shown, entry.line)};
  for (const Section& section : kSections) {
    // A known key may begin like a section: schema.registry.url.
    if (!entry.key.starts_with(section.prefix) || FindProperty(entry.key) != nullptr) continue;
    setting.key.erase(0, section.prefix.size());
    setting.scope = section.scope;
    break;
  }
  return setting;
}

/// The settings of a file over those of the one it extends.
Status ReadSettings(const std::filesystem::path& path, const std::string& shown, int depth,
                    std::vector<Setting>* settings) {
  if (depth > kDeepest) return MissingOrBad(shown, "extends itself, or too many others", "end the chain of 'extends'");
  VELO_ASSIGN_OR_RETURN(const std::string text, ReadText(path, shown));
  const bool yaml = path.extension() != ".properties";
  const Result<std::vector<ConfigEntry>> entries = yaml ? ReadYaml(text) : ReadPropertiesText(text);
  if (!entries.ok()) {
    const ErrorInfo& error = entries.status().error();
    return Status::User("E3006", fmt::format("{} {}", shown, error.message), error.hint);
  }
  for (const ConfigEntry& entry : *entries) {
    if (entry.key != "extends") continue;
    const std::string base = (std::filesystem::path(shown).parent_path() / entry.value).string();
    VELO_RETURN_IF_ERROR(ReadSettings(path.parent_path() / entry.value, base, depth + 1, settings));
  }
  std::vector<Setting> own;
  for (const ConfigEntry& entry : *entries) {
    if (entry.key != "extends") own.push_back(SettingOf(entry, shown));
  }
  std::erase_if(*settings, [&](const Setting& inherited) {
    return std::any_of(own.begin(), own.end(), [&](const Setting& setting) {
      return Normal(setting.key) == Normal(inherited.key) &&
             (inherited.scope.empty() || setting.scope.empty() || setting.scope == inherited.scope);
    });
  });
  settings->insert(settings->end(), own.begin(), own.end());
  return Status::OK();
}

/// The WITH list of a statement that concerns the whole of it; null for statements without one.
sql::Properties* OwnProperties(sql::Statement* statement) {
  switch (statement->kind) {
    case sql::StatementKind::kQuery:
      return &static_cast<sql::QueryStatement*>(statement)->query->properties;
    case sql::StatementKind::kCreate:
      return &static_cast<sql::CreateStatement*>(statement)->properties;
    case sql::StatementKind::kInsert:
      return &static_cast<sql::InsertStatement*>(statement)->properties;
    case sql::StatementKind::kJob:
      return &static_cast<sql::JobStatement*>(statement)->properties;
    case sql::StatementKind::kExplain:
      return OwnProperties(static_cast<sql::ExplainStatement*>(statement)->body.get());
    default:
      return nullptr;
  }
}

/// What lists attached to relations and sinks say, each key behind the name of its relation.
void AddAttached(const std::string& name, const sql::Properties& list, sql::Properties* said) {
  for (sql::Property property : list) {
    property.key = name + "." + property.key;
    said->push_back(std::move(property));
  }
}

void AddAttached(const sql::Query& query, sql::Properties* said);

void AddAttached(const sql::TableReference& table, sql::Properties* said) {
  AddAttached(table.name, table.properties, said);
  if (table.subquery != nullptr) AddAttached(*table.subquery, said);
  for (const sql::Join& join : table.joins) AddAttached(*join.right, said);
}

void AddAttached(const sql::Query& query, sql::Properties* said) {
  for (const sql::CommonTable& common : query.common_tables) AddAttached(*common.query, said);
  if (query.body.select != nullptr) {
    for (const sql::TableReference& table : query.body.select->from) AddAttached(table, said);
  }
  for (const auto& arm : query.body.arms) AddAttached(*arm, said);
  for (const sql::Sink& sink : query.into) AddAttached(sink.name, sink.properties, said);
}

/// The query of a statement; null when it has none.
const sql::Query* QueryOf(const sql::Statement& statement) {
  switch (statement.kind) {
    case sql::StatementKind::kQuery:
      return static_cast<const sql::QueryStatement&>(statement).query.get();
    case sql::StatementKind::kCreate:
      return static_cast<const sql::CreateStatement&>(statement).query.get();
    case sql::StatementKind::kInsert:
      return static_cast<const sql::InsertStatement&>(statement).query.get();
    case sql::StatementKind::kExplain:
      return QueryOf(*static_cast<const sql::ExplainStatement&>(statement).body);
    case sql::StatementKind::kJob: {
      const sql::StatementPtr& body = static_cast<const sql::JobStatement&>(statement).body;
      return body == nullptr ? nullptr : QueryOf(*body);
    }
    default:
      return nullptr;
  }
}

/// Whether WITH says `key` for the scope, so that the file does not count.
bool IsSaid(const sql::Properties& said, const std::string& scope, const std::string& key) {
  const std::string wanted = Normal(key);
  return std::any_of(said.begin(), said.end(), [&](const sql::Property& property) {
    if (Normal(property.key) == wanted) return true;
    const size_t dot = property.key.find('.');
    if (dot == std::string::npos || Normal(std::string_view(property.key).substr(dot + 1)) != wanted) return false;
    const std::string prefix = property.key.substr(0, dot);
    const bool of_connector = prefix == "kafka" || prefix == "file" || prefix == "s3";
    const bool of_role = prefix == "source" || prefix == "sink";
    if (scope.empty()) return of_connector;
    if (scope == "source" || scope == "sink") return of_connector || prefix == scope;
    return of_connector || of_role || prefix == scope || prefix == scope + "_source" || prefix == scope + "_sink";
  });
}

class Merger {
 public:
  Merger(const ConfigFiles& files, Diagnostics* diagnostics) : files_(files), diagnostics_(diagnostics) {}

  void Merge(sql::Statement* statement) {
    sql::Properties* own = OwnProperties(statement);
    if (own == nullptr) return;
    const sql::Properties named = PropertiesOf(*statement);
    sql::Properties said = named;
    if (const sql::Query* query = QueryOf(*statement)) AddAttached(*query, &said);
    sql::Properties added;
    for (const ConfigKey& key : kKeys) {
      for (const sql::Property& property : named) {
        std::string scope(key.scope);
        if (property.key != key.name) {
          const std::string suffix = "." + std::string(key.name);
          if (!property.key.ends_with(suffix)) continue;
          scope = property.key.substr(0, property.key.size() - suffix.size());
        }
        AddFile(property, scope, said, &added);
      }
    }
    own->insert(own->begin(), added.begin(), added.end());
  }

 private:
  void AddFile(const sql::Property& property, const std::string& scope, const sql::Properties& said,
               sql::Properties* added) {
    const Result<std::string> named = SubstituteVariables(property.value, nullptr);
    if (!named.ok() || named->find("${") != std::string::npos) return;  // Reported by the checks of the statement.
    if (!files_.allowed) {
      diagnostics_->Warning("E3006", property.value_span, "config files are not read here").hint =
          "write the settings into WITH, or run the file with velo run";
      return;
    }
    std::filesystem::path path(*named);
    if (path.is_relative()) path = std::filesystem::path(files_.folder) / path;
    std::vector<Setting> settings;
    if (const Status read = ReadSettings(path, *named, 0, &settings); !read.ok()) {
      const Severity severity = files_.required ? Severity::kError : Severity::kWarning;
      Diagnostic found;
      found.code = "E3006";
      found.severity = severity;
      found.message = read.error().message;
      found.hint = read.error().hint;
      found.span = property.value_span;
      diagnostics_->Add(std::move(found));
      return;
    }
    for (const Setting& setting : settings) Add(property, scope, setting, said, added);
  }

  // `scope`: the relation of "orders.config_file", "source", "sink", or everything.
  void Add(const sql::Property& property, const std::string& scope, const Setting& setting, const sql::Properties& said,
           sql::Properties* added) {
    if (!IsGood(property, setting.key, setting) || IsSaid(said, scope, setting.key)) return;
    const bool of_role = scope == "source" || scope == "sink";
    std::string owner = scope.empty() ? std::string(setting.scope) : scope;
    if (of_role && !setting.scope.empty() && setting.scope != scope) return;
    if (!scope.empty() && !of_role && !setting.scope.empty()) owner += "_" + std::string(setting.scope);
    const std::string full = owner.empty() ? setting.key : owner + "." + setting.key;
    std::erase_if(*added, [&](const sql::Property& earlier) { return Normal(earlier.key) == Normal(full); });
    added->push_back({full, property.key_span, setting.value, property.value_span, true});
  }

  bool IsGood(const sql::Property& property, const std::string& key, const Setting& setting) {
    const KnownProperty* known = FindProperty(key);
    if (known == nullptr) {
      for (std::string_view passes : {"kafka.", "librdkafka.", "custom.", "x-"}) {
        if (key.starts_with(passes)) return true;
      }
      Diagnostic& found = diagnostics_->Warning("W3011", property.value_span,
                                                fmt::format("{}: unknown property '{}'", setting.where, key));
      const std::vector<std::string> near = NearNames(key, PropertyNames());
      found.hint = near.empty() ? "it is ignored" : "did you mean '" + near.front() + "'?";
      return false;
    }
    std::string wanted;
    const Result<std::string> filled = SubstituteVariables(setting.value, nullptr);
    const bool open = !filled.ok() || filled->find("${") != std::string::npos;
    if (open || FitsProperty(*known, *filled, &wanted)) return true;
    const std::string shown = IsSecretProperty(key) ? "****" : *filled;
    diagnostics_
        ->Warning("E3010", property.value_span, fmt::format("{}: '{}' is no value for '{}'", setting.where, shown, key))
        .hint = fmt::format("give {}", wanted);
    return false;
  }

  const ConfigFiles& files_;
  Diagnostics* const diagnostics_;
};

}  // namespace

void MergeConfigFiles(const ConfigFiles& files, sql::Script* script, Diagnostics* diagnostics) {
  Merger merger(files, diagnostics);
  for (size_t i = 0; i < script->statements.size(); ++i) {
    diagnostics->set_statement(script->statement_numbers[i]);
    merger.Merge(script->statements[i].get());
  }
  diagnostics->set_statement(0);
}

}  // namespace velo::plan
