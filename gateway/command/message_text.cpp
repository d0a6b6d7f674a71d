// gateway/command/message_text.cpp: see message_text.hpp.
#include "gateway/command/message_text.hpp"

#include <cstdio>

#include "gateway/delivery/payload.hpp"
#include "mqtt/codec.hpp"
#include "mqtt/digest.hpp"

namespace gateway {

std::string for_terminal(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
            safe += escaped;
        } else {
            safe += c;
        }
    }
    return safe;
}

void append_field(std::string& to, const char* name, std::string_view text) {
    to += std::string(",\"") + name + "\":";
    append_json_string(to, text);
}

void append_number(std::string& to, const char* name, std::uint64_t number) {
    to += std::string(",\"") + name + "\":" + std::to_string(number);
}

void append_bytes(std::string& to, const char* name, std::string_view bytes) {
    if (mqtt::is_valid_utf8(bytes)) return append_field(to, name, bytes);
    append_field(to, (std::string(name) + "_base64").c_str(), mqtt::base64_encode(bytes));
}

}  // namespace gateway
