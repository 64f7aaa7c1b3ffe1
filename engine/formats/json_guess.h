#pragma once

#include <string>
#include <string_view>

#include "engine/formats/json_cursor.h"
#include "engine/formats/json_field_order.h"
#include "engine/formats/json_types.h"

namespace velo::formats {

/// Adds records, one by one, to the guess of their columns. Not thread safe.
class JsonGuesser {
 public:
  /// `guess` must outlive the guesser.
  explicit JsonGuesser(JsonTypeGuess* guess) : guess_(guess) {}

  /// Returns why the record is bad; what stands before that is guessed from nevertheless. 64 bytes behind `text` must
  /// be readable.
  std::string Add(std::string_view text);

 private:
  const JsonFieldOrder::Field* PassPlainFields(const char** from, const char* end);
  bool AddField(JsonCursor& cursor, const JsonFieldOrder::Field* field, bool first);

  JsonTypeGuess* guess_;
  JsonFieldOrder order_;  ///< The columns of its fields are places among the fields of the guess.
  std::string buffer_;
};

}  // namespace velo::formats
