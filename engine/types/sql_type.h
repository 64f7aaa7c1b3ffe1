#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/status.h"

namespace arrow {
class DataType;
}

namespace velo {

enum class TypeKind : uint8_t {
  kAny,        ///< Not known before run time; every check is deferred.
  kNull,       ///< The type of a bare NULL.
  kBoolean,    ///< arrow bool
  kInteger,    ///< arrow int64
  kFloat,      ///< arrow float64
  kDecimal,    ///< arrow decimal128(38, scale)
  kString,     ///< arrow utf8
  kBytes,      ///< arrow binary
  kDate,       ///< arrow date32
  kTime,       ///< arrow time64[us]
  kTimestamp,  ///< arrow timestamp[us] without zone: UTC
  kInterval,   ///< arrow duration[ms]
  kJson,       ///< arrow utf8 holding JSON text
  kArray,      ///< arrow list<item>
  kMap,        ///< arrow map<utf8, value>
  kStruct,     ///< arrow struct
};

struct StructField;

/// A type of the dialect (section 3.1). Value semantics; nested parts are shared and immutable.
class SqlType {
 public:
  SqlType() = default;
  SqlType(TypeKind kind) : kind_(kind) {}  // NOLINT(google-explicit-constructor)

  static SqlType Decimal(int precision, int scale);
  static SqlType Array(SqlType item);
  static SqlType Map(SqlType key, SqlType value);
  static SqlType Struct(std::vector<StructField> fields);

  TypeKind kind() const { return kind_; }
  int precision() const { return precision_; }
  int scale() const { return scale_; }
  /// ARRAY: [item]; MAP: [key, value]; STRUCT: the fields.
  const std::vector<StructField>& children() const;

  bool is_numeric() const;
  bool is_temporal() const;  ///< DATE, TIME or TIMESTAMP.
  bool is_nested() const;
  bool operator==(const SqlType& other) const;

  /// SQL spelling: "DECIMAL(18,4)", "ARRAY<STRING>", "DOUBLE" is printed as "FLOAT".
  std::string ToString() const;
  /// What people read in schemas: "String", "Integer", "Float", "Decimal", "DateTime", "Array<String>" (API 1.4).
  std::string DisplayName() const;

  std::shared_ptr<arrow::DataType> ToArrow() const;
  /// Maps an Arrow type to the nearest type of the dialect (all integer widths to INTEGER, dictionaries to their value
  /// type, large_utf8 to STRING ...). Error E3004 for types without a counterpart.
  static Result<SqlType> FromArrow(const arrow::DataType& type);

 private:
  TypeKind kind_ = TypeKind::kAny;
  int8_t precision_ = 38;
  int8_t scale_ = 0;
  std::shared_ptr<const std::vector<StructField>> children_;
};

struct StructField {
  std::string name;
  SqlType type;
  bool operator==(const StructField&) const = default;
};

/// Returns the type both can be widened to without loss of meaning: INTEGER < DECIMAL < FLOAT, DATE < TIMESTAMP, NULL
/// and ANY give way. `mixed` (may be null) is set when nothing fits and STRING was chosen.
SqlType CommonType(const SqlType& a, const SqlType& b, bool* mixed = nullptr);

}  // namespace velo
