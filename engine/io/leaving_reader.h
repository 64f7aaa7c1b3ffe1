#pragma once

#include "engine/io/source.h"

namespace velo {

/// A reader that can spare its caller rows that fail one of ReadOptions::predicates.
class LeavingReader : public PartitionReader {
 public:
  /// From now on such rows may be left out. An outcome may then be without rows. REQUIRES: nothing was read yet.
  virtual void LeaveOutRows() = 0;
  /// How many were left out by the last Read.
  virtual int64_t left_out() const = 0;
};

}  // namespace velo
