#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/json_cursor.h"
#include "engine/formats/plain_column.h"
#include "engine/types/sql_type.h"

namespace arrow {
class ArrayBuilder;
}

namespace velo::formats {

/// How a value went into its column. Whatever the answer, exactly one value was appended. After kBroken the cursor
/// knows why.
enum class Fit : uint8_t { kFits, kMisfit, kBroken };

/// A column, or a nested part of one, with what takes its values.
class JsonColumn {
 public:
  JsonColumn(const SqlType& type, PlainColumn* plain) : type_(type), plain_(plain) {}
  JsonColumn(const SqlType& type, arrow::ArrayBuilder* builder);

  const SqlType& type() const { return type_; }
  int64_t length() const;
  void AppendNull();
  /// Appends the value at which the cursor stands. `buffer` is scratch space.
  Fit Append(JsonCursor& cursor, std::string* buffer);

 private:
  Fit Broken();
  Fit Misfit(JsonCursor& cursor);
  Fit AppendNumber(JsonCursor& cursor);
  Fit AppendBoolean(JsonCursor& cursor);
  Fit AppendAsWritten(JsonCursor& cursor);
  Fit AppendString(JsonCursor& cursor, std::string* buffer);
  Fit AppendArray(JsonCursor& cursor, std::string* buffer);
  Fit AppendObject(JsonCursor& cursor, std::string* buffer);
  Fit AppendFields(JsonCursor& cursor, std::string* buffer);
  Fit PutText(std::string_view text);

  SqlType type_;
  PlainColumn* plain_ = nullptr;  ///< Null when a builder takes the values.
  arrow::ArrayBuilder* builder_ = nullptr;
  std::vector<JsonColumn> parts_;
};

}  // namespace velo::formats
