// velo_engine_bench [--rows N] [--seconds N] [memory|topics|latency|jobs|footprint|completion ...]: what the engine
// costs where no other engine can be asked the same. One line of JSON per figure; bench/run.py puts them beside the
// rest.

#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "bench/engine/measure.h"

int main(int argc, char** argv) {
  int64_t rows = 10'000'000;
  int seconds = 5;
  std::set<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--rows") == 0 && i + 1 < argc) {
      rows = std::atoll(argv[++i]);
    } else if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
      seconds = std::atoi(argv[++i]);
    } else {
      wanted.insert(argv[i]);
    }
  }
  const std::map<std::string, std::function<void()>> parts = {
      {"memory", [&] { velo::bench::MeasureInMemory(rows); }},
      {"topics", [&] { velo::bench::MeasureTopics(rows); }},
      {"latency", [&] { velo::bench::MeasureLatency(seconds); }},
      {"jobs", [&] { velo::bench::MeasureJobs(rows); }},
      {"footprint", [] { velo::bench::MeasureFootprint(); }},
      {"completion", [] { velo::bench::MeasureCompletion(); }},
  };
  for (const std::string& name : wanted) {
    if (!parts.contains(name)) {
      std::fprintf(stderr, "There is no part '%s'.\n", name.c_str());
      return 2;
    }
  }
  for (const auto& [name, measure] : parts) {
    if (wanted.empty() || wanted.contains(name)) measure();
  }
  return 0;
}
