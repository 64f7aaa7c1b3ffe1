#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace velo::cli {

/// Flags every command takes.
struct CommonOptions {
  std::string format;    ///< Empty: the command's default.
  std::string data_dir;  ///< Empty: $VELO_DATA_DIR, else ~/.velo.
};

struct RunArguments {
  CommonOptions common;
  std::vector<std::string> files;
  std::string expression;            ///< -e
  std::vector<std::string> sources;  ///< NAME=PLACE: a file or an address.
  std::string from;                  ///< earliest, latest, -1h
  std::string duration;              ///< --for
  int64_t limit = -1;
  int lanes = 0;              ///< 0: as many as there are cores, where the query allows it.
  uint64_t memory_limit = 0;  ///< Bytes; 0: none.
  std::string checkpoint_dir;
  std::string checkpoint_interval = "1s";
  bool final_rows = false;
  bool changelog = false;
  bool follow = false;
  bool explain_wait = false;
};

struct ValidateArguments {
  CommonOptions common;
  std::vector<std::string> files;
  std::vector<std::string> sources;
  bool strict = false;
};

struct ExplainArguments {
  CommonOptions common;
  std::vector<std::string> files;
  std::string expression;
  std::vector<std::string> sources;
  bool plan = false;
};

struct FormatArguments {
  std::vector<std::string> files;
  bool write = false;
  bool check = false;
  int width = 100;
};

struct SourceArguments {
  CommonOptions common;
  std::string uri;
  std::string name;
  int64_t max_records = 1000;
  int64_t limit = 10;
  bool last = false;
};

struct StudioArguments {
  std::string host = "127.0.0.1";
  int port = 8080;
  std::string data_dir;
  std::string demo = "on";
  std::string web_dir;
  bool no_open = false;
  bool no_demo = false;
  bool require_token = false;
  bool reuse = false;
  std::vector<std::string> allowed_hosts;
};

int RunCommand(const RunArguments& arguments);
int ValidateCommand(const ValidateArguments& arguments);
int ExplainCommand(const ExplainArguments& arguments);
int FormatCommand(const FormatArguments& arguments);
int SchemaCommand(const SourceArguments& arguments);
int PeekCommand(const SourceArguments& arguments);
int FunctionsCommand(const CommonOptions& common);
int PropertiesCommand(const CommonOptions& common);
int OpenApiCommand();
int StudioCommand(const StudioArguments& arguments);

/// The folder for topics and threads: the flag, $VELO_DATA_DIR, ~/.velo, in this order.
std::string DataDirectory(const std::string& flag);

}  // namespace velo::cli
