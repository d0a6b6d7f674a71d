# cmake/toolchains/debian.cmake: builds for another Debian architecture against its sysroot, which tools/sysroot makes; programs of
# the build and tests run under qemu-user. Included by ARCH.cmake, which says `debian_architecture`, `gnu_triplet`, `processor` and `qemu`.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${processor})
set(CMAKE_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../../build/sysroot/${debian_architecture})
cmake_path(NORMAL_PATH CMAKE_SYSROOT)
if(NOT EXISTS ${CMAKE_SYSROOT}/usr/include)
    message(FATAL_ERROR "There is no sysroot for ${debian_architecture}: tools/sysroot ${debian_architecture} makes it.")
endif()

set(CMAKE_LIBRARY_ARCHITECTURE ${gnu_triplet})
set(CMAKE_INSTALL_LIBDIR lib/${gnu_triplet} CACHE PATH "As Debian has it; CMake knows that only where it builds for itself.")
set(CMAKE_C_COMPILER ${gnu_triplet}-gcc)
set(CMAKE_CXX_COMPILER ${gnu_triplet}-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR ${qemu};-L;${CMAKE_SYSROOT})

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# Without these pkg-config finds the libraries of the machine that builds, and says nothing.
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/${gnu_triplet}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)

set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${debian_architecture})
