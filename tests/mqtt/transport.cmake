# Tests of endpoints, of the protocols below MQTT, and of the transports.
tidegate_test(mqtt_transport_test
    SOURCES
        client_transport_test.cpp
        endpoint_test.cpp
        http_answer_test.cpp
        proxy_test.cpp
        transport_layers_test.cpp
        transport_websocket_test.cpp
        websocket_handshake_test.cpp
        websocket_test.cpp
    LIBRARIES tidegate_mqtt
)
