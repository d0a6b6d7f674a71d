// adapters/modbus/pdu.cpp: requests, built.
// Not here: answers (pdu_answer.cpp).
#include "adapters/modbus/pdu.hpp"

#include <algorithm>
#include <cassert>

namespace modbus {
namespace {

constexpr std::uint8_t file_reference = 6, read_device_identification = 14;

void put(std::vector<std::uint8_t>& pdu, std::uint16_t word) {
    pdu.push_back(static_cast<std::uint8_t>(word >> 8));
    pdu.push_back(static_cast<std::uint8_t>(word & 0xFFu));
}

transaction words(std::uint8_t unit, std::uint8_t function, std::initializer_list<std::uint16_t> list) {
    transaction made;
    made.unit = unit;
    made.pdu.reserve(1 + 2 * list.size());
    made.pdu.push_back(function);
    for (const std::uint16_t word : list) put(made.pdu, word);
    return made;
}

void put_registers(std::vector<std::uint8_t>& pdu, std::span<const std::uint16_t> registers) {
    pdu.push_back(static_cast<std::uint8_t>(2 * registers.size()));
    for (const std::uint16_t value : registers) put(pdu, value);
}

int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

}  // namespace

transaction read_of(const read_request& request) {
    assert(request.count > 0);
    return words(request.unit, static_cast<std::uint8_t>(request.from), {request.address, request.count});
}

transaction write_coil(std::uint8_t unit, std::uint16_t address, bool on) {
    return words(unit, function::write_coil, {address, static_cast<std::uint16_t>(on ? 0xFF00 : 0)});
}

transaction write_register(std::uint8_t unit, std::uint16_t address, std::uint16_t value) {
    return words(unit, function::write_register, {address, value});
}

transaction exception_status(std::uint8_t unit) { return words(unit, function::exception_status, {}); }

transaction diagnostics(std::uint8_t unit, std::uint16_t sub_function, std::span<const std::uint16_t> data) {
    transaction made = words(unit, function::diagnostics, {sub_function});
    for (const std::uint16_t word : data) put(made.pdu, word);
    assert(made.pdu.size() <= pdu_max);
    return made;
}

transaction write_coils(std::uint8_t unit, std::uint16_t address, std::span<const std::uint16_t> bits) {
    assert(!bits.empty() && bits.size() <= 1968);
    transaction made = words(unit, function::write_coils, {address, static_cast<std::uint16_t>(bits.size())});
    const std::size_t count = (bits.size() + 7) / 8;
    made.pdu.push_back(static_cast<std::uint8_t>(count));
    const std::size_t data = made.pdu.size();
    made.pdu.resize(data + count);
    for (std::size_t index = 0; index < bits.size(); ++index)
        if (bits[index] != 0)
            made.pdu[data + index / 8] = static_cast<std::uint8_t>(made.pdu[data + index / 8] | 1u << (index % 8));
    return made;
}

transaction write_registers(std::uint8_t unit, std::uint16_t address, std::span<const std::uint16_t> registers) {
    assert(!registers.empty() && registers.size() <= 123);
    transaction made = words(unit, function::write_registers, {address, static_cast<std::uint16_t>(registers.size())});
    put_registers(made.pdu, registers);
    return made;
}

transaction server_id(std::uint8_t unit) { return words(unit, function::server_id, {}); }

transaction read_file(std::uint8_t unit, std::uint16_t file, std::uint16_t record, std::uint16_t count) {
    assert(count > 0 && count <= 124);
    transaction made;
    made.unit = unit;
    made.pdu = {function::read_file, 7, file_reference};
    for (const std::uint16_t word : {file, record, count}) put(made.pdu, word);
    return made;
}

transaction mask_write(std::uint8_t unit, std::uint16_t address, std::uint16_t keep, std::uint16_t set) {
    return words(unit, function::mask_write, {address, keep, set});
}

transaction write_and_read(const read_request& read, std::uint16_t address, std::span<const std::uint16_t> registers) {
    assert(!registers.empty() && registers.size() <= 121 && read.count > 0 && read.count <= 125);
    transaction made = words(read.unit, function::write_and_read,
                             {read.address, read.count, address, static_cast<std::uint16_t>(registers.size())});
    put_registers(made.pdu, registers);
    return made;
}

transaction read_fifo(std::uint8_t unit, std::uint16_t address) { return words(unit, function::read_fifo, {address}); }

transaction read_identification(std::uint8_t unit, std::uint8_t code, std::uint8_t object) {
    transaction made;
    made.unit = unit;
    made.pdu = {function::encapsulated, read_device_identification, code, object};
    return made;
}

std::optional<std::vector<std::uint8_t>> parse_raw(std::string_view text) {
    std::vector<std::uint8_t> pdu;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ') {
            ++at;
            continue;
        }
        const int high = hex_digit(text[at]);
        const int low = at + 1 < text.size() ? hex_digit(text[at + 1]) : -1;
        if (high < 0 || low < 0 || pdu.size() == pdu_max) return std::nullopt;
        pdu.push_back(static_cast<std::uint8_t>(high * 16 + low));
        at += 2;
    }
    if (pdu.empty() || pdu[0] == 0 || pdu[0] >= exception_bit) return std::nullopt;
    return pdu;
}

std::optional<read_request> as_read(const transaction& what) {
    const auto& pdu = what.pdu;
    if (pdu.size() != 5 || pdu[0] < 1 || pdu[0] > 4) return std::nullopt;
    read_request read;
    read.unit = what.unit;
    read.from = static_cast<table>(pdu[0]);
    read.address = static_cast<std::uint16_t>(pdu[1] << 8 | pdu[2]);
    read.count = static_cast<std::uint16_t>(pdu[3] << 8 | pdu[4]);
    if (read.count == 0 || read.count > (is_bits(read.from) ? 2000 : 125)) return std::nullopt;
    return read;
}

bool only_reads(const transaction& what) {
    // Reading a queue leaves it as it is (6.18 of the specification); diagnostics may reset what they tell.
    constexpr std::array<std::uint8_t, 9> reading{1,
                                                  2,
                                                  3,
                                                  4,
                                                  function::exception_status,
                                                  function::server_id,
                                                  function::read_file,
                                                  function::read_fifo,
                                                  function::encapsulated};
    if (what.pdu[0] == function::encapsulated && (what.pdu.size() < 2 || what.pdu[1] != read_device_identification)) return false;
    return std::find(reading.begin(), reading.end(), what.pdu[0]) != reading.end();
}

}  // namespace modbus
