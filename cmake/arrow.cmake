# Arrow and Parquet come from an installed Arrow when there is one, else from the pyarrow wheel that dev/bootstrap
# puts into .deps/venv: the wheel ships the headers and the shared libraries. Either way the targets are
# velo::arrow (core, compute) and velo::parquet.
add_library(velo_arrow INTERFACE)
add_library(velo_parquet INTERFACE)
add_library(velo::arrow ALIAS velo_arrow)
add_library(velo::parquet ALIAS velo_parquet)

find_package(Arrow CONFIG QUIET)
find_package(ArrowCompute CONFIG QUIET)
find_package(Parquet CONFIG QUIET)
if(Arrow_FOUND AND ArrowCompute_FOUND AND Parquet_FOUND)
  target_link_libraries(velo_arrow INTERFACE ArrowCompute::arrow_compute_shared Arrow::arrow_shared)
  target_link_libraries(velo_parquet INTERFACE Parquet::parquet_shared velo_arrow)
else()
  file(GLOB pyarrow_dirs ${CMAKE_SOURCE_DIR}/.deps/venv/lib/python3*/site-packages/pyarrow)
  list(LENGTH pyarrow_dirs pyarrow_count)
  if(NOT pyarrow_count EQUAL 1)
    message(FATAL_ERROR "Arrow not found: run dev/bootstrap first (it installs the pyarrow wheel into .deps/venv)")
  endif()
  list(GET pyarrow_dirs 0 pyarrow_dir)
  target_include_directories(velo_arrow SYSTEM INTERFACE ${pyarrow_dir}/include)
  # The loader looks symbols up in this order, and nearly all of them are in the first. As options, which come in front of
  # all libraries, because a library stands behind those that need it.
  foreach(library arrow arrow_compute)
    file(GLOB found ${pyarrow_dir}/lib${library}.so.[0-9][0-9][0-9][0-9])
    target_link_options(velo_arrow INTERFACE ${found})
    target_link_libraries(velo_arrow INTERFACE ${found})
  endforeach()
  file(GLOB found ${pyarrow_dir}/libparquet.so.[0-9][0-9][0-9][0-9])
  target_link_libraries(velo_parquet INTERFACE ${found} velo_arrow)
  set(CMAKE_BUILD_RPATH ${pyarrow_dir})
endif()
