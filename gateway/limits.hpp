// gateway/limits.hpp: every hard limit of the gateway, in one table. Each is tested or stated where it is used.
// Not here: the config file's own ranges (config/schema.hpp) and the protocol's (mqtt/).
#pragma once

#include <chrono>
#include <cstddef>

namespace gateway::limits {

using namespace std::chrono_literals;

// Bus thread → loop: cycles waiting to be taken. When the loop lags so far behind, the bus waits and counts missed cycles.
constexpr std::size_t bus_events = 1024;

// What an adapter may report: one text value, one phrase for a person, faults in its part of a config.
constexpr std::size_t text_bytes = 64u << 10;
constexpr std::size_t phrase_bytes = 1024;
constexpr std::size_t adapter_faults = 200;
constexpr std::size_t exchanges_of_a_poll = 16;
constexpr std::size_t frames_of_a_poll = 64;
constexpr std::size_t frame_bytes = 4096;

// An adapter in a process of its own (adapter_process.hpp, adapter_patience).
constexpr auto adapter_call = 60s;
constexpr auto adapter_reply = 10s;
constexpr auto adapter_interrupted = 2s;

// Loop → store thread: memory of the messages that wait for a commit, also while the disk takes nothing. Beyond it the oldest
// or the newest of them go, as the policy says, and are counted.
constexpr std::size_t waiting_bytes = 4u << 20;
constexpr std::size_t commit_bytes = 256u << 10;     // payload; commit at once when this much waits
constexpr std::size_t most_commit_bytes = 1u << 20;  // no more goes into one, so that it finds room in a WAL that can't grow
constexpr auto lazy_commit = 1s;                     // acknowledgements wait this long for a commit to ride with
constexpr auto idle_commit = 60s;                    // … if there is nothing in the file that they remove (on_outage)
constexpr auto store_retry = 1s;                     // after a failed commit; and to look whether a full device has room again
constexpr std::size_t reserve_bytes = 10u << 20;     // given up when the device is full (store/reserve.hpp)

// Queued messages that are too old: how often they are looked for, and how soon again while there are more of them.
constexpr auto look_at_age = 1min;
constexpr auto look_at_age_again = 1s;

// Read-ahead of delivery: what one read takes from the log, and what is kept of fresh messages.
constexpr std::size_t read_messages = 512;
constexpr std::size_t read_bytes = 128u << 10;
constexpr std::size_t fresh_bytes = 256u << 10;

// Commands. Of each bus so many wait; so many ids are remembered as sent.
constexpr std::size_t waiting_commands = 32;
constexpr std::size_t command_ids = 1024;
constexpr std::size_t audit_entries_at_start = 2048;  // looked through for ids that were sent
// After a connection whose session the broker had kept, old commands may come for so long, and longer while some do, but not for
// ever.
constexpr auto stale_commands = 10s;
constexpr auto stale_commands_gap = 2s;
constexpr auto stale_commands_at_most = 60s;
constexpr auto clock_difference = 5s;    // a command's `ts` may be so far ahead
constexpr auto fresh_reading = 10s;      // what a point reads is believed for so long, or for three of its periods
constexpr auto read_back_every = 500ms;  // after the first reading
constexpr auto fail_safe_retry = 10s;    // if it couldn't be sent

// The control socket: clients at once, a request's bytes and members, and what waits for one that reads slowly.
constexpr std::size_t control_connections = 16;
constexpr std::size_t control_request = 256u << 10;
constexpr std::size_t control_members = 32;
constexpr std::size_t control_waiting = 1u << 20;
// … and what its clients wait for: a service that hangs must not take them with it. What it has at hand it answers at once; a
// visitor's request waits for its polls, too. What may take long by right (a reload, a purge, the next frame) is waited for as
// long as the service answers somebody else: asked whenever it was silent for control_answer, and given loop_hangs.
constexpr auto control_answer = 5s;
constexpr auto visit_answer = 60s;

constexpr auto look_at_oldest = 5s;  // while somebody looks at the state

// HTTP. A header is a line of a browser with room for a token; a body is a command (write_request.hpp).
constexpr std::size_t http_connections = 256;
constexpr std::size_t http_tls_connections = 48;         // each takes 33 KiB
constexpr std::size_t http_connections_of_address = 64;  // but not of loopback: a proxy may be there
constexpr std::size_t http_event_clients = 64;
constexpr std::size_t http_header = 8u << 10;
constexpr std::size_t http_body = 8u << 10;
constexpr auto http_request_time = 10s;         // from a request's first byte to its last, and for the TLS handshake
constexpr auto http_idle = 60s;                 // between requests
constexpr auto http_stalled = 10s;              // an answer of which nothing is taken for so long
constexpr auto http_answer_time = 2min;         // … and for all of it
constexpr auto http_loop_time = 5s;             // the gateway's own loop must have answered by then
constexpr auto http_command_time = 30s;         // … with the outcome of a command
constexpr std::size_t http_commands = 16;       // under way
constexpr std::size_t http_events_waiting = 8;  // for a client that reads slowly
constexpr auto http_event_every = 1s;
constexpr auto http_state_every = 5s;  // of what is only counters; anything else at once
constexpr auto http_linger = 1s;       // what a refused client still sends is read for so long, so that it sees why
constexpr auto http_sweep = 500ms;     // how exact all these are
constexpr auto http_heartbeat = 15s;   // so that a client that is gone is noticed
constexpr std::size_t http_tls_file = 1u << 20;
constexpr auto http_retry = 10s;               // where it couldn't be served
constexpr std::size_t http_wrong_tokens = 10;  // of one address in a minute; then it is refused for the rest of that minute
constexpr std::size_t http_guarded_addresses = 256;

// A reload: so many diagnostics are told. An mqtt section that changed waits
// so long for what is under way before the connection is closed.
constexpr std::size_t reload_diagnostics = 200;
constexpr auto settle_before_leaving = 3s;

// Threads that hang (health.hpp): how long a thing may take before the watchdog isn't fed any more. A call of an adapter takes
// its time-outs, and looks names up; a commit waits for a tired SD card; to salvage a large queue file is a matter of minutes.
constexpr auto adapter_hangs = 70s;      // or
constexpr int adapter_hangs_after = 20;  // … so many of the longest time-out that the bus is given, if that is longer
constexpr auto work_hangs = 30s;         // of a bus's thread, without an adapter or a disk
constexpr auto loop_hangs = 20s;         // one turn of the loop
constexpr auto disk_hangs = 120s;        // a commit or a read
constexpr auto salvage_hangs = 1h;       // also the opening of a queue file
constexpr auto loop_asked_every = 5s;    // at most; half of the watchdog's time if that is less
// A visitor on a bus that the service polls (bus_visit.hpp): what he may wait for, unless the service itself waits longer; how
// long the line rests at least when an answer to one may be taken for the other's; points that he may have.
constexpr auto visit_wait = 500ms;
constexpr auto late_answer = 500ms;
constexpr std::size_t visit_points = 4096;

// Leaving: how long a stop may take for what can still be delivered, then for DISCONNECT.
constexpr auto drain_on_stop = 3s;
constexpr auto disconnect_on_stop = 1s;
constexpr auto stop_patience = 30s;  // asked of systemd again and again while a stop gets on

constexpr auto look_after = 1s;  // the line for systemctl status

}  // namespace gateway::limits
