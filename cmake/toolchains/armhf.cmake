# cmake/toolchains/armhf.cmake: 32-bit ARM of version 7 with floating point: Debian's armhf, not the ARMv6 of a first Raspberry Pi.
set(debian_architecture armhf)
set(gnu_triplet arm-linux-gnueabihf)
set(processor armv7l)
set(qemu qemu-arm-static)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
set(CMAKE_CXX_FLAGS_INIT -Wno-psabi)  # notes on how g++ before 7.1 passed arguments: nothing here was built by it
