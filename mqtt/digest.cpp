// mqtt/digest.cpp: digests by mbedTLS; base64 by hand, since mbedTLS's decoder takes line breaks and bits that are lost.
// Not here: anything that keeps a state.
#include "mqtt/digest.hpp"

#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>

#include <array>
#include <cassert>
#include <cstdint>

namespace mqtt {
namespace {

constexpr std::string_view base64_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* raw(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

std::string digest(mbedtls_md_type_t kind, std::string_view bytes) {
    const auto* const how = mbedtls_md_info_from_type(kind);
    std::string result(mbedtls_md_get_size(how), '\0');
    const int error = mbedtls_md(how, raw(bytes), bytes.size(), raw(result));
    assert(error == 0);
    return result;
}

/// HMAC-SHA-256 with one key for many messages: the key's own two blocks are digested once.
class keyed_digest {
public:
    explicit keyed_digest(std::string_view key) {
        mbedtls_md_init(&context_);
        check(mbedtls_md_setup(&context_, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 1));
        check(mbedtls_md_hmac_starts(&context_, raw(key), key.size()));
    }
    ~keyed_digest() { mbedtls_md_free(&context_); }
    keyed_digest(const keyed_digest&) = delete;
    keyed_digest& operator=(const keyed_digest&) = delete;

    void add(std::string_view bytes) { check(mbedtls_md_hmac_update(&context_, raw(bytes), bytes.size())); }
    /// Of what was added since the last one.
    void finish(std::string& into) {
        assert(into.size() == sha256_size);
        check(mbedtls_md_hmac_finish(&context_, raw(into)));
        check(mbedtls_md_hmac_reset(&context_));
    }

private:
    /// Only memory can run out.
    static void check(int error) { assert(error == 0); }

    mbedtls_md_context_t context_;
};

/// The value of a letter, or 64 when it is none.
std::uint32_t base64_value(char letter) {
    const auto at = base64_letters.find(letter);
    return at == std::string_view::npos ? 64 : static_cast<std::uint32_t>(at);
}

}  // namespace

std::string sha1(std::string_view bytes) { return digest(MBEDTLS_MD_SHA1, bytes); }

std::string sha256(std::string_view bytes) { return digest(MBEDTLS_MD_SHA256, bytes); }

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
    keyed_digest keyed(key);
    keyed.add(bytes);
    std::string result(sha256_size, '\0');
    keyed.finish(result);
    return result;
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt, unsigned iterations) {
    assert(iterations > 0);
    constexpr std::string_view first_block("\0\0\0\1", 4);
    keyed_digest keyed(password);
    keyed.add(salt);
    keyed.add(first_block);
    std::string round(sha256_size, '\0');
    keyed.finish(round);
    std::string result = round;
    for (unsigned i = 1; i < iterations; ++i) {
        keyed.add(round);
        keyed.finish(round);
        for (std::size_t at = 0; at < sha256_size; ++at) result[at] = static_cast<char>(result[at] ^ round[at]);
    }
    mbedtls_platform_zeroize(round.data(), round.size());
    return result;
}

std::string base64_encode(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const auto three = bytes.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0u);
        for (std::size_t i = 0; i < 4; ++i) text += i <= three.size() ? base64_letters[bits >> (18 - 6 * i) & 63] : '=';
    }
    return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t at = 0; at < text.size(); at += 4) {
        auto four = text.substr(at, 4);
        if (at + 4 == text.size() && four.ends_with('=')) four.remove_suffix(four[2] == '=' ? 2 : 1);
        std::uint32_t bits = 0;
        for (const char letter : four) {
            const auto value = base64_value(letter);
            if (value > 63) return std::nullopt;
            bits = bits << 6 | value;
        }
        bits <<= 6 * (4 - four.size());
        for (std::size_t i = 0; i < 3; ++i) {
            if (i + 1 < four.size()) bytes += static_cast<char>(bits >> (16 - 8 * i) & 0xff);
        }
        // What was filled up must be zero, or two texts would stand for the same bytes.
        if (four.size() < 4 && (bits & (0xffffffu >> (8 * (four.size() - 1)))) != 0) return std::nullopt;
    }
    return bytes;
}

bool equal_in_constant_time(std::string_view one, std::string_view other) {
    if (one.size() != other.size()) return false;
    volatile unsigned char differing = 0;  // volatile: so that the compiler doesn't end the loop early
    for (std::size_t i = 0; i < one.size(); ++i) differing = static_cast<unsigned char>(differing | (one[i] ^ other[i]));
    return differing == 0;
}

}  // namespace mqtt
