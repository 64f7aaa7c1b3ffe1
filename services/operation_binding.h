#pragma once

#include <memory>
#include <utility>

#include "services/describe.h"
#include "services/operation.h"

// Binds a handler with its own parameter and answer structs to the registry. Included by operation files only.
namespace velo::services {

/// Parameters of an operation that takes none.
struct NoParams {};
BOOST_DESCRIBE_STRUCT(NoParams, (), ())

template <typename Params, typename Answer>
using Handler = Result<Outcome<Answer>> (*)(const Params&, CallContext&);

template <typename Params, typename Answer>
class BoundOperation : public Operation {
 public:
  BoundOperation(OperationInfo info, Handler<Params, Answer> handler) : Operation(std::move(info)), handler_(handler) {}

  Json ParameterSchema() const override { return SchemaOf<Params>(true); }
  Json AnswerSchema() const override { return SchemaOf<Answer>(false); }
  Result<OutcomeFacts> Call(const Json& arguments, bool textual, CallContext& context, Json* answer) const override {
    Params params;
    VELO_RETURN_IF_ERROR(FromJson(arguments, ReadContext{"", textual}, &params));
    VELO_ASSIGN_OR_RETURN(Outcome<Answer> outcome, handler_(params, context));
    if (!outcome.raw.has_value()) *answer = ToJson(outcome.answer);
    return OutcomeFacts(static_cast<OutcomeFacts&&>(outcome));
  }

 private:
  Handler<Params, Answer> handler_;
};

template <typename Params, typename Answer>
void AddOperation(OperationRegistry* registry, OperationInfo info, Handler<Params, Answer> handler) {
  registry->Add(std::make_unique<BoundOperation<Params, Answer>>(std::move(info), handler));
}

}  // namespace velo::services
