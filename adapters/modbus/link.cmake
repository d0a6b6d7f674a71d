# The wire of the Modbus adapter: a library, so that tests reach it without the shared object.
add_library(tidegate_modbus_link STATIC
    channel_serial.cpp
    channel_tcp.cpp
    link_answer.cpp
    link_connect.cpp
    link_late.cpp
    link_port.cpp
    link_rtu.cpp
    link_rtu_over_tcp.cpp
    link_serial.cpp
    link_tcp.cpp
    link_wait.cpp
    rtu_frame.cpp
    server_framing.cpp
    server_line.cpp
    server_pty.cpp
    server_stream.cpp)
target_link_libraries(tidegate_modbus_link PUBLIC tidegate_warnings PRIVATE Threads::Threads)
# A name that is being resolved when its link goes away leaves a detached thread behind: its code must stay mapped.
target_link_options(tidegate_modbus_link INTERFACE -Wl,-z,nodelete)
