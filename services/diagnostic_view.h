#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "engine/base/diagnostic.h"

namespace velo::services {

struct EditView {
  int32_t offset = 0, length = 0;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(EditView, (), (offset, length, text))

struct FixView {
  std::string title;
  std::vector<EditView> edits;
};
BOOST_DESCRIBE_STRUCT(FixView, (), (title, edits))

struct NoteView {
  std::string message;
  int32_t line = 0, column = 0, offset = 0, length = 0;
};
BOOST_DESCRIBE_STRUCT(NoteView, (), (message, line, column, offset, length))

/// A Diagnostic as clients see it (API 1.6): places worked out as lines and columns.
struct DiagnosticView {
  std::string code, severity, category, message;
  int32_t line = 0, column = 0, end_line = 0, end_column = 0, offset = 0, length = 0, statement = 0;
  std::string context, hint;
  std::vector<NoteView> notes;
  std::vector<FixView> fixes;
};
BOOST_DESCRIBE_STRUCT(DiagnosticView, (),
                      (code, severity, category, message, line, column, end_line, end_column, offset, length, statement,
                       context, hint, notes, fixes))

std::vector<DiagnosticView> ViewDiagnostics(const std::vector<Diagnostic>& diagnostics, std::string_view sql);

}  // namespace velo::services
