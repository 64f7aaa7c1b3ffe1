#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/types/schema.h"
#include "engine/types/sql_type.h"

namespace velo::formats {

/// Collects what kinds of values stand in one place of many records: a field, or the items of an array.
class JsonTypeGuess {
 public:
  explicit JsonTypeGuess(bool detect_decimals) : detect_decimals_(detect_decimals) {}

  void AddNull() { ++nulls_; }
  void AddBoolean() { ++booleans_; }
  void AddInteger() { ++integers_; }
  void AddFloat() { ++floats_; }
  void AddText(std::string_view text);
  /// The guess for the items of an array that was seen here.
  JsonTypeGuess& AddArray();
  void AddObject() {
    ++objects_;
    next_field_ = 0;
  }
  /// The guess for a field of the objects seen here.
  JsonTypeGuess& Field(std::string_view name) { return *fields_[PlaceOf(name)].second; }
  /// The place of such a field among all fields, which it keeps.
  size_t PlaceOf(std::string_view name);

  SqlType type() const;
  /// Display name of a narrower type that nine of ten values have; empty mostly.
  std::string widened_from() const;
  int64_t nulls() const { return nulls_; }
  int64_t seen() const { return nulls_ + values(); }
  int64_t objects() const { return objects_; }
  const std::vector<std::pair<std::string, std::unique_ptr<JsonTypeGuess>>>& fields() const { return fields_; }

 private:
  int64_t values() const { return booleans_ + integers_ + floats_ + texts_ + arrays_ + objects_; }

  const bool detect_decimals_;
  int64_t nulls_ = 0, booleans_ = 0, integers_ = 0, floats_ = 0, texts_ = 0, arrays_ = 0, objects_ = 0;
  int64_t instants_ = 0, dates_ = 0, decimals_ = 0;  ///< Texts of these forms.
  int decimal_scale_ = 0;
  std::vector<std::pair<std::string, std::unique_ptr<JsonTypeGuess>>> fields_;
  std::unordered_map<std::string, size_t> field_places_;
  size_t next_field_ = 0;  ///< Place of the field that is likely the next one.
  std::unique_ptr<JsonTypeGuess> items_;
};

/// Reads a text of JSON as a DECIMAL: `-?\d+\.\d{1,18}`. Returns the number of fraction digits, or 0 when it is none.
int DecimalTextScale(std::string_view text);

}  // namespace velo::formats
