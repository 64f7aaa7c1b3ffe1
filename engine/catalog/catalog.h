#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/types/schema.h"

namespace velo {

/// Source properties in the order given: dialect section 7 keys without relation prefix.
using PropertyMap = std::vector<std::pair<std::string, std::string>>;

enum class RelationKind : uint8_t { kStream, kTable };

/// What the planner knows of something that can stand in FROM.
struct Relation {
  std::string name;  ///< As written in SQL: "trades", "file:///in/*.csv".
  std::string uri;   ///< Where the rows are: "topic://trades", "file:///in/*.csv". Empty: declared only.
  RelationKind kind = RelationKind::kStream;
  Schema schema;
  bool schema_known = true;
  bool bounded = false;
  std::string event_time_column;  ///< Empty: the message timestamp.
  std::string event_time_format;  ///< Dialect 4.3.
  std::vector<std::string> key_columns;
  PropertyMap properties;
  /// A few distinct values of columns that hold few of them; for completion and for the assistant.
  std::vector<std::pair<std::string, std::vector<std::string>>> sample_values;
};
using RelationPtr = std::shared_ptr<const Relation>;

/// Finds relations by name or URI. Implementations are thread safe.
class Catalog {
 public:
  virtual ~Catalog() = default;
  /// Returns null (not an error) for an unknown plain name. A URI that cannot be read is an error that says why.
  virtual Result<RelationPtr> Find(std::string_view name, const PropertyMap& properties) = 0;
  /// All plain names, sorted.
  virtual std::vector<std::string> Names() = 0;
};

/// A catalog of declared relations, used by tests, scripts and the validator's context.
class MemoryCatalog : public Catalog {
 public:
  /// `base` (may be null, not owned) is asked for what this one does not have.
  explicit MemoryCatalog(Catalog* base = nullptr) : base_(base) {}
  void Put(Relation relation);
  /// Forgets the relation of that name; returns whether there was one.
  bool Remove(std::string_view name);
  Result<RelationPtr> Find(std::string_view name, const PropertyMap& properties) override;
  std::vector<std::string> Names() override;

 private:
  Catalog* base_;
  std::vector<RelationPtr> relations_;
};

}  // namespace velo
