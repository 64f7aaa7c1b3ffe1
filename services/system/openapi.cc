#include "services/system/openapi.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace velo::services {
namespace {

std::vector<std::string> Placeholders(const std::string& path) {
  std::vector<std::string> names;
  for (size_t open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1)) {
    names.push_back(path.substr(open + 1, path.find('}', open) - open - 1));
  }
  return names;
}

Json OperationJson(const Operation& operation) {
  const OperationInfo& info = operation.info();
  Json schema = operation.ParameterSchema();
  std::vector<std::string> in_path = Placeholders(info.path);
  auto is_path = [&](const std::string& name) {
    return std::find(in_path.begin(), in_path.end(), name) != in_path.end();
  };
  Json required = schema.contains("required") ? schema["required"] : Json::array();
  auto is_required = [&](const std::string& name) {
    return std::find(required.begin(), required.end(), Json(name)) != required.end();
  };
  bool has_body = info.method == "POST" || info.method == "PUT" || info.method == "PATCH";
  Json parameters = Json::array(), body = Json::object(), body_required = Json::array();
  for (auto field = schema["properties"].begin(); field != schema["properties"].end(); ++field) {
    if (is_path(field.key()) || !has_body) {
      const char* place = is_path(field.key()) ? "path" : "query";
      parameters.push_back({{"name", field.key()},
                            {"in", place},
                            {"required", is_path(field.key()) || is_required(field.key())},
                            {"schema", *field}});
    } else {
      body[field.key()] = *field;
      if (is_required(field.key())) body_required.push_back(field.key());
    }
  }
  Json thread = {{"type", "string"}};
  if (has_body) {
    body["thread_id"] = thread;
  } else {
    parameters.push_back({{"name", "thread_id"}, {"in", "query"}, {"required", false}, {"schema", thread}});
  }
  Json out = {{"operationId", info.name},        {"summary", info.title},
              {"description", info.description}, {"x-effect", std::string(EffectName(info.effect))},
              {"x-scope", info.scope},           {"x-rate-per-minute", info.rate_per_minute},
              {"parameters", parameters}};
  if (!info.artifact.empty()) out["x-artifact"] = info.artifact;
  if (has_body) {
    Json object = {{"type", "object"}, {"properties", body}, {"additionalProperties", false}};
    if (!body_required.empty()) object["required"] = body_required;
    out["requestBody"] = {{"required", !body_required.empty()},
                          {"content", {{"application/json", {{"schema", object}}}}}};
  }
  out["responses"] = {
      {"200", {{"description", "OK"}, {"content", {{"application/json", {{"schema", operation.AnswerSchema()}}}}}}},
      {"default",
       {{"description", "An error"},
        {"content", {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Error"}}}}}}}}}};
  return out;
}

}  // namespace

Json OpenApiDocument(const OperationRegistry& registry) {
  Json paths = Json::object();
  for (const auto& operation : registry.operations()) {
    std::string method = operation->info().method;
    std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return std::tolower(c); });
    paths[operation->info().path][method] = OperationJson(*operation);
  }
  Json text = {{"type", "string"}};
  Json error = {{"type", "object"},
                {"properties",
                 {{"error",
                   {{"type", "object"},
                    {"properties",
                     {{"code", text},
                      {"message", text},
                      {"cure", text},
                      {"details", {{"type", "object"}}},
                      {"diagnostics", {{"type", "array"}, {"items", {{"type", "object"}}}}},
                      {"retryable", {{"type", "boolean"}}},
                      {"request_id", text}}},
                    {"required", {"code", "message"}}}}}},
                {"required", {"error"}}};
  return {{"openapi", "3.1.0"},
          {"info", {{"title", "Velostream SQL Studio"}, {"version", "1"}}},
          {"paths", paths},
          {"components", {{"schemas", {{"Error", error}}}}}};
}

}  // namespace velo::services
