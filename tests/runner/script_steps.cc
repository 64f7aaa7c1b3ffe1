#include "tests/runner/script_steps.h"

#include <fstream>
#include <mutex>

#include "tests/runner/accounts.h"
#include "tests/runner/test_rows.h"

namespace velo::testing {
namespace {

class Observer : public ScriptObserver {
 public:
  Observer(bool kinds, ScriptOutput* output) : kinds_(kinds), output_(output) {}

  std::shared_ptr<ResultReceiver> OnResult(const StatementInfo& statement, const Schema& columns) override {
    struct Receiver : ResultReceiver {
      Observer* observer;
      size_t columns;
      void OnRows(const Batch& batch) override {
        std::lock_guard lock(observer->mutex_);
        for (std::string& row : PrintRows(batch, columns, observer->kinds_)) {
          observer->output_->rows.push_back(std::move(row));
        }
      }
      void OnFinished(const Status&) override {}
    };
    const std::string& kind = statement.kind;
    if (kind != "select" && kind != "show" && kind != "describe" && kind != "explain") return nullptr;
    auto receiver = std::make_shared<Receiver>();
    receiver->observer = this;
    receiver->columns = columns.columns.size();
    return receiver;
  }

  void OnStatement(const StatementOutcome& outcome) override {
    if (!outcome.status.ok() && outcome.message.empty()) return;  // Cases state the error itself.
    output_->messages.push_back(
        fmt::format("# {}{}{}", outcome.statement.kind, outcome.message.empty() ? "" : ": ", outcome.message));
    if (outcome.job == nullptr || !outcome.status.ok() || !accounts_.ok()) return;
    accounts_ = CheckAccounts(outcome.job->metrics());
  }

  /// The first query whose rows do not add up.
  const Status& accounts() const { return accounts_; }

 private:
  const bool kinds_;
  ScriptOutput* const output_;
  std::mutex mutex_;
  Status accounts_;
};

}  // namespace

Status RunScript(ScriptSession* session, const std::string& sql, bool kinds, ScriptOutput* output) {
  Observer observer(kinds, output);
  VELO_RETURN_IF_ERROR(session->Execute(sql, &observer));
  return observer.accounts();
}

Result<std::vector<std::string>> LinesOf(const std::string& path) {
  std::ifstream in(path);
  if (!in) return Status::User("TEST", fmt::format("there is no file {}", path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  return lines;
}

}  // namespace velo::testing
