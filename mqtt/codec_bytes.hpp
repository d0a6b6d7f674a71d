// mqtt/codec_bytes.hpp: the data types of MQTT (1.5) as bytes: integers, strings, binary data, lengths; read and appended.
// Not here: what a packet is made of (codec_decode.cpp, codec_encode.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "mqtt/codec.hpp"

namespace mqtt {

/// The packet types of the fixed header (2.1.2). `will` is no packet: a CONNECT's will has properties of its own.
enum class packet_type : std::uint8_t {
    will = 0,
    connect,
    connack,
    publish,
    puback,
    pubrec,
    pubrel,
    pubcomp,
    subscribe,
    suback,
    unsubscribe,
    unsuback,
    pingreq,
    pingresp,
    disconnect,
    auth,
};

constexpr std::size_t largest_text = 65'535;
constexpr std::size_t largest_variable_integer = 268'435'455;

/// How many bytes a variable byte integer takes.
constexpr std::size_t variable_integer_size(std::size_t value) {
    return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

/// Reads from the front. The first failure stays: from then on every read gives nothing and at_end() holds, so that a
/// decoder is a straight line of reads with one look at the error at its end.
class reader {
public:
    reader(std::span<const std::byte> bytes, version how);

    std::uint8_t byte();
    std::uint16_t two_bytes();
    std::uint32_t four_bytes();
    std::uint32_t variable_integer();
    std::string_view text();    // well-formed UTF-8 with a length before it
    std::string_view binary();  // any bytes with a length before them
    std::string_view rest();
    packet_id identifier();                // not 0
    bool skip(std::string_view expected);  // false: something else is next, and stays
    /// The next `size` bytes as a reader of their own; its failure has to be handed on by adopt().
    reader part(std::size_t size);
    void adopt(const reader& part);

    void fail(reason code, const char* what);
    void fail(const decode_error& what);
    bool failed() const { return failed_; }
    const decode_error& error() const { return error_; }
    bool at_end() const { return left_.empty(); }
    std::size_t left() const { return left_.size(); }
    version how() const { return how_; }

private:
    std::string_view take(std::size_t size);

    std::string_view left_;
    version how_;
    bool failed_ = false;
    decode_error error_;
};

void append_byte(std::string& to, std::uint8_t value);
void append_two_bytes(std::string& to, std::uint16_t value);
void append_four_bytes(std::string& to, std::uint32_t value);
void append_variable_integer(std::string& to, std::size_t value);
void append_text(std::string& to, std::string_view text);      // asserts that it is MQTT's UTF-8
void append_binary(std::string& to, std::string_view binary);  // asserts its size
void append_identifier(std::string& to, packet_id id);         // asserts that it isn't 0

/// A part whose length stands before it: the constructor keeps room for a short length, close() writes the true one. Only
/// a part of 128 bytes or more is moved for that.
class length_before {
public:
    explicit length_before(std::string& to);
    void close();

private:
    std::string& to_;
    std::size_t start_;
};

}  // namespace mqtt
