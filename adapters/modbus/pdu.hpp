// adapters/modbus/pdu.hpp: requests as function code and data, and what an answer to each looks like. Pure.
// Not here: the frames around them (rtu_frame.hpp, ascii_frame.hpp, link_mbap.cpp), waiting, and what the data mean.
//
// Source: MODBUS Application Protocol Specification V1.1b3, section 6; its limits: 253 bytes of PDU, hence 125 registers read and
// 123 written, 2000 and 1968 bits, 31 registers of a queue.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace modbus {

using bytes_view = std::span<const std::uint8_t>;

constexpr std::size_t pdu_max = 253;
constexpr std::uint8_t exception_bit = 0x80;

/// The four tables of the data model; each has its read function code (1–4).
enum class table : std::uint8_t { coil = 1, discrete = 2, holding = 3, input = 4 };
constexpr bool is_bits(table t) { return t == table::coil || t == table::discrete; }

struct read_request {
    std::uint8_t unit = 1;
    table from = table::holding;
    std::uint16_t address = 0;  // protocol address, counts from 0
    std::uint16_t count = 1;    // registers 1–125, bits 1–2000
};

namespace function {
constexpr std::uint8_t write_coil = 5, write_register = 6, exception_status = 7, diagnostics = 8, write_coils = 15,
                       write_registers = 16, server_id = 17, read_file = 20, write_file = 21, mask_write = 22,
                       write_and_read = 23, read_fifo = 24, encapsulated = 43;
}  // namespace function

/// One request to one unit.
struct transaction {
    std::uint8_t unit = 1;
    std::vector<std::uint8_t> pdu;  // function code and data, 1 to 253 bytes
    /// Called right before the first byte leaves, if that happens.
    std::function<void()> sending;
};

transaction read_of(const read_request& request);
transaction write_coil(std::uint8_t unit, std::uint16_t address, bool on);
transaction write_register(std::uint8_t unit, std::uint16_t address, std::uint16_t value);
transaction exception_status(std::uint8_t unit);
transaction diagnostics(std::uint8_t unit, std::uint16_t sub_function, std::span<const std::uint16_t> data);
/// Requires: 1 to 1968 bits, each 0 or 1.
transaction write_coils(std::uint8_t unit, std::uint16_t address, std::span<const std::uint16_t> bits);
/// Requires: 1 to 123 registers.
transaction write_registers(std::uint8_t unit, std::uint16_t address, std::span<const std::uint16_t> registers);
transaction server_id(std::uint8_t unit);
/// Requires: 1 to 124 registers.
transaction read_file(std::uint8_t unit, std::uint16_t file, std::uint16_t record, std::uint16_t count);
/// The register becomes (register AND keep) OR (set AND NOT keep).
transaction mask_write(std::uint8_t unit, std::uint16_t address, std::uint16_t keep, std::uint16_t set);
/// Writes first. Requires: 1 to 121 registers written, 1 to 125 read.
transaction write_and_read(const read_request& read, std::uint16_t address, std::span<const std::uint16_t> registers);
transaction read_fifo(std::uint8_t unit, std::uint16_t address);
/// Code 1, 2 or 3: the basic, regular or extended objects from `object` on; 4: that one alone.
transaction read_identification(std::uint8_t unit, std::uint8_t code, std::uint8_t object);
/// A PDU as a person writes it, "06 00 10 12 34". Nothing: not 1 to 253 bytes of two hexadecimal digits each, or the function
/// code is none (0, or above 127).
std::optional<std::vector<std::uint8_t>> parse_raw(std::string_view text);

/// The read that a PDU asks for; nothing: it is another function, or no whole request of it.
std::optional<read_request> as_read(const transaction& what);
/// Whether carrying it out twice is no more than once. Unknown functions aren't.
bool only_reads(const transaction& what);

// ---- Answers -----------------------------------------------------------------------------------------------------------

/// What the answer to a request must be like, as far as the protocol says.
struct answer_form {
    enum class length : std::uint8_t {
        fixed,
        counted,         // byte 1 says how many follow
        fifo,            // bytes 1 and 2 do
        identification,  // objects, each with its length
        unknown,         // no function that we know: whatever comes
    };
    bytes_view request;  // borrowed
    answer_form::length how = answer_form::length::unknown;
    std::size_t size = 0;                // fixed
    std::size_t echoed = 0;              // so many bytes at the front equal the request's
    std::array<std::uint8_t, 4> head{};  // and so many the head's
    std::size_t head_size = 0;

    std::uint8_t function() const { return request[0]; }
    /// The answer may be byte for byte the request, as a local echo is.
    bool may_equal_request() const {
        return how == answer_form::length::unknown ||
               (how == answer_form::length::fixed && head_size == 0 && size == request.size());
    }
};
/// Borrows `request`. A request that isn't as its function would have it gets an answer of unknown length.
answer_form form_of(bytes_view request);

struct pdu_match {
    enum class verdict : std::uint8_t { no, begun, whole, exception, unknown };
    pdu_match::verdict verdict = pdu_match::verdict::no;
    std::size_t size = 0;  // of the whole PDU, or so much at least; unknown: 0
};
/// How the bytes from some place on compare with an answer, whatever may come behind it.
pdu_match match(const answer_form& form, bytes_view bytes);
/// Empty: `pdu` is an answer or an exception of this form. Else what is wrong with it, for a person. Requires: not empty.
std::string fault_of(const answer_form& form, bytes_view pdu);

/// Registers, or bits as 0 and 1. Requires: `data` is as long as `request` makes it.
std::vector<std::uint16_t> decode_data(const read_request& request, bytes_view data);
std::size_t data_bytes_of(const read_request& request);

/// What an answer holds beside the numbers of the protocol: the registers of a queue or a file record, the text of a server's
/// identification, the exception status; of any other function what follows its code. Requires: fault_of() has none.
bytes_view payload_of(bytes_view answer);

/// One answer to read_identification().
struct identification_page {
    struct object {
        std::uint8_t id = 0;
        std::string text;
    };
    std::vector<object> objects;
    std::optional<std::uint8_t> next;  // the object that the next request must ask for
};
/// Requires: fault_of() has none.
identification_page parse_identification(bytes_view answer);

// ---- Telling answers apart ----------------------------------------------------------------------------------------------

/// What tells one answer of a unit from another where frames bear no number.
struct answer_shape {
    static constexpr std::size_t any = ~std::size_t{0};

    std::uint8_t function = 0;
    std::size_t data_bytes = 0;  // after the byte count; any: not known before it comes
    std::uint64_t content = 0;   // a digest of what is echoed; 0: nothing is
    bool operator==(const answer_shape&) const = default;
    /// Whether an answer of the one shape could be taken for one of the other.
    bool confusable(const answer_shape& other) const {
        if (function != other.function) return false;
        return data_bytes == any || other.data_bytes == any || *this == other;
    }
};
answer_shape shape_of(const read_request& request);
answer_shape shape_of(const transaction& what);
/// Of bytes that follow a function code in an echo.
std::uint64_t digest_of(bytes_view echoed);

}  // namespace modbus
