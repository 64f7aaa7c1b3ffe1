// Which rows fulfil the conditions of a column: ParquetColumn's tests.
#include <arrow/array.h>
#include <arrow/scalar.h>

#include <algorithm>
#include <cstring>

#include "engine/formats/parquet_column.h"
#include "engine/formats/parquet_values.h"

namespace velo::formats {
namespace {

constexpr int64_t kBlock = 1024;
/// With fewer than one of so many rows left, values are looked at one by one.
constexpr int64_t kSparse = 8;

std::string_view TextOf(const ColumnPredicate& condition) {
  return static_cast<const arrow::StringScalar&>(*condition.value).view();
}

/// Calls `visit` with the constant, in the type in which values of a column are compared.
template <typename Array, typename Visit>
void VisitConstant(const ColumnPredicate& condition, Visit visit) {
  if constexpr (std::is_floating_point_v<Array>) {
    visit(static_cast<const arrow::DoubleScalar&>(*condition.value).value);
  } else {
    visit(static_cast<const arrow::Int64Scalar&>(*condition.value).value);
  }
}

/// Takes the mark from those of `count` values that do not fulfil a condition.
template <typename File, typename Array>
void TestFixed(const uint8_t* values, int64_t count, const ColumnPredicate& condition, uint8_t* passes) {
  VisitConstant<Array>(condition, [&](auto constant) {
    VisitComparison(condition.op, [&](auto compare) {
      for (int64_t i = 0; i < count; ++i) {
        passes[i] &= static_cast<uint8_t>(compare(static_cast<decltype(constant)>(ValueAt<File>(values, i)), constant));
      }
    });
  });
}

void TestText(std::string_view text, const std::vector<ColumnPredicate>& conditions, uint8_t* passes) {
  *passes = 1;
  for (const ColumnPredicate& condition : conditions) {
    VisitComparison(condition.op,
                    [&](auto compare) { *passes &= static_cast<uint8_t>(compare(text, TextOf(condition))); });
  }
}

/// Writes the rows that are marked, counted from `row`; returns how many that are. There must be room for all.
size_t ListPassing(const uint8_t* passes, int64_t count, uint32_t row, uint32_t* out) {
  size_t kept = 0;
  int64_t at = 0;
  const auto list = [&](int64_t end) {
    for (; at < end; ++at) {
      out[kept] = row + static_cast<uint32_t>(at);
      kept += passes[at];
    }
  };
  // Often few are marked: eight that are not are passed at once.
  while (count - at >= 8) {
    uint64_t eight;
    std::memcpy(&eight, passes + at, 8);
    if (eight == 0) {
      at += 8;
    } else {
      list(at + 8);
    }
  }
  list(count);
  return kept;
}

}  // namespace

bool ParquetColumn::TestsCondition(const ColumnPlan& plan, const SqlType& wanted, const ColumnPredicate& condition) {
  if (condition.value == nullptr || !condition.value->is_valid) return false;
  const arrow::Type::type type = condition.value->type->id();
  switch (plan.type->id()) {
    case arrow::Type::INT64:
      return wanted.kind() == TypeKind::kInteger && type == arrow::Type::INT64;
    case arrow::Type::DOUBLE:
      return wanted.kind() == TypeKind::kFloat && type == arrow::Type::DOUBLE;
    case arrow::Type::STRING:
      return wanted.kind() == TypeKind::kString && type == arrow::Type::STRING;
    default:
      return false;
  }
}

Result<int64_t> ParquetColumn::TestableRows(int64_t row) {
  VELO_RETURN_IF_ERROR(GoTo(row));
  return page_begin_ + pages_.rows() - row;
}

Status ParquetColumn::Test(int64_t row, int64_t count, bool is_all, std::vector<uint32_t>* selected) {
  if (is_all) selected->clear();
  VELO_ASSIGN_OR_RETURN(const DataPageContent* page, pages_.Content());
  const bool is_fixed = plan_.form != ValueForm::kBytes && !page->is_coded;
  if (!is_all && is_fixed && page->present == nullptr && static_cast<int64_t>(selected->size()) < count / kSparse) {
    return TestFixedAt(*page, selected);
  }
  VELO_RETURN_IF_ERROR(MoveTo(row - page_begin_, *page, &test_));
  const uint8_t* present = page->present == nullptr ? nullptr : page->present + test_.row;
  const int64_t values = present == nullptr ? count : std::count(present, present + count, uint8_t{1});
  uint8_t* const passes = passes_.Reserve(static_cast<size_t>(count));
  VELO_RETURN_IF_ERROR(TestValues(*page, values, passes));
  for (int64_t at = count - 1, value = values; present != nullptr && at >= 0; --at) {
    passes[at] = present[at] != 0 ? passes[--value] : uint8_t{0};
  }
  test_.row += count;
  test_.value += values;
  size_t kept = 0;
  if (is_all) {
    auto* const out = reinterpret_cast<uint32_t*>(passed_rows_.Reserve(static_cast<size_t>(count) * sizeof(uint32_t)));
    kept = ListPassing(passes, count, static_cast<uint32_t>(row), out);
    selected->assign(out, out + kept);
    return Status::OK();
  }
  for (const uint32_t each : *selected) {
    (*selected)[kept] = each;
    kept += passes[each - row];
  }
  selected->resize(kept);
  return Status::OK();
}

// The chosen rows of a page of plain values without NULLs.
Status ParquetColumn::TestFixedAt(const DataPageContent& page, std::vector<uint32_t>* selected) const {
  if (selected->empty()) return Status::OK();
  const int64_t values = static_cast<int64_t>(page.values.size() / FileWidth(plan_.form));
  if (selected->back() - page_begin_ >= values) return Damaged("too few values");
  size_t kept = 0;
  VisitFixed(plan_.form, [&](auto file, auto array) {
    using File = decltype(file);
    for (const uint32_t row : *selected) {
      uint8_t passes = 1;
      for (const ColumnPredicate& condition : plan_.conditions) {
        TestFixed<File, decltype(array)>(page.values.data() + (row - page_begin_) * static_cast<int64_t>(sizeof(File)),
                                         1, condition, &passes);
      }
      (*selected)[kept] = row;
      kept += passes;
    }
  });
  selected->resize(kept);
  return Status::OK();
}

// Tests the next values of the page: 1 for those that fulfil all conditions.
Status ParquetColumn::TestValues(const DataPageContent& page, int64_t count, uint8_t* passes) {
  if (count == 0) return Status::OK();
  if (page.is_coded) {
    VELO_RETURN_IF_ERROR(BeginCodes(page, &test_));
    VELO_RETURN_IF_ERROR(FindPassing());
    codes_.resize(kBlock);
    uint32_t* const codes = codes_.data();
    const uint8_t* const passing = passing_.data();
    for (int64_t from = 0; from < count; from += kBlock) {
      const int64_t part = std::min(kBlock, count - from);
      if (!test_.codes.Read(codes, part)) return Damaged("too few codes");
      if (!AreBelow(codes, part, pages_.dictionary_size())) return Damaged("a code that is not in the dictionary");
      for (int64_t i = 0; i < part; ++i) passes[from + i] = passing[codes[i]];
    }
    return Status::OK();
  }
  if (plan_.form == ValueForm::kBytes) {
    for (int64_t i = 0; i < count; ++i) {
      const auto text = TextAt(page.values, test_.byte);
      if (!text) return Damaged("a text beyond its page");
      TestText(*text, plan_.conditions, &passes[i]);
      test_.byte += 4 + text->size();
    }
    return Status::OK();
  }
  if (static_cast<size_t>(test_.value + count) > page.values.size() / FileWidth(plan_.form)) {
    return Damaged("too few values");
  }
  std::fill_n(passes, count, uint8_t{1});
  VisitFixed(plan_.form, [&](auto file, auto array) {
    using File = decltype(file);
    const uint8_t* const values = page.values.data() + test_.value * static_cast<int64_t>(sizeof(File));
    for (const ColumnPredicate& condition : plan_.conditions) {
      TestFixed<File, decltype(array)>(values, count, condition, passes);
    }
  });
  return Status::OK();
}

// Tests the values of the dictionary, once.
Status ParquetColumn::FindPassing() {
  VELO_RETURN_IF_ERROR(KnowDictionary());
  if (passing_dictionary_ == known_dictionary_) return Status::OK();
  const int64_t size = pages_.dictionary_size();
  passing_.assign(static_cast<size_t>(size), 1);
  if (plan_.form == ValueForm::kBytes) {
    const auto& texts = static_cast<const arrow::BinaryArray&>(*dictionary_);
    for (int64_t i = 0; i < size; ++i) TestText(texts.GetView(i), plan_.conditions, &passing_[static_cast<size_t>(i)]);
  } else {
    VisitFixed(plan_.form, [&](auto file, auto array) {
      for (const ColumnPredicate& condition : plan_.conditions) {
        TestFixed<decltype(file), decltype(array)>(pages_.dictionary().data(), size, condition, passing_.data());
      }
    });
  }
  passing_dictionary_ = known_dictionary_;
  return Status::OK();
}

}  // namespace velo::formats
