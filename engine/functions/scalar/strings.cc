#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/scalar/utf8_text.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

using TextColumn = Values<std::string_view>;
using IntegerColumn = Values<int64_t>;
using Arguments = std::span<const arrow::Datum>;

constexpr std::string_view kSpaces = " \t\r\n\f\v";
// Longer results than this are a mistake of the query, not a text.
constexpr int64_t kLongestText = 64 << 20;

Status TooLong(std::string_view name) {
  return Status::User("E4004", std::string(name) + " makes a text of more than 64 MiB", "Ask for a smaller length.");
}

Result<arrow::Datum> Upper(const KernelContext&, Arguments arguments) {
  return CallArrow("utf8_upper", {arguments[0]});
}
Result<arrow::Datum> Lower(const KernelContext&, Arguments arguments) {
  return CallArrow("utf8_lower", {arguments[0]});
}
Result<arrow::Datum> InitCap(const KernelContext&, Arguments arguments) {
  return CallArrow("utf8_title", {arguments[0]});
}
Result<arrow::Datum> Reverse(const KernelContext&, Arguments arguments) {
  return CallArrow("utf8_reverse", {arguments[0]});
}

Result<arrow::Datum> Length(const KernelContext& context, Arguments arguments) {
  if (context.arguments[0].is_nested()) {
    const ColumnReader column(arguments[0]);
    const auto& list = static_cast<const arrow::ListArray&>(column.array());
    return MapFixed<int64_t>(context, {&column},
                             [&](int64_t row) -> int64_t { return list.value_length(column.Index(row)); });
  }
  const TextColumn text(arguments[0]);
  return MapFixed<int64_t>(context, {&text}, [&](int64_t row) { return CountCharacters(text[row]); });
}

Result<CallTypes> LengthTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  const bool list = arguments[0].kind() == TypeKind::kArray || arguments[0].kind() == TypeKind::kMap;
  return CallTypes{{list ? arguments[0] : SqlType(TypeKind::kString)}, TypeKind::kInteger};
}

Result<arrow::Datum> OctetLength(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[0]);
  return MapFixed<int64_t>(context, {&text}, [&](int64_t row) { return static_cast<int64_t>(text[row].size()); });
}

Result<arrow::Datum> Left(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[0]);
  const IntegerColumn count(arguments[1]);
  return MapText(context, {&text, &count}, [&](int64_t row, std::string* out) {
    out->append(text[row].substr(0, CharacterOffset(text[row], count[row])));
    return true;
  });
}

Result<arrow::Datum> Right(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[0]);
  const IntegerColumn count(arguments[1]);
  return MapText(context, {&text, &count}, [&](int64_t row, std::string* out) {
    const int64_t skipped = CountCharacters(text[row]) - std::max<int64_t>(count[row], 0);
    out->append(text[row].substr(CharacterOffset(text[row], skipped)));
    return true;
  });
}

enum class Side : uint8_t { kLeft, kRight, kBoth };

// Number of bytes at the start (or end) that consist of characters of `set` only.
size_t TrimmedAtStart(std::string_view text, std::string_view set) {
  size_t at = 0;
  while (at < text.size()) {
    const std::string_view character = text.substr(at, CharacterBytes(static_cast<unsigned char>(text[at])));
    if (set.find(character) == std::string_view::npos) break;
    at += character.size();
  }
  return at;
}
size_t TrimmedAtEnd(std::string_view text, std::string_view set) {
  size_t end = text.size();
  while (end > 0) {
    size_t start = end - 1;
    while (start > 0 && (text[start] & 0xc0) == 0x80) --start;
    if (set.find(text.substr(start, end - start)) == std::string_view::npos) break;
    end = start;
  }
  return text.size() - end;
}

template <Side kSide>
Result<arrow::Datum> Trim(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[0]);
  const TextColumn set(arguments.size() > 1 ? arguments[1] : arrow::Datum(std::string(kSpaces)));
  return MapText(context, {&text, &set}, [&](int64_t row, std::string* out) {
    std::string_view rest = text[row];
    if (kSide != Side::kRight) rest.remove_prefix(TrimmedAtStart(rest, set[row]));
    if (kSide != Side::kLeft) rest.remove_suffix(TrimmedAtEnd(rest, set[row]));
    out->append(rest);
    return true;
  });
}

template <Side kSide>
Result<arrow::Datum> Pad(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[0]);
  const IntegerColumn length(arguments[1]);
  const TextColumn pad(arguments.size() > 2 ? arguments[2] : arrow::Datum(" "));
  bool too_long = false;
  auto result = MapText(context, {&text, &length, &pad}, [&](int64_t row, std::string* out) {
    const int64_t wanted = std::max<int64_t>(length[row], 0);
    const int64_t missing = wanted - CountCharacters(text[row]);
    too_long = too_long || wanted > kLongestText;
    if (too_long) return false;
    if (missing <= 0) {
      out->append(text[row].substr(0, CharacterOffset(text[row], wanted)));
      return true;
    }
    std::string filling;
    const int64_t pad_length = CountCharacters(pad[row]);
    if (pad_length > 0) {
      for (int64_t i = 0; i < missing / pad_length; ++i) filling.append(pad[row]);
      filling.append(pad[row].substr(0, CharacterOffset(pad[row], missing % pad_length)));
    }
    if (kSide == Side::kLeft) out->append(filling);
    out->append(text[row]);
    if (kSide == Side::kRight) out->append(filling);
    return true;
  });
  if (too_long) return TooLong(kSide == Side::kLeft ? "LPAD" : "RPAD");
  return result;
}

Result<arrow::Datum> Repeat(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[0]);
  const IntegerColumn count(arguments[1]);
  bool too_long = false;
  auto result = MapText(context, {&text, &count}, [&](int64_t row, std::string* out) {
    const auto size = static_cast<int64_t>(text[row].size());
    too_long = too_long || (size > 0 && count[row] > kLongestText / size);
    for (int64_t i = 0; !too_long && size > 0 && i < count[row]; ++i) out->append(text[row]);
    return true;
  });
  if (too_long) return TooLong("REPEAT");
  return result;
}

Result<arrow::Datum> Space(const KernelContext& context, Arguments arguments) {
  const IntegerColumn count(arguments[0]);
  bool too_long = false;
  auto result = MapText(context, {&count}, [&](int64_t row, std::string* out) {
    too_long = too_long || count[row] > kLongestText;
    if (!too_long) out->append(static_cast<size_t>(std::max<int64_t>(count[row], 0)), ' ');
    return true;
  });
  if (too_long) return TooLong("SPACE");
  return result;
}

Result<arrow::Datum> Replace(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[0]);
  const TextColumn from(arguments[1]);
  const TextColumn to(arguments[2]);
  return MapText(context, {&text, &from, &to}, [&](int64_t row, std::string* out) {
    std::string_view rest = text[row];
    while (!from[row].empty()) {
      const size_t at = rest.find(from[row]);
      if (at == std::string_view::npos) break;
      out->append(rest.substr(0, at)).append(to[row]);
      rest.remove_prefix(at + from[row].size());
    }
    out->append(rest);
    return true;
  });
}

Result<arrow::Datum> Translate(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[0]);
  const TextColumn from(arguments[1]);
  const TextColumn to(arguments[2]);
  return MapText(context, {&text, &from, &to}, [&](int64_t row, std::string* out) {
    std::string_view rest = text[row];
    while (!rest.empty()) {
      const std::string_view character = rest.substr(0, CharacterBytes(static_cast<unsigned char>(rest[0])));
      rest.remove_prefix(character.size());
      const size_t found = from[row].find(character);
      if (found == std::string_view::npos) {
        out->append(character);
        continue;
      }
      const int64_t index = CountCharacters(from[row].substr(0, found));
      const size_t start = CharacterOffset(to[row], index);
      out->append(to[row].substr(start, CharacterOffset(to[row].substr(start), 1)));
    }
    return true;
  });
}

Result<arrow::Datum> Ascii(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[0]);
  return MapFixed<int64_t>(context, {&text},
                           [&](int64_t row) -> int64_t { return text[row].empty() ? 0 : FirstCodePoint(text[row]); });
}

Result<arrow::Datum> Chr(const KernelContext& context, Arguments arguments) {
  const IntegerColumn code(arguments[0]);
  return MapText(context, {&code}, [&](int64_t row, std::string* out) {
    const bool surrogate = code[row] >= 0xd800 && code[row] <= 0xdfff;
    if (code[row] < 0 || code[row] > 0x10ffff || surrogate) return false;
    AppendCodePoint(static_cast<uint32_t>(code[row]), out);
    return true;
  });
}

// All arguments as text; a separator in front of every one but the first when asked for.
Result<arrow::Datum> JoinTexts(const KernelContext& context, Arguments arguments, bool separated) {
  std::vector<std::unique_ptr<ColumnReader>> columns;
  for (const arrow::Datum& argument : arguments) columns.push_back(std::make_unique<ColumnReader>(argument));
  const auto view = [](const arrow::Array& array, int64_t i) {
    return static_cast<const arrow::StringArray&>(array).GetView(i);
  };
  return MapText(context, {}, [&](int64_t row, std::string* out) {
    if (separated && columns[0]->IsNull(row)) return false;
    const std::string_view separator = separated ? view(columns[0]->array(), columns[0]->Index(row)) : "";
    bool first = true;
    const auto add = [&](std::string_view text) {
      if (!first) out->append(separator);
      out->append(text);
      first = false;
    };
    for (size_t i = separated ? 1 : 0; i < columns.size(); ++i) {
      if (columns[i]->IsNull(row)) continue;
      const int64_t at = columns[i]->Index(row);
      if (columns[i]->array().type_id() != arrow::Type::LIST) {
        add(view(columns[i]->array(), at));
        continue;
      }
      const auto& list = static_cast<const arrow::ListArray&>(columns[i]->array());
      for (int64_t k = list.value_offset(at); k < list.value_offset(at + 1); ++k) {
        if (list.values()->IsValid(k)) add(view(*list.values(), k));
      }
    }
    return true;
  });
}

Result<arrow::Datum> Concat(const KernelContext& context, Arguments arguments) {
  return JoinTexts(context, arguments, false);
}
Result<arrow::Datum> ConcatWithSeparator(const KernelContext& context, Arguments arguments) {
  return JoinTexts(context, arguments, true);
}

Result<CallTypes> ConcatTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, -1));
  return CallTypes{std::vector<SqlType>(arguments.size(), TypeKind::kString), TypeKind::kString};
}

Result<CallTypes> JoinTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, -1));
  CallTypes types{std::vector<SqlType>(arguments.size(), TypeKind::kString), TypeKind::kString};
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i].kind() == TypeKind::kArray) types.arguments[i] = SqlType::Array(TypeKind::kString);
  }
  return types;
}

constexpr TypeKind kText = TypeKind::kString;
constexpr TypeKind kWhole = TypeKind::kInteger;
constexpr const char* kNulls = "NULL in, NULL out";

void RegisterCutting(FunctionRegistry* registry) {
  registry->Add(ScalarFunction{
      .name = "LEFT",
      .types = FixedTypes<kText, 2, kText, kWhole>,
      .kernel = Left,
      .doc = {"String", "LEFT(text, n) → STRING", "First n characters.", kNulls, "LEFT('velo', 2)", "ve"}});
  registry->Add(ScalarFunction{
      .name = "RIGHT",
      .types = FixedTypes<kText, 2, kText, kWhole>,
      .kernel = Right,
      .doc = {"String", "RIGHT(text, n) → STRING", "Last n characters.", kNulls, "RIGHT('velo', 2)", "lo"}});
  registry->Add(ScalarFunction{
      .name = "TRIM",
      .types = FixedTypes<kText, 1, kText, kText>,
      .kernel = Trim<Side::kBoth>,
      .doc = {"String", "TRIM(text[, characters]) → STRING",
              "Removes white space, or any of the characters, at both ends.", kNulls, "TRIM('  velo ')", "velo"}});
  registry->Add(ScalarFunction{
      .name = "LTRIM",
      .types = FixedTypes<kText, 1, kText, kText>,
      .kernel = Trim<Side::kLeft>,
      .doc = {"String", "LTRIM(text[, characters]) → STRING",
              "Removes white space, or any of the characters, at the start.", kNulls, "LTRIM('xxvelo', 'x')", "velo"}});
  registry->Add(ScalarFunction{
      .name = "RTRIM",
      .types = FixedTypes<kText, 1, kText, kText>,
      .kernel = Trim<Side::kRight>,
      .doc = {"String", "RTRIM(text[, characters]) → STRING",
              "Removes white space, or any of the characters, at the end.", kNulls, "RTRIM('veloxx', 'x')", "velo"}});
  registry->Add(
      ScalarFunction{.name = "LPAD",
                     .types = FixedTypes<kText, 2, kText, kWhole, kText>,
                     .kernel = Pad<Side::kLeft>,
                     .doc = {"String", "LPAD(text, n[, pad]) → STRING", "Fills at the start, or cuts, to n characters.",
                             kNulls, "LPAD('7', 3, '0')", "007"}});
  registry->Add(
      ScalarFunction{.name = "RPAD",
                     .types = FixedTypes<kText, 2, kText, kWhole, kText>,
                     .kernel = Pad<Side::kRight>,
                     .doc = {"String", "RPAD(text, n[, pad]) → STRING", "Fills at the end, or cuts, to n characters.",
                             kNulls, "RPAD('7', 3, '.')", "7.."}});
  registry->Add(ScalarFunction{
      .name = "REPEAT",
      .types = FixedTypes<kText, 2, kText, kWhole>,
      .kernel = Repeat,
      .doc = {"String", "REPEAT(text, n) → STRING", "The text n times.", kNulls, "REPEAT('ab', 3)", "ababab"}});
  registry->Add(ScalarFunction{
      .name = "SPACE",
      .types = FixedTypes<kText, 1, kWhole>,
      .kernel = Space,
      .doc = {"String", "SPACE(n) → STRING", "A text of n spaces.", kNulls, "CONCAT('[', SPACE(2), ']')", "[  ]"}});
}

}  // namespace

void RegisterStrings(FunctionRegistry* registry) {
  registry->Add(ScalarFunction{
      .name = "UPPER",
      .aliases = {"UCASE"},
      .types = FixedTypes<kText, 1, kText>,
      .kernel = Upper,
      .doc = {"String", "UPPER(text) → STRING", "The text in upper case.", kNulls, "UPPER('velo')", "VELO"}});
  registry->Add(ScalarFunction{
      .name = "LOWER",
      .aliases = {"LCASE"},
      .types = FixedTypes<kText, 1, kText>,
      .kernel = Lower,
      .doc = {"String", "LOWER(text) → STRING", "The text in lower case.", kNulls, "LOWER('VELO')", "velo"}});
  registry->Add(
      ScalarFunction{.name = "INITCAP",
                     .types = FixedTypes<kText, 1, kText>,
                     .kernel = InitCap,
                     .doc = {"String", "INITCAP(text) → STRING", "The first letter of each word in upper case.", kNulls,
                             "INITCAP('new york')", "New York"}});
  registry->Add(
      ScalarFunction{.name = "LENGTH",
                     .aliases = {"LEN", "CHAR_LENGTH", "CHARACTER_LENGTH"},
                     .types = LengthTypes,
                     .kernel = Length,
                     .doc = {"String", "LENGTH(text) → INTEGER",
                             "Number of characters; of elements for an ARRAY or MAP.", kNulls, "LENGTH('velo')", "4"}});
  registry->Add(ScalarFunction{
      .name = "OCTET_LENGTH",
      .types = FixedTypes<kWhole, 1, kText>,
      .kernel = OctetLength,
      .doc = {"String", "OCTET_LENGTH(text) → INTEGER", "Number of bytes.", kNulls, "OCTET_LENGTH('é')", "2"}});
  registry->Add(ScalarFunction{.name = "REVERSE",
                               .types = FixedTypes<kText, 1, kText>,
                               .kernel = Reverse,
                               .doc = {"String", "REVERSE(text) → STRING", "The characters from last to first.", kNulls,
                                       "REVERSE('velo')", "olev"}});
  registry->Add(ScalarFunction{
      .name = "REPLACE",
      .types = FixedTypes<kText, 3, kText, kText, kText>,
      .kernel = Replace,
      .doc = {"String", "REPLACE(text, from, to) → STRING", "Replaces every occurrence; an empty from changes nothing.",
              kNulls, "REPLACE('a-b-c', '-', '+')", "a+b+c"}});
  registry->Add(
      ScalarFunction{.name = "TRANSLATE",
                     .types = FixedTypes<kText, 3, kText, kText, kText>,
                     .kernel = Translate,
                     .doc = {"String", "TRANSLATE(text, from, to) → STRING",
                             "Replaces each character of from by the one at the same place of to, or removes it.",
                             kNulls, "TRANSLATE('1-2-3', '-12', '+a')", "a++3"}});
  registry->Add(ScalarFunction{
      .name = "ASCII",
      .types = FixedTypes<kWhole, 1, kText>,
      .kernel = Ascii,
      .doc = {"String", "ASCII(text) → INTEGER", "Code point of the first character.", kNulls, "ASCII('A')", "65"}});
  registry->Add(ScalarFunction{
      .name = "CHR",
      .types = FixedTypes<kText, 1, kWhole>,
      .kernel = Chr,
      .doc = {"String", "CHR(n) → STRING", "The character with that code point.", kNulls, "CHR(65)", "A"}});
  registry->Add(
      ScalarFunction{.name = "CONCAT",
                     .types = ConcatTypes,
                     .kernel = Concat,
                     .null_in_null_out = false,
                     .doc = {"String", "CONCAT(value, ...) → STRING", "The values as text, one after the other.",
                             "NULL values are left out", "CONCAT('a', NULL, 'b')", "ab"}});
  registry->Add(ScalarFunction{.name = "CONCAT_WS",
                               .types = ConcatTypes,
                               .kernel = ConcatWithSeparator,
                               .null_in_null_out = false,
                               .doc = {"String", "CONCAT_WS(separator, value, ...) → STRING",
                                       "The values as text with a separator between them.", "NULL values are left out",
                                       "CONCAT_WS('-', 'a', NULL, 7)", "a-7"}});
  registry->Add(ScalarFunction{
      .name = "JOIN",
      .types = JoinTypes,
      .kernel = ConcatWithSeparator,
      .null_in_null_out = false,
      .doc = {"String", "JOIN(separator, value, ...) → STRING", "Like CONCAT_WS; an ARRAY contributes its elements.",
              "NULL values are left out", "JOIN(',', 'a', ARRAY['b', 'c'])", "a,b,c"}});
  RegisterCutting(registry);
}

}  // namespace velo
