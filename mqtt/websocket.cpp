// mqtt/websocket.cpp: the order of a WebSocket's frames, and what each of them asks for.
// Not here: how a frame is written (websocket_frame.cpp), and the handshake's words (websocket_handshake.cpp).
#include "mqtt/websocket.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "mqtt/codec.hpp"
#include "mqtt/transport.hpp"

namespace mqtt {
namespace {

constexpr unsigned no_code = 1005;  // stands for a Close frame without one; is never sent

std::string_view phrase_of(unsigned code) {
    switch (code) {
        case 1000:
            return "normal closure";
        case 1001:
            return "going away";
        case 1002:
            return "protocol error";
        case 1003:
            return "unsupported data";
        case 1007:
            return "invalid data";
        case 1008:
            return "policy violation";
        case 1009:
            return "message too big";
        case 1010:
            return "extension missing";
        case 1011:
            return "internal error";
        case 1012:
            return "service restart";
        case 1013:
            return "try again later";
        case 1014:
            return "bad gateway";
        default:
            return "";
    }
}

/// 7.4.2: those with a meaning, and the ranges left to libraries and applications.
bool may_be_sent(unsigned code) { return !phrase_of(code).empty() || (code >= 3000 && code <= 4999); }

std::string words_for_close(unsigned code, std::string_view reason) {
    std::string result(closed_by_peer);
    const bool says_nothing = (code == no_code || code == 1000) && reason.empty();
    if (says_nothing) return result;
    result += ": WebSocket close code " + std::to_string(code);
    if (!phrase_of(code).empty()) result.append(", ").append(phrase_of(code));
    if (!reason.empty()) result += ", \"" + printable(reason) + "\"";
    return result;
}

}  // namespace

websocket::websocket(const websocket_settings& how, std::string_view host, std::uint16_t port, random_source random)
    : random_(std::move(random)), header_(how.largest_frame) {
    auto fault = fault_in(how);
    // A host may come from the network: a broker can name another.
    if (fault.empty() && (host.empty() || !is_field_value(host))) fault = "the host name can't be written in an HTTP request";
    if (!fault.empty()) {
        end_ = std::move(fault);
        return;
    }
    std::uint32_t words[4];
    for (auto& word : words) word = random_();
    key_ = websocket_key(words[0], words[1], words[2], words[3]);
    request_ = handshake_request(how, host, port, key_);
}

void websocket::feed(std::span<const std::byte> bytes, std::string& payload) {
    auto left = std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    while (!end_ && !left.empty()) left.remove_prefix(open_ ? feed_frame(left, payload) : feed_answer(left));
}

std::size_t websocket::feed_answer(std::string_view bytes) {
    const auto size = answer_.feed(bytes);
    if (!answer_.error().empty()) {
        end_ = "no WebSocket handshake: " + std::string(answer_.error());
    } else if (answer_.is_whole()) {
        auto refusal = handshake_refusal(answer_.answer(), key_);
        refusal.empty() ? void(open_ = true) : void(end_ = std::move(refusal));
    }
    return size;
}

/// The payload of data is handed on as it comes; that of control frames is short, and kept until it is whole.
std::size_t websocket::feed_frame(std::string_view bytes, std::string& payload) {
    if (!header_.is_whole()) {
        if (!header_.feed(bytes.front())) {
            fail(header_.fault());
        } else if (header_.is_whole() && begin_frame() && left_ == 0) {
            end_frame();
        }
        return 1;
    }
    const auto size = std::min(left_, bytes.size());
    (is_control(header_.opcode()) ? control_ : payload).append(bytes.substr(0, size));
    left_ -= size;
    if (left_ == 0) end_frame();
    return size;
}

/// False: it was the end.
bool websocket::begin_frame() {
    left_ = header_.length();
    const auto refuse = [this](close_code code, const char* what) {
        fail({code, what});
        return false;
    };
    switch (header_.opcode()) {
        case opcode::text:  // [MQTT-6.0.0-1]
            return refuse(close_code::unsupported_data, "a text frame, where MQTT takes binary ones only");
        case opcode::binary:
            if (in_message_) return refuse(close_code::protocol_error, "a message begins within another");
            break;
        case opcode::continuation:
            if (!in_message_) return refuse(close_code::protocol_error, "a fragment belongs to no message");
            break;
        case opcode::close:
        case opcode::ping:
        case opcode::pong:
            return true;
    }
    in_message_ = !header_.is_final();
    return true;
}

void websocket::end_frame() {
    switch (header_.opcode()) {
        case opcode::close:
            on_close_frame();
            break;
        case opcode::ping:
            pong_ = control_;
            break;
        case opcode::continuation:
        case opcode::text:
        case opcode::binary:
        case opcode::pong:  // unasked for; says that the peer is alive, as any other byte does
            break;
    }
    control_.clear();
    header_.reset();
}

/// 5.5.1: a code of two bytes and a reason in UTF-8, or nothing at all.
void websocket::on_close_frame() {
    if (control_.empty()) {
        answer_close(close_code::normal);
        end_ = words_for_close(no_code, "");
        return;
    }
    const auto byte = [this](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(control_[at])); };
    const unsigned code = control_.size() < 2 ? 0 : byte(0) << 8 | byte(1);
    if (!may_be_sent(code)) return fail({close_code::protocol_error, "a Close frame's code is none"});
    const auto reason = std::string_view(control_).substr(2);
    if (!is_valid_utf8(reason)) return fail({close_code::invalid_data, "a Close frame's reason is no UTF-8"});
    answer_close(static_cast<close_code>(code));
    end_ = words_for_close(code, reason);
}

void websocket::fail(const frame_fault& fault) {
    answer_close(fault.code);
    end_ = std::string("the server broke the WebSocket protocol: ") + fault.what;
}

void websocket::answer_close(close_code code) {
    if (!close_sent_) close_due_ = code;
}

std::string websocket::frame(std::string_view payload) {
    assert(open_ && !closes());
    std::string result;
    result.reserve(payload.size() + 14);
    append_frame(opcode::binary, payload, random_(), result);
    return result;
}

void websocket::close() {
    assert(open_);
    if (!closes()) close_due_ = close_code::normal;
}

std::string websocket::take_control() {
    std::string result;
    const auto pong = std::exchange(pong_, std::nullopt);
    if (pong && !close_sent_) append_frame(opcode::pong, *pong, random_(), result);
    if (const auto code = std::exchange(close_due_, std::nullopt)) {
        const auto value = static_cast<std::uint16_t>(*code);
        const char bytes[] = {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
        append_frame(opcode::close, std::string_view(bytes, 2), random_(), result);
        close_sent_ = true;
    }
    return result;
}

}  // namespace mqtt
