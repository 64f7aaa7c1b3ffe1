#include "engine/formats/json_guess.h"

#include "engine/formats/json_numbers.h"
#include "engine/formats/json_plain_values.h"
#include "engine/formats/utf8.h"

namespace velo::formats {
namespace {

/// Adds a value to the guess of its place. False when the cursor met an error.
bool GuessValue(JsonCursor& cursor, JsonTypeGuess* guess, std::string* buffer);

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

/// Adds a value of the plainest form. Returns its end; null, with nothing added, for any other.
const char* GuessPlainValue(const char* at, const char* limit, JsonTypeGuess* guess) {
  if (*at == '"') {
    JsonTextBytes ignored;
    const char* const end = PassPlainText(at, limit, &ignored);
    if (end == nullptr || end > limit) return nullptr;
    guess->AddText({at + 1, static_cast<size_t>(end - at) - 2});
    return end;
  }
  if (*at == '-' || static_cast<unsigned char>(*at - '0') < 10) {
    const JsonNumberShape shape = ShapeOfPlainNumber(at);
    if (shape.end == nullptr || shape.end > limit) return nullptr;
    if (shape.decimals > 0) {
      guess->AddFloat();
    } else {
      guess->AddInteger();
    }
    return shape.end;
  }
  return nullptr;
}

}  // namespace

std::string JsonGuesser::Add(std::string_view text) {
  if (!IsValidUtf8(text)) return "it holds bytes that are not UTF-8";
  JsonCursor opening(text);
  if (opening.Peek() != '{') return std::string(JsonErrorText(JsonError::kNoObject));
  guess_->AddObject();
  order_.Start();
  const char* const begin = opening.at() + 1;
  const char* const end = text.data() + text.size();
  for (const char* at = begin;;) {
    const JsonFieldOrder::Field* field = PassPlainFields(&at, end);
    JsonCursor cursor({at, static_cast<size_t>(end - at)}, /*depth=*/1);
    if (AddField(cursor, field, at == begin)) {
      at = cursor.at();
      continue;
    }
    if (cursor.error() == JsonError::kNone) cursor.AtEnd();
    return std::string(JsonErrorText(cursor.error()));
  }
}

/// Passes fields while they are as expected. Returns the one whose value is not plain; null when its key was not
/// expected.
const JsonFieldOrder::Field* JsonGuesser::PassPlainFields(const char** from, const char* end) {
  const char* at = *from;
  JsonFieldOrder::Place place = order_.place();
  const JsonFieldOrder::Field* field;
  while (true) {
    const char* value = at;
    field = place.Pass(&value);
    if (field == nullptr || value >= end) {
      field = nullptr;
      break;
    }
    JsonTypeGuess& guess = *guess_->fields()[static_cast<size_t>(field->use.column)].second;
    const char* const behind = GuessPlainValue(value, end, &guess);
    if (behind == nullptr) {
      at = value;
      break;
    }
    at = behind;
  }
  *from = at;
  order_.GoTo(place);
  return field;
}

/// Adds a field, whatever it is; `field` is known when its key was passed. False at the end of the record or on an
/// error.
bool JsonGuesser::AddField(JsonCursor& cursor, const JsonFieldOrder::Field* field, bool first) {
  if (field == nullptr) {
    const char* const begin = cursor.at();
    std::string_view key;
    if (!cursor.NextField(&first, &key)) return false;
    cursor.Peek();
    const std::string_view lead(begin, static_cast<size_t>(cursor.at() - begin));
    field = &order_.Learn(key, lead, [this](std::string_view raw_key) {
      std::string name(raw_key);
      if (raw_key.find('\\') != std::string_view::npos && !UnescapeJson(raw_key, &name)) name = raw_key;
      return JsonFieldOrder::Use{.column = static_cast<int>(guess_->PlaceOf(name))};
    });
  }
  JsonTypeGuess& guess = *guess_->fields()[static_cast<size_t>(field->use.column)].second;
  return GuessValue(cursor, &guess, &buffer_) && cursor.error() == JsonError::kNone;
}

}  // namespace velo::formats
