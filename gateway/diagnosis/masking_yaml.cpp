// gateway/diagnosis/masking_yaml.cpp: masked_yaml(): a tree that is written out anew, so that nothing of the text passes that
// wasn't understood. Not here: finding known secrets elsewhere (masking.cpp).
#include <algorithm>
#include <array>
#include <cctype>

#include "config/address.hpp"
#include "config/findings.hpp"
#include "config/tree.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/diagnosis/masking.hpp"

namespace gateway {
namespace {

std::string in_lower_case(std::string_view text) {
    std::string result;
    for (const char each : text) result += static_cast<char>(std::tolower(static_cast<unsigned char>(each)));
    return result;
}

/// Also of keys that there aren't: who was told that a password must not be in the file has perhaps left it under another name.
bool is_secret_key(std::string_view key) {
    static constexpr std::array words{"passw",  "passphrase", "secret", "token",        "credential",  "authorization", "api_key",
                                      "apikey", "private",    "pin",    "before_write", "after_write", "cookie"};
    const std::string plain = in_lower_case(key);
    return plain == "pass" || plain == "pwd" || plain == "auth" || plain == "psk" ||
           std::any_of(words.begin(), words.end(), [&](const char* word) {
               return std::string_view(word) == "pin" ? plain == word : plain.find(word) != std::string::npos;
           });
}

class writer {
public:
    explicit writer(std::vector<std::string>& secrets) : secrets_(secrets) {}

    void write(const config::node& what, std::size_t depth, std::string_view key, bool secret) {
        switch (what.kind) {
            case config::node_kind::map:
                return write_map(what, depth, key, secret);
            case config::node_kind::list:
                for (const auto& item : what.items) {
                    text_ += std::string(2 * depth, ' ') + "-";
                    write_value(item, depth, key, secret);
                }
                return;
            default:
                text_ += std::string(2 * depth, ' ') + scalar(what, key, secret) + '\n';
        }
    }
    std::string take() { return std::move(text_); }

private:
    void write_map(const config::node& what, std::size_t depth, std::string_view key, bool secret) {
        const bool headers = key == "headers";
        for (const auto& each : what.entries) {
            text_ += std::string(2 * depth, ' ') + plain_or_quoted(each.key) + ':';
            write_value(each.value, depth, each.key, secret || headers || is_secret_key(each.key));
        }
    }

    void write_value(const config::node& what, std::size_t depth, std::string_view key, bool secret) {
        const bool is_scalar = what.kind != config::node_kind::map && what.kind != config::node_kind::list;
        if (!is_scalar) {
            text_ += '\n';
            return write(what, depth + 1, key, secret);
        }
        text_ += ' ' + scalar(what, key, secret) + "  # line " + std::to_string(what.at.where.line) + '\n';
    }

    std::string scalar(const config::node& what, std::string_view key, bool secret) {
        if (what.null) return "";
        const bool reference = config::parse_secret(what.text).value.has_value();
        const bool pem = what.text.find("-----BEGIN") != std::string::npos;
        if ((secret || pem) && !reference) {
            secrets_.push_back(what.text);
            // "Bearer XYZ": the secret is a word of it.
            for (std::size_t at = what.text.find(' '); at != std::string::npos; at = what.text.find(' ', at + 1))
                secrets_.push_back(what.text.substr(at + 1));
            return masked_as;
        }
        std::string text = without_login(what.text);
        if (key == "send" || key == "expect" || key == "bytes") text = without_meter_password(text);
        return plain_or_quoted(text);
    }

    /// Of a URL: what stands before the host, and the query, where tokens are.
    std::string without_login(const std::string& text) {
        const std::size_t scheme = text.find("://");
        if (scheme == std::string::npos) return text;
        std::string result = text;
        const std::size_t begin = scheme + 3;
        if (const std::size_t query = result.find('?', begin); query != std::string::npos) {
            secrets_.push_back(result.substr(query + 1));
            const std::string all = result.substr(query + 1);
            for (std::size_t at = all.find('='); at != std::string::npos; at = all.find('=', at + 1))
                secrets_.push_back(all.substr(at + 1, all.find('&', at) - at - 1));
            result = result.substr(0, query + 1) + masked_as;
        }
        // The last '@' of the authority, or of all of it: a password may have '/' in it.
        const std::size_t at = result.rfind('@');
        if (at == std::string::npos || at < begin) return result;
        const std::string login = result.substr(begin, at - begin);
        secrets_.push_back(login);
        if (const std::size_t colon = login.find(':'); colon != std::string::npos) secrets_.push_back(login.substr(colon + 1));
        return result.substr(0, begin) + masked_as + result.substr(at);
    }

    /// IEC 62056-21: the password command is `P1` or `P2` with the password in parentheses.
    std::string without_meter_password(const std::string& text) {
        if (text.find("P1") == std::string::npos && text.find("P2") == std::string::npos) return text;
        std::string result = text;
        for (std::size_t open = result.find('('); open != std::string::npos; open = result.find('(', open + 1)) {
            const std::size_t close = std::min(result.find(')', open), result.size());
            secrets_.push_back(result.substr(open + 1, close - open - 1));
            result.replace(open + 1, close - open - 1, masked_as);
        }
        return result;
    }

    static std::string plain_or_quoted(const std::string& text) {
        const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-' || c == '/';
        });
        if (plain && text.front() != '-') return text;
        std::string quoted;
        append_json(quoted, value{text});
        return quoted;
    }

    std::vector<std::string>& secrets_;
    std::string text_;
};

}  // namespace

std::string masked_yaml(std::string_view text, std::vector<std::string>& secrets) {
    const config::source source(text);
    config::findings found(source);
    const auto tree = config::parse_tree(source, found);
    if (!tree) return "# It can't be read as YAML: not shown, since what is secret in it can't be told.\n";
    writer out(secrets);
    out.write(*tree, 0, "", false);
    return out.take();
}

}  // namespace gateway
