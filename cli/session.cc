#include "cli/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include "cli/options.h"
#include "connectors/register_all.h"
#include "engine/formats/file_kind.h"
#include "engine/plan/binder/from_binder.h"
#include "engine/plan/prepared_query.h"
#include "engine/plan/statement_sinks.h"

namespace velo::cli {
namespace {

namespace fs = std::filesystem;

Result<std::string> ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Status::World("SOURCE_NOT_FOUND", fmt::format("Cannot read {}.", path.string()), "Check the path.");
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

std::pair<std::string, std::string> SplitSource(const std::string& source) {
  const size_t equals = source.find('=');
  if (equals == std::string::npos) return {"", source};
  return {source.substr(0, equals), source.substr(equals + 1)};
}

bool IsPathOfData(std::string name) {
  if (name.find_first_of("/*") != std::string::npos) return true;
  formats::TakeCompressionSuffix(&name);
  return formats::FileKindByExtension(name).has_value();
}

/// Whether the text writes to embedded topics or asks for a list of them.
bool WritesTopics(const sql::Script& script) {
  return std::any_of(script.statements.begin(), script.statements.end(), [](const sql::StatementPtr& statement) {
    if (statement->kind == sql::StatementKind::kShow) {
      return static_cast<const sql::ShowStatement&>(*statement).what == "TOPICS";
    }
    const auto sinks = plan::SinksOf(*statement);
    return sinks.ok() && std::any_of(sinks->begin(), sinks->end(),
                                     [](const auto& sink) { return UriScheme(sink.uri) == "topic"; });
  });
}

/// Adds what one text reads. `known` are the names that stand for something already.
void AddPlaces(const SqlText& text, std::set<std::string> known, Places* places) {
  MemoryCatalog empty;
  Diagnostics ignored;
  const ConfigFiles files = text.config_files(/*required=*/false);
  const ScriptReport report = AnalyseScript(text.text, &empty, BuiltinFunctions(), files, &ignored);
  sql::Script script = sql::ParseScript(text.text, &ignored);
  plan::MergeConfigFiles(files, &script, &ignored);
  places->topics = places->topics || WritesTopics(script);
  size_t parsed = 0;
  for (size_t i = 0; i < report.statements.size(); ++i) {
    const StatementReport& statement = report.statements[i];
    sql::Properties properties;
    if (parsed < script.statements.size() && script.statement_numbers[parsed] == static_cast<int32_t>(i) + 1) {
      properties = plan::PropertiesOf(*script.statements[parsed++]);
    }
    const bool inserts = statement.kind == "insert" && UriScheme(statement.name).empty();
    if (inserts && !known.contains(statement.name)) places->topics = true;
    for (const std::string& name : statement.sources) {
      const PropertyMap described = plan::ResolveProperties({&properties}, name, "", {}, plan::PropertyRole::kSource);
      const std::string scheme = UriScheme(plan::AddressOf(name, described));
      if (scheme.empty() && !known.contains(name) && IsPathOfData(name)) {
        places->files.push_back(name);
        known.insert(name);
      }
      if (scheme == "topic" || (scheme.empty() && !known.contains(name))) places->topics = true;
    }
    if (!statement.name.empty()) known.insert(statement.name);
  }
}

}  // namespace

std::string AddressOf(const std::string& place) {
  if (!UriScheme(place).empty()) return place;
  std::error_code error;
  const bool looks_like_path = place.find_first_of("/.*") != std::string::npos;
  if (looks_like_path || fs::exists(place, error))
    return "file://" + fs::absolute(place, error).lexically_normal().string();
  return "topic://" + place;
}

std::string DataDirectory(const std::string& flag) {
  if (!flag.empty()) return flag;
  if (const char* set = std::getenv("VELO_DATA_DIR"); set != nullptr && *set != '\0') return set;
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : ".") + "/.velo";
}

Result<std::unique_ptr<Session>> Session::Open(const std::string& data_dir, const Places& places) {
  std::unique_ptr<Session> session(new Session());
  RegisterAllConnectors(&session->connectors_);
  EngineOptions options;
  options.connectors = &session->connectors_;
  bool needs_topics = places.topics;
  for (const std::string& source : places.sources) {
    needs_topics = needs_topics || UriScheme(AddressOf(SplitSource(source).second)) == "topic";
  }
  if (needs_topics) options.data_dir = DataDirectory(data_dir);
  VELO_ASSIGN_OR_RETURN(session->engine_, Engine::Open(options));
  session->catalog_ = std::make_unique<MemoryCatalog>(&session->engine_->catalog());
  for (const std::string& source : places.sources) {
    const auto [name, place] = SplitSource(source);
    if (name.empty()) {
      return Status::User("VALIDATION_ERROR", fmt::format("'{}' is not a named source.", source),
                          "Write --source NAME=PLACE, for example --source trades=data/trades.csv.");
    }
    VELO_RETURN_IF_ERROR(session->AddSource(name, AddressOf(place)));
  }
  for (const std::string& file : places.files) VELO_RETURN_IF_ERROR(session->AddSource(file, AddressOf(file)));
  return session;
}

Status Session::AddSource(const std::string& name, const std::string& uri) {
  VELO_ASSIGN_OR_RETURN(RelationPtr found, engine_->catalog().Find(uri, {}));
  if (!found) {
    return Status::World("SOURCE_NOT_FOUND", fmt::format("There is nothing at {}.", uri), "Check the address.");
  }
  Relation named = *found;
  named.name = name;
  catalog_->Put(std::move(named));
  return Status::OK();
}

Result<std::vector<SqlText>> ReadSqlFiles(const std::vector<std::string>& files) {
  std::vector<SqlText> texts;
  if (files.empty() || files == std::vector<std::string>{"-"}) {
    texts.push_back({"stdin", std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>())});
    return texts;
  }
  for (const std::string& file : files) {
    std::vector<fs::path> paths;
    std::error_code error;
    if (fs::is_directory(file, error)) {
      for (const fs::directory_entry& entry : fs::recursive_directory_iterator(file, error)) {
        if (entry.path().extension() == ".sql") paths.push_back(entry.path());
      }
      std::sort(paths.begin(), paths.end());
    } else {
      paths.emplace_back(file);
    }
    for (const fs::path& path : paths) {
      VELO_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
      texts.push_back({path.string(), std::move(text)});
    }
  }
  return texts;
}

ConfigFiles SqlText::config_files(bool required) const {
  return {true, std::filesystem::path(name).parent_path().string(), required};
}

Places FindPlaces(const std::vector<SqlText>& texts, const std::vector<std::string>& sources) {
  Places places;
  places.sources = sources;
  std::set<std::string> known;
  for (const std::string& source : sources) known.insert(SplitSource(source).first);
  for (const SqlText& text : texts) AddPlaces(text, known, &places);
  return places;
}

}  // namespace velo::cli
