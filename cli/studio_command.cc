#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/exit_code.h"
#include "cli/options.h"
#include "services/operation.h"
#include "services/system/openapi.h"
#include "studio/doors/studio.h"

extern char** environ;

namespace velo::cli {
namespace {

/// Opens the address in the desktop's browser, where there is a desktop. Failing to is no error: the address is
/// printed.
void OpenBrowser(const std::string& url) {
  const bool desktop = std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
  if (!desktop) return;
  std::string program = "xdg-open", address = url;
  char* arguments[] = {program.data(), address.data(), nullptr};
  pid_t child = 0;
  posix_spawnp(&child, program.c_str(), nullptr, nullptr, arguments, environ);
}

/// The address of the Studio that has this data folder, or empty.
std::string RunningAddress(const std::string& data_dir, int port) {
  std::ifstream file(data_dir + "/studio.token");
  std::string token;
  file >> token;
  return token.empty() ? "" : fmt::format("http://127.0.0.1:{}/?token={}", port, token);
}

}  // namespace

int StudioCommand(const StudioArguments& arguments) {
  // Blocked before any thread starts, so that all of them inherit it and only this one takes the signals.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  doors::StudioOptions options;
  options.host = arguments.host;
  options.port = arguments.port;
  options.data_dir = DataDirectory(arguments.data_dir);
  options.web_dir = arguments.web_dir;
  options.require_token = arguments.require_token;
  options.allowed_hosts = arguments.allowed_hosts;
  options.version = VELO_VERSION;
  options.commit = VELO_COMMIT;
  options.demo = arguments.no_demo || arguments.demo == "off" ? doors::DemoChoice::kOff
                 : arguments.demo == "frozen"                 ? doors::DemoChoice::kFrozen
                                                              : doors::DemoChoice::kOn;
  auto studio = doors::Studio::Start(options);
  if (!studio.ok()) {
    const std::string& code = studio.status().error().code;
    const std::string address = RunningAddress(options.data_dir, arguments.port);
    if (arguments.reuse && !address.empty() && (code == "PORT_IN_USE" || code == "DATA_FOLDER_BUSY")) {
      std::printf("Studio already running: %s\n", address.c_str());
      return kDone;
    }
    return Fail(studio.status());
  }
  std::printf("Studio ready: %s\n", (*studio)->url().c_str());
  if ((*studio)->web_dir().empty()) {
    std::printf("The web app was not found: run 'make build', or point --web-dir at its folder.\n");
  }
  std::fflush(stdout);
  if (!arguments.no_open) OpenBrowser((*studio)->url());

  int signal_number = 0;
  sigwait(&ending, &signal_number);
  std::printf("\nStopping.\n");
  std::fflush(stdout);
  pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);  // A second Ctrl-C ends at once.
  (*studio)->Stop();
  return kDone;
}

int OpenApiCommand() {
  services::OperationRegistry registry;
  services::RegisterAllOperations(&registry);
  std::printf("%s\n", services::OpenApiDocument(registry).dump(1).c_str());
  return kDone;
}

}  // namespace velo::cli
