#include <fmt/format.h>

#include <charconv>

#include "engine/sql/parser_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {
namespace {

JobStatement::Verb VerbOf(std::string_view word) {
  if (SameWord(word, "START")) return JobStatement::Verb::kStart;
  if (SameWord(word, "STOP")) return JobStatement::Verb::kStop;
  if (SameWord(word, "PAUSE")) return JobStatement::Verb::kPause;
  if (SameWord(word, "RESUME")) return JobStatement::Verb::kResume;
  if (SameWord(word, "DEPLOY")) return JobStatement::Verb::kDeploy;
  return JobStatement::Verb::kRollback;
}

}  // namespace

StatementPtr Parser::ParseJob() {
  auto job = std::make_unique<JobStatement>();
  const std::string verb = UpperCase(Peek().text);
  job->verb = VerbOf(verb);
  AcceptWord(verb);
  if (!AcceptWord("JOB") && !AcceptWord("QUERY") &&
      !(RepairWord("JOB after " + verb, {"QUERY"}) && AcceptWord("QUERY"))) {
    Diagnostic& error = Expected(fmt::format("JOB after {}", verb));
    if (AtIdentifier()) {
      error.hint = fmt::format("{} JOB {}", verb, Source(Peek().span));
      error.fixes.push_back({"insert JOB", {{{Peek().span.offset, 0}, "JOB "}}});
    }
    return nullptr;
  }
  if (!ParseName(&job->name, &job->name_span, "the name of a job", false)) return nullptr;
  using Verb = JobStatement::Verb;
  if (job->verb == Verb::kStop) job->force = AcceptWord("FORCE");
  if (job->verb == Verb::kRollback) {
    const bool to = AcceptWord("TO");
    if (to && !AtWord("VERSION")) {
      Expected("VERSION after TO", "E1005").hint = "ROLLBACK JOB name TO VERSION '1.2.0'";
      return nullptr;
    }
    if (AcceptWord("VERSION") && !ParseText(&job->version, "a version in quotes such as '1.2.0'")) return nullptr;
  }
  if (job->verb == Verb::kDeploy) {
    if (!AcceptWord("VERSION")) {
      Diagnostic& error = Expected("VERSION", "E1022");
      error.message = "DEPLOY JOB needs VERSION '...'";
      error.hint = fmt::format("DEPLOY JOB {} VERSION '1.0.0' AS ...", job->name);
      error.fixes.push_back({"insert a version", {{{Peek().span.offset, 0}, "VERSION '1.0.0' "}}});
      return nullptr;
    }
    if (!ParseText(&job->version, "a version in quotes such as '1.2.0'")) return nullptr;
  }
  if ((job->verb == Verb::kStart || job->verb == Verb::kDeploy) && !ParseJobBody(job.get())) return nullptr;
  return job;
}

bool Parser::ParseJobBody(JobStatement* job) {
  if (!ExpectWord("AS", "the name of the job")) return false;
  if (AtAnyWord({"START", "DEPLOY"})) {
    Report("E1021", Peek().span, "job statements cannot be nested").hint =
        "write them one after the other, separated by ;";
    return false;
  }
  if (!AtQuery(0) && !AtWord("CREATE") && !AtWord("INSERT") &&
      !RepairWord("SELECT, CREATE or INSERT after AS", {"SELECT", "CREATE", "INSERT"})) {
    Expected("SELECT, CREATE or INSERT after AS");
    return false;
  }
  in_deploy_ = job->verb == JobStatement::Verb::kDeploy;
  const size_t start = pos_;
  job->body = ParseStatement();
  if (job->body == nullptr) return false;
  job->body->span = SpanSince(start);
  while (true) {
    if (AcceptWord("WITH")) {
      if (!ParseProperties(&job->properties)) return false;
    } else if (in_deploy_ && AcceptWord("STRATEGY")) {
      if (!ParseStrategy(job)) return false;
    } else {
      return true;
    }
  }
}

bool Parser::ParseStrategy(JobStatement* job) {
  using Strategy = JobStatement::Strategy;
  const std::vector<std::string> words = {"BLUE_GREEN", "ROLLING", "REPLACE", "CANARY"};
  if (!AtAnyWord({"BLUE_GREEN", "ROLLING", "REPLACE", "CANARY"}) &&
      !RepairWord("BLUE_GREEN, ROLLING, REPLACE or CANARY(25)", words)) {
    Suggest(&Expected("BLUE_GREEN, ROLLING, REPLACE or CANARY(25) after STRATEGY"), words);
    return false;
  }
  if (!AtWord("CANARY")) {
    job->strategy = AtWord("BLUE_GREEN") ? Strategy::kBlueGreen
                    : AtWord("ROLLING")  ? Strategy::kRolling
                                         : Strategy::kReplace;
    return AcceptWord(Peek().text);
  }
  AcceptWord("CANARY");
  job->strategy = Strategy::kCanary;
  if (!ExpectSymbol("(", "with the share of records, as in CANARY(25)")) return false;
  const size_t start = pos_;
  const bool negative = AcceptSymbol("-");
  if (!AtNumber()) {
    Expected("a percentage such as 25");
    return false;
  }
  const std::string& digits = Peek().text;
  std::from_chars(digits.data(), digits.data() + digits.size(), job->canary_percent);
  Advance();
  if (negative || job->canary_percent > 100) {
    Report("E5007", SpanSince(start), "canary percentage must be 0..100").hint = "STRATEGY CANARY(25)";
    return false;
  }
  AcceptSymbol("%");
  return ExpectSymbol(")", "after the percentage");
}

}  // namespace velo::sql
