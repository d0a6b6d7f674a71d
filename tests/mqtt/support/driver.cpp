// tests/mqtt/support/driver.cpp: see driver.hpp.
// Not here: bytes that are no packets: a session that writes such fails at once.
#include "tests/mqtt/support/driver.hpp"

#include <cassert>

#include "mqtt/framer.hpp"

namespace mqtt_test {

std::vector<mqtt::packet> driver::cut(std::string_view bytes) const {
    mqtt::framer framer(1u << 28);
    framer.feed(std::as_bytes(std::span(bytes)));
    std::vector<mqtt::packet> result;
    for (;;) {
        const auto frame = framer.next();
        assert(frame);
        if (!*frame) return result;
        const auto packet = mqtt::decode(**frame, how_.version, mqtt::sender::client);
        assert(packet);
        result.push_back(*packet);
    }
}

}  // namespace mqtt_test
