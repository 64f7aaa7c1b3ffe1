#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace velo::formats {

/// How many bytes may be written after the end of the output of DecompressSnappy: short pieces are copied at full
/// width.
inline constexpr size_t kSnappySlack = 64;

/// The size that a Snappy block says its content has; nothing when it cannot be true.
std::optional<size_t> SnappySize(std::span<const uint8_t> block);

/// Writes the content of a Snappy block, which is exactly `size` bytes, to `out`, which has room for kSnappySlack more.
/// False when the block is damaged; it is never read beyond its end, nor `out` written beyond its room.
bool DecompressSnappy(std::span<const uint8_t> block, uint8_t* out, size_t size);
/// The same without the instructions that only newer machines have; DecompressSnappy uses them where they are.
bool DecompressSnappyAnywhere(std::span<const uint8_t> block, uint8_t* out, size_t size);

}  // namespace velo::formats
