# Tests of TLS and of what else mbedTLS does.
tidegate_test(mqtt_tls_test
    SOURCES
        digest_test.cpp
    LIBRARIES tidegate_mqtt
)
