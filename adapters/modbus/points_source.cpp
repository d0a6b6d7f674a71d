// adapters/modbus/points_source.cpp: points that lie in none of the four tables: queues, files, identifications, raw requests.
// Not here: asking for them (modbus_sources.cpp).
#include <algorithm>
#include <array>

#include "adapters/modbus/points.hpp"

namespace modbus {
namespace {

using kind = enum special_source::kind;
using tidegate::faults;
using tidegate::settings;

constexpr std::array<std::pair<std::string_view, kind>, 6> keys{{{"fifo", kind::fifo},
                                                                 {"file", kind::file},
                                                                 {"identification", kind::identification},
                                                                 {"server_id", kind::server_id},
                                                                 {"exception_status", kind::exception_status},
                                                                 {"raw", kind::raw}}};

/// One point on its way through the checks.
struct reading_source {
    const settings& written;
    std::size_t index;
    point& to;
    special_source& source;
    tidegate::faults& faults;

    const tidegate_setting* find(std::string_view path) const { return written.find(path); }
    void fault(const std::string& path, const std::string& message) { faults.point(index, path, message); }
};

void refuse(reading_source& at, std::string_view path, const std::string& why) {
    if (at.find(path)) at.fault(std::string(path), std::string(path) + ' ' + why);
}

void refuse_places(reading_source& at, std::string_view key) {
    for (const std::string_view path : {"register", "holding", "input", "coil", "discrete"})
        if (at.find(path))
            at.fault(std::string(path),
                     "a point lies at one place: " + std::string(key) + " or " + std::string(path) + ", not both");
    for (const auto& [path, other] : keys)
        if (other != at.source.what && at.find(path))
            at.fault(std::string(path),
                     "a point lies at one place: " + std::string(key) + " or " + std::string(path) + ", not both");
}

/// A text as long as the device makes it.
void read_text(reading_source& at, const std::string& why) {
    for (const std::string_view path : {"order", "scale", "offset", "bit", "length", "null", "enum", "at"}) refuse(at, path, why);
    at.source.to_the_end = true;
    at.to.how.type = value_type::string;
    const auto* charset_setting = at.find("charset");
    const std::string_view text = charset_setting ? charset_setting->text : "";
    at.to.how.text = text == "latin1" ? charset::latin1 : text == "ascii" ? charset::ascii : charset::utf8;
}

void read_identification(reading_source& at) {
    at.source.object = static_cast<std::uint8_t>(at.find("identification")->integer);
    if (at.find("type") && std::string_view(at.find("type")->text) != "string")
        at.fault("type", "an identification is a text: type can only be string, and may be left out");
    read_text(at, "is for numbers: an identification is a text as long as the device makes it");
}

void read_value(reading_source& at) {
    at.to.from = table::holding;
    const auto* type = at.find("type");
    const bool is_string = type && std::string_view(type->text) == "string";
    if (is_string && !at.find("length") && at.source.what != kind::file && at.source.what != kind::fifo) {
        const auto* begin = at.find("at");
        const std::uint16_t from = begin ? static_cast<std::uint16_t>(begin->integer) : 0;
        for (const std::string_view path : {"order", "scale", "offset", "bit", "null", "enum"})
            refuse(at, path, "is for numbers");
        at.source.to_the_end = true;
        at.source.at = from;
        at.to.how.type = value_type::string;
        return;
    }
    read_encoding(at.written, at.index, at.to, at.faults);
    if (const auto* begin = at.find("at")) at.source.at = static_cast<std::uint16_t>(begin->integer);
    at.source.count = at.to.count;
}

void read_exception_status(reading_source& at) {
    refuse(at, "at", "isn't needed: an exception status is one byte");
    const auto* type = at.find("type");
    if (type && std::string_view(type->text) != "uint8" && std::string_view(type->text) != "bool")
        at.fault("type", "an exception status is one byte: type can be uint8, or bit: 0..7 says which of its bits");
    const auto* bit = at.find("bit");
    if (bit && bit->integer > 7) at.fault("bit", "an exception status is one byte: bit is 0..7");
    at.to.how.type = value_type::uint8;
    if (bit) read_encoding(at.written, at.index, at.to, at.faults);
    for (const std::string_view path : {"order", "scale", "offset", "length", "null", "charset"})
        refuse(at, path, "is not for an exception status: its bits are flags");
    if (bit) return;
    for (const auto& setting : at.written.all())
        if (std::string_view(setting.path) == "enum") at.to.how.names.emplace_back(setting.integer, setting.text);
}

/// How many bytes of an answer the value takes.
std::size_t size_of(const encoding& how) { return row_of(how.type).bits == 8 ? 1 : std::size_t{2} * how.registers; }

void read_raw(reading_source& at) {
    const auto pdu = parse_raw(at.find("raw")->text);
    if (!pdu)
        return at.fault("raw",
                        "raw is a function code from 01 to 7F and its data, each byte two hexadecimal digits: \"46 01 02\"; "
                        "unit and checksum are added");
    at.source.pdu = *pdu;
    read_value(at);
}

void read_kind(reading_source& at, const tidegate_setting& found) {
    const auto number = static_cast<std::uint16_t>(found.integer);
    switch (at.source.what) {
        case kind::fifo:
            at.source.address = number;
            return read_value(at);
        case kind::file:
            at.source.address = number;
            refuse(at, "at", "is not for a file: record says where the value begins");
            if (const auto* record = at.find("record"))
                at.source.record = static_cast<std::uint16_t>(record->integer);
            else
                at.fault("", "a file needs record, too: the number of the register in it where the value begins");
            return read_value(at);
        case kind::identification:
            return read_identification(at);
        case kind::server_id:
            if (!at.find("type")) return read_text(at, "needs a type: without one, a server's identification is a text");
            return read_value(at);
        case kind::exception_status:
            return read_exception_status(at);
        case kind::raw:
            return read_raw(at);
        case kind::sunspec:  // read_sunspec()
            break;
    }
}

/// Registers that hold `bytes` as they came, the last one filled up with 0.
std::vector<std::uint16_t> registers_of(bytes_view bytes) {
    std::vector<std::uint16_t> registers((bytes.size() + 1) / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        registers[i / 2] = static_cast<std::uint16_t>(registers[i / 2] | bytes[i] << (i % 2 == 0 ? 8 : 0));
    return registers;
}

std::uint8_t code_of(const special_source& what) { return what.object < 3 ? 1 : what.object < 0x80 ? 2 : 3; }

}  // namespace

bool read_source(const tidegate::settings& written, std::size_t index, point& to, tidegate::faults& faults) {
    for (const auto& [key, what] : keys) {
        const auto* found = written.find(key);
        if (!found) continue;
        special_source source;
        source.what = what;
        reading_source at{written, index, to, source, faults};
        const bool is_switch = what == kind::server_id || what == kind::exception_status;
        if (is_switch && found->integer == 0) at.fault(std::string(key), std::string(key) + " is true, or left out");
        refuse_places(at, key);
        if (what != kind::file) refuse(at, "record", "is for a file");
        read_kind(at, *found);
        if (source.to_the_end && written.find("charset") && what != kind::identification) {
            const std::string_view text = written.find("charset")->text;
            to.how.text = text == "latin1" ? charset::latin1 : text == "ascii" ? charset::ascii : charset::utf8;
        }
        to.source = std::move(source);
        return true;
    }
    for (const std::string_view path : {"at", "record"})
        if (written.find(path))
            faults.point(index, std::string(path),
                         std::string(path) + " is for points that lie in no table: fifo, file, server_id, raw");
    return false;
}

bool same_request(const special_source& one, const special_source& other) {
    if (one.what != other.what) return false;
    switch (one.what) {
        case kind::fifo:
            return one.address == other.address;
        case kind::file:
            return one.address == other.address && one.record == other.record && one.count == other.count;
        case kind::identification:
            return code_of(one) == code_of(other);
        case kind::raw:
            return one.pdu == other.pdu;
        case kind::server_id:
        case kind::exception_status:
        case kind::sunspec:
            break;
    }
    return true;
}

transaction transaction_of(const special_source& what, std::uint8_t unit) {
    switch (what.what) {
        case kind::fifo:
            return read_fifo(unit, what.address);
        case kind::file:
            return read_file(unit, what.address, what.record, what.count);
        case kind::identification:
            // Code 3 begins with the extended objects where one of them is asked for; else all come.
            return read_identification(unit, code_of(what), code_of(what) == 3 ? 0x80 : 0);
        case kind::server_id:
            return server_id(unit);
        case kind::exception_status:
            return exception_status(unit);
        case kind::raw:
        case kind::sunspec:  // nobody asks before it is located
            break;
    }
    transaction made;
    made.unit = unit;
    made.pdu = what.pdu;
    return made;
}

std::string in_words(const special_source& what) {
    switch (what.what) {
        case kind::fifo:
            return "fifo " + std::to_string(what.address) + " (function 24)";
        case kind::file:
            return "file " + std::to_string(what.address) + ", record " + std::to_string(what.record) + " (function 20)";
        case kind::identification:
            return "identification (function 43/14, code " + std::to_string(code_of(what)) + ')';
        case kind::server_id:
            return "server id (function 17)";
        case kind::exception_status:
            return "exception status (function 7)";
        case kind::sunspec:
            return "SunSpec, where the device's list of models says";
        case kind::raw:
            break;
    }
    return "raw request (function " + std::to_string(what.pdu.empty() ? 0 : what.pdu[0]) + ')';
}

decoded decode_source(const point& which, bytes_view data) {
    const special_source& source = *which.source;
    const auto has = std::to_string(data.size()) + (data.size() == 1 ? " byte" : " bytes");
    encoding how = which.how;
    if (source.to_the_end) {
        if (data.size() < source.at) return {{}, "the answer has only " + has};
        const auto registers = registers_of(data.subspan(source.at));
        how.registers = static_cast<std::uint16_t>(registers.size());
        if (registers.empty()) return {std::string(), {}};
        return decode(how, registers);
    }
    if (source.what == kind::exception_status) {
        if (data.empty()) return {{}, "the answer is empty"};
        how.registers = 1;
        return decode(how, std::array<std::uint16_t, 1>{data[0]});
    }
    const std::size_t size = size_of(how);
    if (data.size() < source.at + size)
        return {{}, "the answer has only " + has + ", the value would need " + std::to_string(source.at + size)};
    const bytes_view own = data.subspan(source.at, size);
    if (size > 1) return decode(how, registers_of(own));
    // A single byte is both halves, so that int8_high finds it, too.
    return decode(how, std::array<std::uint16_t, 1>{static_cast<std::uint16_t>(own[0] << 8 | own[0])});
}

}  // namespace modbus
