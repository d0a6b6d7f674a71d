tidegate_test(tests_modbus_link
    SOURCES
        channel_serial_test.cpp
        channel_tcp_test.cpp
        channel_udp_test.cpp
        link_ascii_test.cpp
        link_idle_test.cpp
        link_late_test.cpp
        link_ways_test.cpp
        link_line_test.cpp
        link_line_write_test.cpp
        link_mbap_test.cpp
        link_serial_test.cpp
        link_tcp_test.cpp
        link_trace_test.cpp
        link_write_peer_test.cpp
        pdu_test.cpp
        rtu_frame_test.cpp
        server_test.cpp
    LIBRARIES tidegate_modbus_link PkgConfig::modbus Threads::Threads)

tidegate_test(tests_simulated_adapter SOURCES simulated_test.cpp LIBRARIES ${CMAKE_DL_LIBS} Threads::Threads)
add_dependencies(tests_simulated_adapter simulated)
target_compile_definitions(tests_simulated_adapter PRIVATE SIMULATED_ADAPTER="$<TARGET_FILE:simulated>")
add_test(NAME "tests_simulated_adapter: exports one symbol"
    COMMAND sh -c "test \"$(nm -D --defined-only \"$1\" | cut -d' ' -f3)\" = tidegate_adapter_entry" sh $<TARGET_FILE:simulated>)

# Certificates and the server's end of TLS are those of the MQTT client's tests.
tidegate_test(tests_modbus_tls
    SOURCES channel_tls_test.cpp ../mqtt/support/certificates.cpp ../mqtt/support/tls_server.cpp
    LIBRARIES tidegate_modbus_link tidegate_mqtt Tidegate::mbedtls PkgConfig::modbus Threads::Threads)
