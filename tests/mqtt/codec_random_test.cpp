// tests/mqtt/codec_random_test.cpp: random packets survive the way to bytes and back; cut or altered bytes never do harm.
// Not here: bytes written by hand (codec_test.cpp). Seeds are fixed: every run is the same.
#include <catch2/catch.hpp>
#include <random>

#include "mqtt/property.hpp"
#include "tests/mqtt/codec_support.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

class dice {
public:
    explicit dice(unsigned seed) : engine_(seed) {}
    unsigned below(unsigned end) { return static_cast<unsigned>(engine_() % end); }
    bool coin() { return below(2) == 1; }
    std::string text() {
        static const std::vector<std::string> pieces{"a", "/", "Z9", "é", "€", "😀", "\xef\xbb\xbf", " "};
        std::string result = "t";
        for (auto n = below(6); n > 0; --n) result += pieces[below(8)];
        return below(20) == 0 ? result + std::string(300, 'l') : result;
    }
    std::string bytes() {
        std::string result;
        for (auto n = below(10); n > 0; --n) result.push_back(static_cast<char>(below(256)));
        return below(20) == 0 ? result + std::string(17'000, '\0') : result;
    }
    packet_id id() { return packet_id{static_cast<std::uint16_t>(1 + below(65'535))}; }
    qos level() { return static_cast<qos>(below(3)); }
    reason one_of(std::initializer_list<reason> codes) { return codes.begin()[below(static_cast<unsigned>(codes.size()))]; }

private:
    std::mt19937 engine_;
};

// One overload for each type of property; the values are in every range there is.
void fill(dice& d, const property_rule& rule, std::optional<std::uint8_t>& to) {
    to = static_cast<std::uint8_t>(rule.range == property_range::boolean ? d.below(2) : d.below(256));
}
void fill(dice& d, const property_rule&, std::optional<std::uint16_t>& to) {
    to = static_cast<std::uint16_t>(1 + d.below(65'535));
}
void fill(dice& d, const property_rule&, std::optional<std::uint32_t>& to) { to = 1 + d.below(0xfffffff0u); }
void fill(dice& d, const property_rule& rule, std::optional<std::string>& to) {
    to = rule.range == property_range::binary ? d.bytes() : d.text();
}
void fill(dice& d, const property_rule& rule, std::vector<std::uint32_t>& to) {
    const auto count = rule.repeats_in != 0 ? 1 + d.below(3) : 1;
    for (unsigned i = 0; i < count; ++i) to.push_back(1 + d.below(268'435'455));
}
void fill(dice& d, const property_rule&, std::vector<std::pair<std::string, std::string>>& to) {
    for (auto n = 1 + d.below(3); n > 0; --n) to.emplace_back(d.text(), d.text());
}

property_set some_properties(dice& d, packet_type holder, sender from, version how) {
    property_set result;
    if (how == version::v3_1_1 || d.coin()) return result;
    for (const auto& rule : property_rules())
        if ((rule.allowed(from) & set_of(holder)) != 0 && d.below(3) == 0)
            std::visit([&](auto member) { fill(d, rule, result.*member); }, rule.member);
    if (holder == packet_type::subscribe && result.subscription_identifiers.size() > 1) result.subscription_identifiers.resize(1);
    if (result.authentication_data) result.authentication_method = "m";
    return result;
}

connect some_connect(dice& d, version how) {
    connect result;
    result.clean_start = d.coin();
    result.keep_alive = static_cast<std::uint16_t>(d.below(65'536));
    result.client_id = d.text();
    if (d.coin()) result.username = d.text();
    if (d.coin() && (how == version::v5 || result.username)) result.password = d.bytes();
    result.properties = some_properties(d, packet_type::connect, sender::client, how);
    if (!d.coin()) return result;
    result.will = will{d.text(), d.bytes(), d.level(), d.coin()};
    result.will_properties = some_properties(d, packet_type::will, sender::client, how);
    return result;
}

connack some_connack(dice& d, version how) {
    connack result;
    result.reason = d.one_of({reason::success, reason::success, reason::not_authorized, reason::server_unavailable});
    result.session_present = result.reason == reason::success && d.coin();
    result.properties = some_properties(d, packet_type::connack, sender::server, how);
    return result;
}

publish some_publish(dice& d, version how, sender from) {
    publish result;
    result.topic = d.text();
    result.payload = d.bytes();
    result.qos = d.level();
    result.retain = d.coin();
    if (result.qos != qos::at_most_once) {
        result.dup = d.coin();
        result.id = d.id();
    }
    result.properties = some_properties(d, packet_type::publish, from, how);
    if (result.properties.topic_alias && d.coin()) result.topic.clear();
    return result;
}

template <typename T>
T some_acknowledgement(dice& d, packet_type type, version how, sender from, reason other) {
    T result;
    result.id = d.id();
    if (how == version::v5 && d.coin()) result.reason = other;
    result.properties = some_properties(d, type, from, how);
    return result;
}

subscribe some_subscribe(dice& d, version how) {
    subscribe result;
    result.id = d.id();
    for (auto n = 1 + d.below(3); n > 0; --n) {
        subscription one{d.text() + "/+/#", d.level()};
        if (how == version::v5) {
            one.no_local = d.coin();
            one.retain_as_published = d.coin();
            one.retain_handling = static_cast<retain_handling>(d.below(3));
        }
        result.subscriptions.push_back(one);
    }
    result.properties = some_properties(d, packet_type::subscribe, sender::client, how);
    return result;
}

suback some_suback(dice& d, version how) {
    suback result;
    result.id = d.id();
    for (auto n = 1 + d.below(3); n > 0; --n)
        result.reasons.push_back(
            d.one_of({reason::success, reason::granted_qos_1, reason::granted_qos_2, reason::unspecified_error}));
    result.properties = some_properties(d, packet_type::suback, sender::server, how);
    return result;
}

unsubscribe some_unsubscribe(dice& d, version how) {
    unsubscribe result;
    result.id = d.id();
    for (auto n = 1 + d.below(3); n > 0; --n) result.filters.push_back(d.text());
    result.properties = some_properties(d, packet_type::unsubscribe, sender::client, how);
    return result;
}

unsuback some_unsuback(dice& d, version how) {
    unsuback result;
    result.id = d.id();
    if (how == version::v3_1_1) return result;
    for (auto n = 1 + d.below(3); n > 0; --n)
        result.reasons.push_back(d.one_of({reason::success, reason::no_subscription_existed, reason::not_authorized}));
    result.properties = some_properties(d, packet_type::unsuback, sender::server, how);
    return result;
}

disconnect some_disconnect(dice& d, version how, sender from) {
    disconnect result;
    if (how == version::v3_1_1) return result;
    result.reason = d.one_of({reason::success, reason::malformed_packet, reason::quota_exceeded});
    result.properties = some_properties(d, packet_type::disconnect, from, how);
    return result;
}

auth some_auth(dice& d, sender from) {
    auth result;
    result.reason = reason::continue_authentication;
    result.properties = some_properties(d, packet_type::auth, from, version::v5);
    result.properties.authentication_method = d.text();
    return result;
}

struct sent_packet {
    packet what;
    sender from;
};

sent_packet some_packet(dice& d, version how) {
    const auto either = d.coin() ? sender::client : sender::server;
    switch (d.below(how == version::v5 ? 15 : 14)) {
        case 0:
            return {some_connect(d, how), sender::client};
        case 1:
            return {some_connack(d, how), sender::server};
        case 2:
            return {some_acknowledgement<puback>(d, packet_type::puback, how, either, reason::quota_exceeded), either};
        case 3:
            return {some_acknowledgement<pubrec>(d, packet_type::pubrec, how, either, reason::not_authorized), either};
        case 4:
            return {some_acknowledgement<pubrel>(d, packet_type::pubrel, how, either, reason::packet_identifier_not_found),
                    either};
        case 5:
            return {some_acknowledgement<pubcomp>(d, packet_type::pubcomp, how, either, reason::packet_identifier_not_found),
                    either};
        case 6:
            return {some_subscribe(d, how), sender::client};
        case 7:
            return {some_suback(d, how), sender::server};
        case 8:
            return {some_unsubscribe(d, how), sender::client};
        case 9:
            return {some_unsuback(d, how), sender::server};
        case 10:
            return {pingreq{}, sender::client};
        case 11:
            return {pingresp{}, sender::server};
        case 12:
            return {some_disconnect(d, how, how == version::v5 ? either : sender::client),
                    how == version::v5 ? either : sender::client};
        case 13:
            return {some_publish(d, how, either), either};
        default:
            return {some_auth(d, either), either};
    }
}

/// Decodes bytes of which nothing is known; what decodes must encode, and decode to the same again.
bool is_harmless(std::string_view bytes, version how, sender from) {
    const auto first = decode(as_bytes(bytes), how, from);
    if (!first) return !first.error().what().empty() && is_error(first.error().code());
    const auto again = decode(as_bytes(encoded(*first, how)), how, from);
    return again.has_value() && *again == *first;
}

}  // namespace

TEST_CASE("codec: random packets come back as they went", "[mqtt][codec]") {
    const auto how = GENERATE(version::v3_1_1, version::v5);
    dice d(20'261'122);
    for (int run = 0; run < 5000; ++run) {
        const auto [what, from] = some_packet(d, how);
        const auto bytes = encoded(what, how);
        const auto back = decode(as_bytes(bytes), how, from);
        if (!back) FAIL("run " << run << ": " << back.error().what() << ": " << to_hex(bytes));
        if (*back != what) FAIL("run " << run << ": another packet: " << to_hex(bytes));
    }
}

TEST_CASE("codec: a packet cut at any byte is no packet", "[mqtt][codec]") {
    const auto how = GENERATE(version::v3_1_1, version::v5);
    dice d(7);
    for (int run = 0; run < 500; ++run) {
        const auto [what, from] = some_packet(d, how);
        const auto bytes = encoded(what, how);
        for (std::size_t size = 0; size < std::min<std::size_t>(bytes.size(), 400); ++size) {
            // On the heap and of that size, so that a sanitizer sees a read beyond it.
            const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
            if (decode(as_bytes({cut.data(), cut.size()}), how, from)) FAIL("cut at " << size << ": " << to_hex(bytes));
        }
    }
}

TEST_CASE("codec: content cut short under a fitting length does no harm", "[mqtt][codec]") {
    const auto how = GENERATE(version::v3_1_1, version::v5);
    dice d(8);
    for (int run = 0; run < 500; ++run) {
        const auto [what, from] = some_packet(d, how);
        const auto bytes = encoded(what, how);
        for (std::size_t size = 2; size < std::min<std::size_t>(bytes.size(), 129); ++size) {
            auto cut = bytes.substr(0, size);
            cut[1] = static_cast<char>(size - 2);
            if (!is_harmless(cut, how, from)) FAIL(to_hex(cut));
        }
    }
}

TEST_CASE("codec: any byte altered does no harm", "[mqtt][codec]") {
    const auto how = GENERATE(version::v3_1_1, version::v5);
    dice d(9);
    for (int run = 0; run < 150; ++run) {
        const auto [what, from] = some_packet(d, how);
        const auto bytes = encoded(what, how);
        if (bytes.size() > 2000) continue;
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            for (const unsigned mask : {0xffu, 0x01u, 0x80u, 1 + d.below(255)}) {
                auto altered = bytes;
                altered[at] = static_cast<char>(static_cast<unsigned char>(altered[at]) ^ mask);
                const auto other = from == sender::client ? sender::server : sender::client;
                if (!is_harmless(altered, how, from) || !is_harmless(altered, how, other)) FAIL(to_hex(altered));
            }
        }
    }
}

TEST_CASE("codec: random bytes do no harm", "[mqtt][codec]") {
    const auto how = GENERATE(version::v3_1_1, version::v5);
    const auto from = GENERATE(sender::client, sender::server);
    dice d(10);
    for (int run = 0; run < 100'000; ++run) {
        std::string bytes{static_cast<char>(d.below(256)), '\0'};
        for (auto n = d.below(24); n > 0; --n) bytes.push_back(static_cast<char>(d.coin() ? d.below(256) : d.below(4)));
        bytes[1] = static_cast<char>(bytes.size() - 2);
        if (!is_harmless(bytes, how, from)) FAIL(to_hex(bytes));
    }
}
