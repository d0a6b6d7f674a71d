// tests/adapters/link_trace_test.cpp: whoever watches a link is told of every byte once: what was sent, the answer, and what was
// none, with its age; and nothing is told to nobody. Not here: what a person is shown of it
// (tests/gateway/diagnosis/frame_words_test.cpp).
#include <catch2/catch.hpp>

#include "adapters/modbus/link.hpp"
#include "tests/adapters/support/line_bench.hpp"

using namespace modbus;
using std::chrono::milliseconds;

namespace {

struct told {
    wire_event what;
    bytes content;
    bool operator==(const told&) const = default;
};

const read_request ask{3, table::holding, 10, 2};
const bytes request = rtu_frame_of(3, read_of(ask).pdu);
const bytes answered = registers_frame(3, 3, {0x1111, 0x2222});
const bytes foreign = registers_frame(4, 3, {0x4444, 0x5555});

bytes damaged(bytes frame) {
    frame.back() ^= 0xFFu;
    return frame;
}

/// A line with somebody watching.
struct watched {
    line_bench line;
    std::vector<told> seen;
    std::vector<nanoseconds> ages;

    explicit watched(scripted_channel::script script) : line(std::move(script)) {
        line.exchange.watch([this](wire_event what, bytes_view content, nanoseconds age) {
            seen.push_back({what, bytes(content.begin(), content.end())});
            ages.push_back(age);
        });
    }
};

}  // namespace

namespace Catch {
template <>
struct StringMaker<told> {
    static std::string convert(const told& one) {
        std::string text = one.what == wire_event::sent ? "sent" : one.what == wire_event::received ? "received" : "discarded";
        for (const auto byte : one.content) text += ' ' + std::to_string(byte);
        return text;
    }
};
}  // namespace Catch

TEST_CASE("trace: a request and its answer, with the age of their last byte", "[modbus][trace]") {
    watched on([&](const bytes&) {
        on.line.say({answered.begin(), answered.begin() + 3}, milliseconds(1));
        on.line.say({answered.begin() + 3, answered.end()}, milliseconds(2));
    });
    CHECK(on.line.read(ask, line_bench::patient).status == answer::status::ok);
    CHECK(on.seen == std::vector<told>{{wire_event::sent, request}, {wire_event::received, answered}});
    CHECK(on.ages == std::vector<nanoseconds>(2, nanoseconds(0)));
}

TEST_CASE("trace: what is before an answer is told in one piece, and before it", "[modbus][trace]") {
    const bytes before = GENERATE_COPY(bytes{0x00}, foreign, request, bytes{0x00, 0xFF} + foreign);
    watched on([&](const bytes&) {
        for (const std::uint8_t byte : before + answered) on.line.say({byte});
    });
    CHECK(on.line.read(ask, line_bench::patient).status == answer::status::ok);
    CHECK(on.seen ==
          std::vector<told>{{wire_event::sent, request}, {wire_event::discarded, before}, {wire_event::received, answered}});
}

TEST_CASE("trace: a damaged answer is told once, though its bytes may still be part of something", "[modbus][trace]") {
    const bytes bad = damaged(answered);
    bool first = true;
    watched on([&](const bytes&) { on.line.say(std::exchange(first, false) ? bad : answered); });
    CHECK(on.line.read(ask, line_bench::brief).status == answer::status::silent);
    CHECK(on.line.read(ask, line_bench::brief).status == answer::status::ok);
    CHECK(on.seen == std::vector<told>{{wire_event::sent, request},
                                       {wire_event::discarded, bad},
                                       {wire_event::sent, request},
                                       {wire_event::received, answered}});
}

TEST_CASE("trace: an answer that breaks off is told by the end of its request", "[modbus][trace]") {
    const bytes half(answered.begin(), answered.begin() + 5);
    watched on([&](const bytes&) { on.line.say(half); });
    CHECK(on.line.read(ask, line_bench::brief).status == answer::status::silent);
    on.line.exchange.watch({});  // as at the end of a poll
    CHECK(on.seen == std::vector<told>{{wire_event::sent, request}, {wire_event::discarded, half}});
}

TEST_CASE("trace: a late answer is told when it comes", "[modbus][trace]") {
    bool mute = true;
    watched on([&](const bytes&) {
        if (!mute) on.line.say(answered);
    });
    CHECK(on.line.read(ask, line_bench::brief).status == answer::status::silent);
    mute = false;
    const bytes late = registers_frame(3, 3, {0xDEAD, 0xDEAD});
    on.line.say(late);
    CHECK(on.line.read(ask, line_bench::patient).status == answer::status::ok);
    CHECK(on.seen == std::vector<told>{{wire_event::sent, request},
                                       {wire_event::discarded, late},
                                       {wire_event::sent, request},
                                       {wire_event::received, answered}});
    CHECK(on.ages[1] < milliseconds(5));
}

TEST_CASE("trace: who doesn't watch any more isn't told, and what was before isn't told later", "[modbus][trace]") {
    watched on([&](const bytes&) { on.line.say(damaged(answered)); });
    on.line.exchange.watch({});
    CHECK(on.line.read(ask, line_bench::brief).status == answer::status::silent);
    std::vector<told> later;
    on.line.exchange.watch([&](wire_event what, bytes_view content, nanoseconds) {
        later.push_back({what, {content.begin(), content.end()}});
    });
    on.line.channel.on_send = [](const bytes&) {};
    CHECK(on.line.read(ask, line_bench::brief).status == answer::status::silent);
    CHECK(on.seen.empty());
    CHECK(later == std::vector<told>{{wire_event::sent, request}});
}

namespace {

bytes mbap(std::uint8_t high, std::uint8_t low, const bytes& pdu) {
    return bytes{high, low, 0, 0, 0, static_cast<std::uint8_t>(pdu.size() + 1), 3} + pdu;
}

}  // namespace

TEST_CASE("trace: Modbus TCP: requests, answers, late numbers and what isn't Modbus", "[modbus][trace]") {
    auto made = std::make_unique<scripted_channel>([](const bytes&) {});
    scripted_channel& channel = *made;
    const auto link = make_link(framing::mbap, std::move(made), {});
    std::vector<told> seen;
    link->watch([&](wire_event what, bytes_view content, nanoseconds) {
        seen.push_back({what, {content.begin(), content.end()}});
    });
    bytes sent, late, good;
    channel.on_send = [&](const bytes& what) {
        sent = what;
        late = mbap(static_cast<std::uint8_t>(what[0] ^ 0x55u), what[1], {3, 4, 0, 1, 0, 2});
        good = mbap(what[0], what[1], {3, 4, 0, 1, 0, 2});
        channel.say(late + good);
    };
    CHECK(link->read(ask, nanoseconds(1'000'000'000)).status == answer::status::ok);
    CHECK(seen == std::vector<told>{{wire_event::sent, sent}, {wire_event::discarded, late}, {wire_event::received, good}});

    seen.clear();
    const bytes noise{1, 2, 3, 4, 5, 6, 7, 8};
    channel.on_send = [&](const bytes& what) {
        sent = what;
        channel.say(noise);
    };
    CHECK(link->read(ask, nanoseconds(1'000'000'000)).status == answer::status::silent);
    CHECK(seen == std::vector<told>{{wire_event::sent, sent}, {wire_event::discarded, noise}});

    seen.clear();
    bytes half;
    channel.on_send = [&](const bytes& what) {
        sent = what;
        half = mbap(what[0], what[1], {3, 4, 0, 1});
        half[5] = 7;
        channel.say(half);
    };
    CHECK(link->read(ask, nanoseconds(1'000'000'000)).status == answer::status::silent);
    CHECK(seen == std::vector<told>{{wire_event::sent, sent}, {wire_event::discarded, half}});
}
