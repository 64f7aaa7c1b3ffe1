#include <fmt/format.h>

#include <cmath>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/scalar/utf8_text.h"
#include "engine/functions/type_rules.h"
#include "engine/types/value_text.h"

namespace velo {
namespace {

using Arguments = std::span<const arrow::Datum>;

// Wider fields than this are a mistake of the query.
constexpr int kWidestField = 1000;

// One piece of a pattern: text, then, unless it is the last piece, the place of a value.
struct Piece {
  std::string text;
  char letter = 0;  // s, d, f, e, g, x; 0 for none.
  bool left = false;
  bool zeros = false;
  bool plus = false;
  int width = 0;
  int precision = -1;
};

Status BadPattern(std::string_view pattern) {
  return Status::User("E4002", fmt::format("'{}' is not a pattern for FORMAT", pattern),
                      "Places of values are %s, %d, %f, %.2f, %e, %g and %x; %% is a percent sign.");
}

bool ReadNumber(std::string_view text, size_t* at, int* out) {
  *out = 0;
  while (*at < text.size() && text[*at] >= '0' && text[*at] <= '9') {
    *out = *out * 10 + (text[(*at)++] - '0');
    if (*out > kWidestField) return false;
  }
  return true;
}

bool ReadPlace(std::string_view pattern, size_t* at, Piece* piece) {
  for (; *at < pattern.size(); ++*at) {
    if (pattern[*at] == '-') {
      piece->left = true;
    } else if (pattern[*at] == '0') {
      piece->zeros = true;
    } else if (pattern[*at] == '+') {
      piece->plus = true;
    } else {
      break;
    }
  }
  if (!ReadNumber(pattern, at, &piece->width)) return false;
  if (*at < pattern.size() && pattern[*at] == '.') {
    ++*at;
    if (!ReadNumber(pattern, at, &piece->precision)) return false;
  }
  if (*at >= pattern.size()) return false;
  piece->letter = pattern[(*at)++] == 'i' ? 'd' : pattern[*at - 1];
  return std::string_view("sdfegx").find(piece->letter) != std::string_view::npos;
}

Result<std::vector<Piece>> ParsePattern(std::string_view pattern) {
  std::vector<Piece> pieces(1);
  size_t at = 0;
  while (at < pattern.size()) {
    if (pattern[at] != '%') {
      pieces.back().text.push_back(pattern[at++]);
    } else if (pattern.substr(at).starts_with("%%")) {
      pieces.back().text.push_back('%');
      at += 2;
    } else {
      ++at;
      if (!ReadPlace(pattern, &at, &pieces.back())) return BadPattern(pattern);
      pieces.emplace_back();
    }
  }
  return pieces;
}

// A value in the forms the letters ask for.
class FormatValue {
 public:
  FormatValue(const arrow::Datum& datum, const SqlType& type) : column_(datum), type_(type) {}
  bool IsNull(int64_t row) const { return column_.IsNull(row); }

  void AppendAsText(int64_t row, std::string* out) const { AppendText(column_.array(), column_.Index(row), out); }

  // Whole numbers, rounded toward zero.
  bool AppendWhole(int64_t row, bool hex, std::string* out) const {
    const int64_t at = column_.Index(row);
    Int128 value = 0;
    if (type_.kind() == TypeKind::kFloat) {
      const double number = Raw<double>(at);
      if (!(std::fabs(number) < 1e38)) return false;
      value = static_cast<Int128>(number);
    } else if (type_.kind() == TypeKind::kDecimal) {
      value = Raw<Int128>(at) / PowerOfTen(type_.scale());
    } else {
      value = Raw<int64_t>(at);
    }
    if (!hex) {
      AppendDecimal(value, 0, out);
    } else {
      fmt::format_to(std::back_inserter(*out), "{:x}", static_cast<uint64_t>(value));
    }
    return true;
  }

  // Decimals keep their exact digits.
  bool AppendNumber(int64_t row, const Piece& piece, std::string* out) const {
    const int64_t at = column_.Index(row);
    const int precision = piece.precision < 0 ? 6 : piece.precision;
    if (piece.letter == 'f' && type_.kind() == TypeKind::kDecimal && precision <= kMaxDecimalScale) {
      const auto rounded = Rescale(Raw<Int128>(at), type_.scale(), precision);
      if (rounded) AppendDecimal(*rounded, precision, out);
      return rounded.has_value();
    }
    double value = 0;
    if (type_.kind() == TypeKind::kFloat) {
      value = Raw<double>(at);
    } else if (type_.kind() == TypeKind::kDecimal) {
      value = DecimalToDouble(Raw<Int128>(at), type_.scale());
    } else {
      value = static_cast<double>(Raw<int64_t>(at));
    }
    auto target = std::back_inserter(*out);
    if (piece.letter == 'f') fmt::format_to(target, "{:.{}f}", value, precision);
    if (piece.letter == 'e') fmt::format_to(target, "{:.{}e}", value, precision);
    if (piece.letter == 'g') fmt::format_to(target, "{:.{}g}", value, precision);
    return true;
  }

 private:
  template <typename T>
  T Raw(int64_t at) const {
    return column_.array().data()->GetValues<T>(1)[at];
  }

  ColumnReader column_;
  SqlType type_;
};

void AppendPadded(const Piece& piece, std::string value, std::string* out) {
  const bool number = piece.letter != 's';
  if (number && piece.plus && !value.starts_with('-')) value.insert(0, 1, '+');
  const int64_t missing = piece.width - CountCharacters(value);
  if (missing > 0 && piece.left) {
    value.append(static_cast<size_t>(missing), ' ');
  } else if (missing > 0 && number && piece.zeros) {
    value.insert(value.find_first_not_of("+-"), static_cast<size_t>(missing), '0');
  } else if (missing > 0) {
    value.insert(0, static_cast<size_t>(missing), ' ');
  }
  out->append(value);
}

bool AppendValue(const Piece& piece, const FormatValue& value, int64_t row, std::string* out) {
  std::string text;
  bool fits = true;
  if (piece.letter == 's') {
    value.AppendAsText(row, &text);
    if (piece.precision >= 0) text.resize(CharacterOffset(text, piece.precision));
  } else if (piece.letter == 'd' || piece.letter == 'x') {
    fits = value.AppendWhole(row, piece.letter == 'x', &text);
  } else {
    fits = value.AppendNumber(row, piece, &text);
  }
  if (fits) AppendPadded(piece, std::move(text), out);
  return fits;
}

// A pattern known beforehand decides how many values there are, and which of them must be numbers.
Result<CallTypes> FormatTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, -1));
  CallTypes types{{arguments.begin(), arguments.end()}, TypeKind::kString};
  types.arguments[0] = TypeKind::kString;
  if (constants.empty() || constants[0] == nullptr) {
    if (IsUnknown(arguments[0])) return types;
    return WrongArgumentType(name, 0, arguments[0], "a constant pattern such as '%s: %.2f'");
  }
  VELO_ASSIGN_OR_RETURN(const std::vector<Piece> pieces, ParsePattern(*constants[0]));
  if (pieces.size() != arguments.size()) return WrongArgumentCount(name, arguments.size());
  for (size_t i = 1; i < arguments.size(); ++i) {
    SqlType& type = types.arguments[i];
    if (pieces[i - 1].letter == 's') {
      if (IsUnknown(type)) type = TypeKind::kString;
    } else if (IsTextLike(type)) {
      type = TypeKind::kFloat;
    } else if (!type.is_numeric()) {
      return WrongArgumentType(name, i, type, "a number");
    }
  }
  return types;
}

Result<arrow::Datum> Format(const KernelContext& context, Arguments arguments) {
  const Values<std::string_view> pattern(arguments[0]);
  if (!pattern.constant()) return Status::Bug("the pattern of FORMAT is no constant");
  if (pattern.IsNull(0)) return arrow::Datum(arrow::MakeNullScalar(context.result.ToArrow()));
  VELO_ASSIGN_OR_RETURN(const std::vector<Piece> pieces, ParsePattern(pattern[0]));
  std::vector<FormatValue> values;
  for (size_t i = 1; i < arguments.size(); ++i) values.emplace_back(arguments[i], context.arguments[i]);
  bool fits = true;
  auto result = MapText(context, {}, [&](int64_t row, std::string* out) {
    for (const FormatValue& value : values) {
      if (value.IsNull(row)) return false;
    }
    for (size_t i = 0; i < pieces.size(); ++i) {
      out->append(pieces[i].text);
      if (i < values.size()) fits = AppendValue(pieces[i], values[i], row, out) && fits;
    }
    return true;
  });
  if (!fits) return Status::User("E4004", "a number is too large for FORMAT");
  return result;
}

}  // namespace

void RegisterFormatText(FunctionRegistry* registry) {
  registry->Add(ScalarFunction{.name = "FORMAT",
                               .types = FormatTypes,
                               .kernel = Format,
                               .doc = {"String", "FORMAT(pattern, value, ...) → STRING",
                                       "Values put into a pattern of %s, %d, %f, %.2f, %e, %g, %x and %%.",
                                       "NULL in, NULL out", "FORMAT('%s: %.2f', 'total', 7.125)", "total: 7.13"}});
}

}  // namespace velo
