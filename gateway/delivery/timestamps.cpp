// gateway/delivery/timestamps.cpp: see timestamps.hpp.
#include "gateway/delivery/timestamps.hpp"

#include "gateway/delivery/payload.hpp"
#include "store/age.hpp"

namespace gateway {
namespace {

constexpr std::string_view mark = R"(,"ts_quality":"unsynchronised")";

}  // namespace

void append_timestamp(std::string& to, std::string_view key, const store::stamp& at) {
    to.append("\"").append(key).append("\":\"").append(format_timestamp(at.wall_ms)).append("\"");
    if (!at.synchronised) to.append(mark);
}

bool correct_timestamp(std::string& payload, const store::stamp& taken, std::optional<std::int64_t> boot_offset_ms) {
    const store::stamp right = store::corrected(taken, boot_offset_ms);
    if (right == taken) return false;
    std::string own = "{";
    append_timestamp(own, "ts", {taken.wall_ms, taken.monotonic_ms, true});
    if (!payload.starts_with(own)) return false;
    std::size_t end = own.size();
    if (std::string_view(payload).substr(end).starts_with(mark)) end += mark.size();
    if (end >= payload.size() || (payload[end] != ',' && payload[end] != '}')) return false;
    std::string begin = "{";
    append_timestamp(begin, "ts", right);
    payload.replace(0, end, begin);
    return true;
}

}  // namespace gateway
