#pragma once

#include <string>
#include <vector>

#include "assistant/language/linker.h"

namespace velo::language {

/// The columns by which rows of two sources belong together.
struct SharedKey {
  std::string left, right;            ///< Empty when nothing decides.
  std::vector<std::string> possible;  ///< Columns of both, when none of them stands out.
};

/// Columns of the same name in both; else "symbol_id" beside "id" of symbols.
SharedKey FindSharedKey(const SourceModel& left, const SourceModel& right);
/// A column of the left with the one of the same name in the right; empty when there is none.
SharedKey SharedColumn(const FieldModel& left, const SourceModel& right);
const FieldModel* FieldNamed(const SourceModel& source, std::string_view joined);

}  // namespace velo::language
