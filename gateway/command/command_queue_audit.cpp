// gateway/command/command_queue_audit.cpp: `tidegate queue audit`: what commands have done to the devices, and what was refused,
// also beside a running service. Changes nothing. Not here: what an entry is made of (write_news.cpp).
#include <algorithm>
#include <cstdio>
#include <string>

#include "gateway/command/commands.hpp"
#include "gateway/command/message_text.hpp"
#include "gateway/command/queue_path.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/flat_json.hpp"
#include "store/queue.hpp"

namespace gateway {
namespace {

constexpr std::size_t most_members = 32;

std::string member(const flat_object& of, std::string_view name) {
    std::string text;
    if (const auto* found = of.find(name)) append_raw(text, *found);
    return text;
}

/// 12  2026-11-22T20:15:10.123Z  boiler/setpoint  20 → 21.5  verified  by mqtt, id a7, 142 ms: detail
std::string for_person(const store::audit_entry& entry) {
    const auto what = read_flat_object(entry.text, most_members);
    if (!what) return for_terminal(entry.text);
    std::string line = std::to_string(number(entry.number)) + "  " + member(*what, "ts") + "  " + member(*what, "device");
    if (const auto point = member(*what, "point"); !point.empty()) line += '/' + point;
    line += "  ";
    if (const auto old = member(*what, "old"); !old.empty()) line += old + " → ";
    line += member(*what, "value") + "  " + member(*what, "stage");
    if (const auto reason = member(*what, "reason"); !reason.empty()) line += " (" + reason + ')';
    line += "  by " + member(*what, "who");
    if (const auto id = member(*what, "id"); !id.empty()) line += ", id " + id;
    line += ", " + member(*what, "ms") + " ms";
    if (const auto detail = member(*what, "detail"); !detail.empty()) line += ": " + detail;
    return for_terminal(line);
}

}  // namespace

int queue_audit_command(const command_options& how) {
    const auto path = queue_path(how);
    if (!path) return 1;
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(how.count, 1'000'000));
    const auto found = store::queue::inspect_audit(*path, store::audit_number{INT64_MAX}, most);
    if (!found) {
        std::fprintf(stderr, "error: %s\n", found.error().detail().c_str());
        return 1;
    }
    for (auto it = found->rbegin(); it != found->rend(); ++it)
        std::printf("%s\n", how.json ? it->text.c_str() : for_person(*it).c_str());
    if (found->empty()) std::fprintf(stderr, "There are none.\n");
    if (std::fflush(stdout) == 0) return 0;
    std::perror("tidegate queue: standard output");
    return 1;
}

}  // namespace gateway
