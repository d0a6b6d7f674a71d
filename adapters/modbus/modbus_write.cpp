// adapters/modbus/modbus_write.cpp: bus::write: the unlocking requests, the write, the committing ones, and what came of them.
// Not here: which request it is (write_plan.cpp); reading back, which is the host's business.
//
// Nothing is sent twice. The one exception is none: a device that says of function 22 that it doesn't know it (exception 1) has
// done nothing, and then the register is read, changed and written.
#include <cassert>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "adapters/modbus/modbus.hpp"
#include "adapters/modbus/modbus_trace.hpp"
#include "adapters/modbus/write_plan.hpp"

namespace modbus {

using tidegate::write_outcome;

namespace {

constexpr std::uint8_t illegal_function = 1, acknowledged = 5, busy = 6;

}  // namespace

/// One step of a write: a request, and what its answer means for the whole.
class bus::write_step {
public:
    bus& on;
    const tidegate::write_report& to;
    std::string prefix;  // of notes: "before_write 2: "
    answer got;

    void ask(transaction what) {
        what.sending = [this, words = prefix + in_words(what)] { to.sending(words); };
        got = on.link_->transact(what, nanoseconds(0));
    }

    write_outcome outcome() const {
        switch (got.status) {
            case answer::status::ok:
                if (!got.pdu.empty()) return write_outcome::accepted;
                to.note(prefix + "sent to all units, which none acknowledges");
                return write_outcome::unanswered;
            case answer::status::exception:
                return refused();
            case answer::status::interrupted:
                return write_outcome::interrupted;
            case answer::status::down:
            case answer::status::silent:
                break;
        }
        const std::string detail = got.detail.empty() ? "no answer in time" : got.detail;
        to.note(prefix + detail + (got.sent ? "" : "; nothing was written"));
        return got.sent ? write_outcome::unanswered : write_outcome::bus_down;
    }

private:
    write_outcome refused() const {
        to.exception(got.exception_code);
        const auto meaning = exception_meaning(got.exception_code);
        to.note(prefix + "exception " + std::to_string(got.exception_code) +
                (meaning.empty() ? "" : ": " + std::string(meaning)) + (got.exception_code == busy ? ", try again later" : ""));
        return got.exception_code == acknowledged ? write_outcome::pending : write_outcome::refused;
    }
};

write_outcome bus::write(std::span<const tidegate_write_item> items, bool check_only, const tidegate::write_report& to) {
    if (!to.is_traced()) return write_untraced(items, check_only, to);
    const traced_link watched(*link_, to);
    return write_untraced(items, check_only, to);
}

write_outcome bus::write_untraced(std::span<const tidegate_write_item> items, bool check_only, const tidegate::write_report& to) {
    std::vector<written_value> values;
    values.reserve(items.size());
    for (const auto& each : items) values.push_back({each.point, tidegate::value_of<value>(each.value)});
    const nanoseconds now = now_();
    const planned_write what = plan_write(
        definition_, values, [&](std::uint32_t point, const value& written) { return values_.encode(point, written, now); });
    const std::string fault = what.fault.empty() ? why_not_to_all(what) : what.fault;
    if (!fault.empty()) {
        to.note(fault);
        return write_outcome::rejected;
    }
    const std::size_t owner = definition_.points[items[0].point].device;
    if (check_only) {
        // Of bits in a register that is read first nobody knows the whole before.
        if (!reads_first(what, owner)) to.sending(in_words(transaction_of(what)));
        return write_outcome::accepted;
    }
    const device& device = definition_.devices[owner];
    if (const auto stopped = send_around("before_write", device, device.before_write, to)) {
        to.note("the value itself was not sent");
        return *stopped == write_outcome::pending ? write_outcome::unanswered : *stopped;
    }
    const write_outcome written = write_values(what, owner, to);
    if (written != write_outcome::accepted && written != write_outcome::pending) return written;
    if (const auto stopped = send_around("after_write", device, device.after_write, to)) {
        to.note("the value itself was taken");
        // What isn't committed is not written, whatever the reason.
        return *stopped == write_outcome::bus_down ? write_outcome::unanswered : *stopped;
    }
    return written;
}

bool bus::reads_first(const planned_write& what, std::size_t owner) const {
    const bool partly = what.owned != 0xFFFF;
    return partly && (what.with == write_function::read_modify_write ||
                      (what.with == write_function::automatic && lacks_mask_write_[owner]));
}

/// Empty: it isn't for all units of a line, or can be.
std::string bus::why_not_to_all(const planned_write& what) const {
    if (what.unit != 0 || has_mbap(definition_.wire)) return {};
    if (what.owned == 0xFFFF || what.with == write_function::mask) return {};
    return "some bits of a register can be written to all units with write_function: 22 only, since nobody can be read back";
}

std::optional<write_outcome> bus::send_around(const std::string& key, const device& which,
                                              const std::vector<std::vector<std::uint8_t>>& requests,
                                              const tidegate::write_report& to) {
    for (std::size_t i = 0; i < requests.size(); ++i) {
        write_step step{*this, to, key + (requests.size() > 1 ? ' ' + std::to_string(i + 1) : "") + ": ", {}};
        transaction what;
        what.unit = which.unit;
        what.pdu = requests[i];
        step.ask(std::move(what));
        if (step.got.status != answer::status::ok) return step.outcome();
    }
    return std::nullopt;
}

write_outcome bus::write_values(const planned_write& what, std::size_t owner, const tidegate::write_report& to) {
    write_step step{*this, to, {}, {}};
    if (!reads_first(what, owner)) {
        step.ask(transaction_of(what));
        const bool unknown = step.got.status == answer::status::exception && step.got.exception_code == illegal_function;
        if (!unknown || what.with != write_function::automatic) return step.outcome();
        lacks_mask_write_[owner] = true;
    }
    step.got = link_->read({what.unit, table::holding, what.address, 1}, nanoseconds(0));
    if (step.got.status != answer::status::ok) {
        step.prefix = "to read the register of which some bits are written: ";
        step.got.sent = false;
        return step.outcome();
    }
    const std::uint16_t was = step.got.registers[0];
    step.ask(write_back_of(what, was));
    return step.outcome();
}

}  // namespace modbus
