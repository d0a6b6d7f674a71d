# What the simulation is made of, beside the libraries under test; the program adds main.cpp.
set(TIDEGATE_SIM_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/file_model.cpp
    ${CMAKE_CURRENT_LIST_DIR}/mix.cpp
    ${CMAKE_CURRENT_LIST_DIR}/process.cpp
    ${CMAKE_CURRENT_LIST_DIR}/record.cpp
    ${CMAKE_CURRENT_LIST_DIR}/script.cpp
    ${CMAKE_CURRENT_LIST_DIR}/shrink.cpp
    ${CMAKE_CURRENT_LIST_DIR}/trace_words.cpp
    ${CMAKE_CURRENT_LIST_DIR}/world.cpp
    ${CMAKE_CURRENT_LIST_DIR}/world_end.cpp
    ${CMAKE_CURRENT_LIST_DIR}/world_link.cpp
    ${CMAKE_CURRENT_LIST_DIR}/world_process.cpp
    ${CMAKE_CURRENT_LIST_DIR}/../mqtt/support/barriers.cpp
    ${CMAKE_CURRENT_LIST_DIR}/../mqtt/support/broker_outbox.cpp
    ${CMAKE_CURRENT_LIST_DIR}/../mqtt/support/model_broker.cpp
    ${CMAKE_CURRENT_LIST_DIR}/../mqtt/support/words.cpp
    ${CMAKE_CURRENT_LIST_DIR}/../store/disk.cpp)
