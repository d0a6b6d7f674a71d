// tests/mqtt/cut_test.cpp: QoS 1 and QoS 2, both directions, both versions: the link is cut after every byte, the process is
// killed after every byte and between any two steps, with the session kept and lost. All points are tried, none is drawn. Not
// here: many faults at once, at random (model_test.cpp).
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/mqtt/support/cut_run.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

// A sanitizer makes this 50 times as slow, and looks for other faults: there only every so many-th point is struck.
#ifdef __has_feature
constexpr bool is_sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool is_sanitized = false;
#endif
constexpr std::uint64_t stride = is_sanitized ? 7 : 1;
constexpr std::uint64_t stride_of_two = is_sanitized ? 31 : 1;
constexpr std::uint64_t stride_of_second = is_sanitized ? 3 : 1;

const char* name_of(blow how) { return how == blow::cut ? "cut" : "kill"; }

std::string in_words(const exchange& what) {
    std::string text = what.version == version::v5 ? "MQTT 5" : "MQTT 3.1.1";
    text += what.qos == qos::at_least_once ? ", QoS 1" : ", QoS 2";
    text += what.direction == direction::outbound ? ", outbound" : ", inbound";
    text += what.durability == durability::at_once ? ", durable at once" : ", durable late";
    return text + (what.policy == on_session_loss::resend ? ", resend" : ", drop");
}

std::string in_words(const std::vector<strike>& strikes) {
    std::string text;
    for (const strike& each : strikes)
        text +=
            std::string(name_of(each.how)) + " at " + std::to_string(each.at) + (each.loses_session ? ", session lost; " : "; ");
    return text;
}

/// False: the last point is beyond the end.
bool passes(const exchange& what, grain how_fine, session_age age, const std::vector<strike>& strikes) {
    cut_run run(what, how_fine, age, strikes);
    const auto wrong = run.run();
    if (!wrong.empty()) FAIL(in_words(what) << ": " << in_words(strikes) << wrong.front());
    return run.was_struck();
}

/// Calls `visit` with each exchange: with both policies where that makes a difference.
template <typename Visit>
void for_each_exchange(qos level, bool loses_session, Visit visit) {
    for (const auto how : {version::v3_1_1, version::v5}) {
        for (const auto to : {direction::outbound, direction::inbound}) {
            for (const auto when : {durability::at_once, durability::late}) {
                visit(exchange{how, level, to, when, on_session_loss::resend});
                if (loses_session && to == direction::outbound) visit(exchange{how, level, to, when, on_session_loss::drop});
            }
        }
    }
}

/// One strike at each byte and step. Returns how many there were.
std::uint64_t strike_everywhere(qos level, blow how, bool loses_session) {
    std::uint64_t made = 0;
    for_each_exchange(level, loses_session, [&](const exchange& what) {
        std::uint64_t at = 1;
        for (; passes(what, grain::byte, session_age::fresh, {{at, how, loses_session}}); at += stride) ++made;
        CHECK(at > 150);  // or there was hardly an exchange
    });
    return made;
}

/// One strike at each packet and step of an exchange, and then another at each of the recovery.
std::uint64_t strike_twice_everywhere(qos level, blow first, blow second, bool first_loses, bool second_loses) {
    std::uint64_t made = 0;
    for_each_exchange(level, first_loses || second_loses, [&](const exchange& what) {
        for (std::uint64_t at = 1;; at += stride_of_two) {
            const std::uint64_t before = made;
            std::uint64_t again = 1;
            while (passes(what, grain::packet, session_age::established,
                          {{at, first, first_loses}, {again, second, second_loses}})) {
                again += stride_of_second;
                ++made;
            }
            if (made == before) return;
        }
    });
    return made;
}

}  // namespace

TEST_CASE("cut: at every byte and between any two steps, the outcome is exactly as stated", "[mqtt][cut]") {
    const auto level = GENERATE(qos::at_least_once, qos::exactly_once);
    const auto how = GENERATE(blow::cut, blow::kill);
    const bool loses = GENERATE(false, true);
    const std::uint64_t made = strike_everywhere(level, how, loses);
    WARN("QoS " << static_cast<int>(level) << ", " << name_of(how) << (loses ? ", session lost: " : ", session kept: ") << made);
    CHECK(made > 1500 / stride);
}

TEST_CASE("cut: and once more at every point of the recovery", "[mqtt][cut]") {
    const auto level = qos::exactly_once;
    const auto first = GENERATE(blow::cut, blow::kill);
    const auto second = GENERATE(blow::cut, blow::kill);
    struct {
        bool first = false;
        bool second = false;
    } loses;
    SECTION("session kept") {}
    SECTION("session lost at the first") { loses.first = true; }
    SECTION("session lost at the second") { loses.second = true; }
    const std::uint64_t made = strike_twice_everywhere(level, first, second, loses.first, loses.second);
    WARN("QoS 2, " << name_of(first) << " and " << name_of(second)
                   << (loses.first    ? ", session lost at the first: "
                       : loses.second ? ", session lost at the second: "
                                      : ", session kept: ")
                   << made);
    CHECK(made > 8000 / (stride_of_two * stride_of_second));
}
