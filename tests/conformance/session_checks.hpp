// tests/conformance/session_checks.hpp: what the session's conformance tests have in common: short names, and what it means
// that a session closes.
// Not here: the driver of the session (tests/mqtt/support/driver.hpp).
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "tests/mqtt/support/driver.hpp"

namespace mqtt_test {

constexpr auto v3 = mqtt::version::v3_1_1;
constexpr auto v5 = mqtt::version::v5;
constexpr auto q0 = mqtt::qos::at_most_once;
constexpr auto q1 = mqtt::qos::at_least_once;
constexpr auto q2 = mqtt::qos::exactly_once;

/// The session ends the connection now: DISCONNECT with `code` in 5.0, and nothing in 3.1.1 (where DISCONNECT would mean that
/// all is well); nothing follows, whatever comes.
inline void check_closing(driver& d, const std::string& code) {
    CHECK(d.packets() == (d.how().version == v5 ? lines{"DISCONNECT " + code} : lines{}));
    const lines told = d.effects();
    CHECK(std::count(told.begin(), told.end(), "close") == 1);
    CHECK_FALSE(d.session().is_online());
    CHECK_FALSE(d.session().accepts());
    d.broker(incoming(q1, 7));
    d.durable();
    CHECK(d.packets().empty());
    CHECK(d.effects().empty());
}

/// Those of `from` that begin so, in their order.
inline lines starting_with(std::string_view beginning, const lines& from) {
    lines result;
    for (const auto& each : from)
        if (each.starts_with(beginning)) result.push_back(each);
    return result;
}

/// Messages `first` to `last`, sent; nothing of it is left to read.
inline void send(driver& d, int first, int last, mqtt::qos level) {
    for (int i = first; i <= last; ++i) d.publish(i, level);
    d.durable();
    d.packets();
    d.effects();
}

/// All that is to be sent again, or new, up to message `last`.
inline void feed(driver& d, int last, mqtt::qos level) {
    while (d.session().accepts() && number(d.session().next()) <= last) d.publish(number(d.session().next()), level);
    d.durable();
}

/// From start to the point where the session waits for CONNACK, having a record of its session or not.
inline void await_connack(driver& d) {
    d.start();
    d.opened();
    d.packets();
    d.effects();
}

/// What a gateway leaves on disk that has had a session with "hub".
inline disk disk_with_session(std::uint64_t epoch = 4) {
    disk d;
    d.state.session = mqtt::session_record{"plant", "hub", epoch};
    return d;
}

inline mqtt::connack accepted(bool session_present, mqtt::property_set properties = {}) {
    return {session_present, mqtt::reason::success, std::move(properties)};
}

}  // namespace mqtt_test
