#pragma once

#include "studio/doors/door.h"

namespace velo::doors {

/// WS /api/stream/{execution_id}: live rows with acknowledged flow control (API 2.3.9).
class StreamDoor {
 public:
  explicit StreamDoor(DoorContext context) : context_(context) {}
  server::WebSocketReply Open(const server::Request& request);

 private:
  DoorContext context_;
};

}  // namespace velo::doors
