#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace velo::formats {

/// Reads the hybrid of runs and bit-packed values that Parquet keeps levels and dictionary codes in. It does not own
/// the bytes. Copying it copies the place in them.
class RunReader {
 public:
  static constexpr int kMaxWidth = 32;

  RunReader() = default;
  /// REQUIRES: 0 <= width <= kMaxWidth.
  RunReader(std::span<const uint8_t> bytes, int width);

  /// The next values. False when there are not as many.
  bool Read(uint32_t* out, int64_t count);
  bool Skip(int64_t count);
  /// The values at ascending `places`, counted from the next one; afterwards the last of them has been passed.
  bool Gather(std::span<const uint32_t> places, uint32_t* out);
  /// Whether the next `count` values lie in one run of equal values, which is then told.
  bool NextAreEqual(int64_t count, uint32_t* value);

 private:
  bool NextRun();

  const uint8_t* at_ = nullptr;
  const uint8_t* end_ = nullptr;
  int width_ = 0;
  bool packed_ = false;
  uint32_t value_ = 0;             ///< Of a run of equal values.
  const uint8_t* bits_ = nullptr;  ///< Of packed values.
  int64_t place_ = 0;              ///< Within the packed values.
  int64_t left_ = 0;               ///< Values of the run that are still to come.
};

}  // namespace velo::formats
