#pragma once

#include <arrow/compute/initialize.h>

#include "engine/plan/prepared_query.h"

namespace velo {

/// The relations that plan tests and their text files use.
inline void FillTestCatalog(MemoryCatalog* catalog) {
  const auto stream = [catalog](std::string name, std::string time, Schema schema) {
    Relation relation;
    relation.uri = "topic://" + name;
    relation.name = std::move(name);
    relation.event_time_column = std::move(time);
    relation.schema = std::move(schema);
    if (relation.name == "trades") relation.sample_values = {{"symbol", {"AAPL", "MSFT"}}, {"side", {"BUY", "SELL"}}};
    catalog->Put(std::move(relation));
  };
  stream("trades", "timestamp",
         {{{"symbol", TypeKind::kString, false},
           {"price", TypeKind::kFloat, true},
           {"volume", TypeKind::kInteger, true},
           {"timestamp", TypeKind::kTimestamp, true},
           {"side", TypeKind::kString, true},
           {"quantity", TypeKind::kInteger, true}}});
  stream("orders", "ts",
         {{{"id", TypeKind::kInteger, false},
           {"customer", TypeKind::kString, true},
           {"total", SqlType::Decimal(12, 2), true},
           {"ts", TypeKind::kTimestamp, true},
           {"status", TypeKind::kString, true},
           {"address", SqlType::Struct({{"city", TypeKind::kString}, {"zip", TypeKind::kString}}), true},
           {"tags", SqlType::Array(TypeKind::kString), true},
           {"region", TypeKind::kString, true}}});
  stream("price-movements", "", {{{"symbol", TypeKind::kString, true}, {"change", TypeKind::kFloat, true}}});
  stream("quotes", "qts",
         {{{"symbol", TypeKind::kString, true},
           {"bid", TypeKind::kFloat, true},
           {"ask", TypeKind::kFloat, true},
           {"qts", TypeKind::kTimestamp, true}}});
  Relation file;
  file.name = "weather";
  file.uri = "file:///data/weather.csv";
  file.bounded = true;
  file.event_time_column = "day";
  file.schema.columns = {{"day", TypeKind::kDate, false},
                         {"city", TypeKind::kString, true},
                         {"temp", TypeKind::kFloat, true},
                         {"rainy", TypeKind::kBoolean, true}};
  catalog->Put(std::move(file));
}

}  // namespace velo
