// mqtt/scram.cpp: the messages of SCRAM (RFC 5802, 5.1 and 7), read strictly, and the proofs in them (3).
// Not here: the digests (digest.hpp).
#include "mqtt/scram.hpp"

#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

#include "mqtt/digest.hpp"

namespace mqtt {
namespace {

constexpr std::string_view no_binding = "n,,";
constexpr std::size_t longest_message = 4096;

/// A name in which "," and "=" stand for themselves (5.1: saslname).
std::string escaped(std::string_view name) {
    std::string text;
    for (const char c : name) {
        if (c == ',') {
            text += "=2C";
        } else if (c == '=') {
            text += "=3D";
        } else {
            text += c;
        }
    }
    return text;
}

/// Cuts "r=VALUE" from the front of a message, with the comma behind it. Nothing: another attribute stands there.
std::optional<std::string_view> take(std::string_view& message, char attribute) {
    if (message.size() < 2 || message[0] != attribute || message[1] != '=') return std::nullopt;
    const std::size_t end = message.find(',');
    const auto value = message.substr(2, end == std::string_view::npos ? end : end - 2);
    message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
    return value;
}

std::optional<unsigned> number(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string exclusive_or(std::string one, std::string_view other) {
    for (std::size_t i = 0; i < one.size(); ++i) one[i] = static_cast<char>(one[i] ^ other[i]);
    return one;
}

authenticator::step failed(std::string why) { return {{}, std::move(why)}; }

}  // namespace

scram_sha_256::scram_sha_256(std::string username, std::string password, std::string_view nonce)
    : username_(std::move(username)), password_(std::move(password)), nonce_(base64_encode(nonce)) {}

std::string scram_sha_256::first() {
    first_bare_ = "n=" + escaped(username_) + ",r=" + nonce_;
    expected_signature_.clear();
    return std::string(no_binding) + first_bare_;
}

authenticator::step scram_sha_256::answer(std::string_view data) {
    if (!expected_signature_.empty()) return failed("it asks a second time");
    if (data.size() > longest_message) return failed("its message is too long");
    std::string_view rest = data;
    const auto nonce = take(rest, 'r');
    const auto salt_text = take(rest, 's');
    const auto iterations_text = take(rest, 'i');
    if (!nonce || !salt_text || !iterations_text) return failed("its message is not SCRAM's");
    if (nonce->size() <= nonce_.size() || !nonce->starts_with(nonce_)) return failed("its nonce doesn't continue ours");
    const auto salt = base64_decode(*salt_text);
    const auto iterations = number(*iterations_text);
    if (!salt || salt->empty() || !iterations) return failed("its message is not SCRAM's");
    if (*iterations < fewest_iterations) return failed("it asks for so few iterations that the password could be guessed");
    if (*iterations > most_iterations) return failed("it asks for more than " + std::to_string(most_iterations) + " iterations");

    const std::string salted = pbkdf2_sha256(password_, *salt, *iterations);
    const std::string client_key = hmac_sha256(salted, "Client Key");
    const std::string without_proof = "c=" + base64_encode(no_binding) + ",r=" + std::string(*nonce);
    const std::string all = first_bare_ + ',' + std::string(data) + ',' + without_proof;
    expected_signature_ = hmac_sha256(hmac_sha256(salted, "Server Key"), all);
    const std::string proof = exclusive_or(client_key, hmac_sha256(sha256(client_key), all));
    return {without_proof + ",p=" + base64_encode(proof), {}};
}

std::string scram_sha_256::finish(std::string_view data) {
    if (expected_signature_.empty()) return "it accepts us without having asked for a proof";
    if (const auto error = take(data, 'e')) return "it says " + std::string(*error);
    const auto signature_text = take(data, 'v');
    const auto signature = signature_text ? base64_decode(*signature_text) : std::nullopt;
    const bool right = signature && equal_in_constant_time(*signature, expected_signature_);
    expected_signature_.clear();
    return right ? "" : "it doesn't know the password";
}

}  // namespace mqtt
