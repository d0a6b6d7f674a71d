# Tests of TLS and of what else mbedTLS does.
tidegate_test(mqtt_tls_test
    SOURCES
        digest_test.cpp
        support/certificates.cpp
        support/tls_server.cpp
        tls_alert_test.cpp
        tls_engine_test.cpp
        tls_files_test.cpp
        tls_key_test.cpp
        tls_name_test.cpp
        tls_refusal_test.cpp
        transport_tls_test.cpp
    LIBRARIES tidegate_mqtt Tidegate::mbedtls
)
