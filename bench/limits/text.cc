// velo_limit_text csv FILE NUMBER...:  seconds to find all fields of a CSV file and read those with these numbers (from
// 0)
//                                      as numbers, by hand: memchr and from_chars.
// velo_limit_text json FILE NAME...:   seconds to read these fields, in this order, with simdjson's on-demand reader.
// Both in two threads, each with half of the file, and nothing done with the values but a sum.

#include <fcntl.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr size_t kThreads = 2;
constexpr size_t kWindow = 1 << 20;  // Of JSON given to simdjson at once.

struct Answer {
  int64_t rows = 0;
  double sum = 0;
};

Answer ReadCsv(std::string_view part, const std::vector<std::string>& wanted) {
  size_t last = 0;
  std::vector<bool> read(64);
  for (const std::string& number : wanted) {
    const size_t column = std::strtoul(number.c_str(), nullptr, 10);
    read[column] = true;
    last = std::max(last, column);
  }
  Answer answer;
  const char* at = part.data();
  const char* const end = at + part.size();
  while (at < end) {
    const auto* line_end = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
    if (line_end == nullptr) line_end = end;
    for (size_t column = 0; column <= last; ++column) {
      const auto* field_end = static_cast<const char*>(std::memchr(at, ',', static_cast<size_t>(line_end - at)));
      if (field_end == nullptr) field_end = line_end;
      if (read[column]) {
        double value = 0;
        std::from_chars(at, field_end, value);
        answer.sum += value;
      }
      at = field_end + 1;
    }
    ++answer.rows;
    at = line_end + 1;
  }
  return answer;
}

Answer ReadJson(std::string_view part, const std::vector<std::string>& wanted) {
  Answer answer;
  simdjson::ondemand::parser parser;
  std::string window;
  while (!part.empty()) {
    size_t length = std::min(kWindow, part.size());
    if (length < part.size()) length = part.rfind('\n', length) + 1;
    window.assign(part.substr(0, length));
    window.append(simdjson::SIMDJSON_PADDING, ' ');
    part.remove_prefix(length);
    simdjson::ondemand::document_stream stream;
    if (parser.iterate_many(window.data(), length, window.size()).get(stream)) std::exit(1);
    for (auto document : stream) {
      for (const std::string& name : wanted) {
        simdjson::ondemand::value value;
        if (document.find_field(name).get(value)) continue;
        double number = 0;
        std::string_view text;
        if (!value.get_double().get(number)) {
          answer.sum += number;
        } else if (!value.get_string().get(text)) {
          answer.sum += static_cast<double>(text.size());
        }
      }
      ++answer.rows;
    }
  }
  return answer;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const bool json = std::strcmp(argv[1], "json") == 0;
  const std::vector<std::string> wanted(argv + 3, argv + argc);
  const auto started = std::chrono::steady_clock::now();
  const int file = open(argv[2], O_RDONLY);
  struct stat about {};
  if (file < 0 || fstat(file, &about) != 0) return 1;
  const auto size = static_cast<size_t>(about.st_size);
  const auto* bytes = static_cast<const char*>(mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0));
  if (bytes == MAP_FAILED) return 1;
  std::string_view all(bytes, size);
  if (!json) all.remove_prefix(all.find('\n') + 1);
  const size_t middle = all.find('\n', all.size() / 2) + 1;
  const std::string_view parts[kThreads] = {all.substr(0, middle), all.substr(middle)};
  Answer answers[kThreads];
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] { answers[i] = json ? ReadJson(parts[i], wanted) : ReadCsv(parts[i], wanted); });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::printf("{\"rows\": %lld, \"seconds\": %.6f, \"sum\": %.3f}\n",
              static_cast<long long>(answers[0].rows + answers[1].rows), seconds, answers[0].sum + answers[1].sum);
  return 0;
}
