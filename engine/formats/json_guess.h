#pragma once

#include "engine/formats/json_cursor.h"
#include "engine/formats/json_types.h"

namespace velo::formats {

/// Adds the fields of a record to the guess of its columns. False when the cursor met an error. REQUIRES: the cursor
/// stands at an opening bracket.
bool GuessObject(JsonCursor& cursor, JsonTypeGuess* guess, std::string* buffer);

}  // namespace velo::formats
