#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/schema_report.h"
#include "engine/io/sink.h"
#include "engine/io/source.h"

namespace velo {

/// A topic, file or table of a connection.
struct SourceItem {
  std::string name;
  std::string kind;  ///< "topic", "file", "table".
  int64_t size_bytes = -1;
  int64_t rows = -1;
  int32_t partitions = 0;
  std::string format;
  Timestamp modified_at = 0;
  std::vector<std::string> flags;
};

/// What connecting found out.
struct ConnectionReport {
  std::string uri;     ///< Normalised, credentials masked.
  std::string type;    ///< "file", "file_mmap", "topic".
  std::string format;  ///< Sniffed or given; may be empty.
  std::vector<SourceItem> items;
  int64_t total_bytes = 0;
  std::vector<std::pair<std::string, std::string>> details;  ///< delimiter, header, encoding, compression ...
  std::vector<std::string> assumptions;
  bool streaming = false;
};

/// Where a message came from; for topic previews. Parallel to the rows of `Preview::rows`.
struct MessageMeta {
  int32_t partition = 0;
  int64_t offset = 0;
  Timestamp timestamp = 0;
  std::optional<std::string> key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string file;  ///< Files: path and 1-based line.
  int64_t line = 0;
};

struct PreviewRequest {
  int64_t limit = 10;
  bool from_end = false;
  std::optional<int64_t> start_offset;
  std::optional<int32_t> partition;
};

struct Preview {
  std::shared_ptr<arrow::RecordBatch> rows;
  std::vector<MessageMeta> meta;
  std::vector<BadRecord> bad;
};

struct ConnectorOption {
  std::string name, type, default_value, description;
  std::vector<std::string> values;  ///< For enums.
  bool secret = false;
};

/// Opens sources of one URI scheme. Thread safe. Errors: SOURCE_NOT_FOUND (detail "near"), FORBIDDEN (detail "reason"),
/// UNSUPPORTED, CONNECTION_ERROR (detail "phase"), VALIDATION_ERROR for unknown options.
class Connector {
 public:
  virtual ~Connector() = default;
  virtual std::string_view scheme() const = 0;
  virtual const std::vector<ConnectorOption>& options() const = 0;
  /// Checks that the place exists and says what is there.
  virtual Result<ConnectionReport> Connect(const std::string& uri, const PropertyMap& properties) = 0;
  virtual Result<SchemaReport> Describe(const std::string& uri, const PropertyMap& properties, int64_t max_records) = 0;
  virtual Result<Preview> Peek(const std::string& uri, const PropertyMap& properties,
                               const PreviewRequest& request) = 0;
  virtual Result<std::unique_ptr<Source>> OpenSource(const std::string& uri, const PropertyMap& properties) = 0;
  /// Opens the place for writing. E3004 for connectors that only read, E3010 for options that make no sense.
  virtual Result<std::unique_ptr<Sink>> OpenSink(const SinkTarget& target);
  /// Takes back what `target.writer` has written behind `target.position`. Only uri, writer and position matter.
  /// CONFLICT when others have written there since: nothing is taken back then.
  virtual Status CutBack(const SinkTarget& target);
};

/// The connectors of this process, found by scheme ("file"). Filled at start, then read only.
class ConnectorRegistry {
 public:
  void Add(std::unique_ptr<Connector> connector);
  /// Null when no connector has the scheme.
  Connector* Find(std::string_view scheme) const;
  std::vector<std::string> Schemes() const;

 private:
  std::vector<std::unique_ptr<Connector>> connectors_;
};

/// Splits "scheme://rest"; the scheme is lower-cased. Empty scheme when there is none.
std::string UriScheme(std::string_view uri);

}  // namespace velo
