# SPDX-License-Identifier: Apache-2.0 OR MIT
# What a program needs to be built against libghmesh: find_package(ghmesh CONFIG) gives ghmesh::ghmesh, and pkg-config
# knows "ghmesh". ghmesh/asio.h wants Boost.Asio of whoever includes it.
include(CMakePackageConfigHelpers)
set(package_directory "lib/cmake/ghmesh")
set_target_properties(libghmesh PROPERTIES EXPORT_NAME ghmesh)

install(TARGETS libghmesh EXPORT ghmeshTargets LIBRARY DESTINATION lib COMPONENT development)
install(DIRECTORY "${CMAKE_SOURCE_DIR}/include/ghmesh" DESTINATION include COMPONENT development
  FILES_MATCHING PATTERN "*.h")
install(EXPORT ghmeshTargets NAMESPACE ghmesh:: DESTINATION "${package_directory}" COMPONENT development)
configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/package/ghmeshConfig.cmake.in"
  "${CMAKE_BINARY_DIR}/package/ghmeshConfig.cmake" INSTALL_DESTINATION "${package_directory}")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/package/ghmeshConfigVersion.cmake"
  COMPATIBILITY SameMajorVersion)
configure_file("${CMAKE_SOURCE_DIR}/cmake/package/ghmesh.pc.in" "${CMAKE_BINARY_DIR}/package/ghmesh.pc" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/package/ghmeshConfig.cmake" "${CMAKE_BINARY_DIR}/package/ghmeshConfigVersion.cmake"
  DESTINATION "${package_directory}" COMPONENT development)
install(FILES "${CMAKE_BINARY_DIR}/package/ghmesh.pc" DESTINATION lib/pkgconfig COMPONENT development)
