#include "engine/exec/session_store.h"

#include <numeric>
#include <tuple>

#include "engine/exec/state_codec.h"

namespace velo::exec {

namespace {

constexpr size_t kFewDeadSlots = 1024;

}  // namespace

SessionStore::SessionStore(const AggregateNode& node, int64_t gap, int64_t longest)
    : node_(node),
      gap_(gap),
      longest_(longest),
      keys_(std::make_unique<GroupTable>(KeyTypes(node.keys))),
      states_(node.aggregates) {}

Status SessionStore::FindKeys(const KeysAndInputs& input, std::vector<uint32_t>* key_ids) {
  key_ids->resize(static_cast<size_t>(input.inputs.rows));
  VELO_RETURN_IF_ERROR(keys_->FindOrInsert(input.keys, input.inputs.rows, key_ids->data()));
  sessions_.resize(keys_->size());
  return Status::OK();
}

SessionStore::Session* SessionStore::Find(uint32_t key, int64_t time) {
  for (Session& session : sessions_[key]) {
    if (time >= session.first - gap_ && time <= session.last + gap_) return &session;
  }
  return nullptr;
}

uint32_t SessionStore::NewSlot(uint32_t key) {
  const auto slot = static_cast<uint32_t>(slot_key_.size());
  slot_key_.push_back(key);
  live_.push_back(1);
  merged_into_.push_back(slot);
  return slot;
}

uint32_t SessionStore::Place(uint32_t key, int64_t first, int64_t last) {
  std::vector<Session>& sessions = sessions_[key];
  auto begin = std::lower_bound(sessions.begin(), sessions.end(), first - gap_,
                                [](const Session& session, int64_t time) { return session.last < time; });
  auto end = begin;
  while (end != sessions.end() && end->first <= last + gap_) ++end;
  if (longest_ > 0) std::tie(begin, end) = Within({begin, end}, first, last);
  if (begin == end) {
    Session session;
    session.first = first;
    session.last = last;
    session.slot = NewSlot(key);
    return sessions.insert(begin, session)->slot;
  }
  begin->first = std::min(begin->first, first);
  begin->last = std::max(std::prev(end)->last, last);
  for (auto other = std::next(begin); other != end; ++other) {
    live_[other->slot] = 0;
    ++dead_;
    merged_into_[other->slot] = begin->slot;
    merged_.push_back(other->slot);
    if (other->emitted) absorbed_.push_back({key, other->emitted_first, begin->slot});
    begin->closed = begin->closed && other->closed;
  }
  const uint32_t slot = begin->slot;
  sessions.erase(std::next(begin), end);
  return slot;
}

// Of neighbouring sessions within reach, the first run that stays within the limit together with [first, last]; when
// there is none, the place where a session of its own goes.
SessionStore::SessionRange SessionStore::Within(SessionRange candidates, int64_t first, int64_t last) const {
  for (auto begin = candidates.first; begin != candidates.second; ++begin) {
    auto end = begin;
    const int64_t from = std::min(begin->first, first);
    while (end != candidates.second && std::max(end->last, last) - from <= longest_) ++end;
    if (end != begin) return {begin, end};
  }
  const auto place =
      std::find_if(candidates.first, candidates.second, [&](const Session& session) { return session.first > last; });
  return {place, place};
}

uint32_t SessionStore::SlotAfterMerges(uint32_t slot) const {
  while (merged_into_[slot] != slot) slot = merged_into_[slot];
  return slot;
}

Status SessionStore::ApplyMerges(std::vector<Absorbed>* absorbed) {
  states_.Resize(static_cast<int64_t>(slot_key_.size()));
  if (merged_.empty()) return Status::OK();
  AggregateColumns scratch(node_.aggregates);
  scratch.Resize(static_cast<int64_t>(merged_.size()));
  std::vector<uint32_t> from(slot_key_.size(), UINT32_MAX), into;
  for (uint32_t i = 0; i < merged_.size(); ++i) {
    from[merged_[i]] = i;
    into.push_back(SlotAfterMerges(merged_[i]));
  }
  VELO_RETURN_IF_ERROR(scratch.Merge(states_, from));
  VELO_RETURN_IF_ERROR(states_.Merge(scratch, into));
  for (Absorbed& one : absorbed_) one.into = SlotAfterMerges(one.into);
  if (absorbed != nullptr) absorbed->insert(absorbed->end(), absorbed_.begin(), absorbed_.end());
  absorbed_.clear();
  merged_.clear();
  return Status::OK();
}

SessionStore::Session& SessionStore::SessionAt(uint32_t slot) {
  std::vector<Session>& sessions = sessions_[slot_key_[slot]];
  const auto at =
      std::find_if(sessions.begin(), sessions.end(), [&](const Session& session) { return session.slot == slot; });
  VELO_CHECK(at != sessions.end());
  return *at;
}

void SessionStore::Drop(uint32_t slot) {
  std::erase_if(sessions_[slot_key_[slot]], [&](const Session& session) { return session.slot == slot; });
  live_[slot] = 0;
  ++dead_;
}

std::vector<uint32_t> SessionStore::LiveSlots() const {
  std::vector<uint32_t> slots;
  for (uint32_t slot = 0; slot < live_.size(); ++slot) {
    if (live_[slot] != 0) slots.push_back(slot);
  }
  return slots;
}

Result<bool> SessionStore::CompactIfWorthwhile() {
  if (dead_ < kFewDeadSlots || dead_ * 2 < slot_key_.size()) return false;
  SessionStore fresh(node_, gap_, longest_);
  VELO_RETURN_IF_ERROR(fresh.Absorb(*this));
  keys_ = std::move(fresh.keys_);
  sessions_ = std::move(fresh.sessions_);
  slot_key_ = std::move(fresh.slot_key_);
  live_ = std::move(fresh.live_);
  merged_into_ = std::move(fresh.merged_into_);
  states_ = std::move(fresh.states_);
  dead_ = 0;
  return true;
}

Status SessionStore::MergeFrom(SessionStore& other) {
  VELO_RETURN_IF_ERROR(Absorb(other));
  other.sessions_.clear();
  return Status::OK();
}

// Adds the sessions of `other`, in the order of their slots.
Status SessionStore::Absorb(SessionStore& other) {
  const std::vector<uint32_t> slots = other.LiveSlots();
  if (slots.empty()) return Status::OK();
  std::vector<uint32_t> key_ids;
  for (uint32_t slot : slots) key_ids.push_back(other.slot_key_[slot]);
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (size_t key = 0; key < node_.keys.size(); ++key) {
    VELO_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, other.keys_->Keys(key, key_ids));
    keys.push_back(std::move(column));
  }
  std::vector<uint32_t> here(slots.size());
  VELO_RETURN_IF_ERROR(keys_->FindOrInsert(keys, static_cast<int64_t>(slots.size()), here.data()));
  sessions_.resize(keys_->size());
  std::vector<uint32_t> map(other.slot_key_.size(), UINT32_MAX);
  for (size_t i = 0; i < slots.size(); ++i) {
    const Session& source = other.SessionAt(slots[i]);
    const size_t known = slot_key_.size();
    map[slots[i]] = Place(here[i], source.first, source.last);
    if (slot_key_.size() == known) continue;
    Session& placed = SessionAt(map[slots[i]]);
    placed.closed = source.closed;
    placed.emitted = source.emitted;
    placed.emitted_first = source.emitted_first;
  }
  VELO_RETURN_IF_ERROR(ApplyMerges(nullptr));
  for (uint32_t& slot : map) {
    if (slot != UINT32_MAX) slot = SlotAfterMerges(slot);
  }
  return states_.Merge(other.states_, map);
}

Status SessionStore::Save(std::string* out) const {
  std::vector<uint32_t> all(keys_->size());
  std::iota(all.begin(), all.end(), 0U);
  PutInteger(keys_->size(), out);
  VELO_RETURN_IF_ERROR(PutKeys(*keys_, all, out));
  PutIntegers(slot_key_, out);
  for (const std::vector<Session>& sessions : sessions_) {
    PutText({reinterpret_cast<const char*>(sessions.data()), sessions.size() * sizeof(Session)}, out);
  }
  states_.Save(out);
  return Status::OK();
}

Status SessionStore::Load(std::string_view* in) {
  VELO_ASSIGN_OR_RETURN(const int64_t key_count, TakeInteger(in));
  VELO_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::RecordBatch> keys, TakeBatch(in));
  std::vector<uint32_t> ids(static_cast<size_t>(key_count));
  if (key_count > 0) VELO_RETURN_IF_ERROR(keys_->FindOrInsert(keys->columns(), key_count, ids.data()));
  VELO_ASSIGN_OR_RETURN(slot_key_, TakeIntegers(in));
  live_.assign(slot_key_.size(), 0);
  merged_into_.resize(slot_key_.size());
  std::iota(merged_into_.begin(), merged_into_.end(), 0U);
  sessions_.resize(static_cast<size_t>(key_count));
  dead_ = slot_key_.size();
  for (std::vector<Session>& sessions : sessions_) {
    VELO_ASSIGN_OR_RETURN(const std::string_view bytes, TakeText(in));
    sessions.resize(bytes.size() / sizeof(Session));
    if (!sessions.empty()) std::memcpy(static_cast<void*>(sessions.data()), bytes.data(), bytes.size());
    for (const Session& session : sessions) live_[session.slot] = 1;
    dead_ -= sessions.size();
  }
  states_.Resize(static_cast<int64_t>(slot_key_.size()));
  return states_.Load(in);
}

int64_t SessionStore::MemoryBytes() const {
  return keys_->MemoryBytes() + states_.MemoryBytes() +
         static_cast<int64_t>(sessions_.size() * sizeof(std::vector<Session>) +
                              slot_key_.size() * (sizeof(Session) + 2 * sizeof(uint32_t) + 1));
}

}  // namespace velo::exec
