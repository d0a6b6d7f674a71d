# The session's half of mqtt/: the state machine and its parts.
target_sources(tidegate_mqtt PRIVATE
    backoff.cpp
    gate.cpp
    inbound.cpp
    lane.cpp
    session.cpp
    session_authenticate.cpp
    session_connection.cpp
    session_inbound.cpp
    session_receive.cpp
    session_send.cpp
    session_subscribe.cpp
    subscriptions.cpp
)
