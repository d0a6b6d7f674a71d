// tests/adapters/pdu_test.cpp: requests as the specification prints them, and which answers fit them.
// Not here: frames (rtu_frame_test.cpp, link_ascii_test.cpp).
#include "adapters/modbus/pdu.hpp"

#include <catch2/catch.hpp>

using namespace modbus;

namespace {

using bytes = std::vector<std::uint8_t>;
using words = std::vector<std::uint16_t>;
using verdict = enum pdu_match::verdict;

std::string fault(const transaction& request, const bytes& answer) { return fault_of(form_of(request.pdu), answer); }

struct exchange {
    std::string name;
    transaction request;
    bytes sent, answer;
};

/// The examples of MODBUS Application Protocol V1.1b3, section 6, and of our own where it has none.
std::vector<exchange> exchanges() {
    return {
        {"read coils", read_of({1, table::coil, 0x13, 0x13}), {1, 0, 0x13, 0, 0x13}, {1, 3, 0xCD, 0x6B, 5}},
        {"read discrete inputs", read_of({1, table::discrete, 0xC4, 0x16}), {2, 0, 0xC4, 0, 0x16}, {2, 3, 0xAC, 0xDB, 0x35}},
        {"read holding registers", read_of({1, table::holding, 0x6B, 3}), {3, 0, 0x6B, 0, 3}, {3, 6, 2, 0x2B, 0, 0, 0, 0x64}},
        {"read input registers", read_of({1, table::input, 8, 1}), {4, 0, 8, 0, 1}, {4, 2, 0, 0x0A}},
        {"write a coil", write_coil(1, 0xAC, true), {5, 0, 0xAC, 0xFF, 0}, {5, 0, 0xAC, 0xFF, 0}},
        {"write a register", write_register(1, 1, 3), {6, 0, 1, 0, 3}, {6, 0, 1, 0, 3}},
        {"exception status", exception_status(1), {7}, {7, 0x6D}},
        {"echo test", diagnostics(1, 0, words{0xA537}), {8, 0, 0, 0xA5, 0x37}, {8, 0, 0, 0xA5, 0x37}},
        {"counter", diagnostics(1, 11, words{0}), {8, 0, 11, 0, 0}, {8, 0, 11, 0x12, 0x34}},
        {"write coils",
         write_coils(1, 0x13, words{1, 0, 1, 1, 0, 0, 1, 1, 1, 0}),
         {15, 0, 0x13, 0, 10, 2, 0xCD, 1},
         {15, 0, 0x13, 0, 10}},
        {"write registers", write_registers(1, 1, words{10, 0x102}), {16, 0, 1, 0, 2, 4, 0, 10, 1, 2}, {16, 0, 1, 0, 2}},
        {"server id", server_id(1), {17}, {17, 3, 'X', 'Y', 0xFF}},
        {"file record", read_file(1, 4, 1, 2), {20, 7, 6, 0, 4, 0, 1, 0, 2}, {20, 6, 5, 6, 0x0D, 0xFE, 0, 0x20}},
        {"mask write", mask_write(1, 4, 0xF2, 0x25), {22, 0, 4, 0, 0xF2, 0, 0x25}, {22, 0, 4, 0, 0xF2, 0, 0x25}},
        {"write and read",
         write_and_read({1, table::holding, 3, 2}, 14, words{0xFF}),
         {23, 0, 3, 0, 2, 0, 14, 0, 1, 2, 0, 0xFF},
         {23, 4, 0, 0xFE, 0x0A, 0xCD}},
        {"queue", read_fifo(1, 0x4DE), {24, 4, 0xDE}, {24, 0, 6, 0, 2, 1, 0xB8, 0x12, 0x84}},
        {"identification", read_identification(1, 1, 0), {43, 14, 1, 0}, {43, 14, 1, 1, 0, 0, 2, 0, 1, 'A', 1, 2, 'B', 'C'}},
    };
}

}  // namespace

TEST_CASE("pdu: requests are as printed in the specification, and their answers fit, cut nowhere", "[modbus][pdu]") {
    for (const exchange& one : exchanges()) {
        CAPTURE(one.name);
        CHECK(one.request.pdu == one.sent);
        const answer_form form = form_of(one.request.pdu);
        CHECK(fault_of(form, one.answer).empty());
        CHECK(fault_of(form, bytes{static_cast<std::uint8_t>(one.sent[0] | 0x80), 2}).empty());
        for (std::size_t count = 0; count < one.answer.size(); ++count) {
            CAPTURE(count);
            const pdu_match part = match(form, bytes_view(one.answer).first(count));
            CHECK(part.verdict == verdict::begun);
            CHECK(part.size > count);
            CHECK(part.size <= one.answer.size());
            if (count > 0)
                CHECK_FALSE(fault_of(form, bytes(one.answer.begin(), one.answer.begin() + static_cast<int>(count))).empty());
        }
        bytes more = one.answer;
        more.push_back(0);
        CHECK(match(form, more).verdict == verdict::whole);
        CHECK(match(form, more).size == one.answer.size());
        CHECK_FALSE(fault_of(form, more).empty());
        // Of another function.
        CHECK_FALSE(fault_of(form, bytes{99, 0}).empty());
        CHECK_FALSE(fault_of(form, bytes{static_cast<std::uint8_t>((one.sent[0] ^ 1) | 0x80), 2}).empty());
    }
}

TEST_CASE("pdu: of an echo every byte is checked", "[modbus][pdu]") {
    for (const exchange& one : exchanges()) {
        const std::string& name = one.name;
        if (name.find("write ") != 0 && name != "echo test" && name != "mask write") continue;
        if (name == "write and read") continue;
        CAPTURE(name);
        for (std::size_t at = 1; at < one.answer.size(); ++at) {
            CAPTURE(at);
            bytes spoilt = one.answer;
            spoilt[at] ^= 1;
            CHECK(fault(one.request, spoilt) == "the answer doesn't repeat what was asked");
        }
    }
    // Of a counter only what it is a counter of.
    CHECK(fault(diagnostics(1, 11, words{0}), {8, 0, 12, 0, 0}) == "the answer doesn't repeat what was asked");
    CHECK(fault(diagnostics(1, 11, words{0}), {8, 0, 11, 9, 9}).empty());
}

TEST_CASE("pdu: what can't be the answer", "[modbus][pdu]") {
    CHECK(fault(read_of({1, table::holding, 0, 2}), {3, 6, 0, 0, 0, 0, 0, 0}) ==
          "the answer has 6 data bytes where 4 were asked for");
    CHECK(fault(read_of({1, table::holding, 0, 2}), {3, 4, 0, 0}) == "the answer has 2 data bytes where 4 were asked for");
    CHECK(fault(read_of({1, table::holding, 0, 2}), {4, 4, 0, 0, 0, 0}) == "the answer is to function 4");
    CHECK(fault(read_of({1, table::holding, 0, 2}), {0x84, 2}) == "the answer is to function 132");
    CHECK_FALSE(fault(read_fifo(1, 0), {24, 0, 6, 0, 3, 1, 2, 3, 4}).empty());  // counts that contradict each other
    bytes long_queue{24, 0, 66, 0, 32};
    long_queue.resize(3 + 66);
    CHECK_FALSE(fault(read_fifo(1, 0), long_queue).empty());  // more than a queue may have
    CHECK_FALSE(fault(read_file(1, 4, 1, 2), {20, 6, 5, 7, 0, 0, 0, 0}).empty());
    CHECK_FALSE(fault(read_identification(1, 1, 0), {43, 13, 1, 1, 0, 0, 0}).empty());
    CHECK_FALSE(fault(read_identification(1, 1, 0), {43, 14, 2, 1, 0, 0, 0}).empty());
    bytes endless{43, 14, 1, 1, 0, 0, 255};
    for (std::uint8_t id = 0; id < 100; ++id) endless.insert(endless.end(), {id, 1, 'x'});
    CHECK(match(form_of(read_identification(1, 1, 0).pdu), endless).verdict == verdict::no);  // beyond 253 bytes
}

TEST_CASE("pdu: a function that we don't know is answered by whatever comes", "[modbus][pdu]") {
    for (const bytes& request :
         {bytes{0x46, 1, 2}, bytes{3, 0}, bytes{6, 0, 1}, bytes{43, 13, 0, 0}, bytes{16, 0, 1, 0, 2, 5, 0}}) {
        const answer_form form = form_of(request);
        CHECK(form.how == answer_form::length::unknown);
        CHECK(fault_of(form, bytes{request[0], 9, 9, 9}).empty());
        CHECK(fault_of(form, bytes{request[0]}).empty());
        CHECK(fault_of(form, bytes{static_cast<std::uint8_t>(request[0] | 0x80), 1}).empty());
        CHECK_FALSE(fault_of(form, bytes{static_cast<std::uint8_t>(request[0] + 1)}).empty());
    }
}

TEST_CASE("pdu: raw requests as a person writes them", "[modbus][pdu]") {
    CHECK(parse_raw("06 00 10 12 34") == bytes{6, 0, 0x10, 0x12, 0x34});
    CHECK(parse_raw("46010aFf") == bytes{0x46, 1, 0x0A, 0xFF});
    CHECK(parse_raw("  11 ") == bytes{0x11});
    for (const char* wrong : {"", " ", "6", "06 0", "0 6", "00 01", "80", "FF 01", "0x06", "06,01", "GG"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_raw(wrong));
    }
    std::string longest;
    for (std::size_t i = 0; i < pdu_max; ++i) longest += "41";
    CHECK(parse_raw(longest));
    CHECK_FALSE(parse_raw(longest + "41"));
}

TEST_CASE("pdu: which requests only read, and may be sent again", "[modbus][pdu]") {
    for (const exchange& one : exchanges()) {
        CAPTURE(one.name);
        const bool reads = one.name.starts_with("read ") || one.name == "exception status" || one.name == "server id" ||
                           one.name == "file record" || one.name == "queue" || one.name == "identification";
        CHECK(only_reads(one.request) == reads);
    }
    transaction raw;
    raw.pdu = {0x46, 1};
    CHECK_FALSE(only_reads(raw));
    raw.pdu = {43, 13, 0};
    CHECK_FALSE(only_reads(raw));
    const auto read = as_read(read_of({9, table::input, 0x1234, 125}));
    REQUIRE(read);
    CHECK(read->unit == 9);
    CHECK(read->from == table::input);
    CHECK(read->address == 0x1234);
    CHECK(read->count == 125);
    CHECK_FALSE(as_read(write_register(1, 0, 1)));
    raw.pdu = {3, 0, 0, 0, 126};
    CHECK_FALSE(as_read(raw));
}

TEST_CASE("pdu: what is in an answer", "[modbus][pdu]") {
    const auto payload = [](const bytes& answer) {
        const auto data = payload_of(answer);
        return bytes(data.begin(), data.end());
    };
    CHECK(payload({24, 0, 6, 0, 2, 1, 0xB8, 0x12, 0x84}) == bytes{1, 0xB8, 0x12, 0x84});
    CHECK(payload({24, 0, 2, 0, 0}).empty());
    CHECK(payload({20, 6, 5, 6, 0x0D, 0xFE, 0, 0x20}) == bytes{0x0D, 0xFE, 0, 0x20});
    CHECK(payload({17, 3, 'X', 'Y', 0xFF}) == bytes{'X', 'Y', 0xFF});
    CHECK(payload({7, 0x6D}) == bytes{0x6D});
    CHECK(payload({0x46, 1, 2, 3}) == bytes{1, 2, 3});
    const auto page = parse_identification(bytes{43, 14, 1, 1, 0xFF, 2, 2, 0, 1, 'A', 1, 2, 'B', 'C'});
    REQUIRE(page.objects.size() == 2);
    CHECK(page.objects[0].id == 0);
    CHECK(page.objects[0].text == "A");
    CHECK(page.objects[1].text == "BC");
    CHECK(page.next == std::uint8_t{2});
    CHECK_FALSE(parse_identification(bytes{43, 14, 1, 1, 0, 0, 0}).next);
}

TEST_CASE("pdu: shapes tell answers apart by length or by what is echoed", "[modbus][pdu]") {
    const auto confusable = [](const transaction& one, const transaction& other) {
        CHECK(shape_of(one).confusable(shape_of(other)) == shape_of(other).confusable(shape_of(one)));
        return shape_of(one).confusable(shape_of(other));
    };
    CHECK(confusable(write_register(1, 5, 7), write_register(1, 5, 7)));
    CHECK_FALSE(confusable(write_register(1, 5, 7), write_register(1, 5, 8)));
    CHECK_FALSE(confusable(write_register(1, 5, 7), write_register(1, 6, 7)));
    CHECK_FALSE(confusable(write_register(1, 5, 7), write_coil(1, 5, false)));
    CHECK(confusable(write_registers(1, 5, words{1, 2}), write_registers(1, 5, words{3, 4})));
    CHECK_FALSE(confusable(write_registers(1, 5, words{1, 2}), write_registers(1, 5, words{3})));
    CHECK(confusable(server_id(1), server_id(1)));
    CHECK(confusable(read_fifo(1, 5), read_fifo(1, 6)));
    CHECK_FALSE(confusable(read_of({1, table::holding, 0, 2}), read_of({1, table::holding, 0, 3})));
}
