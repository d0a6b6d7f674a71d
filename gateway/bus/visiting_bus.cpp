// gateway/bus/visiting_bus.cpp: see visiting_bus.hpp.
#include "gateway/bus/visiting_bus.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/bus/adapter_wire.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/flat_json.hpp"
#include "gateway/limits.hpp"
#include "mqtt/digest.hpp"

namespace gateway {
namespace {

std::string text_in(const flat_object& from, std::string_view name) {
    const value* found = from.find(name);
    const auto* text = found ? std::get_if<std::string>(found) : nullptr;
    return text ? *text : "";
}

class visiting_bus final : public adapter_bus {
public:
    visiting_bus(std::unique_ptr<control_client> stay, std::unique_ptr<control_client> questions, std::int64_t visit,
                 std::size_t points)
        : stay_(std::move(stay)), questions_(std::move(questions)), visit_(std::to_string(visit)), points_(points) {}

    /// Answered, so that the next visit finds the bus free.
    ~visiting_bus() override {
        std::string why;
        if (!hung_up_)
            std::ignore = questions_->ask(R"({"do":"visit_end","visit":)" + visit_ + '}', [](const std::string&) { return true; },
                                          why);  // a service that is gone has no visitors
    }

    void poll(std::span<const tidegate_candidate> candidates, bool probe, poll_result& to) override {
        to.readings.clear();
        to.failures.clear();
        to.learned.clear();
        to.exchanges.clear();
        to.frames.clear();
        to.note.clear();
        to.has_stamp = false;
        std::string points;
        for (const auto& each : candidates) points += (points.empty() ? "" : " ") + std::to_string(each.point);
        std::string why;
        const auto bytes =
            ask(R"({"do":"visit_poll","visit":)" + visit_ + R"(,"points":")" + points + (probe ? R"(","probe":true})" : R"("})"),
                why);
        if (bytes) {
            wire_reader from(*bytes);
            poll_result_from(from, to);
            if (!from.bad() && fits(to)) return;
            why = "the service's answer can't be read: is it of another version? Then restart it";
            to.readings.clear();
            to.failures.clear();
        }
        to.outcome = hung_up_ ? TIDEGATE_INTERRUPTED : TIDEGATE_BUS_DOWN;
        to.note = why;
    }

    bool release() override { return true; }  // the service takes the port back whenever it needs it
    bool can_write() const override { return true; }

    write_result write(std::span<const write_item> items, bool check_only) override {
        write_result result;
        std::string why;
        const auto bytes = ask(R"({"do":"visit_write","visit":)" + visit_ + R"(,"point":)" + std::to_string(items[0].point) +
                                   R"(,"value":")" + mqtt::base64_encode(wire_writer().value(items[0].value).take()) +
                                   (check_only ? R"(","check_only":true})" : R"("})"),
                               why);
        if (bytes) {
            wire_reader from(*bytes);
            result = write_result_from(from);
            if (!from.bad()) return result;
            why = "the service's answer can't be read: is it of another version?";
            result = {};
        }
        // Refused by the service, nothing was sent; once it is gone nobody knows.
        const bool gone = why.starts_with("the service");
        result.outcome = hung_up_               ? TIDEGATE_WRITE_INTERRUPTED
                         : gone && !is_refusal_ ? TIDEGATE_WRITE_UNANSWERED
                                                : TIDEGATE_WRITE_REJECTED;
        result.note = why;
        return result;
    }

    void recall(std::size_t, const std::string&) override {}
    std::vector<planned_request> plan(std::span<const point_index>) override { return {}; }
    bool can_serve() const override { return false; }
    bool serve(const std::function<void(std::string_view)>&, const std::function<void(std::string_view)>&) override {
        return false;
    }
    void interrupt() override {
        hung_up_ = true;
        questions_->hang_up();
    }

private:
    bool fits(const poll_result& result) const {
        return result.outcome <= TIDEGATE_DEVICE_BUSY &&
               std::all_of(result.readings.begin(), result.readings.end(),
                           [&](const reading& one) { return one.point < points_; }) &&
               std::all_of(result.failures.begin(), result.failures.end(),
                           [&](const failure& one) { return one.point < points_; });
    }

    std::optional<std::string> ask(const std::string& request, std::string& why) {
        std::optional<std::string> bytes;
        bool any = false;
        is_refusal_ = false;
        const bool answered = questions_->ask(
            request,
            [&](const std::string& line) {
                any = true;
                const auto reply = read_flat_object(line, 8);
                bytes = reply ? mqtt::base64_decode(text_in(*reply, "result")) : std::nullopt;
                return true;
            },
            why);
        if (!answered) {
            const bool late = questions_->was_late();
            is_refusal_ = !late && !why.starts_with("the service went away");
            if (late) questions_->hang_up();  // what it says now would be taken for the answer to the next question
            return std::nullopt;
        }
        if (!bytes) why = any ? "the service's answer can't be read" : "the service has no answer";
        return bytes;
    }

    std::unique_ptr<control_client> stay_;  // as long as this is open, we are there
    std::unique_ptr<control_client> questions_;
    const std::string visit_;
    const std::size_t points_;
    bool is_refusal_ = false;
    std::atomic<bool> hung_up_{false};
};

/// At one socket. True: that settles it.
bool ask_to_visit(const std::function<std::unique_ptr<control_client>(std::string&)>& connect, std::string_view config_text,
                  std::size_t points, found_service& to) {
    std::string why;
    auto stay = connect(why);
    if (!stay) {
        if (!why.empty()) to.doubt = why;
        return false;
    }
    stay->set_patience(limits::control_answer);
    std::string line;
    if (!stay->begin(R"({"do":"visit","bus":)" + json_text(config_text) + '}', line, why)) {
        if (stay->was_late()) {  // the bus may be another's, or nobody's
            to.doubt = why;
            return false;
        }
        to.refused = why;
        return true;
    }
    const auto reply = read_flat_object(line, 8);
    const value* visit = reply ? reply->find("visit") : nullptr;
    const auto* number = visit ? std::get_if<std::int64_t>(visit) : nullptr;
    if (number == nullptr) return false;  // it doesn't hold this bus
    auto questions = connect(why);
    if (!questions) {
        to.refused = why.empty() ? "the service went away" : why;
        return true;
    }
    questions->set_patience(limits::visit_answer);
    to.service = text_in(*reply, "service");
    to.bus = std::make_unique<visiting_bus>(std::move(stay), std::move(questions), *number, points);
    return true;
}

std::vector<std::string> sockets() {
    std::vector<std::string> found;
    std::error_code none;  // no folder, no service
    for (const auto& entry : std::filesystem::directory_iterator(control_client::folder(), none))
        if (entry.path().extension() == ".sock") found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

found_service find_service(const config::file* config, std::string_view config_text, std::size_t points) {
    found_service found;
    if (config != nullptr) {
        if (ask_to_visit([&](std::string& why) { return control_client::connect(*config, why); }, config_text, points, found))
            return found;
    }
    for (const auto& path : sockets())
        if (ask_to_visit([&](std::string& why) { return control_client::connect(path, why); }, config_text, points, found)) break;
    return found;
}

}  // namespace gateway
