#include "engine/exec/free_memory.h"

#include <arrow/memory_pool.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace velo::exec {

void ReturnFreeMemory() {
  arrow::default_memory_pool()->ReleaseUnused();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace velo::exec
