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

/// Whether a name in SQL is the path of data: it has a folder, a glob or the extension of a data file.
bool IsPathOfData(std::string name) {
  if (!UriScheme(name).empty()) return false;
  if (name.find_first_of("/*") != std::string::npos) return true;
  formats::TakeCompressionSuffix(&name);
  return formats::FileKindByExtension(name).has_value();
}

/// What the engine knows, and files by their paths. The user of a command may read what the command may.
class PathCatalog : public Catalog {
 public:
  explicit PathCatalog(Catalog* base) : base_(base) {}

  Result<RelationPtr> Find(std::string_view name, const PropertyMap& properties) override {
    VELO_ASSIGN_OR_RETURN(RelationPtr known, base_->Find(name, properties));
    if (known != nullptr || !IsPathOfData(std::string(name))) return known;
    VELO_ASSIGN_OR_RETURN(const RelationPtr found, base_->Find(AddressOf(std::string(name)), properties));
    if (found == nullptr) return found;
    auto named = std::make_shared<Relation>(*found);
    named->name = name;
    return RelationPtr(std::move(named));
  }
  std::vector<std::string> Names() override { return base_->Names(); }

 private:
  Catalog* base_;
};

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

Result<std::unique_ptr<Session>> Session::Open(const std::string& data_dir, const std::vector<std::string>& sources,
                                               bool needs_topics) {
  std::unique_ptr<Session> session(new Session());
  RegisterAllConnectors(&session->connectors_);
  EngineOptions options;
  options.connectors = &session->connectors_;
  for (const std::string& source : sources) {
    needs_topics = needs_topics || UriScheme(AddressOf(SplitSource(source).second)) == "topic";
  }
  if (needs_topics) options.data_dir = DataDirectory(data_dir);
  VELO_ASSIGN_OR_RETURN(session->engine_, Engine::Open(options));
  session->paths_ = std::make_unique<PathCatalog>(&session->engine_->catalog());
  session->catalog_ = std::make_unique<MemoryCatalog>(session->paths_.get());
  for (const std::string& source : sources) {
    const auto [name, place] = SplitSource(source);
    const std::string uri = AddressOf(place);
    if (name.empty()) {
      return Status::User("VALIDATION_ERROR", fmt::format("'{}' is not a named source.", source),
                          "Write --source NAME=PLACE, for example --source trades=data/trades.csv.");
    }
    VELO_ASSIGN_OR_RETURN(RelationPtr found, session->engine_->catalog().Find(uri, {}));
    if (!found) {
      return Status::World("SOURCE_NOT_FOUND", fmt::format("There is nothing at {}.", uri), "Check the address.");
    }
    Relation named = *found;
    named.name = name;
    session->catalog_->Put(std::move(named));
  }
  return session;
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

bool NamesTopics(const SqlText& text, const std::vector<std::string>& sources) {
  MemoryCatalog empty;
  Diagnostics ignored;
  const ConfigFiles files = text.config_files(/*required=*/false);
  const ScriptReport report = AnalyseScript(text.text, &empty, BuiltinFunctions(), files, &ignored);
  std::set<std::string> known;
  for (const std::string& source : sources) known.insert(SplitSource(source).first);
  // Topics that are written to, and those asked for by SHOW.
  sql::Script script = sql::ParseScript(text.text, &ignored);
  plan::MergeConfigFiles(files, &script, &ignored);
  for (const sql::StatementPtr& statement : script.statements) {
    if (statement->kind == sql::StatementKind::kShow &&
        static_cast<const sql::ShowStatement&>(*statement).what == "TOPICS") {
      return true;
    }
    const auto sinks = plan::SinksOf(*statement);
    for (size_t i = 0; sinks.ok() && i < sinks->size(); ++i) {
      if (UriScheme((*sinks)[i].uri) == "topic") return true;
    }
  }
  size_t parsed = 0;
  for (size_t i = 0; i < report.statements.size(); ++i) {
    const StatementReport& statement = report.statements[i];
    sql::Properties properties;
    if (parsed < script.statements.size() && script.statement_numbers[parsed] == static_cast<int32_t>(i) + 1) {
      properties = plan::PropertiesOf(*script.statements[parsed++]);
    }
    if (statement.kind == "insert" && UriScheme(statement.name).empty() && !known.contains(statement.name)) return true;
    for (const std::string& name : statement.sources) {
      const PropertyMap described = plan::ResolveProperties({&properties}, name, "", {}, plan::PropertyRole::kSource);
      const std::string scheme = UriScheme(plan::AddressOf(name, described));
      const bool unknown = scheme.empty() && !known.contains(name) && !IsPathOfData(name);
      if (scheme == "topic" || unknown) return true;
    }
    if (!statement.name.empty()) known.insert(statement.name);
  }
  return false;
}

}  // namespace velo::cli
