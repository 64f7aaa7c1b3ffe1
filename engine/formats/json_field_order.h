#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/formats/json_cursor.h"

namespace velo::formats {

/// Foretells which field of a record comes next from the records before it. Records mostly have the same fields in the
/// same order and spacing, so that a field costs one comparison with the bytes that stood before its value last time;
/// fields that come and go are foretold from the field before them. Not thread safe.
class JsonFieldOrder {
 public:
  struct Field {
    std::string key;  ///< As it is written between the quotes.
    int column = -1;  ///< What the caller said when it was first met.
  };

  /// Call at the beginning of every record, just behind its opening bracket.
  void Start() { at_ = kStart; }
  /// Steps over the key of the next field when it is one of those expected here; else the cursor stays and null is
  /// returned. Valid until the next call of Learn.
  const Field* Pass(JsonCursor* cursor);
  /// The field that came instead: `lead` is all that stands between the value before and its own. `column_of(key)` is
  /// asked for a key that was not met yet.
  template <typename ColumnOf>
  const Field& Learn(std::string_view key, std::string_view lead, ColumnOf column_of) {
    size_t node = Find(key);
    if (node == kNone) node = Add(key, column_of(key));
    Expect(node, lead);
    return nodes_[node].field;
  }

 private:
  /// Nodes that are no fields: before the first one, and behind one that was forgotten.
  static constexpr size_t kStart = 0, kNowhere = 1, kFirstField = 2;
  static constexpr size_t kNone = SIZE_MAX;
  // Objects used as maps have ever new keys; nothing can be foretold of them.
  static constexpr size_t kMaxNodes = 4096;
  static constexpr size_t kStep = 16;
  static constexpr size_t kMaxLead = JsonCursor::kPadding;

  /// One field may follow another: the bytes from the end of the one's value to the other's value, behind which there
  /// are zeros up to a multiple of kStep.
  struct Edge {
    std::string lead;
    size_t length = 0;  ///< Of what counts of `lead`; 0: no such edge.
    size_t to = kNone;
  };
  struct Node {
    Field field;
    std::array<Edge, 2> next;  ///< The one that came last first.
  };

  static bool Stands(const char* at, const Edge& edge);
  size_t Find(std::string_view key) const;
  size_t Add(std::string_view key, int column);
  void Expect(size_t node, std::string_view lead);

  std::vector<Node> nodes_ = std::vector<Node>(kFirstField);
  std::unordered_map<std::string, size_t> places_;
  size_t at_ = kStart;
};

inline bool JsonFieldOrder::Stands(const char* at, const Edge& edge) {
#if defined(__SSE2__)
  for (size_t i = 0; i < edge.length; i += kStep) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i));
    const __m128i lead = _mm_loadu_si128(reinterpret_cast<const __m128i*>(edge.lead.data() + i));
    const auto equal = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(text, lead)));
    const size_t left = edge.length - i;
    const unsigned wanted = left >= kStep ? 0xFFFF : (1U << left) - 1;
    if ((equal & wanted) != wanted) return false;
  }
  return true;
#else
  return std::memcmp(at, edge.lead.data(), edge.length) == 0;
#endif
}

inline const JsonFieldOrder::Field* JsonFieldOrder::Pass(JsonCursor* cursor) {
  for (const Edge& edge : nodes_[at_].next) {
    if (edge.length == 0) return nullptr;
    if (!Stands(cursor->at(), edge)) continue;
    if (!cursor->Skip(edge.length)) return nullptr;
    at_ = edge.to;
    return &nodes_[at_].field;
  }
  return nullptr;
}

}  // namespace velo::formats
