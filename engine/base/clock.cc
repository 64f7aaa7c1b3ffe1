#include "engine/base/clock.h"

#include <fmt/format.h>

#include <chrono>

namespace velo {
namespace {

class MachineClock : public Clock {
 public:
  Timestamp Now() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace

Clock& SystemClock() {
  static MachineClock clock;
  return clock;
}

std::string FormatInstant(Timestamp at) {
  using std::chrono::days;
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(at)};
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date(day);
  const int64_t millis = std::chrono::duration_cast<std::chrono::milliseconds>(time - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), millis / 3600000,
                     millis / 60000 % 60, millis / 1000 % 60, millis % 1000);
}

}  // namespace velo
