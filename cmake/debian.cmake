# cmake/debian.cmake: the Debian packages that `cpack` makes of what is installed: one of each component. tools/package calls it.
# Not here: what goes into them (the install rules beside the sources, systemd/) and the maintainer scripts (systemd/debian/).
set(TIDEGATE_PACKAGE_program tidegate)
set(TIDEGATE_PACKAGE_adapters tidegate-adapters)
set(TIDEGATE_PACKAGE_dev tidegate-dev)

# The version and its date are those of the changelog's first entry.
file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/systemd/debian/changelog CHANGES REGEX "^(tidegate \\(| -- )")
list(GET CHANGES 0 NEWEST)
list(GET CHANGES 1 SIGNED)
if(NOT NEWEST MATCHES "^tidegate \\(${PROJECT_VERSION}-([0-9]+)\\)")
    message(FATAL_ERROR "systemd/debian/changelog begins with \"${NEWEST}\", but this is version ${PROJECT_VERSION}: add an entry")
endif()
set(CPACK_DEBIAN_PACKAGE_RELEASE ${CMAKE_MATCH_1})
string(REGEX REPLACE ".*>  " "" CPACK_TIDEGATE_DATE "${SIGNED}")

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL program adapters dev)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGE_NAME tidegate)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_STRIP_FILES ON)
set(CPACK_TIDEGATE_STRIP ${CMAKE_STRIP})
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/debian_date.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian_files.cmake)
# A line of the changelog's signature: "Name <address>".
string(REGEX REPLACE "^ -- (.*>)  .*" "\\1" CPACK_DEBIAN_PACKAGE_MAINTAINER "${SIGNED}")
set(CPACK_PACKAGE_CONTACT "${CPACK_DEBIAN_PACKAGE_MAINTAINER}")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(VERSION ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
# What the programs load: dpkg-shlibdeps finds out, but knows no libraries of another architecture. So for those it is written down here,
# in the versions of Debian 12, and a test compares it with what dpkg-shlibdeps says where it can.
set(LIBRARIES_adapters "libc6 (>= 2.36), libgcc-s1 (>= 12), libmbedcrypto7 (>= 2.28.3), libmbedtls14 (>= 2.28.3), \
libmbedx509-1 (>= 2.28.3), libstdc++6 (>= 12)")
set(LIBRARIES_program "${LIBRARIES_adapters}, libmuparser2v5 (>= 2.3.3), libsqlite3-0 (>= 3.40.1), libyaml-0-2 (>= 0.2.5)")
# The postinst makes the user and the folders.
set(DEPENDS_program "tidegate-adapters (= ${VERSION}), systemd | systemd-standalone-sysusers | systemd-sysusers, \
systemd | systemd-standalone-tmpfiles | systemd-tmpfiles")
set(DEPENDS_adapters "")
if(CMAKE_CROSSCOMPILING)
    set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS OFF)
    string(PREPEND DEPENDS_program "${LIBRARIES_program}, ")
    string(PREPEND DEPENDS_adapters "${LIBRARIES_adapters}")
else()
    set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
    set(CPACK_DEBIAN_ADAPTERS_PACKAGE_SHLIBDEPS ON)
endif()

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME tidegate)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "${DEPENDS_program}")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "mosquitto")
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION
"edge gateway from Modbus and serial devices to MQTT
Tidegate polls the Modbus devices and serial instruments on a site, keeps
their readings in a durable queue, and delivers them to an MQTT broker. The
network may be away for days, the process may be killed, the power may be
cut: what was accepted arrives, in order, and at QoS 2 exactly once.
.
This package holds the program, its service and its device templates.")
foreach(SCRIPT IN ITEMS postinst prerm postrm)
    list(APPEND CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/systemd/debian/program/${SCRIPT})
endforeach()

set(CPACK_DEBIAN_ADAPTERS_PACKAGE_NAME tidegate-adapters)
set(CPACK_DEBIAN_ADAPTERS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_ADAPTERS_PACKAGE_DEPENDS "${DEPENDS_adapters}")
set(CPACK_DEBIAN_ADAPTERS_PACKAGE_ENHANCES tidegate)
set(CPACK_DEBIAN_ADAPTERS_DESCRIPTION
"adapters by which Tidegate talks to devices
Tidegate is an edge gateway from Modbus and serial devices to MQTT. It talks
to devices by adapters, shared objects that it loads.
.
This package holds those for Modbus, for serial instruments that a config
describes, for programs, and for made-up devices.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME tidegate-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libboost1.81-dev, libmbedtls-dev, libsqlite3-dev")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "cmake (>= 3.23)")
set(CPACK_DEBIAN_DEV_DESCRIPTION
"Tidegate's MQTT client, durable log and adapter interface
Tidegate is an edge gateway from Modbus and serial devices to MQTT.
.
This package holds what other programs are built with: the MQTT client and
the durable log as static libraries, the interface for adapters as a C
header, and CMake's files for all three.")

set(CPACK_TIDEGATE_LIBRARIES_PROGRAM "${LIBRARIES_program}")
set(CPACK_TIDEGATE_LIBRARIES_ADAPTERS "${LIBRARIES_adapters}")
include(CPack)
