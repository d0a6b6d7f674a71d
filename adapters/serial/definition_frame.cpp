// adapters/serial/definition_frame.cpp: reads how a device's messages are framed and checked.
// Not here: what they say (definition_point.cpp).
#include <algorithm>
#include <array>
#include <charconv>

#include "adapters/serial/definition.hpp"

namespace serial {
namespace {

using tidegate::faults;
using tidegate::settings;

/// The keys of a type of frame, besides those that all have.
struct kind_row {
    std::string_view name;
    framing_kind kind;
    std::array<std::string_view, 5> keys;
};
constexpr std::array kinds = {
    kind_row{"line", framing_kind::line, {"start", "end"}},
    kind_row{"delimited", framing_kind::delimited, {"start", "end", "trailer"}},
    kind_row{"fixed", framing_kind::fixed, {"start", "length"}},
    kind_row{"length", framing_kind::length, {"start", "length_at", "length_width", "length_order", "length_adjust"}},
    kind_row{"gap", framing_kind::gap, {}},
};
constexpr std::size_t counted_max = 4096;
constexpr std::array<std::string_view, 4> keys_of_all = {"type", "gap", "max", "eighth_bit"};

class frame_reader {
public:
    frame_reader(const settings& written, std::size_t device, faults& to) : written_(written), device_(device), to_(to) {}

    framing read() {
        const kind_row& row = read_kind();
        framing made;
        made.kind = row.kind;
        made.start = bytes("frame.start", "");
        made.end = bytes("frame.end", row.kind == framing_kind::line ? "\n" : "");
        read_trailer(made);
        made.length = static_cast<std::size_t>(integer("frame.length", 0));
        made.length_at = static_cast<std::size_t>(integer("frame.length_at", 0));
        made.length_width = static_cast<std::size_t>(text("frame.length_width", "1")[0] - '0');
        made.length_little = text("frame.length_order", "big") == "little";
        made.length_adjust = integer("frame.length_adjust", 0);
        made.gap = nanoseconds(integer("frame.gap", 0));
        made.most = static_cast<std::size_t>(integer("frame.max", 1024));
        const std::string eighth = text("frame.eighth_bit", "data");
        made.eighth = eighth == "ignored" ? eighth_bit::ignored
                      : eighth == "even"  ? eighth_bit::even
                      : eighth == "odd"   ? eighth_bit::odd
                                          : eighth_bit::data;
        made.check = read_check();
        check(made);
        return made;
    }

private:
    std::string text(std::string_view path, const char* otherwise) const {
        const auto* setting = written_.find(path);
        return setting ? setting->text : otherwise;
    }
    std::int64_t integer(std::string_view path, std::int64_t otherwise) const {
        const auto* setting = written_.find(path);
        return setting ? setting->integer : otherwise;
    }
    std::string bytes(const char* path, const char* otherwise) {
        const auto* setting = written_.find(path);
        if (!setting) return otherwise;
        std::string fault;
        std::string made = parse_plain_bytes(setting->text, fault);
        if (!fault.empty()) to_.device(device_, path, fault);
        return made;
    }
    void fault(const char* path, const std::string& why) { to_.device(device_, path, why); }

    const kind_row& read_kind() {
        const std::string name = text("frame.type", "line");
        const auto& row = *std::find_if(kinds.begin(), kinds.end(), [&](const kind_row& one) { return one.name == name; });
        for (const auto& setting : written_.all()) {
            const std::string_view path = setting.path;
            if (!path.starts_with("frame.")) continue;
            const std::string_view key = path.substr(6);
            const bool known = std::find(keys_of_all.begin(), keys_of_all.end(), key) != keys_of_all.end() ||
                               std::find(row.keys.begin(), row.keys.end(), key) != row.keys.end();
            if (!known) fault(setting.path, "frame type " + name + " has no " + std::string(key));
        }
        return row;
    }

    void read_trailer(framing& to) {
        const std::string written = text("frame.trailer", "0");
        to.trailer_is_line = written == "line";
        if (to.trailer_is_line) return;
        const auto [stop, error] = std::from_chars(written.data(), written.data() + written.size(), to.trailer);
        if (error != std::errc() || stop != written.data() + written.size() || to.trailer > 255)
            fault("frame.trailer", "frame.trailer is a number of bytes up to 255, or line");
    }

    check_rule read_check() {
        check_rule made;
        const std::string name = text("check.type", "none");
        for (const check_row& row : check_rows())
            if (row.name == name) made.kind = row.kind;
        if (made.kind == check_kind::none) {
            if (written_.has_map("check") && !written_.find("check.type")) fault("check", "check needs its type, such as xor8");
            return made;
        }
        made.from = static_cast<std::size_t>(integer("check.from", 0));
        made.mark = bytes("check.mark", "");
        made.covers_mark = integer("check.covers_mark", 0) != 0;
        made.after = static_cast<std::size_t>(integer("check.after", 0));
        made.hex = text("check.written", "binary") == "hex";
        made.little = text("check.order", row_of(made.kind).little_by_default ? "little" : "big") == "little";
        made.if_present = integer("check.if_present", 0) != 0;
        if (made.mark.empty() && made.covers_mark) fault("check.covers_mark", "check.covers_mark needs check.mark");
        if (made.mark.empty() && made.if_present)
            fault("check.if_present", "only with check.mark can it be told whether a check value is there");
        return made;
    }

    void check(const framing& made) {
        const bool counted = made.kind == framing_kind::fixed || made.kind == framing_kind::length;
        if (made.kind == framing_kind::delimited && made.start.empty()) fault("frame", "frame type delimited needs its start");
        if (made.kind == framing_kind::delimited && made.end.empty()) fault("frame", "frame type delimited needs its end");
        if (made.kind == framing_kind::fixed && made.length == 0) fault("frame", "frame type fixed needs its length");
        if (made.kind == framing_kind::length && !written_.find("frame.length_at"))
            fault("frame", "frame type length needs length_at: where the number of bytes stands");
        if (made.kind == framing_kind::gap && made.gap == nanoseconds(0))
            fault("frame", "frame type gap needs its gap, such as 50ms");
        if (counted && made.start.empty() && made.check.kind == check_kind::none && made.gap == nanoseconds(0))
            fault("frame", "without start, check and gap nobody can tell where a message begins");
        const std::size_t least = made.start.size() + made.check.width();
        if (made.kind == framing_kind::fixed && made.length > 0 && made.length < least)
            fault("frame.length", "a message of " + std::to_string(made.length) + " bytes has no room for start and check value");
        // One that is damaged is looked through for another, byte by byte.
        if (counted && made.most > counted_max)
            fault("frame.max", "a message of type fixed or length has at most " + std::to_string(counted_max) + " bytes");
        if (made.length > made.most) fault("frame.length", "frame.length is above frame.max");
    }

    const settings& written_;
    std::size_t device_;
    faults& to_;
};

}  // namespace

framing read_framing(const settings& written, std::size_t device, faults& to) { return frame_reader(written, device, to).read(); }

}  // namespace serial
