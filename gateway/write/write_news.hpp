// gateway/write/write_news.hpp: what became of a command, as its answer on MQTT, as its entry in the audit, and as words for the
// log. Pure. Not here: what becomes of a command (write_engine.hpp).
//
// Answer: tidegate/<gateway>/ack/<device>/<point>, QoS 1, or the response topic that an MQTT 5 command names, with its
// correlation data and the stage as user property `status`:
//     {"id":"a7","stage":"verified","ok":true,"final":true,"value":21.5,"raw":"…","ms":142}
// `reason` is a word of write_request.hpp, `detail` a phrase, `exception` what the device answered; each is there if it says
// something. `ms`: since the command came in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/write/write_request.hpp"
#include "store/queue.hpp"

namespace gateway {

enum class write_stage : std::uint8_t {
    rejected,  // nothing was changed: it was refused here, or by the device
    sent,      // it went out and nothing came back: it may or may not have been carried out
    accepted,  // the device has acknowledged it
    verified,  // and reads as it should
    timeout,   // it wasn't sent in time, or didn't show in time
};
std::string_view name_of(write_stage what);

struct write_news {
    write_stage stage = write_stage::rejected;
    bool is_final = true;
    write_reason reason = write_reason::none;
    std::string detail;
    write_request what;
    std::string who;        // as the command says of itself; it isn't proven
    std::string old_value;  // JSON; empty: not known
    std::string raw;        // what went out, in the adapter's words; empty: nothing
    std::uint32_t exception = 0;
    std::int64_t ms = 0;
    bool sent = false;  // or may have been
    store::stamp at;
    std::string response_topic;
    std::string correlation_data;
    std::optional<store::inbox_number> number;  // handled, now that this is final
};

std::string answer_topic(std::string_view gateway_id, const write_news& what);
std::string answer_payload(const write_news& what);
store::message answer(std::string_view gateway_id, const write_news& what);

/// The points, comma between.
std::string points_of(const write_request& what);
/// The value, or an object of several.
std::string value_json(const write_request& what);

std::string audit_entry_of(const write_news& what);

/// What names a command's id in the audit, so that it isn't carried out twice; empty: it has none.
std::string identity_of(const write_request& what);
/// … of an entry; empty: it has none, or nothing was sent.
std::string identity_in(std::string_view audit_entry);

}  // namespace gateway
