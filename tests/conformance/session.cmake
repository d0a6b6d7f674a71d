# The statements that take a session to prove.
tidegate_test(mqtt_session_conformance
    SOURCES
        session_alias.cpp
        session_auth.cpp
        session_check_answers.cpp
        session_check_server.cpp
        session_connect.cpp
        session_errors.cpp
        session_extras.cpp
        session_keepalive.cpp
        session_limits.cpp
        session_packet_id.cpp
        session_qos_receiver.cpp
        session_qos_sender.cpp
        session_resume.cpp
        session_state.cpp
        session_subscribe.cpp
        ../mqtt/support/driver.cpp
        ../mqtt/support/words.cpp
    LIBRARIES tidegate_mqtt
)
