// mqtt/websocket_frame.hpp: the frames of WebSocket (RFC 6455, 5.2): their headers read as they come, and whole ones written.
// Not here: which frame may follow which, and what is answered (websocket.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mqtt {

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
constexpr bool is_control(opcode what) { return static_cast<std::uint8_t>(what) >= 8; }
constexpr std::size_t largest_control_payload = 125;

/// The codes of a Close frame (7.4) that this client sends.
enum class close_code : std::uint16_t {
    normal = 1000,
    protocol_error = 1002,
    unsupported_data = 1003,
    invalid_data = 1007,
    too_big = 1009
};

struct frame_fault {
    close_code code = close_code::protocol_error;
    const char* what = "";  // a literal
};

/// The header of a frame from a server, which doesn't mask. Faults are found as soon as their byte is there.
class frame_header {
public:
    explicit frame_header(std::size_t largest_frame) : largest_(largest_frame) {}

    /// Requires: not whole. False: the fault is set, and it has to be the end.
    bool feed(char byte);
    bool is_whole() const { return size_ >= 2 && size_ == wanted_; }
    void reset() { size_ = 0; }

    mqtt::opcode opcode() const { return static_cast<mqtt::opcode>(bytes_[0] & 0x0f); }
    bool is_final() const { return (bytes_[0] & 0x80) != 0; }
    std::size_t length() const { return length_; }
    const frame_fault& fault() const { return fault_; }

private:
    bool check_first();
    bool check_second();
    bool check_length();
    bool fail(close_code code, const char* what);

    std::size_t largest_;
    std::array<std::uint8_t, 10> bytes_{};
    std::size_t size_ = 0;
    std::size_t wanted_ = 2;
    std::size_t length_ = 0;
    frame_fault fault_;
};

/// Appends one whole frame of a client, masked (5.3).
void append_frame(opcode what, std::string_view payload, std::uint32_t mask, std::string& to);

}  // namespace mqtt
