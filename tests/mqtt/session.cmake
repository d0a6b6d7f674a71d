# Tests of the session and its parts.
tidegate_test(mqtt_session_test
    SOURCES
        backoff_test.cpp
        gate_test.cpp
        inbound_test.cpp
        lane_test.cpp
        model_test.cpp
        session_authenticate_test.cpp
        session_connection_test.cpp
        session_delivery_test.cpp
        session_inbound_test.cpp
        session_limits_test.cpp
        session_online_test.cpp
        session_resume_test.cpp
        session_subscribe_test.cpp
        subscriptions_test.cpp
        support/barriers.cpp
        support/broker_outbox.cpp
        support/driver.cpp
        support/model_broker.cpp
        support/words.cpp
        support/world.cpp
        support/world_end.cpp
    LIBRARIES tidegate_mqtt
)
