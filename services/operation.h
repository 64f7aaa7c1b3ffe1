#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "services/call_context.h"
#include "services/json.h"

namespace velo::services {

struct ThreadContext;

/// What an operation changes (API 3.2). The last two ask the person first when a machine calls.
enum class Effect : uint8_t {
  kRead,     ///< Reads only.
  kSession,  ///< Changes only the Studio's own drafts; can be undone.
  kAddress,  ///< Opens a connection to an address or path.
  kOutside,  ///< Changes the world outside the Studio.
};
std::string_view EffectName(Effect effect);

/// Everything the doors must know of an operation besides its parameters and answer. Declared once, beside its handler.
struct OperationInfo {
  std::string name;         ///< "connect_source": tool name, operation id of OpenAPI.
  std::string title;        ///< "Connect a source"
  std::string description;  ///< One sentence and one example, at most 300 characters.
  Effect effect = Effect::kRead;
  std::string method;             ///< "GET"
  std::string path;               ///< "/api/sources/{id}/schema"
  std::vector<std::string> also;  ///< Further paths with the same method and handler.
  std::string scope = "read";
  int rate_per_minute = 60;
  std::string artifact;  ///< Artifact type it yields, or empty.
  int timeout_ms = 10'000;
  bool is_tool = false;  ///< Offered to the assistant, buttons and GET /api/tools.
};

/// A new artifact, or (with `artifact_id`) a new version of one. Stored when the call belongs to a thread.
struct ArtifactDraft {
  std::string type;  ///< "sql-editor"
  std::string title;
  std::string data_json;  ///< Payload of API 4.3.
  std::string artifact_id;
  std::string state = "ready";
};

/// A body that is not JSON: an export, a served document.
struct RawBody {
  std::string content_type;
  std::string file_name;  ///< Not empty: offered as a download of this name.
  std::string body;
};

/// What a handler gives back beside its answer.
struct OutcomeFacts {
  std::string summary;                   ///< One line: "9 topics".
  std::vector<ArtifactDraft> artifacts;  ///< The first one is the artifact of the call.
  std::vector<std::string> warnings;
  int http_status = 200;
  std::optional<int64_t> version;  ///< Of a versioned object: becomes ETag "v<version>".
  std::optional<RawBody> raw;
  /// Applied to the thread's context when the call came from the chat or a button; artifacts are already stored.
  std::function<void(ThreadContext&)> remember;
};

template <typename Answer>
struct Outcome : OutcomeFacts {
  Answer answer;
};

/// An operation with its types forgotten. Immutable; called from any thread.
class Operation {
 public:
  explicit Operation(OperationInfo info) : info_(std::move(info)) {}
  virtual ~Operation() = default;
  const OperationInfo& info() const { return info_; }
  virtual Json ParameterSchema() const = 0;
  virtual Json AnswerSchema() const = 0;
  /// Checks the arguments against the parameter struct, runs the handler, puts the answer into `answer`. With
  /// `textual`, numbers and booleans may come as text (query strings and paths).
  virtual Result<OutcomeFacts> Call(const Json& arguments, bool textual, CallContext& context, Json* answer) const = 0;

 private:
  OperationInfo info_;
};

struct ArtifactReference {
  std::string id, type;
  int64_t version = 0;
  std::string envelope_json;  ///< The whole envelope of API 4.1.
};

/// The outcome of a tool call in the common shape of API 3.1.
struct ToolOutcome {
  Status status;  ///< Why it failed; OK otherwise.
  std::string summary;
  std::string output_json;  ///< {"ok":…,"summary":…,"artifact":…,"result":…,"warnings":…,"error":…}
  std::string result_json;  ///< The answer, uncut; empty when it failed.
  std::vector<ArtifactReference> artifacts;
};

/// The outcome of a call over HTTP.
struct HttpAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string etag;       ///< Empty: none.
  std::string file_name;  ///< Not empty: Content-Disposition: attachment.
};

/// The one list of operations; every door walks it. Filled by RegisterAllOperations, then read by any thread.
class OperationRegistry {
 public:
  OperationRegistry();
  ~OperationRegistry();
  void Add(std::unique_ptr<Operation> operation);

  const std::vector<std::unique_ptr<Operation>>& operations() const { return operations_; }
  /// By name; null when unknown.
  const Operation* Find(std::string_view name) const;

  struct PathMatch {
    const Operation* operation = nullptr;                     ///< Null: no operation with this path and method.
    std::vector<std::pair<std::string, std::string>> values;  ///< Of {placeholders}, percent-decoded.
    std::vector<std::string> allowed;                         ///< Methods the path has. Empty: the path is unknown.
  };
  PathMatch Match(std::string_view method, std::string_view path) const;

  /// Runs an operation by name with a JSON object of arguments, stores its artifacts in the thread of `context` and
  /// answers in the common shape. Never fails as such: unknown names and wrong arguments are told in the outcome.
  ToolOutcome Invoke(std::string_view name, const std::string& arguments_json, CallContext& context) const;

  /// Runs an operation for the HTTP door. `textual`: arguments come from the address, so that "5" may be a number.
  HttpAnswer InvokeHttp(const Operation& operation, const Json& arguments, bool textual, CallContext& context) const;

 private:
  std::vector<std::unique_ptr<Operation>> operations_;
};

/// Calls the Register function of every operation, in plain order (services/register_all.cc).
void RegisterAllOperations(OperationRegistry* registry);

/// The error envelope of API 1.6: {"error":{…}}. `sql` (may be empty) is the text that spans refer to.
Json ErrorJson(const Status& status, std::string_view request_id, std::string_view sql = {});
/// HTTP status of an error code: "SOURCE_NOT_FOUND" is 404.
int HttpStatusOf(const Status& status);

}  // namespace velo::services
