// gateway/command/command_queue_peek.cpp: `tidegate queue peek` and `queue export`: the messages that wait in a queue file, and
// its dead letters, also beside a running service. Changes nothing. Not here: the figures (command_queue.cpp).
#include <algorithm>
#include <cstdio>
#include <string>

#include "gateway/command/commands.hpp"
#include "gateway/command/message_text.hpp"
#include "gateway/command/queue_path.hpp"
#include "gateway/delivery/payload.hpp"
#include "store/age.hpp"
#include "store/queue.hpp"

namespace gateway {
namespace {

// Of one look into the file: the service can't tidy it up meanwhile.
constexpr std::size_t messages_at_once = 2000;
constexpr std::size_t bytes_at_once = 1u << 20;
constexpr std::size_t shown_of_payload = 60;

std::string as_json(const store::message& m) {
    std::string line = "{\"ts\":\"" + format_timestamp(m.taken.wall_ms) + '"';
    if (!m.taken.synchronised) append_field(line, "ts_quality", "unsynchronised");
    append_bytes(line, "topic", m.topic);
    append_bytes(line, "payload", m.payload);
    append_number(line, "qos", m.qos);
    line += m.retain ? ",\"retain\":true" : ",\"retain\":false";
    if (m.expiry) append_number(line, "expiry", *m.expiry);
    return line;
}

std::string for_person(std::int64_t number, const store::message& m) {
    std::string line = std::to_string(number) + "  " + format_timestamp(m.taken.wall_ms) + "  QoS " + std::to_string(m.qos) +
                       (m.retain ? " retained  " : "  ") + m.topic + "  ";
    line += m.payload.substr(0, shown_of_payload);
    if (m.payload.size() > shown_of_payload) line += "… (" + std::to_string(m.payload.size()) + " bytes)";
    return for_terminal(line);
}

void print(store::stored_message one, bool json) {
    one.message.taken = store::corrected(one.message.taken, one.boot_offset_ms);  // the payload is put right when it is sent
    if (json) {
        std::string line = as_json(one.message);
        append_number(line, "sequence", static_cast<std::uint64_t>(number(one.sequence)));
        std::printf("%s}\n", line.c_str());
    } else {
        std::printf("%s\n", for_person(number(one.sequence), one.message).c_str());
    }
}

void print(const store::dead_letter& one, bool json) {
    if (json) {
        std::string line = as_json(one.message);
        append_number(line, "sequence", static_cast<std::uint64_t>(number(one.sequence)));
        append_number(line, "dead_letter", static_cast<std::uint64_t>(number(one.number)));
        append_number(line, "reason_code", one.reason_code);
        append_field(line, "reason", one.reason);
        std::printf("%s}\n", line.c_str());
    } else {
        std::printf("%s\n    %s (reason code 0x%02X)\n", for_person(number(one.sequence), one.message).c_str(),
                    for_terminal(one.reason).c_str(), static_cast<unsigned>(one.reason_code));
    }
}

store::result<std::vector<store::stored_message>> next_of(const std::string& path, const store::stored_message& after,
                                                          std::size_t most) {
    return store::queue::inspect_messages(path, store::sequence{number(after.sequence) + 1}, most, bytes_at_once);
}

store::result<std::vector<store::dead_letter>> next_of(const std::string& path, const store::dead_letter& after,
                                                       std::size_t most) {
    return store::queue::inspect_dead_letters(path, store::dead_letter_number{number(after.number) + 1}, most);
}

/// `most` of them, in several looks if they are many. Returns the exit code.
template <typename Item>
int print_all(const std::string& path, std::uint64_t most, bool json) {
    Item last;
    std::uint64_t printed = 0;
    while (printed < most) {
        const auto found =
            next_of(path, last, static_cast<std::size_t>(std::min<std::uint64_t>(most - printed, messages_at_once)));
        if (!found) {
            std::fflush(stdout);
            std::fprintf(stderr, "error: %s\n", found.error().detail().c_str());
            return 1;
        }
        if (found->empty()) break;
        for (const Item& one : *found) print(one, json);
        printed += found->size();
        last = found->back();
    }
    if (printed == 0) std::fprintf(stderr, "There are none.\n");
    if (std::fflush(stdout) == 0) return 0;
    std::perror("tidegate queue: standard output");
    return 1;
}

int print_all(const command_options& how, std::uint64_t most, bool json) {
    const auto path = queue_path(how);
    if (!path) return 1;
    return how.dead_letters ? print_all<store::dead_letter>(*path, most, json)
                            : print_all<store::stored_message>(*path, most, json);
}

}  // namespace

int queue_peek_command(const command_options& how) { return print_all(how, how.count, how.json); }

int queue_export_command(const command_options& how) { return print_all(how, UINT64_MAX, true); }

}  // namespace gateway
