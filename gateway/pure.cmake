# The gateway's decisions: no clock, thread or socket; tested by feeding them the time.
add_library(tidegate_gateway_pure STATIC
    ${CMAKE_CURRENT_LIST_DIR}/alarms.cpp
    ${CMAKE_CURRENT_LIST_DIR}/bus_address.cpp
    ${CMAKE_CURRENT_LIST_DIR}/bus_statistics.cpp
    ${CMAKE_CURRENT_LIST_DIR}/computed.cpp
    ${CMAKE_CURRENT_LIST_DIR}/delivery.cpp
    ${CMAKE_CURRENT_LIST_DIR}/device_health.cpp
    ${CMAKE_CURRENT_LIST_DIR}/device_trouble.cpp
    ${CMAKE_CURRENT_LIST_DIR}/flat_json.cpp
    ${CMAKE_CURRENT_LIST_DIR}/group_commit.cpp
    ${CMAKE_CURRENT_LIST_DIR}/guess.cpp
    ${CMAKE_CURRENT_LIST_DIR}/guess_weights.cpp
    ${CMAKE_CURRENT_LIST_DIR}/inbox_intake.cpp
    ${CMAKE_CURRENT_LIST_DIR}/learned.cpp
    ${CMAKE_CURRENT_LIST_DIR}/live.cpp
    ${CMAKE_CURRENT_LIST_DIR}/memory_log.cpp
    ${CMAKE_CURRENT_LIST_DIR}/payload.cpp
    ${CMAKE_CURRENT_LIST_DIR}/pipeline.cpp
    ${CMAKE_CURRENT_LIST_DIR}/plausibility.cpp
    ${CMAKE_CURRENT_LIST_DIR}/queue_damage.cpp
    ${CMAKE_CURRENT_LIST_DIR}/queue_options.cpp
    ${CMAKE_CURRENT_LIST_DIR}/queue_watch.cpp
    ${CMAKE_CURRENT_LIST_DIR}/register_place.cpp
    ${CMAKE_CURRENT_LIST_DIR}/schedule.cpp
    ${CMAKE_CURRENT_LIST_DIR}/session_state.cpp
    ${CMAKE_CURRENT_LIST_DIR}/synchronisation.cpp
    ${CMAKE_CURRENT_LIST_DIR}/timestamps.cpp
    ${CMAKE_CURRENT_LIST_DIR}/topic.cpp
    ${CMAKE_CURRENT_LIST_DIR}/write_engine.cpp
    ${CMAKE_CURRENT_LIST_DIR}/write_judge.cpp
    ${CMAKE_CURRENT_LIST_DIR}/write_news.cpp
    ${CMAKE_CURRENT_LIST_DIR}/write_request.cpp
    ${CMAKE_CURRENT_LIST_DIR}/write_rules.cpp)
target_link_libraries(tidegate_gateway_pure PUBLIC tidegate_warnings PRIVATE tidegate_config tidegate_mqtt tidegate_store)
