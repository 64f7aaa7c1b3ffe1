# velo::rocksdb: the static library where it links with those that Debian puts beside it, else the shared one. The loader
# has to look up 22,000 symbols of the shared one whenever the program starts, about as many as of all of Arrow.
include(CheckCXXSourceCompiles)
add_library(velo_rocksdb INTERFACE)
add_library(velo::rocksdb ALIAS velo_rocksdb)

set(rocksdb_archives "")
foreach(name rocksdb snappy bz2 lz4 zstd z)
  find_library(ROCKSDB_ARCHIVE_${name} lib${name}.a)
  list(APPEND rocksdb_archives ${ROCKSDB_ARCHIVE_${name}})
endforeach()
set(CMAKE_REQUIRED_LIBRARIES ${rocksdb_archives} Threads::Threads ${CMAKE_DL_LIBS})
check_cxx_source_compiles(
  "#include <rocksdb/db.h>
   int main() { rocksdb::DB* db = nullptr; return rocksdb::DB::Open(rocksdb::Options(), {}, &db).ok() ? 0 : 1; }"
  ROCKSDB_LINKS_STATICALLY)
unset(CMAKE_REQUIRED_LIBRARIES)
if(ROCKSDB_LINKS_STATICALLY)
  target_link_libraries(velo_rocksdb INTERFACE ${rocksdb_archives} Threads::Threads ${CMAKE_DL_LIBS})
else()
  pkg_check_modules(ROCKSDB REQUIRED IMPORTED_TARGET rocksdb)
  target_link_libraries(velo_rocksdb INTERFACE PkgConfig::ROCKSDB)
endif()
