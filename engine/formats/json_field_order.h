#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace velo::formats {

class PlainColumn;

/// Foretells which field of a record comes next from the records before it. Records mostly have the same fields in the
/// same order and spacing, so that a field costs one comparison with the bytes that stood before its value last time;
/// fields that come and go are foretold from the field before them. Not thread safe.
class JsonFieldOrder {
 public:
  /// Which way the values of a field take while they stand there in their plainest form.
  enum class Way : uint8_t { kSkipped, kInteger, kFloat, kBoolean, kDate, kInstant, kText, kOther };

  /// What the caller does with a field.
  struct Use {
    Way way = Way::kSkipped;
    int column = -1;
    PlainColumn* plain = nullptr;  ///< Where the values go; null for kSkipped and kOther.
  };
  struct Field {
    Use use;
    std::string key;  ///< As it is written between the quotes.
  };

  /// Call at the beginning of every record, just behind its opening bracket.
  void Start() { at_ = kStart; }

  /// A place between the fields of a record, for a loop that keeps it in a register. Valid until the next call of
  /// Learn.
  class Place {
   public:
    /// Steps over the key of the next field when it is one of those expected at `*at`; else null is returned. kPadding
    /// bytes from there on must be readable.
    const Field* Pass(const char** at);

   private:
    friend class JsonFieldOrder;
    Place(const JsonFieldOrder* order, size_t node);
    const std::byte* nodes_;
    const std::byte* node_;
  };
  Place place() const { return Place(this, at_); }
  void GoTo(const Place& place) { at_ = static_cast<size_t>(place.node_ - place.nodes_) / sizeof(Node); }
  /// The field that came instead: `lead` is all that stands between the value before and its own. `use_of(key)` is
  /// asked for a key that was not met yet.
  template <typename UseOf>
  const Field& Learn(std::string_view key, std::string_view lead, UseOf use_of) {
    size_t node = Find(key);
    if (node == kNone) node = Add(key, use_of(key));
    Expect(node, lead);
    return nodes_[node].field;
  }

  static constexpr size_t kPadding = 64;

 private:
  /// Nodes that are no fields: before the first one, and behind one that was forgotten.
  static constexpr size_t kStart = 0, kNowhere = 1, kFirstField = 2;
  static constexpr size_t kNone = SIZE_MAX;
  // Objects used as maps have ever new keys; nothing can be foretold of them.
  static constexpr size_t kMaxNodes = 4096;
  static constexpr size_t kStep = 16;

  /// One field may follow another: the bytes from the end of the one's value to the other's value.
  struct Edge {
    std::array<char, kPadding> lead{};
    uint32_t length = 0;  ///< 0: no such edge.
    uint32_t mask = 0;    ///< Which of the first kStep bytes count.
    uint32_t to = 0;      ///< Bytes from the first node on.
  };
  struct Node {
    std::array<Edge, 2> next;  ///< The one that came last first.
    Field field;
  };

  static bool Stands(const char* at, const Edge& edge);
  size_t Find(std::string_view key) const;
  size_t Add(std::string_view key, const Use& use);
  void Expect(size_t node, std::string_view lead);

  std::vector<Node> nodes_ = std::vector<Node>(kFirstField);
  std::unordered_map<std::string, size_t> places_;
  size_t at_ = kStart;
};

inline bool JsonFieldOrder::Stands(const char* at, const Edge& edge) {
#if defined(__SSE2__)
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i lead = _mm_loadu_si128(reinterpret_cast<const __m128i*>(edge.lead.data()));
  const auto equal = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(text, lead)));
  if ((equal & edge.mask) != edge.mask) return false;
  return edge.length <= kStep || std::memcmp(at + kStep, edge.lead.data() + kStep, edge.length - kStep) == 0;
#else
  return std::memcmp(at, edge.lead.data(), edge.length) == 0;
#endif
}

inline JsonFieldOrder::Place::Place(const JsonFieldOrder* order, size_t node)
    : nodes_(reinterpret_cast<const std::byte*>(order->nodes_.data())), node_(nodes_ + node * sizeof(Node)) {}

inline const JsonFieldOrder::Field* JsonFieldOrder::Place::Pass(const char** at) {
  for (const Edge& edge : reinterpret_cast<const Node*>(node_)->next) {
    if (edge.length == 0) return nullptr;
    if (!Stands(*at, edge)) continue;
    *at += edge.length;
    node_ = nodes_ + edge.to;
    return &reinterpret_cast<const Node*>(node_)->field;
  }
  return nullptr;
}

}  // namespace velo::formats
