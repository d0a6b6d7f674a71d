include(${PROJECT_SOURCE_DIR}/cmake/mbedtls.cmake)
# What is said, without a wire: both of the adapter's other libraries speak it.
add_library(tidegate_modbus_pdu STATIC
    link.cpp
    pdu.cpp
    pdu_answer.cpp
    server_envelope.cpp)
target_link_libraries(tidegate_modbus_pdu PUBLIC tidegate_warnings)

# The wire of the Modbus adapter: a library, so that tests reach it without the shared object.
add_library(tidegate_modbus_link STATIC
    ascii_frame.cpp
    channel_serial.cpp
    channel_tcp.cpp
    channel_tls.cpp
    channel_tls_files.cpp
    channel_tls_peer.cpp
    channel_udp.cpp
    frame_search.cpp
    link_answer.cpp
    link_connect.cpp
    link_idle.cpp
    link_late.cpp
    link_line.cpp
    link_line_trace.cpp
    link_make.cpp
    link_mbap.cpp
    link_over_line.cpp
    link_port.cpp
    link_resolve.cpp
    link_wait.cpp
    port_present.cpp
    port_rs485.cpp
    port_system.cpp
    rtu_frame.cpp
    server_datagram.cpp
    server_endpoint.cpp
    server_framing.cpp
    server_line.cpp
    server_pdu.cpp
    server_pty.cpp
    server_stream.cpp
    server_tls.cpp)
target_link_libraries(tidegate_modbus_link PUBLIC tidegate_warnings tidegate_modbus_pdu PRIVATE Tidegate::mbedtls Threads::Threads)
# A name that is being resolved when its link goes away leaves a detached thread behind: its code must stay mapped.
target_link_options(tidegate_modbus_link INTERFACE -Wl,-z,nodelete)
