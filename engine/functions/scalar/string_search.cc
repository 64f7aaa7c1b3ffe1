#include <charconv>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/regular_expression.h"
#include "engine/functions/scalar/utf8_text.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

using TextColumn = Values<std::string_view>;
using IntegerColumn = Values<int64_t>;
using Arguments = std::span<const arrow::Datum>;

constexpr TypeKind kText = TypeKind::kString;
constexpr TypeKind kWhole = TypeKind::kInteger;
constexpr const char* kNulls = "NULL in, NULL out";

// The group a caller means who names none: the first one if there is one.
int DefaultGroup(std::string_view pattern) { return CaptureGroups(pattern).empty() ? 0 : 1; }

Result<arrow::Datum> Substring(const KernelContext& context, Arguments arguments) {
  if (context.arguments[1].kind() == TypeKind::kString) {
    return ForEachPattern(context, arguments, [](const arrow::Datum& text, const std::vector<std::string>& parts) {
      return ExtractGroup(text, parts[0], DefaultGroup(parts[0]));
    });
  }
  const TextColumn text(arguments[0]);
  const IntegerColumn position(arguments[1]);
  const IntegerColumn length(arguments.size() > 2 ? arguments[2] : arrow::Datum(int64_t{INT64_MAX}));
  return MapText(context, {&text, &position, &length}, [&](int64_t row, std::string* out) {
    const std::string_view whole = text[row];
    int64_t start = position[row] > 0 ? position[row] - 1 : 0;
    if (position[row] < 0) start = std::max<int64_t>(CountCharacters(whole) + position[row], 0);
    const std::string_view rest = whole.substr(CharacterOffset(whole, start));
    out->append(rest.substr(0, CharacterOffset(rest, length[row])));
    return true;
  });
}

Result<CallTypes> SubstringTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 3));
  if (arguments.size() == 2 && arguments[1].kind() == TypeKind::kString) {
    if (constants.size() > 1 && constants[1] != nullptr) VELO_RETURN_IF_ERROR(CheckPattern(*constants[1]));
    return FixedTypes<kText, 2, kText, kText>(name, arguments, constants);
  }
  return FixedTypes<kText, 2, kText, kWhole, kWhole>(name, arguments, constants);
}

// Calls piece(text) for every part.
template <typename Piece>
void ForEachPart(std::string_view text, std::string_view separator, Piece piece) {
  if (separator.empty()) {
    while (!text.empty()) {
      const std::string_view character = text.substr(0, CharacterBytes(static_cast<unsigned char>(text[0])));
      piece(character);
      text.remove_prefix(character.size());
    }
    return;
  }
  while (true) {
    const size_t at = text.find(separator);
    if (at == std::string_view::npos) break;
    piece(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  piece(text);
}

Result<arrow::Datum> Split(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[0]);
  const TextColumn separator(arguments[1]);
  VELO_ASSIGN_OR_RETURN_ARROW(auto made, arrow::MakeBuilder(context.result.ToArrow()));
  auto* lists = static_cast<arrow::ListBuilder*>(made.get());
  auto* parts = static_cast<arrow::StringBuilder*>(lists->value_builder());
  for (int64_t row = 0; row < context.rows; ++row) {
    if (text.IsNull(row) || separator.IsNull(row)) {
      VELO_RETURN_IF_ARROW_ERROR(lists->AppendNull());
      continue;
    }
    VELO_RETURN_IF_ARROW_ERROR(lists->Append());
    arrow::Status status;
    ForEachPart(text[row], separator[row], [&](std::string_view part) { status &= parts->Append(part); });
    VELO_RETURN_IF_ARROW_ERROR(status);
  }
  VELO_ASSIGN_OR_RETURN_ARROW(std::shared_ptr<arrow::Array> array, lists->Finish());
  return arrow::Datum(std::move(array));
}

Result<CallTypes> SplitTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_ASSIGN_OR_RETURN(CallTypes types, (FixedTypes<kText, 2, kText, kText>(name, arguments, constants)));
  types.result = SqlType::Array(TypeKind::kString);
  return types;
}

Result<arrow::Datum> SplitPart(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[0]);
  const TextColumn separator(arguments[1]);
  const IntegerColumn number(arguments[2]);
  return MapText(context, {&text, &separator, &number}, [&](int64_t row, std::string* out) {
    int64_t wanted = number[row];
    if (wanted < 0) {
      int64_t count = 0;
      ForEachPart(text[row], separator[row], [&](std::string_view) { ++count; });
      wanted += count + 1;
    }
    int64_t at = 0;
    ForEachPart(text[row], separator[row], [&](std::string_view part) {
      if (++at == wanted) out->append(part);
    });
    return true;
  });
}

// 1-based index of `part` in `text` from a 1-based start, 0 when absent.
int64_t FindPart(std::string_view text, std::string_view part, int64_t start) {
  const size_t from = CharacterOffset(text, std::max<int64_t>(start, 1) - 1);
  const size_t at = text.find(part, from);
  return at == std::string_view::npos ? 0 : CountCharacters(text.substr(0, at)) + 1;
}

// POSITION and LOCATE take the part first, STRPOS and INSTR the text.
template <bool kPartFirst>
Result<arrow::Datum> Position(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[kPartFirst ? 1 : 0]);
  const TextColumn part(arguments[kPartFirst ? 0 : 1]);
  const IntegerColumn start(arguments.size() > 2 ? arguments[2] : arrow::Datum(int64_t{1}));
  return MapFixed<int64_t>(context, {&text, &part, &start},
                           [&](int64_t row) { return FindPart(text[row], part[row], start[row]); });
}

enum class Place : uint8_t { kStart, kEnd, kAnywhere };

template <Place kPlace>
Result<arrow::Datum> Holds(const KernelContext& context, Arguments arguments) {
  const TextColumn text(arguments[0]);
  const TextColumn part(arguments[1]);
  return MapBoolean(context, {&text, &part}, [&](int64_t row) {
    if (kPlace == Place::kStart) return text[row].starts_with(part[row]);
    if (kPlace == Place::kEnd) return text[row].ends_with(part[row]);
    return text[row].find(part[row]) != std::string_view::npos;
  });
}

Result<arrow::Datum> RegexpReplace(const KernelContext& context, Arguments arguments) {
  return ForEachPattern(context, arguments, [](const arrow::Datum& text, const std::vector<std::string>& parts) {
    const std::string flags = parts.size() > 2 ? parts[2] : "";
    const int64_t most = flags.find('g') == std::string::npos ? 1 : -1;
    return ReplacePattern(text, PatternWithFlags(parts[0], flags), parts[1], most);
  });
}

Result<arrow::Datum> RegexpExtract(const KernelContext& context, Arguments arguments) {
  return ForEachPattern(context, arguments,
                        [](const arrow::Datum& text, const std::vector<std::string>& parts) -> Result<arrow::Datum> {
                          int group = DefaultGroup(parts[0]);
                          if (parts.size() > 1) group = static_cast<int>(ParseInteger(parts[1]).value_or(-1));
                          if (group < 0) return Status::User("E2310", "the group of REGEXP_EXTRACT must be 0 or more");
                          return ExtractGroup(text, parts[0], group);
                        });
}

// The last argument, a group number, travels as text like all that configures a pattern.
Result<CallTypes> PatternTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  const bool replaces = name == "REGEXP_REPLACE";
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, replaces ? 3 : 2, replaces ? 4 : 3));
  if (constants.size() > 1 && constants[1] != nullptr) VELO_RETURN_IF_ERROR(CheckPattern(*constants[1]));
  return CallTypes{std::vector<SqlType>(arguments.size(), kText), kText};
}

}  // namespace

void RegisterStringSearch(FunctionRegistry* registry) {
  registry->Add(ScalarFunction{
      .name = "SUBSTRING",
      .aliases = {"SUBSTR", "MID"},
      .types = SubstringTypes,
      .kernel = Substring,
      .doc = {"String", "SUBSTRING(text, position[, length]) → STRING",
              "Characters from a 1-based position, from the end when negative; with a pattern instead of a position, "
              "what it matches.",
              kNulls, "SUBSTRING('velo', 2, 2)", "el"}});
  registry->Add(ScalarFunction{.name = "SPLIT",
                               .aliases = {"STRING_TO_ARRAY", "STR_SPLIT"},
                               .types = SplitTypes,
                               .kernel = Split,
                               .doc = {"String", "SPLIT(text, separator) → ARRAY<STRING>",
                                       "The parts between separators; an empty separator splits into characters.",
                                       kNulls, "SPLIT('a,b,,c', ',')", "[\"a\",\"b\",\"\",\"c\"]"}});
  registry->Add(ScalarFunction{.name = "SPLIT_PART",
                               .types = FixedTypes<kText, 3, kText, kText, kWhole>,
                               .kernel = SplitPart,
                               .doc = {"String", "SPLIT_PART(text, separator, n) → STRING",
                                       "The n-th part, from the end when n is negative; '' when there is none.", kNulls,
                                       "SPLIT_PART('a,b,c', ',', -1)", "c"}});
  registry->Add(ScalarFunction{
      .name = "POSITION",
      .aliases = {"LOCATE"},
      .types = FixedTypes<kWhole, 2, kText, kText, kWhole>,
      .kernel = Position<true>,
      .doc = {"String", "POSITION(part, text[, start]) → INTEGER",
              "1-based place of the part in the text, 0 when absent.", kNulls, "POSITION('lo', 'velo')", "3"}});
  registry->Add(ScalarFunction{
      .name = "STRPOS",
      .aliases = {"INSTR"},
      .types = FixedTypes<kWhole, 2, kText, kText, kWhole>,
      .kernel = Position<false>,
      .doc = {"String", "STRPOS(text, part) → INTEGER", "1-based place of the part in the text, 0 when absent.", kNulls,
              "STRPOS('velo', 'lo')", "3"}});
  registry->Add(
      ScalarFunction{.name = "STARTS_WITH",
                     .types = FixedTypes<TypeKind::kBoolean, 2, kText, kText>,
                     .kernel = Holds<Place::kStart>,
                     .doc = {"String", "STARTS_WITH(text, part) → BOOLEAN", "Whether the text starts with the part.",
                             kNulls, "STARTS_WITH('velo', 've')", "true"}});
  registry->Add(
      ScalarFunction{.name = "ENDS_WITH",
                     .types = FixedTypes<TypeKind::kBoolean, 2, kText, kText>,
                     .kernel = Holds<Place::kEnd>,
                     .doc = {"String", "ENDS_WITH(text, part) → BOOLEAN", "Whether the text ends with the part.",
                             kNulls, "ENDS_WITH('velo', 've')", "false"}});
  registry->Add(
      ScalarFunction{.name = "CONTAINS",
                     .types = FixedTypes<TypeKind::kBoolean, 2, kText, kText>,
                     .kernel = Holds<Place::kAnywhere>,
                     .doc = {"String", "CONTAINS(text, part) → BOOLEAN", "Whether the part is anywhere in the text.",
                             kNulls, "CONTAINS('velo', 'el')", "true"}});
  registry->Add(
      ScalarFunction{.name = "REGEXP_REPLACE",
                     .types = PatternTypes,
                     .kernel = RegexpReplace,
                     .doc = {"String", "REGEXP_REPLACE(text, pattern, replacement[, flags]) → STRING",
                             "Replaces the first match, all with flag g; $1 in the replacement is the first group.",
                             kNulls, "REGEXP_REPLACE('a1b22', '[0-9]+', '#', 'g')", "a#b#"}});
  registry->Add(ScalarFunction{.name = "REGEXP_EXTRACT",
                               .aliases = {"REGEXP_SUBSTR"},
                               .types = PatternTypes,
                               .kernel = RegexpExtract,
                               .doc = {"String", "REGEXP_EXTRACT(text, pattern[, group]) → STRING",
                                       "What a group of the first match holds; the first group if there is one.",
                                       "NULL where nothing matches", "REGEXP_EXTRACT('order-42', '-([0-9]+)')", "42"}});
}

}  // namespace velo
