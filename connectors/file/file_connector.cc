#include "connectors/file/file_connector.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "connectors/file/file_options.h"
#include "connectors/file/file_paths.h"
#include "connectors/file/file_sink.h"
#include "connectors/file/file_source.h"

namespace velo {
namespace {

constexpr int64_t kDefaultSample = 1000;

/// What an exact reader of the first rows cannot know: how the whole sample was made to fit.
void AddWhatWasInferred(const FileSet& files, SchemaReport* report) {
  report->format = formats::FileKindName(files.kind);
  report->exact = files.inferred.exact;
  report->warnings = files.inferred.warnings;
  for (size_t i = 0; i < report->fields.size(); ++i) {
    FieldReport& field = report->fields[i];
    field.widened_from = files.inferred.widened_from[i];
    field.presence = files.inferred.presence[i];
    if (files.inferred.exact) field.confidence = 1;
    if (!field.widened_from.empty()) field.confidence = std::min(field.confidence, 0.8);
  }
}

class FileConnector : public Connector {
 public:
  std::string_view scheme() const override { return "file"; }
  const std::vector<ConnectorOption>& options() const override { return FileConnectorOptions(); }

  Result<ConnectionReport> Connect(const std::string& uri, const PropertyMap& properties) override {
    VELO_ASSIGN_OR_RETURN(auto files, OpenFileSet(uri, properties));
    VELO_ASSIGN_OR_RETURN(std::string path, PathOfFileUri(uri));
    ConnectionReport report;
    report.uri = "file://" + path;
    report.type = files->options.use_mmap ? "file_mmap" : "file";
    report.format = formats::FileKindName(files->kind);
    report.total_bytes = files->total_bytes;
    if (UriScheme(uri).empty()) report.assumptions.push_back(fmt::format("'{}' is read as {}.", uri, report.uri));
    report.assumptions.insert(report.assumptions.end(), files->inferred.warnings.begin(),
                              files->inferred.warnings.end());
    for (const formats::InputFile& file : files->files) {
      SourceItem item;
      item.name = file.path;
      item.kind = "file";
      item.size_bytes = file.size;
      item.format = report.format;
      item.modified_at = file.modified_at;
      if (file.size == 0) item.flags.emplace_back("empty");
      report.items.push_back(std::move(item));
    }
    const formats::InputFile& first = files->files.front();
    report.details = {{"files_matched", std::to_string(files->files.size())},
                      {"total_size_bytes", std::to_string(files->total_bytes)},
                      {"format", report.format},
                      {"compression", std::string(formats::CompressionName(first.compression))},
                      {"encoding", std::string(formats::EncodingName(first.encoding))}};
    report.details.insert(report.details.end(), files->inferred.details.begin(), files->inferred.details.end());
    if (files->options.use_mmap) report.details.emplace_back("mapped", "true");
    return report;
  }

  Result<SchemaReport> Describe(const std::string& uri, const PropertyMap& properties, int64_t max_records) override {
    VELO_ASSIGN_OR_RETURN(auto files, OpenFileSet(uri, properties));
    const int64_t limit = max_records > 0 ? max_records : kDefaultSample;
    VELO_ASSIGN_OR_RETURN(Preview sample, PeekFiles(*files, {.limit = limit}));
    VELO_ASSIGN_OR_RETURN(SchemaReport report, DescribeSample(*sample.rows, files->schema));
    report.decode_failures = static_cast<int64_t>(sample.bad.size());
    AddWhatWasInferred(*files, &report);
    return report;
  }

  Result<Preview> Peek(const std::string& uri, const PropertyMap& properties, const PreviewRequest& request) override {
    VELO_ASSIGN_OR_RETURN(auto files, OpenFileSet(uri, properties));
    return PeekFiles(*files, request);
  }

  Result<std::unique_ptr<Source>> OpenSource(const std::string& uri, const PropertyMap& properties) override {
    VELO_ASSIGN_OR_RETURN(auto files, OpenFileSet(uri, properties));
    return MakeFileSource(std::move(files));
  }

  Result<std::unique_ptr<Sink>> OpenSink(const SinkTarget& target) override { return OpenFileSink(target); }
  Status CutBack(const SinkTarget& target) override { return CutFileBack(target); }
};

}  // namespace

std::unique_ptr<Connector> MakeFileConnector() { return std::make_unique<FileConnector>(); }

}  // namespace velo
