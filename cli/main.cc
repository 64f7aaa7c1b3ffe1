#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/options.h"

namespace {

using velo::cli::CommonOptions;

void AddCommon(CLI::App* command, CommonOptions* options, const std::string& formats) {
  command->add_option("-f,--format", options->format, "Output format: " + formats);
  command->add_option("--data-dir", options->data_dir,
                      "Folder for topics and threads (default $VELO_DATA_DIR or ~/.velo)");
}

int Run(int argc, char** argv) {
  CLI::App app{"Velostream SQL Studio: streaming SQL on one machine"};
  app.set_version_flag("-V,--version", std::string("velo ") + VELO_VERSION);
  app.name("velo");
  app.require_subcommand(0, 1);
  app.footer(
      "To begin with:\n"
      "  velo studio                                    the Studio in the browser, with live demo streams\n"
      "  velo peek trades.csv                           rows of a file\n"
      "  velo run -e \"SELECT * FROM 'trades.csv'\"       a query over it\n");
  int code = 0;

  velo::cli::StudioArguments studio;
  CLI::App* command = app.add_subcommand("studio", "Serve the Studio, print and open its address");
  command->add_option("--host", studio.host, "Address to listen on")->capture_default_str();
  command->add_option("--port", studio.port, "Port (0: any free one)")->capture_default_str();
  command->add_option("--data-dir", studio.data_dir,
                      "Folder for topics and threads (default $VELO_DATA_DIR or ~/.velo)");
  command->add_option("--demo", studio.demo, "Demo streams: on, off, or frozen (same rows every time)")
      ->check(CLI::IsMember({"on", "off", "frozen"}))
      ->capture_default_str();
  command->add_flag("--no-demo", studio.no_demo, "Same as --demo off");
  command->add_flag("--no-open", studio.no_open, "Do not open a browser");
  command->add_flag("--require-token", studio.require_token, "Ask every caller for the token");
  command->add_flag("--reuse", studio.reuse, "If a Studio already has the port, print its address and exit");
  command->add_option("--allowed-host", studio.allowed_hosts, "Further Host names to answer to")
      ->allow_extra_args(false);
  command->add_option("--web-dir", studio.web_dir, "Folder of the web app (default: beside the program)");
  command->callback([&] { code = velo::cli::StudioCommand(studio); });

  velo::cli::RunArguments run;
  command = app.add_subcommand("run", "Run a query or an application");
  AddCommon(command, &run.common, "table, json, jsonl, csv, markdown, arrow");
  command->add_option("FILE", run.files, "SQL files; - or nothing reads standard input");
  command->add_option("-e", run.expression, "SQL text");
  command->add_flag("--explain-wait", run.explain_wait,
                    "Say on stderr why there are no rows yet, and at the end what every step did with its rows");
  command->add_flag("--final", run.final_rows, "Print the final table only: one row per key");
  command->add_flag("--changelog", run.changelog, "Show what each row does: + insert, U update, - delete");
  command->add_option("--source", run.sources, "NAME=PLACE: what a name in the SQL reads (a file or an address)")
      ->allow_extra_args(false);
  command->add_option("--from", run.from, "Where to start: earliest, latest, or a time back such as -1h");
  command->add_option("--limit", run.limit, "Stop after so many rows");
  command->add_option("--lanes", run.lanes, "How many parts of the input may be worked on at once (0: one per core)")
      ->check(CLI::Range(0, 256));
  command->add_option("--for", run.duration, "Stop after so long, for example 30s");
  command
      ->add_option("--memory-limit", run.memory_limit,
                   "What the state of a query may take, for example 512MB; groups of GROUP BY go to a temporary file "
                   "beyond it, other state ends the query")
      ->transform(CLI::AsSizeValue(false));
  command->add_option(
      "--checkpoint-dir", run.checkpoint_dir,
      "Folder for checkpoints: started again after a crash, what writes to topics goes on exactly where "
      "it stood (one SQL file)");
  command
      ->add_option("--checkpoint-interval", run.checkpoint_interval,
                   "How much may have to be done again after a crash; large state makes it longer")
      ->capture_default_str();
  command->callback([&] { code = velo::cli::RunCommand(run); });

  velo::cli::ValidateArguments validate;
  command = app.add_subcommand("validate", "Check SQL files and folders");
  AddCommon(command, &validate.common, "text, json, github");
  command->add_option("FILE", validate.files, "SQL files or folders; - or nothing reads standard input");
  command->add_option("--source", validate.sources, "NAME=PLACE: take the schema of a name from there")
      ->allow_extra_args(false);
  command->add_flag("--strict", validate.strict, "Warnings count as errors");
  command->callback([&] { code = velo::cli::ValidateCommand(validate); });

  velo::cli::ExplainArguments explain;
  command = app.add_subcommand("explain", "Say in plain words what a query does, and show its plan");
  AddCommon(command, &explain.common, "text");
  command->add_option("FILE", explain.files, "SQL files; - or nothing reads standard input");
  command->add_option("-e", explain.expression, "SQL text");
  command->add_option("--source", explain.sources, "NAME=PLACE: take the schema of a name from there")
      ->allow_extra_args(false);
  command->callback([&] { code = velo::cli::ExplainCommand(explain); });

  velo::cli::FormatArguments format;
  command = app.add_subcommand("format", "Pretty-print SQL");
  command->add_option("FILE", format.files, "SQL files; - or nothing reads standard input");
  command->add_flag("--write", format.write, "Rewrite the files");
  command->add_flag("--check", format.check, "Exit 1 when something would change");
  command->add_option("--width", format.width, "Longest line")->capture_default_str();
  command->callback([&] { code = velo::cli::FormatCommand(format); });

  velo::cli::SourceArguments schema;
  command = app.add_subcommand("schema", "Read and print the schema of a source");
  AddCommon(command, &schema.common, "table, json");
  command->add_option("URI", schema.uri, "file:///data/*.csv, a path, or a topic")->required();
  command->add_option("NAME", schema.name, "Item of the source");
  command->add_option("--max-records", schema.max_records, "How many records to look at")->capture_default_str();
  command->callback([&] { code = velo::cli::SchemaCommand(schema); });

  velo::cli::SourceArguments peek;
  command = app.add_subcommand("peek", "Print rows of a source");
  AddCommon(command, &peek.common, "table, json, jsonl, csv, markdown");
  command->add_option("URI", peek.uri, "file:///data/*.csv, a path, or a topic")->required();
  command->add_option("NAME", peek.name, "Item of the source");
  command->add_option("--limit", peek.limit, "How many rows")->capture_default_str();
  command->add_flag("--last", peek.last, "The newest rows instead of the first");
  command->callback([&] { code = velo::cli::PeekCommand(peek); });

  CommonOptions functions;
  command = app.add_subcommand("functions", "List the functions of the language");
  command->add_option("-f,--format", functions.format, "Output format: text, json");
  command->callback([&] { code = velo::cli::FunctionsCommand(functions); });

  CommonOptions properties;
  command = app.add_subcommand("properties", "List the keys that WITH (...) understands");
  command->add_option("-f,--format", properties.format, "Output format: text, json");
  command->callback([&] { code = velo::cli::PropertiesCommand(properties); });

  command = app.add_subcommand("openapi", "Print the OpenAPI document of the Studio's interface");
  command->callback([&] { code = velo::cli::OpenApiCommand(); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int parse_code = app.exit(error);
    return parse_code == 0 ? velo::cli::kDone : velo::cli::kUsage;
  }
  if (app.get_subcommands().empty()) {
    std::fputs(app.help().c_str(), stdout);
    return velo::cli::kUsage;
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  const int code = Run(argc, argv);
  // Everything of ours is closed by now. Taking the libraries' tables apart as well would only cost time.
  std::cout.flush();
  std::fflush(nullptr);
  std::_Exit(code);
}
