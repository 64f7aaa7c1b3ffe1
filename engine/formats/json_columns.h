#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/status.h"
#include "engine/types/schema.h"

namespace arrow {
class RecordBatch;
}

namespace velo::formats {

/// Decodes the texts of JSON records into columns. Not thread safe.
class JsonDecoder {
 public:
  explicit JsonDecoder(Schema columns);
  ~JsonDecoder();

  /// Appends one record to the columns. 64 bytes behind `text` must be readable. Returns the reason, in the user's
  /// words, when the record is bad; it then has no row. Valid until the next call.
  const std::string& Append(std::string_view text);
  /// The same for the first one of whole lines, which end in a line end and of which the first begins with a bracket.
  /// `*length` is set to that of the line, without its end.
  const std::string& AppendLine(std::string_view lines, size_t* length);

  int64_t rows() const;
  /// Whether the rows take so much room that they should be taken soon.
  bool full() const;
  /// Takes the rows appended so far.
  Result<std::shared_ptr<arrow::RecordBatch>> Finish();

 private:
  class Machinery;
  std::unique_ptr<Machinery> machinery_;
};

}  // namespace velo::formats
