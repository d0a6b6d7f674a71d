// tests/adapters/faults/frames.hpp: requests read and answers made by the model devices, in each framing.
// Not here: the adapter's own framing, of which this shares nothing: what both had wrong would go unseen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faults {

using bytes = std::vector<std::uint8_t>;

enum class framing : std::uint8_t { rtu, ascii, mbap };

/// A read request as a device sees it.
struct asked {
    std::uint8_t unit = 0;
    std::uint8_t function = 0;
    std::uint16_t address = 0;
    std::uint16_t count = 0;
    std::uint16_t transaction = 0;  // MBAP
};

/// Nothing: not one whole, well-formed read request and no byte more.
std::optional<asked> read_request_in(framing how, const bytes& frame);

/// The whole frame around function code and data.
bytes framed(framing how, std::uint16_t transaction, std::uint8_t unit, const bytes& pdu);
bytes exception_pdu(std::uint8_t function, std::uint8_t code);
/// Registers, or bits as 0 and 1.
bytes data_pdu(std::uint8_t function, const std::vector<std::uint16_t>& values);

/// Whether anywhere in `stream` there is a frame of this unit and function with a good check, as long as `real` or of any length,
/// that isn't `real`: damage that no master could tell from an answer.
enum class forgery : bool { as_long, of_any_length };
bool has_forgery(framing how, const bytes& stream, const bytes& real, std::uint8_t unit, std::uint8_t function, forgery which);

std::string hex(const bytes& some);

}  // namespace faults
