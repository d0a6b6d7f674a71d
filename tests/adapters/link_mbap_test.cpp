// tests/adapters/link_mbap_test.cpp: links over a scripted channel: Modbus TCP with several requests under way, what is sent
// again and what never is, datagrams, serial servers. Not here: sockets (link_tcp_test.cpp).
#include <catch2/catch.hpp>

#include "adapters/modbus/link.hpp"
#include "adapters/modbus/rtu_frame.hpp"
#include "tests/adapters/support/fake_device.hpp"
#include "tests/adapters/support/scripted_channel.hpp"

using namespace modbus;
using std::chrono::milliseconds;

namespace {

using registers = std::vector<std::uint16_t>;
using status = enum answer::status;
constexpr nanoseconds second{1'000'000'000};

bytes mbap(const bytes& request, const bytes& pdu) {
    return bytes{request[0], request[1], 0, 0, 0, static_cast<std::uint8_t>(pdu.size() + 1), request[6]} + pdu;
}
/// Registers of which each holds its own address.
bytes own_address(const bytes& request) {
    const std::size_t count = request[11];
    bytes pdu{request[7], static_cast<std::uint8_t>(2 * count)};
    for (std::size_t i = 0; i < count; ++i) {
        pdu.push_back(request[8]);
        pdu.push_back(static_cast<std::uint8_t>(request[9] + i));
    }
    return mbap(request, pdu);
}

struct bench {
    scripted_channel* channel;
    std::unique_ptr<modbus::link> link;
    explicit bench(framing how, bus_manners manners = {}, bool datagram = false) {
        auto made = std::make_unique<scripted_channel>([](const bytes&) {});
        channel = made.get();
        channel->datagram = datagram;
        link = make_link(how, std::move(made), manners);
    }
    std::size_t asked() const { return channel->sent.size(); }
};

bus_manners several(std::uint16_t count) {
    bus_manners manners;
    manners.max_inflight = count;
    return manners;
}

std::vector<read_request> blocks(std::size_t count) {
    std::vector<read_request> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back({7, table::holding, static_cast<std::uint16_t>(10 * i), 2});
    return all;
}

const transaction set = write_register(3, 120, 0x141);

}  // namespace

TEST_CASE("mbap: several requests under way, answered in any order and any pieces", "[modbus][mbap]") {
    bench on(framing::mbap, several(8));
    CHECK(on.link->most_at_once() == 8);
    std::vector<bytes> requests;
    const auto order = GENERATE(std::vector<std::size_t>{0, 1, 2, 3}, std::vector<std::size_t>{3, 2, 1, 0},
                                std::vector<std::size_t>{2, 0, 3, 1});
    const bool glued = GENERATE(true, false);
    on.channel->on_send = [&](const bytes& request) {
        requests.push_back(request);
        if (requests.size() < 4) return;
        bytes all;
        for (const std::size_t which : order) all = all + own_address(requests[which]);
        if (glued) return on.channel->say(all);
        for (std::size_t i = 0; i < all.size(); ++i) on.channel->say({all[i]}, milliseconds(1 + i));
    };
    const auto answers = on.link->read_all(blocks(4), second);
    REQUIRE(answers.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        const auto base = static_cast<std::uint16_t>(10 * i);
        CHECK(answers[i].registers == registers{base, static_cast<std::uint16_t>(base + 1)});
    }
    CHECK(on.channel->sent_at[0] == on.channel->sent_at[3]);  // all before any answer
    CHECK(on.channel->times_opened == 1);
}

TEST_CASE("mbap: of several, those that were answered count", "[modbus][mbap]") {
    bench on(framing::mbap, several(4));
    int count = 0;
    on.channel->on_send = [&](const bytes& request) {
        ++count;
        if (count == 2) return;
        on.channel->say(count == 3 ? mbap(request, {0x83, 2}) : own_address(request), milliseconds(count));
    };
    const auto answers = on.link->read_all(blocks(4), milliseconds(100));
    CHECK(answers[0].status == status::ok);
    CHECK(answers[1].status == status::silent);
    CHECK(answers[1].detail == "no answer within 100 ms");
    CHECK(answers[2].exception_code == 2);
    CHECK(answers[3].status == status::ok);
    // One time-out beside answers isn't one of two in a row.
    on.channel->on_send = [](const bytes&) {};
    CHECK(on.link->read(blocks(1)[0], milliseconds(10)).status == status::silent);
    on.channel->on_send = [&](const bytes& request) { on.channel->say(own_address(request)); };
    CHECK(on.link->read(blocks(1)[0], second).status == status::ok);
    CHECK(on.channel->times_opened == 1);
}

TEST_CASE("mbap: one behind another in the server's queue has all of the time-out", "[modbus][mbap]") {
    bench on(framing::mbap, several(3));
    int count = 0;
    on.channel->on_send = [&](const bytes& request) { on.channel->say(own_address(request), milliseconds(80) * ++count); };
    for (const answer& each : on.link->read_all(blocks(3), milliseconds(100))) {
        CHECK(each.status == status::ok);
        CHECK(each.turnaround == milliseconds(80));
    }
}

TEST_CASE("mbap: answers of an older round are dropped, even in the middle", "[modbus][mbap][late]") {
    bench on(framing::mbap, several(2));
    std::vector<bytes> old;
    on.channel->on_send = [&](const bytes& request) { old.push_back(request); };
    for (const answer& each : on.link->read_all(blocks(2), milliseconds(10))) CHECK(each.status == status::silent);
    on.channel->on_send = [&](const bytes& request) {
        on.channel->say(mbap(old[0], {3, 4, 0xDE, 0xAD, 0xDE, 0xAD}) + own_address(request) +
                        mbap(old[1], {3, 4, 0xDE, 0xAD, 0xDE, 0xAD}));
    };
    const auto answers = on.link->read_all(blocks(2), second);
    CHECK(answers[0].registers == registers{0, 1});
    CHECK(answers[1].registers == registers{10, 11});
}

TEST_CASE("mbap: a server that sends requests back is not believed", "[modbus][mbap][echo]") {
    // 20 coils from 0x0305: the echo reads as three data bytes 05 00 14.
    bench on(framing::mbap);
    on.channel->on_send = [&](const bytes& request) { on.channel->say(request); };
    const answer got = on.link->read({3, table::coil, 0x0305, 20}, second);
    CHECK(got.status == status::silent);
    CHECK(got.detail == "the answer is the request itself");
}

TEST_CASE("mbap: an answer is taken once", "[modbus][mbap]") {
    bench on(framing::mbap);
    on.channel->on_send = [&](const bytes& request) {
        on.channel->say(own_address(request) + mbap(request, {3, 4, 0xDE, 0xAD, 0xDE, 0xAD}));
    };
    for (int round = 0; round < 3; ++round) CHECK(on.link->read(blocks(1)[0], second).registers == registers{0, 1});
    CHECK(on.channel->times_opened == 1);
}

TEST_CASE("links: what has an effect is never sent twice", "[modbus][mbap][write]") {
    const framing how = GENERATE(framing::mbap, framing::rtu, framing::ascii);
    bench on(how);
    bool answers = true;
    on.channel->on_send = [&](const bytes& request) {
        if (!answers) return on.channel->close_after(milliseconds(1));
        on.channel->say(request);  // of a write of one register, in all three framings
    };
    CHECK(on.link->transact(set, second).status == status::ok);
    SECTION("closed after it was sent") {
        answers = false;
        const answer got = on.link->transact(set, second);
        CHECK(got.status == status::down);
        CHECK(got.sent);
        CHECK(on.asked() == 2);
        CHECK(on.channel->times_opened == 1);
    }
    SECTION("closed while idle: that shows before it is sent, so it goes over another connection") {
        on.channel->close_after(milliseconds(1));
        on.channel->pass(milliseconds(5));
        int told = 0;
        transaction what = set;
        what.sending = [&] { ++told; };
        CHECK(on.link->transact(what, second).status == status::ok);
        CHECK(on.asked() == 2);
        CHECK(told == 1);
        CHECK(on.channel->times_opened == 2);
    }
    SECTION("a read is asked again, once") {
        answers = false;
        CHECK(on.link->read(blocks(1)[0], second).status == status::down);
        CHECK(on.asked() == 3);
        CHECK(on.channel->times_opened == 2);
    }
    SECTION("the connection can't be opened") {
        on.channel->close();
        on.channel->fault = "refused";
        const answer got = on.link->transact(set, second);
        CHECK(got.status == status::down);
        CHECK(got.detail == "refused");
        CHECK_FALSE(got.sent);
    }
}

TEST_CASE("links: a rest after opening", "[modbus][mbap]") {
    bus_manners manners;
    manners.connect_delay = second;
    const framing how = GENERATE(framing::mbap, framing::rtu);
    bench on(how, manners);
    on.channel->on_send = [&](const bytes& request) { on.channel->say(request); };
    const time_point begin = on.channel->now();
    CHECK(on.link->transact(set, second).status == status::ok);
    CHECK(on.link->transact(set, second).status == status::ok);
    CHECK(on.channel->sent_at[0] - begin == second);
    CHECK(on.channel->sent_at[1] - begin < second + milliseconds(10));
}

TEST_CASE("links: unit 0 is a device over Modbus TCP, and all of a line's otherwise", "[modbus][mbap]") {
    bench tcp(framing::mbap);
    tcp.channel->on_send = [&](const bytes& request) { tcp.channel->say(own_address(request)); };
    CHECK(tcp.link->read({0, table::holding, 0, 2}, second).registers == registers{0, 1});
    bench line(framing::rtu);
    CHECK(line.link->transact(write_register(0, 1, 2), second).status == status::ok);
    CHECK(line.asked() == 1);
    const answer got = line.link->read({0, table::holding, 0, 2}, second);
    CHECK(got.status == status::silent);
    CHECK(line.asked() == 1);
}

TEST_CASE("mbap in datagrams: each is whole or nothing", "[modbus][mbap][datagram]") {
    bench on(framing::mbap, {}, true);
    on.channel->on_send = [&](const bytes& request) {
        const bytes right = own_address(request);
        on.channel->say(bytes(right.begin(), right.begin() + 8));  // cut: its rest doesn't come
        on.channel->say(bytes{1, 2, 3});                           // too short for anything
        on.channel->say(bytes(20, 0x55));                          // not Modbus
        on.channel->say(right + bytes{1, 2, 3});                   // with something behind it
    };
    for (int round = 0; round < 3; ++round) CHECK(on.link->read(blocks(1)[0], second).registers == registers{0, 1});
    CHECK(on.channel->times_opened == 1);
}

TEST_CASE("rtu in datagrams: after a time-out there is another socket, which a late answer doesn't reach",
          "[modbus][rtu][datagram]") {
    bus_manners manners;
    manners.timeout = milliseconds(20);
    bench on(framing::rtu, manners, true);
    const read_request ask{3, table::holding, 10, 2};
    on.channel->on_send = [&](const bytes&) { on.channel->say(registers_frame(3, 3, {0xDEAD, 0xDEAD}), second * 3); };
    CHECK(on.link->read(ask, nanoseconds(0)).status == status::silent);
    on.channel->on_send = [&](const bytes& request) {
        on.channel->say(registers_frame(3, 3, std::vector<std::uint16_t>(request[5], 0x1111)));
    };
    for (int round = 0; round < 5; ++round) {
        CHECK(on.link->read(ask, second).registers == registers{0x1111, 0x1111});
        on.channel->pass(second);
    }
    CHECK(on.channel->times_opened == 2);
}

TEST_CASE("rtu in datagrams: one that is cut isn't waited on beyond the time-out", "[modbus][rtu][datagram]") {
    bus_manners manners;
    manners.timeout = milliseconds(20);
    bench on(framing::rtu, manners, true);
    on.channel->on_send = [&](const bytes&) { on.channel->say({3, 3, 4, 0x11}, milliseconds(15)); };
    const time_point before = on.channel->now();
    CHECK(on.link->read({3, table::holding, 10, 2}, nanoseconds(0)).status == status::silent);
    CHECK(on.channel->now() - before == milliseconds(20));
}
