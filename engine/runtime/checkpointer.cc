#include "engine/runtime/checkpointer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>

namespace velo {

namespace {

using SteadyClock = std::chrono::steady_clock;

/// The next checkpoint waits this many times as long as the last one took: at most a twentieth of the time is spent on
/// them, however large the state.
constexpr int64_t kRestPerWork = 20;

/// Detail of the errors that the job tells of itself.
constexpr std::string_view kOfJob = "job";

int64_t MicrosSince(SteadyClock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start).count();
}

int64_t NewWriter() {
  std::random_device random;
  const uint64_t number = (static_cast<uint64_t>(random()) << 32) ^ random();
  return static_cast<int64_t>(number >> 1) | 1;  // Positive, and never 0.
}

}  // namespace

Result<std::unique_ptr<Checkpointer>> Checkpointer::Open(const CheckpointOptions& options, Engine* engine) {
  VELO_ASSIGN_OR_RETURN(auto folder, state::CheckpointFolder::Open(options.directory));
  return std::unique_ptr<Checkpointer>(new Checkpointer(options, engine, std::move(folder)));
}

Checkpointer::~Checkpointer() { Finish(/*last_one=*/false); }

Status Checkpointer::Recover(const std::vector<std::string>& script) {
  std::lock_guard taking(taking_);
  VELO_ASSIGN_OR_RETURN(const state::CheckpointFolder::Found found, folder_->ReadNewest());
  for (const std::string& damaged : found.damaged) {
    Notice(fmt::format("warning: {}; the checkpoint before it is used, and what came after it is done again", damaged));
  }
  writer_ = NewWriter();
  if (found.number == 0) return Status::OK();
  VELO_ASSIGN_OR_RETURN(Checkpoint checkpoint, DecodeCheckpoint(found.bytes));
  std::vector<std::string> left = script;
  for (const StatementCheckpoint& statement : checkpoint.statements) {
    const auto at = std::find(left.begin(), left.end(), statement.sql);
    if (at == left.end()) {
      return Status::User("STATE_INCOMPATIBLE",
                          fmt::format("the checkpoint in {} is of another script: it knows {}, which is not there or "
                                      "reads differently now",
                                      options_.directory, statement.name),
                          "run the script it was made with, or start again with an empty checkpoint folder");
    }
    left.erase(at);
  }
  writer_ = checkpoint.writer;
  VELO_RETURN_IF_ERROR(CutBack(checkpoint));
  Notice(fmt::format("goes on from the checkpoint of {}", FormatInstant(checkpoint.taken_at)));
  for (StatementCheckpoint& statement : checkpoint.statements) {
    Kept kept;
    kept.last = std::make_shared<const StatementCheckpoint>(std::move(statement));
    kept_.push_back(std::move(kept));
  }
  return Status::OK();
}

/// All places, those of statements that start later too: what one of them reads, another may have written.
Status Checkpointer::CutBack(const Checkpoint& checkpoint) {
  for (const StatementCheckpoint& statement : checkpoint.statements) {
    for (const StatementCheckpoint::Place& place : statement.places) {
      SinkTarget target;
      target.uri = place.uri;
      target.writer = checkpoint.writer;
      target.position = place.position;
      Connector* connector = engine_->connectors().Find(UriScheme(place.uri));
      if (connector == nullptr) {
        return Status::World("STATE_INCOMPATIBLE", fmt::format("'{}' cannot be written by this build", place.uri),
                             "give the data folder (--data-dir) that was used before");
      }
      VELO_RETURN_IF_ERROR(connector->CutBack(target));
    }
  }
  return Status::OK();
}

std::shared_ptr<const StatementCheckpoint> Checkpointer::Claim(const std::string& sql) {
  std::lock_guard taking(taking_);
  for (Kept& kept : kept_) {
    if (kept.claimed || kept.last->sql != sql) continue;
    kept.claimed = true;
    return kept.last;
  }
  return nullptr;
}

Status Checkpointer::Start(StatementCheckpoint statement, const std::shared_ptr<const StatementCheckpoint>& claimed,
                           const std::shared_ptr<Job>& job, const std::shared_ptr<StatementWriter>& writer) {
  std::lock_guard taking(taking_);
  if (claimed != nullptr) {
    for (Kept& kept : kept_) {
      if (!kept.claimed || kept.job != nullptr || kept.last->done || kept.last->sql != claimed->sql) continue;
      kept.job = job;
      kept.writer = writer;
      break;
    }
  } else {
    Kept kept;
    kept.last = std::make_shared<const StatementCheckpoint>(std::move(statement));
    kept.claimed = true;
    kept.job = job;
    kept.writer = writer;
    kept_.push_back(std::move(kept));
    const Status taken = TakeOne(/*cancels=*/false);
    if (!taken.ok()) {
      kept_.pop_back();
      return taken;
    }
  }
  job->Resume();
  if (options_.interval_ms > 0 && !thread_.joinable() && !finished_) thread_ = std::thread([this] { Run(); });
  return Status::OK();
}

void Checkpointer::Finish(bool last_one) {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::lock_guard taking(taking_);
  if (finished_) return;
  if (last_one && !kept_.empty()) {
    // The one before stands; what came after it is done again.
    if (const Status taken = TakeOne(/*cancels=*/true); !taken.ok()) Notice("warning: " + taken.error().message);
  }
  finished_ = true;
}

/// Positions and state of one statement whose job is held.
Result<std::shared_ptr<const StatementCheckpoint>> Checkpointer::CopyOf(const Kept& kept) const {
  auto copy = std::make_shared<StatementCheckpoint>();
  copy->name = kept.last->name;
  copy->sql = kept.last->sql;
  copy->plan = kept.last->plan;
  copy->done = kept.job->WaitFor(0);
  Status ended = kept.writer->status();
  if (ended.ok()) ended = kept.job->result();
  if (ended.ok() && copy->done && kept.job->state() != JobState::kFinished) {
    ended = Status::World("CANCELLED", fmt::format("{} was stopped before its end", copy->name));
  }
  if (!ended.ok()) return ended.WithDetail(std::string(kOfJob), copy->name);
  // What is complete is not taken back, and others may write behind it.
  if (copy->done) return std::shared_ptr<const StatementCheckpoint>(std::move(copy));
  VELO_ASSIGN_OR_RETURN(copy->places, kept.writer->Positions());
  auto state = std::make_shared<std::string>();
  if (kept.last->state != nullptr) state->reserve(kept.last->state->size() + kept.last->state->size() / 8);
  VELO_RETURN_IF_ERROR(kept.job->SaveState(state.get()));
  copy->state = std::move(state);
  return std::shared_ptr<const StatementCheckpoint>(std::move(copy));
}

/// REQUIRES: all jobs held.
Result<std::vector<Checkpointer::Kept>> Checkpointer::Copy() const {
  std::vector<Kept> copies;
  for (const Kept& kept : kept_) {
    Kept copy = kept;
    if (kept.job != nullptr) {
      VELO_ASSIGN_OR_RETURN(copy.last, CopyOf(kept));
      if (copy.last->done) {
        copy.job = nullptr;
        copy.writer = nullptr;
      }
    }
    copies.push_back(std::move(copy));
  }
  AgreeOnPlaces(&copies);
  return copies;
}

/// A statement that has not started again stands where it stood; a place that it shares with one that runs does not.
void Checkpointer::AgreeOnPlaces(std::vector<Kept>* kept) {
  std::map<std::string, std::string> positions;
  for (const Kept& running : *kept) {
    if (running.job == nullptr) continue;
    for (const StatementCheckpoint::Place& place : running.last->places) positions[place.uri] = place.position;
  }
  for (Kept& waiting : *kept) {
    if (waiting.job != nullptr || positions.empty()) continue;
    auto moved = std::make_shared<StatementCheckpoint>(*waiting.last);
    for (StatementCheckpoint::Place& place : moved->places) {
      if (const auto known = positions.find(place.uri); known != positions.end()) place.position = known->second;
    }
    waiting.last = std::move(moved);
  }
}

Status Checkpointer::TakeOne(bool cancels) {
  if (finished_) return Status::OK();
  const auto started = SteadyClock::now();
  std::vector<std::shared_ptr<Job>> jobs;
  for (const Kept& kept : kept_) {
    if (kept.job != nullptr) jobs.push_back(kept.job);
  }
  for (const auto& job : jobs) job->Hold();
  Result<std::vector<Kept>> copies = Copy();
  for (const auto& job : jobs) {
    if (cancels) job->Cancel();
    job->LetGo();
  }
  const int64_t stop_micros = MicrosSince(started);
  VELO_RETURN_IF_ERROR(copies.status());
  kept_ = copies.TakeValue();
  Checkpoint checkpoint;
  checkpoint.writer = writer_;
  checkpoint.taken_at = engine_->clock().Now();
  for (const Kept& kept : kept_) checkpoint.statements.push_back(*kept.last);
  // The positions must not outlive what they speak of.
  if (engine_->topics() != nullptr) VELO_RETURN_IF_ERROR(engine_->topics()->Sync());
  const std::string bytes = EncodeCheckpoint(checkpoint);
  VELO_RETURN_IF_ERROR(folder_->Write(bytes));
  std::lock_guard lock(mutex_);
  ++figures_.taken;
  figures_.bytes = static_cast<int64_t>(bytes.size());
  figures_.stop_micros = stop_micros;
  figures_.micros = MicrosSince(started);
  figures_.largest_bytes = std::max(figures_.largest_bytes, figures_.bytes);
  figures_.total_stop_micros += figures_.stop_micros;
  figures_.total_micros += figures_.micros;
  return Status::OK();
}

void Checkpointer::Run() {
  std::unique_lock lock(mutex_);
  int64_t rest = options_.interval_ms * kMicrosPerMilli;
  std::string reported;
  while (!stop_.wait_for(lock, std::chrono::microseconds(rest), [this] { return stopped_; })) {
    lock.unlock();
    const auto started = SteadyClock::now();
    Status taken;
    {
      std::lock_guard taking(taking_);
      taken = TakeOne(/*cancels=*/false);
    }
    rest = std::max(options_.interval_ms * kMicrosPerMilli, MicrosSince(started) * kRestPerWork);
    lock.lock();
    if (taken.ok()) {
      reported.clear();
      continue;
    }
    ++figures_.failed;
    const auto& details = taken.error().details;
    const bool of_job =
        std::any_of(details.begin(), details.end(), [](const auto& detail) { return detail.first == kOfJob; });
    if (of_job || taken.error().message == reported) continue;
    reported = taken.error().message;
    notices_.push_back(fmt::format("warning: no checkpoint: {}", reported));
  }
}

void Checkpointer::Notice(std::string text) {
  std::lock_guard lock(mutex_);
  notices_.push_back(std::move(text));
}

CheckpointFigures Checkpointer::figures() const {
  std::lock_guard lock(mutex_);
  return figures_;
}

std::vector<std::string> Checkpointer::TakeNotices() {
  std::lock_guard lock(mutex_);
  return std::exchange(notices_, {});
}

}  // namespace velo
