// gateway/diagnosis/masking.cpp: see masking.hpp.
#include "gateway/diagnosis/masking.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "gateway/delivery/payload.hpp"
#include "gateway/flat_json.hpp"
#include "mqtt/digest.hpp"

namespace gateway {
namespace {

std::string hex_of(std::string_view bytes, const char* digits, std::string_view between) {
    std::string text;
    for (const char each : bytes) {
        const auto byte = static_cast<unsigned char>(each);
        if (!text.empty()) text += between;
        text += digits[byte >> 4];
        text += digits[byte & 15u];
    }
    return text;
}

bool is_unreserved(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string in_url(std::string_view text, const char* digits) {
    std::string result;
    for (const char each : text) {
        if (is_unreserved(each))
            result += each;
        else
            result += '%' + hex_of({&each, 1}, digits, "");
    }
    return result;
}

/// What of its base64 is the same whatever stands before and behind it; `before` bytes do, up to a multiple of three.
std::string core_of_base64(const std::string& secret, std::size_t before) {
    const std::string whole = mqtt::base64_encode(std::string(before, '\0') + secret);
    const std::size_t from = (before * 8 + 5) / 6;
    const std::size_t to = (before + secret.size()) * 8 / 6;
    return to > from ? whole.substr(from, to - from) : std::string();
}

constexpr const char* lower = "0123456789abcdef";
constexpr const char* upper = "0123456789ABCDEF";

}  // namespace

void scrubber::add_form(std::string form) {
    if (form.size() >= shortest) forms_.push_back(std::move(form));
}

void scrubber::add(const std::string& secret) {
    if (secret.size() < shortest) return;
    add_form(secret);
    for (std::size_t before = 0; before < 3; ++before) {
        std::string core = core_of_base64(secret, before);
        add_form(core);
        std::replace(core.begin(), core.end(), '+', '-');  // the alphabet for URLs
        std::replace(core.begin(), core.end(), '/', '_');
        add_form(core);
    }
    for (const char* digits : {lower, upper}) {
        for (const char* between : {"", " ", ":"}) add_form(hex_of(secret, digits, between));
        add_form(in_url(secret, digits));
        std::string all;
        for (const char& each : secret) all += '%' + hex_of({&each, 1}, digits, "");
        add_form(all);
    }
    std::string quoted;
    append_json(quoted, value{secret});
    add_form(quoted.substr(1, quoted.size() - 2));
    // A secret of several lines is found line by line, too.
    for (std::size_t at = secret.find('\n'); at != std::string::npos;) {
        add_form(secret.substr(0, at));
        return add(secret.substr(at + 1));
    }
    std::sort(forms_.begin(), forms_.end(),
              [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
    forms_.erase(std::unique(forms_.begin(), forms_.end()), forms_.end());
}

std::string scrubber::clean(std::string text) const {
    for (const auto& form : forms_)
        for (std::size_t at = 0; (at = text.find(form, at)) != std::string::npos; at += 3)
            text.replace(at, form.size(), masked_as);
    return text;
}

std::string masked_unit(std::string_view text, std::vector<std::string>& secrets) {
    static constexpr std::array names{"Environment=", "SetCredential=", "SetCredentialEncrypted=", "PassEnvironment="};
    std::string result;
    bool goes_on = false;  // a masked value on several lines
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
        const auto named =
            std::find_if(names.begin(), names.end(), [&](const char* name) { return line.substr(begin).starts_with(name); });
        if (!goes_on && named == names.end()) {
            // Comments are where people leave what they have tried.
            const bool comment = begin < line.size() && (line[begin] == '#' || line[begin] == ';') && !line.starts_with("# /");
            result += comment ? std::string("#") : std::string(line);
            result += '\n';
            continue;
        }
        std::string_view content = line.substr(goes_on ? 0 : begin + std::string_view(*named).size());
        if (const auto equals = content.find('='); equals != std::string_view::npos) content.remove_prefix(equals + 1);
        while (!content.empty() && (content.back() == '"' || content.back() == '\'' || content.back() == '\\'))
            content.remove_suffix(1);
        secrets.emplace_back(content);
        result += goes_on ? std::string(masked_as) + '\n' : std::string(*named) + masked_as + '\n';
        goes_on = line.ends_with('\\');
    }
    return result;
}

std::string masked_audit(std::string_view json) {
    const auto found = read_flat_object(json, 32);
    if (!found) return "{}";
    std::string text = "{";
    for (const auto& [name, what] : found->members) {
        static constexpr std::array kept{"ts", "who", "device", "point", "stage", "ok", "sent", "reason", "exception", "ms"};
        if (std::find(kept.begin(), kept.end(), name) == kept.end()) continue;
        text += (text.size() > 1 ? ",\"" : "\"") + name + "\":";
        append_json(text, what);
    }
    return text + '}';
}

std::string masked_log(std::string_view lines) {
    static constexpr std::array names{" value=", " old=", " payload=", " detail=", " raw=", " id=", " written=", " read="};
    std::string text(lines);
    for (const std::string_view name : names) {
        for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;) {
            at += name.size();
            std::size_t end = at;
            if (end < text.size() && text[end] == '"') {
                for (++end; end < text.size() && text[end] != '"' && text[end] != '\n'; ++end)
                    if (text[end] == '\\') ++end;
                if (end < text.size() && text[end] == '"') ++end;
            } else {
                end = std::min(text.find_first_of(" \n", end), text.size());
            }
            text.replace(at, std::min(end, text.size()) - at, masked_as);
        }
    }
    return text;
}

std::string without_values(std::string_view json) {
    static constexpr std::string_view name = "\"value\":";
    std::string text(json);
    for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;) {
        at += name.size();
        std::size_t end = at;
        if (end < text.size() && text[end] == '"') {
            for (++end; end < text.size() && text[end] != '"'; ++end)
                if (text[end] == '\\') ++end;
            end = std::min(end + 1, text.size());
        } else {
            end = std::min(text.find_first_of(",}]\n", end), text.size());
        }
        text.replace(at, end - at, "\"***\"");
    }
    return text;
}

}  // namespace gateway
