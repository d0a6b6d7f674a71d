tidegate_test(tests_gateway_pure
    SOURCES
        ${CMAKE_CURRENT_LIST_DIR}/alarms_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/computed_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/device_health_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/group_commit_age_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/payload_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/pipeline_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/plausibility_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/queue_damage_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/queue_options_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/queue_watch_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/schedule_failure_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/schedule_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/synchronisation_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/timestamps_test.cpp
        ${CMAKE_CURRENT_LIST_DIR}/topic_test.cpp
    LIBRARIES tidegate_gateway_pure)
