// adapters/modbus/server_pdu.cpp: see server_pdu.hpp.
// Source: MODBUS Application Protocol Specification V1.1b3, section 6; for its limits, table of function codes there.
#include "adapters/modbus/server_pdu.hpp"

#include <array>
#include <cassert>

namespace modbus {
namespace {

using bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t illegal_function = 1, illegal_address = 2, illegal_value = 3;

bytes exception_pdu(std::uint8_t function, std::uint8_t code) { return {static_cast<std::uint8_t>(function | 0x80), code}; }

std::uint16_t word_at(bytes_view of, std::size_t at) { return static_cast<std::uint16_t>(of[at] << 8 | of[at + 1]); }

void put_word(bytes& to, std::uint16_t word) {
    to.push_back(static_cast<std::uint8_t>(word >> 8));
    to.push_back(static_cast<std::uint8_t>(word & 0xFFu));
}

std::vector<std::uint16_t> words_of(bytes_view data) {
    std::vector<std::uint16_t> words;
    for (std::size_t at = 0; at + 1 < data.size(); at += 2) words.push_back(word_at(data, at));
    return words;
}

bytes echo(bytes_view pdu, std::size_t size) { return {pdu.begin(), pdu.begin() + static_cast<std::ptrdiff_t>(size)}; }

bytes data_pdu(const read_request& request, std::span<const std::uint16_t> values) {
    const std::size_t size = data_bytes_of(request);
    bytes pdu(2 + size);
    pdu[0] = static_cast<std::uint8_t>(request.from);
    pdu[1] = static_cast<std::uint8_t>(size);
    for (std::size_t index = 0; index < values.size(); ++index) {
        if (is_bits(request.from)) {
            if (values[index] != 0) pdu[2 + index / 8] = static_cast<std::uint8_t>(pdu[2 + index / 8] | 1u << (index % 8));
        } else {
            pdu[2 + 2 * index] = static_cast<std::uint8_t>(values[index] >> 8);
            pdu[3 + 2 * index] = static_cast<std::uint8_t>(values[index] & 0xFFu);
        }
    }
    return pdu;
}

struct answerer {
    register_source& values;
    std::uint8_t unit;
    bytes_view pdu;
    std::uint8_t function = pdu[0];

    bytes refuse(std::uint8_t code) const { return exception_pdu(function, code); }
    bytes read() const {
        if (pdu.size() != 5) return refuse(illegal_value);
        const read_request request{unit, static_cast<table>(function), word_at(pdu, 1), word_at(pdu, 3)};
        if (request.count == 0 || request.count > (is_bits(request.from) ? 2000 : 125)) return refuse(illegal_value);
        if (std::uint32_t{request.address} + request.count > 0x10000) return refuse(illegal_address);
        std::vector<std::uint16_t> held(request.count);
        const std::uint8_t code = values.read(request, held);
        return code != 0 ? refuse(code) : data_pdu(request, held);
    }
    bytes write(table to, std::uint16_t address, std::span<const std::uint16_t> what) const {
        if (std::uint32_t{address} + what.size() > 0x10000) return refuse(illegal_address);
        const std::uint8_t code = values.write({unit, to, address, what});
        return code != 0 ? refuse(code) : echo(pdu, 5);
    }
    bytes write_one() const {
        if (pdu.size() != 5) return refuse(illegal_value);
        std::uint16_t what = word_at(pdu, 3);
        if (function == 5) {
            if (what != 0xFF00 && what != 0) return refuse(illegal_value);
            what = what != 0 ? 1 : 0;
        }
        return write(function == 5 ? table::coil : table::holding, word_at(pdu, 1), {&what, 1});
    }
    bytes write_many() const {
        const bool bits = function == 15;
        const std::size_t count = pdu.size() < 6 ? 0 : word_at(pdu, 3);
        const std::size_t size = bits ? (count + 7) / 8 : 2 * count;
        if (count == 0 || count > (bits ? 1968u : 123u) || pdu.size() != 6 + size || pdu[5] != size) return refuse(illegal_value);
        std::vector<std::uint16_t> what;
        for (std::size_t i = 0; bits && i < count; ++i) what.push_back((pdu[6 + i / 8] >> (i % 8)) & 1u);
        if (!bits) what = words_of(pdu.subspan(6));
        return write(bits ? table::coil : table::holding, word_at(pdu, 1), what);
    }
    bytes mask_write() const {
        if (pdu.size() != 7) return refuse(illegal_value);
        std::uint16_t held = 0;
        if (const auto code = values.read({unit, table::holding, word_at(pdu, 1), 1}, {&held, 1}); code != 0) return refuse(code);
        const std::uint16_t keep = word_at(pdu, 3), set = word_at(pdu, 5);
        held = static_cast<std::uint16_t>((held & keep) | (set & ~keep));
        const bytes done = write(table::holding, word_at(pdu, 1), {&held, 1});
        return done[0] == function ? echo(pdu, 7) : done;
    }
    bytes write_and_read() const {
        const std::size_t writes = pdu.size() < 10 ? 0 : word_at(pdu, 7);
        const std::size_t reads = pdu.size() < 10 ? 0 : word_at(pdu, 3);
        if (writes == 0 || writes > 121 || reads == 0 || reads > 125 || pdu.size() != 10 + 2 * writes || pdu[9] != 2 * writes)
            return refuse(illegal_value);
        const bytes written = write(table::holding, word_at(pdu, 5), words_of(pdu.subspan(10)));
        if (written[0] != function) return written;
        bytes asks{3};
        asks.insert(asks.end(), pdu.begin() + 1, pdu.begin() + 5);
        bytes got = answerer{values, unit, asks}.read();
        got[0] = static_cast<std::uint8_t>((got[0] & 0x80) | function);
        return got;
    }
    bytes diagnostics() const {
        // Sub-function 0 gives back what it got; the others tell of things that a simulated device hasn't.
        return pdu.size() >= 3 && word_at(pdu, 1) == 0 ? echo(pdu, pdu.size()) : refuse(illegal_function);
    }
    bytes server_id() const {
        if (pdu.size() != 1) return refuse(illegal_value);
        const std::string name = values.name_of(unit).substr(0, 200);
        bytes made{function, static_cast<std::uint8_t>(2 + name.size()), unit, 0xFF};
        made.insert(made.end(), name.begin(), name.end());
        return made;
    }
    bytes file() const {
        if (pdu.size() < 9 || pdu[1] != pdu.size() - 2 || pdu[1] % 7 != 0) return refuse(illegal_value);
        bytes made{function, 0};
        for (std::size_t at = 2; at < pdu.size(); at += 7) {
            const std::uint16_t record = word_at(pdu, at + 3), count = word_at(pdu, at + 5);
            if (pdu[at] != 6 || word_at(pdu, at + 1) == 0) return refuse(illegal_address);
            if (count == 0 || made.size() + 2 + 2u * count > pdu_max) return refuse(illegal_value);
            if (std::uint32_t{record} + count > 0x10000) return refuse(illegal_address);
            std::vector<std::uint16_t> held(count);
            if (const auto code = values.read({unit, table::holding, record, count}, held); code != 0) return refuse(code);
            made.insert(made.end(), {static_cast<std::uint8_t>(1 + 2 * count), std::uint8_t{6}});
            for (const std::uint16_t word : held) put_word(made, word);
        }
        made[1] = static_cast<std::uint8_t>(made.size() - 2);
        return made;
    }
    bytes fifo() const {
        if (pdu.size() != 3) return refuse(illegal_value);
        const std::uint16_t address = word_at(pdu, 1);
        std::vector<std::uint16_t> queued;
        std::uint8_t code = 0;
        while (queued.size() < 31 && std::uint32_t{address} + queued.size() < 0x10000) {
            std::uint16_t held = 0;
            code = values.read({unit, table::holding, static_cast<std::uint16_t>(address + queued.size()), 1}, {&held, 1});
            if (code != 0) break;
            queued.push_back(held);
        }
        if (queued.empty()) return refuse(code != 0 ? code : illegal_address);
        bytes made{function};
        put_word(made, static_cast<std::uint16_t>(2 + 2 * queued.size()));
        put_word(made, static_cast<std::uint16_t>(queued.size()));
        for (const std::uint16_t word : queued) put_word(made, word);
        return made;
    }
    bytes identification() const {
        if (pdu.size() != 4 || pdu[1] != 14) return refuse(illegal_function);
        const std::uint8_t code = pdu[2];
        std::uint8_t object = pdu[3];
        const std::array<std::string, 3> objects{"Tidegate", values.name_of(unit).substr(0, 100), "simulated"};
        if (code == 0 || code > 4) return refuse(illegal_value);
        if (object >= objects.size()) {
            if (code == 4) return refuse(illegal_address);
            object = 0;
        }
        const std::size_t end = code == 4 ? object + 1u : objects.size();
        bytes made{function, 14, code, 0x81, 0, 0, static_cast<std::uint8_t>(end - object)};
        for (std::size_t i = object; i < end; ++i) {
            made.insert(made.end(), {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(objects[i].size())});
            made.insert(made.end(), objects[i].begin(), objects[i].end());
        }
        return made;
    }
};

}  // namespace

bytes answer_pdu(register_source& values, std::uint8_t unit, bytes_view pdu) {
    assert(!pdu.empty());
    const answerer to{values, unit, pdu};
    switch (pdu[0]) {
        case 1:
        case 2:
        case 3:
        case 4:
            return to.read();
        case 5:
        case 6:
            return to.write_one();
        case 7:
            return pdu.size() == 1 ? bytes{7, 0} : to.refuse(illegal_value);
        case 8:
            return to.diagnostics();
        case 15:
        case 16:
            return to.write_many();
        case 17:
            return to.server_id();
        case 20:
            return to.file();
        case 22:
            return to.mask_write();
        case 23:
            return to.write_and_read();
        case 24:
            return to.fifo();
        case 43:
            return to.identification();
        default:
            return exception_pdu(pdu[0] & 0x7F, illegal_function);
    }
}

}  // namespace modbus
