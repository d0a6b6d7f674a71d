# Tests of the session and its parts.
tidegate_test(mqtt_session_test
    SOURCES
        backoff_test.cpp
        cut_test.cpp
        gate_test.cpp
        inbound_doubt_test.cpp
        lane_test.cpp
        model_test.cpp
        session_connection_test.cpp
        session_delivery_test.cpp
        session_limits_test.cpp
        session_online_test.cpp
        session_resume_test.cpp
        support/barriers.cpp
        support/broker_outbox.cpp
        support/cut_run.cpp
        support/cut_run_end.cpp
        support/driver.cpp
        support/model_broker.cpp
        support/words.cpp
        support/world.cpp
        support/world_end.cpp
        support/world_inbound.cpp
    LIBRARIES tidegate_mqtt
)
