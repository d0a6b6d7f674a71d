tidegate_test(tests_modbus_link
    SOURCES rtu_frame_test.cpp
    LIBRARIES tidegate_modbus_link PkgConfig::modbus Threads::Threads)
