#include "engine/types/batch.h"

#include <arrow/record_batch.h>

namespace velo {

int64_t Batch::num_rows() const { return columns == nullptr ? 0 : columns->num_rows(); }

}  // namespace velo
