#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace velo::formats {

/// Nesting beyond this makes a bad record.
inline constexpr int kMaxJsonDepth = 64;

enum class JsonError : uint8_t {
  kNone,
  kSyntax,
  kOpenString,
  kOpenBracket,
  kControlCharacter,
  kTooDeep,
  kNoObject,
  kMoreText
};

/// In the user's words; empty for kNone.
std::string_view JsonErrorText(JsonError error);

/// Walks over the text of one JSON value without building anything: what nobody asks for is skipped. Every function
/// returns false on an error, which stays; strings and numbers are checked as they are passed. 64 bytes behind the text
/// must be readable. Texts must be UTF-8, which is not checked here.
///
/// Why not simdjson: the pyarrow wheel's libparquet exports one of another version, and the two mix their global state
/// when both are in one process, whatever the order of linking.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  /// First byte of the next value: one of `{ [ " t f n`, or a digit or minus; '\0' at the end.
  char Peek() {
    SkipBlanks();
    return at_ < end_ ? *at_ : '\0';
  }
  /// Steps into an object or array. REQUIRES: Peek() == '{' or '['.
  bool Enter();
  /// Moves to the next field and sets its key as it is written between the quotes. False at the end of the object or on
  /// an error. `first` says whether it is the first one and is cleared.
  bool NextField(bool* first, std::string_view* raw_key);
  /// Moves to the next item of an array; as NextField.
  bool NextItem(bool* first);
  bool ReadString(std::string* buffer, std::string_view* value);
  /// Reads a number as it is written.
  bool ReadNumber(std::string_view* token);
  /// Reads true, false or null.
  bool ReadLiteral(std::string_view literal);
  /// Passes one value, checking its form, and sets its text.
  bool SkipValue(std::string_view* raw = nullptr);
  /// Nothing but blanks may follow.
  bool AtEnd();

  JsonError error() const { return error_; }

 private:
  void SkipBlanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool Fail(JsonError error) {
    if (error_ == JsonError::kNone) error_ = error;
    return false;
  }
  /// Passes a string, of which the opening quote was passed. `escaped` is set when it holds a backslash.
  bool PassString(std::string_view* raw, bool* escaped);
  bool SkipNested();

  const char* at_;
  const char* end_;
  int depth_ = 0;
  JsonError error_ = JsonError::kNone;
};

/// Replaces the escapes of a string as it is written. False for malformed ones.
bool UnescapeJson(std::string_view raw, std::string* value);

}  // namespace velo::formats
