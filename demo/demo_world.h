#pragma once

#include <memory>
#include <string>
#include <vector>

#include "demo/topic_rows.h"
#include "engine/base/clock.h"

namespace velo::demo {

/// The topics of the demo, in the order of DemoWorld::rows().
const std::vector<DemoTopic>& DemoTopics();

/// An online brokerage in miniature: customers browse pages, place orders, pay for them; orders are filled by trades at
/// prices that wander; every page needs requests to services that log and sometimes degrade; agents judge payments;
/// sensors watch the data centre. A discrete-event simulation: the same seed and start give the same messages, whatever
/// the steps. Not thread safe.
class DemoWorld {
 public:
  DemoWorld(uint64_t seed, Timestamp start);
  ~DemoWorld();

  /// Lets time pass up to `to` (exclusive) and collects the messages of that time.
  void AdvanceTo(Timestamp to);
  /// What was collected; the caller takes it.
  std::vector<TopicRows>& rows();

 private:
  class Simulation;
  std::unique_ptr<Simulation> simulation_;
};

}  // namespace velo::demo
