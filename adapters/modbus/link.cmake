include(${PROJECT_SOURCE_DIR}/cmake/mbedtls.cmake)
# The wire of the Modbus adapter: a library, so that tests reach it without the shared object.
add_library(tidegate_modbus_link STATIC
    channel_serial.cpp
    channel_tcp.cpp
    channel_tls.cpp
    channel_tls_files.cpp
    channel_tls_peer.cpp
    channel_udp.cpp
    link_answer.cpp
    link_connect.cpp
    link_late.cpp
    link_port.cpp
    link_resolve.cpp
    link_rtu.cpp
    link_rtu_over_tcp.cpp
    link_serial.cpp
    link_tcp.cpp
    link_wait.cpp
    port_present.cpp
    port_rs485.cpp
    rtu_frame.cpp
    server_framing.cpp
    server_line.cpp
    server_pty.cpp
    server_stream.cpp)
target_link_libraries(tidegate_modbus_link PUBLIC tidegate_warnings PRIVATE Tidegate::mbedtls Threads::Threads)
# A name that is being resolved when its link goes away leaves a detached thread behind: its code must stay mapped.
target_link_options(tidegate_modbus_link INTERFACE -Wl,-z,nodelete)
