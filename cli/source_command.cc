#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/row_printer.h"
#include "cli/session.h"
#include "engine/functions/registry.h"
#include "engine/plan/properties/known_properties.h"
#include "engine/types/value_text.h"

namespace velo::cli {
namespace {

struct OpenedSource {
  std::unique_ptr<Session> session;
  Connector* connector = nullptr;
  std::string uri;
};

Result<OpenedSource> OpenPlace(const SourceArguments& arguments) {
  OpenedSource opened;
  opened.uri = AddressOf(arguments.uri);
  if (!arguments.name.empty() && opened.uri == arguments.uri) opened.uri += "/" + arguments.name;
  const std::string scheme = UriScheme(opened.uri);
  VELO_ASSIGN_OR_RETURN(opened.session, Session::Open(arguments.common.data_dir, {}, scheme == "topic"));
  opened.connector = opened.session->connectors().Find(scheme);
  if (opened.connector == nullptr) {
    return Status::User("UNSUPPORTED", fmt::format("This build has no connector for {}://.", scheme),
                        "It reads file:// and topic:// sources.");
  }
  return opened;
}

std::string Join(const std::vector<std::string>& items, std::string_view separator) {
  return fmt::format("{}", fmt::join(items, separator));
}

std::string Json(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

void PrintFieldsAsJson(const std::string& uri, const SchemaReport& report) {
  std::printf("{\"source\":%s,\"format\":%s,\"exact\":%s,\"records_sampled\":%lld,\"columns\":[", Json(uri).c_str(),
              Json(report.format).c_str(), report.exact ? "true" : "false",
              static_cast<long long>(report.records_sampled));
  for (size_t i = 0; i < report.fields.size(); ++i) {
    const FieldReport& field = report.fields[i];
    std::string examples;
    for (const std::string& example : field.examples) examples += (examples.empty() ? "" : ",") + Json(example);
    std::printf(
        "%s{\"name\":%s,\"type\":%s,\"sql_type\":%s,\"nullable\":%s,\"null_ratio\":%g,\"distinct\":%lld,\"examples\":[%"
        "s]}",
        i == 0 ? "" : ",", Json(field.name).c_str(), Json(field.type.DisplayName()).c_str(),
        Json(field.type.ToString()).c_str(), field.nullable ? "true" : "false", field.null_ratio,
        static_cast<long long>(field.distinct), examples.c_str());
  }
  std::printf("]}\n");
}

}  // namespace

int SchemaCommand(const SourceArguments& arguments) {
  auto opened = OpenPlace(arguments);
  if (!opened.ok()) return Fail(opened.status());
  auto report = opened->connector->Describe(opened->uri, {}, arguments.max_records);
  if (!report.ok()) return Fail(report.status());
  if (arguments.common.format == "json") {
    PrintFieldsAsJson(opened->uri, *report);
    return kDone;
  }
  std::printf("%s  %s, %s, %lld records read\n", opened->uri.c_str(), report->format.c_str(),
              report->exact ? "exact" : "inferred", static_cast<long long>(report->records_sampled));
  size_t name_width = 5, type_width = 4;
  for (const FieldReport& field : report->fields) {
    name_width = std::max(name_width, field.name.size());
    type_width = std::max(type_width, field.type.DisplayName().size());
  }
  std::printf("%-*s  %-*s  %6s  %8s  %s\n", static_cast<int>(name_width), "Field", static_cast<int>(type_width), "Type",
              "Null", "Distinct", "Examples");
  for (const FieldReport& field : report->fields) {
    std::printf("%-*s  %-*s  %5.1f%%  %8lld  %s\n", static_cast<int>(name_width), field.name.c_str(),
                static_cast<int>(type_width), field.type.DisplayName().c_str(), field.null_ratio * 100,
                static_cast<long long>(field.distinct), Join(field.examples, ", ").c_str());
  }
  for (const EventTimeCandidate& candidate : report->event_time_candidates) {
    std::printf("event time: %s (%s)\n", candidate.field.c_str(), candidate.format.c_str());
  }
  for (const std::string& warning : report->warnings) std::fprintf(stderr, "note: %s\n", warning.c_str());
  return kDone;
}

int PeekCommand(const SourceArguments& arguments) {
  auto opened = OpenPlace(arguments);
  if (!opened.ok()) return Fail(opened.status());
  PreviewRequest request;
  request.limit = arguments.limit;
  request.from_end = arguments.last;
  auto preview = opened->connector->Peek(opened->uri, {}, request);
  if (!preview.ok()) return Fail(preview.status());
  Schema schema;
  for (const auto& field : preview->rows->schema()->fields()) {
    auto type = SqlType::FromArrow(*field->type());
    if (!type.ok()) return Fail(type.status());
    schema.columns.push_back({field->name(), *type, true});
  }
  PrintFormat format;
  format.name = arguments.common.format.empty() ? "table" : arguments.common.format;
  auto printer = MakeRowPrinter(format, schema, stdout);
  if (!printer.ok()) return Fail(printer.status());
  Status status = (*printer)->Print({preview->rows, {}});
  if (status.ok()) status = (*printer)->Finish();
  for (const BadRecord& bad : preview->bad) {
    std::fprintf(stderr, "%s line %lld: %s\n", bad.where.c_str(), static_cast<long long>(bad.line), bad.reason.c_str());
  }
  return status.ok() ? kDone : Fail(status);
}

int FunctionsCommand(const CommonOptions& common) {
  const bool json = common.format == "json";
  std::string out = json ? "[" : "";
  for (const FunctionRegistry::Entry& entry : BuiltinFunctions().List()) {
    const std::string_view kind = entry.is_window ? "window" : entry.is_aggregate ? "aggregate" : "scalar";
    if (json) {
      out += fmt::format(
          R"({}{{"name":{},"kind":"{}","category":{},"signature":{},"description":{},"nulls":{},"example":{},)"
          R"("example_result":{}}})",
          out.size() > 1 ? ",\n " : "", Json(entry.name), kind, Json(entry.doc->category), Json(entry.doc->signature),
          Json(entry.doc->description), Json(entry.doc->nulls), Json(entry.doc->example),
          Json(entry.doc->example_result));
    } else {
      out += fmt::format("{}\n    {}\n", entry.doc->signature, entry.doc->description);
    }
  }
  std::printf("%s%s", out.c_str(), json ? "]\n" : "");
  return kDone;
}

int PropertiesCommand(const CommonOptions& common) {
  const bool json = common.format == "json";
  std::string out = json ? "[" : "";
  for (const plan::KnownProperty& property : plan::KnownProperties()) {
    if (json) {
      out +=
          fmt::format(R"({}{{"name":{},"aliases":{},"group":{},"type":{},"default":{},"choices":{},"description":{}}})",
                      out.size() > 1 ? ",\n " : "", Json(property.name), Json(property.aliases),
                      Json(plan::PropertyGroupName(property.group)), Json(plan::PropertyTypeName(property.type)),
                      Json(property.default_value), Json(property.choices), Json(property.meaning));
    } else {
      out += fmt::format("{}\n    {}\n", property.name, property.meaning);
    }
  }
  std::printf("%s%s", out.c_str(), json ? "]\n" : "");
  return kDone;
}

}  // namespace velo::cli
