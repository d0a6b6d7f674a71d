# cmake/toolchains/arm64.cmake: 64-bit ARM: a Raspberry Pi 3 and later with a 64-bit system.
set(debian_architecture arm64)
set(gnu_triplet aarch64-linux-gnu)
set(processor aarch64)
set(qemu qemu-aarch64-static)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
