#include "engine/formats/json_guess.h"

#include "engine/formats/json_numbers.h"

namespace velo::formats {
namespace {

/// Adds a value to the guess of its place. False when the cursor met an error.
bool GuessValue(JsonCursor& cursor, JsonTypeGuess* guess, std::string* buffer);

bool GuessArray(JsonCursor& cursor, JsonTypeGuess* guess, std::string* buffer) {
  if (!cursor.Enter()) return false;
  JsonTypeGuess& items = guess->AddArray();
  for (bool first = true; cursor.NextItem(&first);) {
    if (!GuessValue(cursor, &items, buffer)) return false;
  }
  return cursor.error() == JsonError::kNone;
}

bool GuessNumber(JsonCursor& cursor, JsonTypeGuess* guess) {
  JsonNumber number;
  if (!cursor.ReadNumber(&number)) return false;
  int64_t integer;
  if (ToInteger(number, &integer)) {
    guess->AddInteger();
  } else {
    guess->AddFloat();
  }
  return true;
}

bool GuessValue(JsonCursor& cursor, JsonTypeGuess* guess, std::string* buffer) {
  std::string_view text;
  switch (cursor.Peek()) {
    case '{':
      return GuessObject(cursor, guess, buffer);
    case '[':
      return GuessArray(cursor, guess, buffer);
    case '"':
      if (!cursor.ReadString(buffer, &text)) return false;
      guess->AddText(text);
      return true;
    case 't':
    case 'f':
      guess->AddBoolean();
      return cursor.SkipValue();
    case 'n':
      guess->AddNull();
      return cursor.SkipValue();
    default:
      return GuessNumber(cursor, guess);
  }
}

}  // namespace

bool GuessObject(JsonCursor& cursor, JsonTypeGuess* guess, std::string* buffer) {
  if (!cursor.Enter()) return false;
  guess->AddObject();
  std::string_view key;
  for (bool first = true; cursor.NextField(&first, &key);) {
    std::string unescaped;
    if (key.find('\\') != std::string_view::npos && UnescapeJson(key, &unescaped)) key = unescaped;
    if (!GuessValue(cursor, &guess->Field(key), buffer)) return false;
  }
  return cursor.error() == JsonError::kNone;
}

}  // namespace velo::formats
