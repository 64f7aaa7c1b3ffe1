#pragma once

#include <string>
#include <vector>

#include "services/executions/result_view.h"

namespace velo::services {

enum class RowsFormat { kJson, kCsv, kTsv, kJsonl, kMarkdown };

struct ExportOptions {
  RowsFormat format = RowsFormat::kCsv;
  bool escape_formulas = true;  ///< Cells starting with = + - @ get a leading apostrophe.
};

const char* ContentTypeOf(RowsFormat format);
const char* ExtensionOf(RowsFormat format);
/// Prints JSON row objects; hidden columns are left out.
std::string PrintRows(const std::vector<ResultColumn>& columns, const std::vector<std::string>& rows,
                      const ExportOptions& options);

}  // namespace velo::services
