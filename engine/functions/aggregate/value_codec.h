#pragma once

#include <string>
#include <string_view>

#include "engine/functions/aggregate/group_state.h"
#include "engine/types/sql_type.h"

namespace velo {

/// Turns values of one type into byte strings and back. Equal values have equal bytes, so the bytes serve as keys of
/// sets as well as for keeping values of any type. NULL is the empty string.
class ValueCodec {
 public:
  explicit ValueCodec(SqlType type) : type_(std::move(type)) {}
  const SqlType& type() const { return type_; }

  /// Appends the bytes of one value. REQUIRES: the column has the arrow type of `type()`.
  void Encode(const arrow::Array& column, int64_t row, std::string* out) const;
  Status Decode(std::string_view bytes, arrow::ArrayBuilder* builder) const;

 private:
  SqlType type_;
};

}  // namespace velo
