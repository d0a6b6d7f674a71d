// gateway/command/command_queue.cpp: `tidegate queue stats`: the ledger of a queue file, its inbox and its dead letters, also
// beside a running service.
#include <cinttypes>
#include <cstdio>

#include "gateway/clock.hpp"
#include "gateway/command/commands.hpp"
#include "gateway/command/queue_path.hpp"
#include "store/age.hpp"
#include "store/queue.hpp"

namespace gateway {
namespace {

std::optional<std::int64_t> offset_in(const store::statistics& s, const std::string& boot) {
    for (const auto& one : s.boots)
        if (one.boot_id == boot) return one.offset_ms;
    return std::nullopt;
}

/// As the service would judge it.
std::optional<std::int64_t> age_of_oldest(const store::statistics& s) {
    const std::string here = boot_id();
    const bool of_this_boot = !here.empty() && s.oldest_boot == here;
    return store::age_ms(*s.oldest, of_this_boot, offset_in(s, s.oldest_boot), {stamp_now(), offset_in(s, here)});
}

std::string age_text(std::optional<std::int64_t> milliseconds) {
    if (!milliseconds) return "of unknown age, the clock wasn't set";
    const std::int64_t seconds = *milliseconds / 1000;
    if (seconds < 120) return std::to_string(seconds) + " s";
    if (seconds < 7200) return std::to_string(seconds / 60) + " min";
    if (seconds < 172'800) return std::to_string(seconds / 3600) + " h";
    return std::to_string(seconds / 86'400) + " d";
}

void print_json(const store::statistics& s) {
    const store::ledger& l = s.ledger;
    std::printf(R"({"accepted":%)" PRIu64 R"(,"acknowledged":%)" PRIu64 R"(,"queued":%)" PRIu64 R"(,"dropped":{"oldest":%)" PRIu64
                R"(,"newest":%)" PRIu64 R"(,"refused":%)" PRIu64 R"(,"session":%)" PRIu64 R"(,"expired":%)" PRIu64
                R"(,"aged":%)" PRIu64 R"(,"thinned":%)" PRIu64 R"(,"damaged":%)" PRIu64 R"(,"purged":%)" PRIu64
                R"(,"unwritten":%)" PRIu64 R"(},"balanced":%s,"bytes":%)" PRIu64 R"(,"max_bytes":%)" PRIu64
                R"(,"bytes_written":%)" PRIu64,
                l.accepted, l.acknowledged, l.queued, l.dropped_oldest, l.dropped_newest, l.dropped_refused, l.dropped_session,
                l.dropped_expired, l.dropped_aged, l.dropped_thinned, l.dropped_damaged, l.dropped_purged, l.dropped_unwritten,
                l.balanced() ? "true" : "false", s.bytes_used, s.max_bytes, s.bytes_written);
    std::printf(R"(,"dead_letters":{"messages":%)" PRIu64 R"(,"crowded_out":%)" PRIu64 R"(,"not_found":%)" PRIu64
                R"(},"inbox":{"waiting":%)" PRIu64 R"(,"bytes":%)" PRIu64 "}",
                s.dead_letters.messages, s.dead_letters.crowded_out, s.dead_letters.not_found, s.inbox.messages, s.inbox.bytes);
    if (s.oldest) std::printf(R"(,"oldest_ms":%)" PRId64, corrected(*s.oldest, offset_in(s, s.oldest_boot)).wall_ms);
    std::printf("}\n");
}

void print_table(const std::string& path, const store::statistics& s) {
    const store::ledger& l = s.ledger;
    std::printf("queue         %s\n", path.c_str());
    std::printf("accepted      %12" PRIu64 "\n", l.accepted);
    std::printf("acknowledged  %12" PRIu64 "\n", l.acknowledged);
    std::printf("queued        %12" PRIu64, l.queued);
    if (l.queued > 0 && s.oldest) std::printf("   oldest: %s", age_text(age_of_oldest(s)).c_str());
    std::printf("\ndropped       %12" PRIu64 "   oldest %" PRIu64 ", newest %" PRIu64 ", refused by the broker %" PRIu64
                ", session lost %" PRIu64 ", expired %" PRIu64 ",\n                             too old %" PRIu64
                ", thinned %" PRIu64 ", file damaged %" PRIu64 ", purged %" PRIu64 ", disk took nothing %" PRIu64 "\n",
                l.dropped(), l.dropped_oldest, l.dropped_newest, l.dropped_refused, l.dropped_session, l.dropped_expired,
                l.dropped_aged, l.dropped_thinned, l.dropped_damaged, l.dropped_purged, l.dropped_unwritten);
    std::printf("dead letters  %12" PRIu64 "   kept of those refused; crowded out %" PRIu64 ", gone before %" PRIu64 "\n",
                s.dead_letters.messages, s.dead_letters.crowded_out, s.dead_letters.not_found);
    std::printf("inbox         %12" PRIu64 "   received and not handled yet\n", s.inbox.messages);
    std::printf("bytes         %12" PRIu64 "   of %" PRIu64 " (%.1f %%)\n", s.bytes_used, s.max_bytes,
                s.max_bytes == 0 ? 0.0 : 100.0 * static_cast<double>(s.bytes_used) / static_cast<double>(s.max_bytes));
    std::printf("written       %12" PRIu64 "   bytes", s.bytes_written);
    if (l.accepted > 0) std::printf(", %.0f per message", static_cast<double>(s.bytes_written) / static_cast<double>(l.accepted));
    std::printf("\n");
    if (l.balanced())
        std::printf("The ledger balances: accepted = acknowledged + queued + dropped.\n");
    else
        std::printf(
            "The ledger does NOT balance: accepted is not acknowledged + queued + dropped. Please report this with the file.\n");
}

}  // namespace

int queue_stats_command(const command_options& how) {
    const auto path = queue_path(how);
    if (!path) return 1;
    const auto found = store::queue::inspect(*path);
    if (!found) {
        std::fprintf(stderr, "error: %s\n", found.error().detail().c_str());
        return 1;
    }
    if (how.json)
        print_json(*found);
    else
        print_table(*path, *found);
    return found->ledger.balanced() ? 0 : 1;
}

}  // namespace gateway
