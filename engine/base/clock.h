#pragma once

#include <cstdint>
#include <string>

namespace velo {

/// Microseconds since 1970-01-01T00:00:00Z.
using Timestamp = int64_t;
constexpr int64_t kMicrosPerMilli = 1000;

/// The only way to learn the time of day or to measure a duration. Tests inject a ManualClock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp Now() const = 0;
};

/// Returns the clock of the machine. Lives for ever.
Clock& SystemClock();

/// A clock that moves only when told to. Not thread safe.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Timestamp now) : now_(now) {}
  Timestamp Now() const override { return now_; }
  void Set(Timestamp now) { now_ = now; }
  void Advance(int64_t micros) { now_ += micros; }

 private:
  Timestamp now_;
};

/// Prints "2026-02-16T10:30:00.000Z".
std::string FormatInstant(Timestamp at);

}  // namespace velo
