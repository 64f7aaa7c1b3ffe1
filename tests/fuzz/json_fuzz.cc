// Any bytes as a JSON file, and as the JSON text of one nested value.

#include "engine/formats/json_format.h"
#include "engine/types/json_values.h"
#include "engine/types/value_text.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/read_file.h"

namespace velo::fuzz {
namespace {

// Reads a text as an array of structs, prints it, and reads that again.
void CheckValue(std::string_view text) {
  static const SqlType type = SqlType::Array(SqlType::Struct({{"a", TypeKind::kInteger},
                                                              {"b", SqlType::Decimal(12, 2)},
                                                              {"c", TypeKind::kString},
                                                              {"d", TypeKind::kTimestamp}}));
  const auto read = [](std::string_view json) -> std::shared_ptr<arrow::Array> {
    std::unique_ptr<arrow::ArrayBuilder> builder;
    Check(arrow::MakeBuilder(arrow::default_memory_pool(), type.ToArrow(), &builder).ok(), "the type has a builder");
    const Result<bool> taken = AppendJsonTextAs(json, type, builder.get());
    if (!taken.ok() || !*taken) {
      Check(builder->length() == 0, "nothing is appended when it does not fit");
      return nullptr;
    }
    return *builder->Finish();
  };
  const std::shared_ptr<arrow::Array> value = read(text);
  if (value == nullptr) return;
  std::string printed, again;
  AppendJson(*value, 0, JsonStyle::kDialect, &printed);
  const std::shared_ptr<arrow::Array> same = read(printed);
  Check(same != nullptr, "what is printed can be read", printed);
  AppendJson(*same, 0, JsonStyle::kDialect, &again);
  Check(printed == again, "what is printed is the same value", printed + "\n" + again);
}

}  // namespace
}  // namespace velo::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kLongest = 8192;
  const std::string_view bytes(reinterpret_cast<const char*>(data), std::min(size, kLongest));
  static const auto* const format = velo::formats::MakeJsonFormat({}).release();
  velo::fuzz::CheckFile(bytes, *format, velo::formats::Encoding::kUtf8);
  velo::fuzz::CheckValue(bytes);
  return 0;
}
