#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types/sql_type.h"

namespace velo::formats {

/// The value readers of text cells. Each returns false when the whole cell is not such a value; blanks around it do no
/// harm.
bool ReadInteger(std::string_view text, int64_t* value);
bool ReadFloat(std::string_view text, double* value);
/// true, false, yes, no in any case.
bool ReadBoolean(std::string_view text, bool* value);

/// Whether the text is digits that begin with a superfluous zero ("007"): an identifier, not a number.
bool HasLeadingZero(std::string_view text);

/// Collects which types the values of one column fit.
class CellTypeGuess {
 public:
  void Add(std::string_view value);
  void AddNull() { ++nulls_; }
  /// A value that is text by what stands around it.
  void AddText() { ++values_; }

  /// The narrowest type that all values fit; STRING when there is none or no value at all.
  SqlType type() const;
  /// The display name of a narrower type that at least nine of ten values fit, or empty.
  std::string_view widened_from() const;
  int64_t values() const { return values_; }
  int64_t misfits() const;
  const std::vector<std::string>& misfit_examples() const { return misfit_examples_; }

 private:
  int64_t values_ = 0, nulls_ = 0;
  int64_t integers_ = 0, numbers_ = 0, booleans_ = 0, dates_ = 0, instants_ = 0;
  std::vector<std::string> misfit_examples_;  ///< Values that are no numbers.
};

}  // namespace velo::formats
