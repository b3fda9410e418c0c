# SPDX-License-Identifier: Apache-2.0 OR MIT
# Every library that ghmesh uses, from Debian 12. Which room owns which is drawn in src/CMakeLists.txt.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(simdjson REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(lmdb REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(systemd IMPORTED_TARGET libsystemd)
if(GHMESH_BENCH)
  find_package(benchmark REQUIRED)
endif()

# Asio is header-only and belongs to few rooms; this target is how a room says that it is one of them.
add_library(asio INTERFACE)
target_compile_definitions(asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION)
target_link_libraries(asio INTERFACE Boost::headers Threads::Threads)

# libcurl is loaded by net/curl_library.cc on first use: its headers are needed, it and its thirty libraries are not
# linked.
add_library(curl_headers INTERFACE)
target_include_directories(curl_headers SYSTEM INTERFACE ${CURL_INCLUDE_DIRS})
target_link_libraries(curl_headers INTERFACE ${CMAKE_DL_LIBS})

# Header-only; it has no CMake file of its own.
find_path(PROTOZERO_INCLUDE_DIR protozero/pbf_reader.hpp REQUIRED)
add_library(protozero INTERFACE)
target_include_directories(protozero SYSTEM INTERFACE ${PROTOZERO_INCLUDE_DIR})
