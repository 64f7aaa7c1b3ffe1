#pragma once

#include <cstdint>

namespace velo::exec {

/// A step that lets the source do some of its work: of the rows that fail the predicates noted in the scan below, it
/// needs no more than their number.
class SourceFilter {
 public:
  virtual ~SourceFilter() = default;
  /// Whether it makes no difference: no condition can fail with an error, and rows count as filtered here.
  virtual bool AllowsLeavingOut() const = 0;
  virtual void LeftOut(int64_t rows) = 0;
};

}  // namespace velo::exec
