// tests/gateway/diagnosis/pcap_test.cpp: the bytes of a pcap file, field by field; tshark, where it is there, reads them in
// trace_test.py.
#include "gateway/diagnosis/pcap.hpp"

#include <bit>
#include <catch2/catch.hpp>

using namespace gateway;

namespace {

std::string hex(std::string_view bytes) {
    std::string text;
    char two[4];
    for (const char each : bytes) {
        std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(static_cast<unsigned char>(each)));
        text += two;
    }
    return text;
}

unsigned folded_sum(std::string_view bytes) {
    unsigned long sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        sum += static_cast<unsigned long>(static_cast<unsigned char>(bytes[i])) << (i % 2 == 0 ? 8 : 0);
    while (sum >> 16 != 0) sum = (sum & 0xFFFFu) + (sum >> 16);
    return static_cast<unsigned>(sum);
}

}  // namespace

TEST_CASE("pcap: a serial frame with its direction and its time", "[gateway][trace]") {
    if constexpr (std::endian::native == std::endian::big) return;  // the file is in the machine's own order
    pcap file(pcap::link::rtac_serial);
    CHECK(hex(file.header()) ==
          "d4c3b2a1"
          "02000400"
          "00000000"
          "00000000"
          "ffff0000"
          "fa000000");
    CHECK(hex(file.packet(1'000'002, TIDEGATE_FRAME_SENT, "\x03\x04")) ==
          "01000000"
          "02000000"
          "0e000000"
          "0e000000"  // 1 s, 2 us, 14 bytes
          "00000001"
          "00000002"
          "03"
          "00"
          "0000"  // the same time; sent until then; control lines; reserved
          "0304");
    CHECK(hex(file.packet(0, TIDEGATE_FRAME_RECEIVED, "")).substr(48, 2) == "04");
    CHECK(hex(file.packet(0, TIDEGATE_FRAME_DISCARDED, "")).substr(48, 2) == "04");
}

TEST_CASE("pcap: Modbus TCP in a made-up connection, whose numbers and checksums are right", "[gateway][trace]") {
    pcap file(pcap::link::ipv4);
    const std::string first = file.packet(5, TIDEGATE_FRAME_SENT, "abcde").substr(16);
    const std::string answer = file.packet(6, TIDEGATE_FRAME_RECEIVED, "xyz").substr(16);
    const std::string second = file.packet(7, TIDEGATE_FRAME_SENT, "f").substr(16);
    for (const auto& packet : {first, answer, second}) {
        CHECK(folded_sum(std::string_view(packet).substr(0, 20)) == 0xFFFF);
        std::string pseudo = packet.substr(12, 8) + std::string("\0\x06\0", 3) + static_cast<char>(packet.size() - 20);
        CHECK(folded_sum(pseudo + packet.substr(20)) == 0xFFFF);
    }
    CHECK(hex(first.substr(12, 8)) == "c0000201c0000202");
    CHECK(hex(answer.substr(12, 8)) == "c0000202c0000201");
    CHECK(hex(first.substr(20, 12)) ==
          "c41801f6"
          "00000001"
          "00000001");
    CHECK(hex(answer.substr(20, 12)) ==
          "01f6c418"
          "00000001"
          "00000006");
    CHECK(hex(second.substr(20, 12)) ==
          "c41801f6"
          "00000006"
          "00000004");
    CHECK(second.substr(40) == "f");
}
