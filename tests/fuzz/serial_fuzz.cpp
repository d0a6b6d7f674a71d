// tests/fuzz/serial_fuzz.cpp: any bytes from a serial instrument, and any text in the languages that describe one. The pieces in
// which bytes come make no difference; frames are within their bound and their check value holds; what is read of them is valid;
// an expression's groups are pieces of the text. Not here: what good frames say (tests/adapters/serial_profiles_test.cpp). Input:
// what is tried (one byte), the size of the pieces (one byte), then the stream or the text.
#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "adapters/serial/fields.hpp"
#include "adapters/serial/frame.hpp"
#include "adapters/serial/script.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace serial;

constexpr time_point always = time_point(std::chrono::hours(1));

std::vector<framing> framings() {
    using namespace std::string_literals;
    std::vector<framing> all(7);
    all[0].start = "$";
    all[0].end = "\n";
    all[0].most = 120;
    all[0].check = {check_kind::xor8, 1, "*", false, 0, true, false, true};
    all[1].kind = framing_kind::delimited;
    all[1].start = "/";
    all[1].end = "\r\n!";
    all[1].trailer_is_line = true;
    all[1].check = {check_kind::crc16_arc, 0, "!", true, 2, true, false, false};
    all[2].kind = framing_kind::delimited;
    all[2].start = "\x02";
    all[2].end = "\x03";
    all[2].trailer = 1;
    all[2].check = {check_kind::xor8, 1, "", false, 0, false, false, false};
    all[3].kind = framing_kind::length;
    all[3].start = "BM";
    all[3].length_at = 2;
    all[3].length_width = 2;
    all[3].length_adjust = 4;
    all[3].most = 64;
    all[3].check = {check_kind::sum16, 0, "", false, 0, false, false, false};
    all[4].kind = framing_kind::fixed;
    all[4].start = "\xFF";
    all[4].length = 9;
    all[4].check = {check_kind::sum8_negated, 1, "", false, 0, false, false, false};
    all[5].end = "\n";
    all[5].most = 30;
    all[5].eighth = eighth_bit::even;
    all[6].kind = framing_kind::fixed;
    all[6].length = 4;
    all[6].check = {check_kind::lrc, 0, "", false, 0, false, false, false};
    return all;
}

std::vector<frame> cut(const framing& how, std::string_view stream, std::size_t piece) {
    assembler made(how);
    std::vector<frame> frames;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        made.feed(stream.substr(at, piece), always);
        while (auto one = made.next(always)) frames.push_back(std::move(*one));
    }
    return frames;
}

/// A field of each kind.
std::vector<field> fields() {
    std::vector<field> all;
    std::string fault;
    for (std::size_t i = 0; i < 5; ++i) {
        for (const auto type :
             {field_type::number, field_type::text, field_type::hex, field_type::coordinate, field_type::timestamp}) {
            field one;
            one.place = static_cast<place_kind>(i);
            one.type = type;
            one.where = i == 1 ? 1 : 2;
            one.last = 9;
            one.pattern = pattern::compile("^(?:[^,]*,)?(.*?)[*]?$", fault);
            one.key = "1.8.0";
            one.value_number = -1;
            one.length = 6;
            one.scale = {1, -1};
            one.format = "YYMMDDhhmmssX";
            one.zone_minutes = 60;
            one.null = {"9.9E37"};
            if (i < 2) one.sign = 0;
            all.push_back(one);
        }
    }
    for (const auto type : {field_type::int24, field_type::uint64, field_type::float32, field_type::float64, field_type::bcd}) {
        field one;
        one.place = place_kind::offset;
        one.type = type;
        one.length = 9;
        one.null = {"5"};
        all.push_back(one);
    }
    return all;
}

void read_all(const frame& from) {
    static const std::vector<field> all = fields();
    for (const field& one : all) {
        const decoded made = decode(one, from);
        if (const auto* text = std::get_if<std::string>(&made.value)) require(is_utf8(*text), "text is UTF-8");
        if (const auto* number = std::get_if<double>(&made.value)) require(*number == *number, "no number is NaN");
    }
}

void try_stream(const framing& how, std::string_view stream, std::size_t piece) {
    const auto whole = cut(how, stream, stream.size() + 1);
    require(cut(how, stream, piece) == whole, "pieces make no difference");
    for (const frame& one : whole) {
        require(!one.bytes.empty() && one.bytes.size() <= how.most && one.body <= one.bytes.size(),
                "no frame is above its bound");
        require(verify(how.check, one.bytes).verdict != verdict::bad, "its check value holds");
        read_all(one);
    }
}

void try_pattern(std::string_view text) {
    const std::size_t split = std::min(text.find('\n'), text.size());
    std::string fault;
    const auto made = pattern::compile(text.substr(0, split), fault);
    require(made.has_value() == fault.empty(), "there is an expression, or a fault");
    if (!made) return;
    const std::string_view in = text.substr(split).substr(0, 2000);
    const auto groups = made->search(in);
    if (!groups) return;
    require(groups->size() == made->groups() + 1, "every group has its place");
    for (const auto& group : *groups)
        require(group.empty() || (group.data() >= in.data() && group.data() + group.size() <= in.data() + in.size()),
                "groups are pieces of the text");
}

void try_lines(std::string_view text) {
    std::string fault;
    const message one = parse_message(text, fault);
    if (fault.empty()) {
        require(!one.name.empty(), "a message has a name");
        const std::string sample = filled(one.sample, {{}, nullptr, 17});
        read_all({sample, sample.size()});
    }
    parse_step(text, fault);
    const std::string plain = parse_plain_bytes(text, fault);
    require(fault.empty() != plain.empty(), "there are bytes, or a fault");
    std::ignore = read_timestamp(text, text, 60);
    std::ignore = fault_of_format(text, false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<framing> how = framings();
    if (size < 2) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t what = data[0] % (how.size() + 2);
    if (what < how.size())
        try_stream(how[what], rest, 1u + data[1]);
    else if (what == how.size())
        try_pattern(rest);
    else
        try_lines(rest);
    return 0;
}
