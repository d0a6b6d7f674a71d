// mqtt/websocket.hpp: the client's end of one WebSocket (RFC 6455) that carries MQTT: bytes in, payload and bytes out.
// Not here: the transport below it (transport_websocket.cpp), and what the payload says: packets don't keep to frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mqtt/http_answer.hpp"
#include "mqtt/websocket_frame.hpp"
#include "mqtt/websocket_handshake.hpp"

namespace mqtt {

/// request() is written first; feed() takes what comes. Once is_open(), frame() makes what is to be written. After each feed()
/// and close() the control frames that are due have to be taken, and written before any frame that is made later.
class websocket {
public:
    /// Must not be guessable by who can choose the payload (10.3): each frame is masked with a number of its own.
    using random_source = std::function<std::uint32_t()>;

    websocket(const websocket_settings& how, std::string_view host, std::uint16_t port, random_source random);

    /// "" if the settings don't allow one; then end() tells why.
    const std::string& request() const { return request_; }
    /// Appends to `payload` what binary frames hold, as it comes. Takes no notice of bytes after the end.
    void feed(std::span<const std::byte> bytes, std::string& payload);
    bool is_open() const { return open_; }
    /// Why nothing more will come, in words; nothing as long as more may. The handshake's refusal is an end, too.
    const std::optional<std::string>& end() const { return end_; }

    /// One binary frame [MQTT-6.0.0-1]. Requires: is_open(), and no close() before it.
    std::string frame(std::string_view payload);
    /// Begins the closing handshake; what comes is still read until the peer has closed.
    void close();
    /// Pong and Close frames to be written now. After a Close nothing else may be written: closes() tells.
    std::string take_control();
    bool closes() const { return close_sent_ || close_due_; }

private:
    std::size_t feed_answer(std::string_view bytes);
    std::size_t feed_frame(std::string_view bytes, std::string& payload);
    bool begin_frame();
    void end_frame();
    void on_close_frame();
    void fail(const frame_fault& fault);
    void answer_close(close_code code);

    random_source random_;
    std::string key_;
    std::string request_;
    http_answer_reader answer_;
    bool open_ = false;
    std::optional<std::string> end_;

    frame_header header_;
    std::size_t left_ = 0;             // of the payload of the frame under way
    bool in_message_ = false;          // a binary message's last fragment is still to come
    std::string control_;              // payload of the control frame under way
    std::optional<std::string> pong_;  // only the latest ping needs its answer (5.5.3)
    std::optional<close_code> close_due_;
    bool close_sent_ = false;
};

}  // namespace mqtt
