# cmake/package.cmake: what `cmake --install … --component dev` installs: libraries for other programs, as the package Tidegate.
# Which headers are public is said beside each library's sources; no other header is installed.
include(CMakePackageConfigHelpers)

set(TIDEGATE_PACKAGE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/Tidegate)

# tidegate_public_library(NAME HEADERS …): tidegate_NAME is the package's component NAME, its target is Tidegate::NAME.
function(tidegate_public_library NAME)
    cmake_parse_arguments(PARSE_ARGV 1 L "" "" "HEADERS")
    add_library(Tidegate::${NAME} ALIAS tidegate_${NAME})
    set_target_properties(tidegate_${NAME} PROPERTIES EXPORT_NAME ${NAME})
    target_compile_features(tidegate_${NAME} PUBLIC cxx_std_20)
    target_sources(tidegate_${NAME} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${L_HEADERS})
    install(TARGETS tidegate_${NAME} EXPORT Tidegate-${NAME}
        ARCHIVE COMPONENT dev
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tidegate COMPONENT dev)
    install(EXPORT Tidegate-${NAME} NAMESPACE Tidegate:: DESTINATION ${TIDEGATE_PACKAGE_FOLDER} COMPONENT dev)
endfunction()

set(TIDEGATE_ADAPTER_INSTALL_FOLDER ${CMAKE_INSTALL_LIBDIR}/tidegate/adapters)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/TidegateConfig.cmake.in ${CMAKE_BINARY_DIR}/TidegateConfig.cmake
    INSTALL_DESTINATION ${TIDEGATE_PACKAGE_FOLDER} PATH_VARS TIDEGATE_ADAPTER_INSTALL_FOLDER NO_SET_AND_CHECK_MACRO)
# Before 1.0 a new minor version may change the interface.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/TidegateConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/TidegateConfig.cmake ${CMAKE_BINARY_DIR}/TidegateConfigVersion.cmake
    ${CMAKE_CURRENT_LIST_DIR}/mbedtls.cmake ${CMAKE_CURRENT_LIST_DIR}/TidegateAdapter.cmake
    DESTINATION ${TIDEGATE_PACKAGE_FOLDER} COMPONENT dev)
