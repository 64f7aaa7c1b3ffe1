#include "engine/formats/json_types.h"

#include <algorithm>

#include "engine/formats/iso_time.h"

namespace velo::formats {
namespace {

constexpr int kMaxScale = 18;
constexpr int kDecimalPrecision = 38;

bool IsDigit(char letter) { return letter >= '0' && letter <= '9'; }

}  // namespace

int DecimalTextScale(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  const size_t point = text.find('.');
  if (point == std::string_view::npos || point == 0 || point + 1 == text.size()) return 0;
  const size_t scale = text.size() - point - 1;
  if (scale > kMaxScale || point + scale > kDecimalPrecision) return 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i != point && !IsDigit(text[i])) return 0;
  }
  return static_cast<int>(scale);
}

void JsonTypeGuess::AddText(std::string_view text) {
  ++texts_;
  int64_t micros;
  int32_t days;
  if (ReadIsoTimestamp(text, &micros)) {
    ++instants_;
  } else if (ReadIsoDate(text, &days)) {
    ++dates_;
  } else if (const int scale = DecimalTextScale(text); scale > 0) {
    ++decimals_;
    decimal_scale_ = std::max(decimal_scale_, scale);
  }
}

JsonTypeGuess& JsonTypeGuess::AddArray() {
  ++arrays_;
  if (items_ == nullptr) items_ = std::make_unique<JsonTypeGuess>(detect_decimals_);
  return *items_;
}

size_t JsonTypeGuess::PlaceOf(std::string_view name) {
  // Objects mostly have the same fields in the same order.
  if (next_field_ >= fields_.size() || fields_[next_field_].first != name) {
    const auto [place, is_new] = field_places_.try_emplace(std::string(name), fields_.size());
    if (is_new) fields_.emplace_back(name, std::make_unique<JsonTypeGuess>(detect_decimals_));
    next_field_ = place->second;
  }
  return next_field_++;
}

SqlType JsonTypeGuess::type() const {
  const int64_t all = values();
  if (all == 0) return TypeKind::kString;
  if (booleans_ == all) return TypeKind::kBoolean;
  if (integers_ == all) return TypeKind::kInteger;
  if (integers_ + floats_ == all) return TypeKind::kFloat;
  if (instants_ == all) return TypeKind::kTimestamp;
  if (dates_ == all) return TypeKind::kDate;
  if (decimals_ == all && detect_decimals_) return SqlType::Decimal(kDecimalPrecision, decimal_scale_);
  if (arrays_ == all) return SqlType::Array(items_->type());
  if (objects_ == all && !fields_.empty()) {
    std::vector<StructField> fields;
    for (const auto& [name, guess] : fields_) fields.push_back({name, guess->type()});
    return SqlType::Struct(std::move(fields));
  }
  return TypeKind::kString;
}

std::string JsonTypeGuess::widened_from() const {
  const int64_t all = values();
  auto nearly_all = [all](int64_t count) { return count < all && count * 10 >= all * 9; };
  const TypeKind kind = type().kind();
  if (kind == TypeKind::kFloat) return nearly_all(integers_) ? "Integer" : "";
  if (kind != TypeKind::kString || texts_ == all) return "";
  if (nearly_all(integers_)) return "Integer";
  if (nearly_all(integers_ + floats_)) return "Float";
  if (nearly_all(booleans_)) return "Boolean";
  return "";
}

}  // namespace velo::formats
