#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"
#include "engine/types/schema.h"

namespace velo {
namespace {

using Arguments = std::span<const arrow::Datum>;

// The binder adds the system column that a call reads as its last argument: `_headers` here. It is the untyped NULL
// where a query reads no records.
class Headers {
 public:
  explicit Headers(const arrow::Datum& datum) : column_(datum) {
    if (column_.array().type_id() != arrow::Type::LIST) return;
    lists_ = static_cast<const arrow::ListArray*>(&column_.array());
    const auto& pairs = static_cast<const arrow::StructArray&>(*lists_->values());
    names_ = std::static_pointer_cast<arrow::StringArray>(pairs.field(0));
    values_ = std::static_pointer_cast<arrow::StringArray>(pairs.field(1));
  }
  // Calls entry(i) for the headers of a row in order until it returns false.
  template <typename Entry>
  void ForEach(int64_t row, Entry entry) const {
    if (lists_ == nullptr || column_.IsNull(row)) return;
    const int64_t at = column_.Index(row);
    for (int64_t i = lists_->value_offset(at); i < lists_->value_offset(at + 1); ++i) {
      if (!entry(i)) return;
    }
  }
  // Place of the first header of that name, -1 when there is none.
  int64_t Find(int64_t row, std::string_view name) const {
    int64_t found = -1;
    ForEach(row, [&](int64_t i) {
      if (names_->GetView(i) == name) found = i;
      return found < 0;
    });
    return found;
  }
  std::string_view Name(int64_t i) const { return names_->GetView(i); }
  bool HasValue(int64_t i) const { return values_->IsValid(i); }
  std::string_view Value(int64_t i) const { return values_->GetView(i); }

 private:
  ColumnReader column_;
  const arrow::ListArray* lists_ = nullptr;
  std::shared_ptr<arrow::StringArray> names_;
  std::shared_ptr<arrow::StringArray> values_;
};

// `given` arguments of the user, then the system column.
template <TypeKind kResult, size_t kGiven>
Result<CallTypes> OriginTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  if (arguments.size() != kGiven + 1) return WrongArgumentCount(name, arguments.empty() ? 0 : arguments.size() - 1);
  CallTypes types{{arguments.begin(), arguments.end()}, kResult};
  if constexpr (kGiven == 1) {
    VELO_ASSIGN_OR_RETURN(types.arguments[0], FitArgument(name, 0, arguments[0], TypeKind::kString));
  }
  return types;
}

Result<arrow::Datum> Header(const KernelContext& context, Arguments arguments) {
  const Values<std::string_view> name(arguments[0]);
  const Headers headers(arguments[1]);
  return MapText(context, {&name}, [&](int64_t row, std::string* out) {
    const int64_t place = headers.Find(row, name[row]);
    if (place < 0 || !headers.HasValue(place)) return false;
    out->append(headers.Value(place));
    return true;
  });
}

Result<arrow::Datum> HasHeader(const KernelContext& context, Arguments arguments) {
  const Values<std::string_view> name(arguments[0]);
  const Headers headers(arguments[1]);
  return MapBoolean(context, {&name}, [&](int64_t row) { return headers.Find(row, name[row]) >= 0; });
}

Result<arrow::Datum> HeaderKeys(const KernelContext& context, Arguments arguments) {
  const Headers headers(arguments[0]);
  return MapText(context, {}, [&](int64_t row, std::string* out) {
    bool first = true;
    headers.ForEach(row, [&](int64_t i) {
      if (!first) out->push_back(',');
      out->append(headers.Name(i));
      first = false;
      return true;
    });
    return true;
  });
}

// SET_HEADER answers its value as text; what it does to the record is the business of the binder.
Result<CallTypes> SetHeaderTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  VELO_ASSIGN_OR_RETURN(SqlType header, FitArgument(name, 0, arguments[0], TypeKind::kString));
  return CallTypes{{std::move(header), TypeKind::kString}, TypeKind::kString};
}

Result<arrow::Datum> SetHeader(const KernelContext&, Arguments arguments) { return arguments[1]; }

// (headers, name, value): the headers with that one set, or without it where the value is NULL.
Result<CallTypes> WithHeaderTypes(std::string_view, TypeSpan, ConstantSpan) {
  const SqlType headers = *SystemColumnType(kHeadersColumn);
  return CallTypes{{headers, TypeKind::kString, TypeKind::kString}, headers};
}

Result<arrow::Datum> WithHeader(const KernelContext& context, Arguments arguments) {
  const Headers headers(arguments[0]);
  const Values<std::string_view> name(arguments[1]), value(arguments[2]);
  std::unique_ptr<arrow::ArrayBuilder> builder;
  VELO_RETURN_IF_ARROW_ERROR(arrow::MakeBuilder(arrow::default_memory_pool(), context.result.ToArrow(), &builder));
  auto& list = static_cast<arrow::ListBuilder&>(*builder);
  auto& pair = static_cast<arrow::StructBuilder&>(*list.value_builder());
  auto& names = static_cast<arrow::StringBuilder&>(*pair.field_builder(0));
  auto& values = static_cast<arrow::StringBuilder&>(*pair.field_builder(1));
  arrow::Status status;
  const auto append = [&](std::string_view header, std::string_view text, bool has_value) {
    status &= pair.Append();
    status &= names.Append(header);
    status &= has_value ? values.Append(text) : values.AppendNull();
  };
  for (int64_t row = 0; row < context.rows && status.ok(); ++row) {
    status &= list.Append();
    const bool named = !name.IsNull(row), set = named && !value.IsNull(row);
    bool placed = false;
    headers.ForEach(row, [&](int64_t i) {
      if (!named || headers.Name(i) != name[row]) {
        append(headers.Name(i), headers.HasValue(i) ? headers.Value(i) : std::string_view(), headers.HasValue(i));
      } else if (set && !placed) {
        append(name[row], value[row], true);
        placed = true;
      }
      return status.ok();
    });
    if (set && !placed) append(name[row], value[row], true);
  }
  VELO_RETURN_IF_ARROW_ERROR(status);
  std::shared_ptr<arrow::Array> changed;
  VELO_RETURN_IF_ARROW_ERROR(builder->Finish(&changed));
  return arrow::Datum(std::move(changed));
}

// The system column itself is the answer.
Result<arrow::Datum> SystemValue(const KernelContext& context, Arguments arguments) {
  if (arguments[0].type()->id() != arrow::Type::NA) return arguments[0];
  return arrow::Datum(arrow::MakeNullScalar(context.result.ToArrow()));
}

}  // namespace

void RegisterRecordOrigin(FunctionRegistry* registry) {
  const std::string category = "Headers and system";
  const auto add = [&](std::string name, TypeRule types, ScalarKernel kernel, std::string signature,
                       std::string description, std::string nulls, std::string example, std::string result) {
    ScalarFunction function;
    function.name = std::move(name);
    function.types = types;
    function.kernel = kernel;
    function.null_in_null_out = false;
    function.doc = {category,         std::move(signature), std::move(description),
                    std::move(nulls), std::move(example),   std::move(result)};
    registry->Add(std::move(function));
  };
  ScalarFunction change;
  change.name = "WITH HEADER";
  change.types = WithHeaderTypes;
  change.kernel = WithHeader;
  change.null_in_null_out = false;
  change.doc.category = "Operator";
  registry->Add(std::move(change));
  const std::string nowhere = "NULL where the record has none";
  add("HEADER", OriginTypes<TypeKind::kString, 1>, Header, "HEADER(name) → STRING",
      "Value of the first header of that name, which is case-sensitive.", nowhere, "HEADER('trace')", "NULL");
  add("HAS_HEADER", OriginTypes<TypeKind::kBoolean, 1>, HasHeader, "HAS_HEADER(name) → BOOLEAN",
      "Whether the record has a header of that name.", "NULL in, NULL out", "HAS_HEADER('trace')", "false");
  add("HEADER_KEYS", OriginTypes<TypeKind::kString, 0>, HeaderKeys, "HEADER_KEYS() → STRING",
      "Names of the headers in order, with commas between them.", "'' where the record has none", "HEADER_KEYS() = ''",
      "true");
  add("SET_HEADER", SetHeaderTypes, SetHeader, "SET_HEADER(name, value) → STRING",
      "Gives result records a header with the text of the value, and answers it. Stands in the SELECT list.",
      "A NULL value takes the header away", "SET_HEADER('level', 3)", "3");
  add("REMOVE_HEADER", OriginTypes<TypeKind::kString, 1>, Header, "REMOVE_HEADER(name) → STRING",
      "Takes a header away from result records, and answers the value it had. Stands in the SELECT list.", nowhere,
      "REMOVE_HEADER('trace')", "NULL");
  add("FILENAME", OriginTypes<TypeKind::kString, 0>, SystemValue, "FILENAME() → STRING",
      "The file a record was read from.", "NULL for other sources", "FILENAME()", "NULL");
  add("TOPIC_NAME", OriginTypes<TypeKind::kString, 0>, SystemValue, "TOPIC_NAME() → STRING",
      "The topic a record was read from.", "NULL for other sources", "TOPIC_NAME()", "NULL");
  add("PARTITION", OriginTypes<TypeKind::kInteger, 0>, SystemValue, "PARTITION() → INTEGER",
      "The partition a record was read from.", "NULL where there is none", "PARTITION()", "NULL");
  add("OFFSET", OriginTypes<TypeKind::kInteger, 0>, SystemValue, "OFFSET() → INTEGER",
      "The place of a record in its partition.", "NULL where there is none", "OFFSET()", "NULL");
  add("CURRENT_JOB", OriginTypes<TypeKind::kString, 0>, SystemValue, "CURRENT_JOB() → STRING",
      "Name of the job that runs the query.", "NULL outside of jobs", "CURRENT_JOB()", "NULL");
  add("CURRENT_NODE", OriginTypes<TypeKind::kString, 0>, SystemValue, "CURRENT_NODE() → STRING",
      "Name of the machine that runs the query: NODE_ID, else the host.", "Never NULL", "CURRENT_NODE() IS NOT NULL",
      "true");
  add("APP_VERSION", OriginTypes<TypeKind::kString, 0>, SystemValue, "APP_VERSION() → STRING",
      "The @version of the application the query belongs to.", "NULL outside of applications", "APP_VERSION()", "NULL");
}

}  // namespace velo
