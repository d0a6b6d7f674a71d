// config/mask.cpp: recognises what looks like a password, a token or a key.
#include "config/mask.hpp"

#include <algorithm>
#include <cctype>

#include "config/source.hpp"
#include "config/suggest.hpp"

namespace config {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }

bool is_reference(std::string_view value) {
    return value.starts_with("@env:") || value.starts_with("@file:") || value.starts_with("@cred:");
}

/// The word that ends just before `colon`, without quotes and blanks.
std::string_view key_before(std::string_view line, std::size_t colon) {
    auto end = colon;
    while (end > 0 && !is_word(line[end - 1]) && (line[end - 1] == ' ' || line[end - 1] == '"' || line[end - 1] == '\'')) --end;
    auto begin = end;
    while (begin > 0 && is_word(line[begin - 1])) --begin;
    return line.substr(begin, end - begin);
}

/// Where the value ends that begins at `from`: at its closing quote, or else at the end of the line. That a plain value may
/// end before, at a ',' or a comment, is left aside: a secret may contain both.
std::size_t end_of_value(std::string_view line, std::size_t from) {
    const char quote = line[from];
    if (quote != '"' && quote != '\'') return line.size();
    return std::min(line.find(quote, from + 1), line.size());
}

void cover(std::string& line, std::size_t from, std::size_t to) {
    const auto size = count_characters(std::string_view(line).substr(from, to - from));
    line.replace(from, to - from, std::string(size, '*'));
}

void cover_login(std::string& line) {
    for (auto scheme = line.find("://"); scheme != std::string::npos; scheme = line.find("://", scheme + 3)) {
        const auto from = scheme + 3;
        const auto end = std::min(line.find_first_of(" \t", from), line.size());
        const auto at = line.rfind('@', end);
        if (at != std::string::npos && at > from && at < end) cover(line, from, at);
    }
}

/// A broker's access token may stand there.
void cover_query(std::string& line) {
    for (auto scheme = line.find("://"); scheme != std::string::npos; scheme = line.find("://", scheme + 3)) {
        const auto end = std::min(line.find_first_of(" \t\"'", scheme), line.size());
        const auto query = line.find('?', scheme);
        if (query < end) cover(line, query + 1, end);
    }
}

}  // namespace

bool names_secret(std::string_view key) {
    std::string lower(key);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const auto* part :
         {"passw", "pwd", "secret", "token", "passphrase", "psk", "authoriz", "cookie", "api-key", "apikey", "api_key"})
        if (lower.find(part) != std::string::npos) return true;
    return lower == "pass" || (key.size() <= 16 && distance(lower, "password") <= 3);
}

std::string mask_secrets(std::string_view line) {
    std::string out(line);
    for (auto colon = out.find(':'); colon != std::string::npos; colon = out.find(':', colon + 1)) {
        if (!names_secret(key_before(out, colon))) continue;
        const auto value = out.find_first_not_of(" \t", colon + 1);
        if (value == std::string::npos) break;
        const bool quote = out[value] == '"' || out[value] == '\'';
        const auto from = quote ? value + 1 : value;
        if (is_reference(std::string_view(out).substr(from))) continue;
        cover(out, from, std::max(from, end_of_value(out, value)));
    }
    cover_login(out);
    cover_query(out);
    return out;
}

}  // namespace config
