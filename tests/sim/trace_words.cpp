// tests/sim/trace_words.cpp: see trace_words.hpp.
// Not here: the words of packets in general (tests/mqtt/support/words.hpp).
#include "tests/sim/trace_words.hpp"

#include <span>

#include "mqtt/codec.hpp"
#include "mqtt/framer.hpp"
#include "tests/mqtt/support/words.hpp"
#include "tests/sim/content.hpp"

namespace sim {

std::string packet_in_words(const mqtt::packet& what, const file_model& with) {
    const auto* const p = std::get_if<mqtt::publish>(&what);
    if (p == nullptr || p->payload.starts_with('s') || p->topic.starts_with("in/")) return mqtt_test::in_words(what);
    const auto known = with.accepted().find(number_in(p->payload));
    std::string text = "PUBLISH " + std::to_string(static_cast<unsigned>(p->id)) + " (seq ";
    text += known == with.accepted().end() ? "?" : std::to_string(known->second);
    text += ", reading " + std::to_string(number_in(p->payload)) + ", QoS " + std::to_string(static_cast<int>(p->qos));
    return text + (p->dup ? ", DUP)" : ")");
}

std::string in_words(const intent& what, std::int64_t last) {
    std::string text;
    const auto part = [&text](const std::string& words) { text += (text.empty() ? "" : ", ") + words; };
    if (!what.append.empty())
        part("append " + std::to_string(last + 1) + "–" + std::to_string(last + static_cast<std::int64_t>(what.append.size())));
    if (what.cursor) {
        const auto& c = *what.cursor;
        std::string words = "cursor acked " + std::to_string(number(c.acked)) + " released " +
                            std::to_string(number(c.released)) + " maybe sent " + std::to_string(number(c.maybe_sent));
        for (const auto each : c.acked_beyond) words += " +acked " + std::to_string(number(each));
        for (const auto each : c.released_beyond) words += " +released " + std::to_string(number(each));
        part(words);
    }
    if (what.session) part("session #" + std::to_string(what.session->epoch));
    if (!what.receive.empty()) part("receive " + std::to_string(what.receive.size()));
    if (what.held) {
        std::string words = "held";
        for (const auto id : *what.held) words += ' ' + std::to_string(id);
        part(what.held->empty() ? "held none" : words);
    }
    if (!what.handled.empty()) part("handled " + std::to_string(what.handled.size()));
    const auto& s = what.settled;
    if (s != store::settled{})
        part("settled " + std::to_string(s.acknowledged) + " acknowledged " + std::to_string(s.refused) + " refused " +
             std::to_string(s.session) + " dropped with the session " + std::to_string(s.expired) + " expired");
    return text.empty() ? "nothing" : text;
}

std::vector<mqtt::packet> packets_in(std::string_view bytes, mqtt::version how) {
    std::vector<mqtt::packet> found;
    mqtt::framer framer(1u << 20);
    framer.feed(std::as_bytes(std::span(bytes)));
    for (;;) {
        const auto frame = framer.next();
        if (!frame || !*frame) return found;
        auto packet = mqtt::decode(**frame, how, mqtt::sender::server);
        if (packet) found.push_back(std::move(*packet));
    }
}

}  // namespace sim
