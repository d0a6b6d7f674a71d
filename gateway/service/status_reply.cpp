// gateway/service/status_reply.cpp: see status_reply.hpp.
#include "gateway/service/status_reply.hpp"

#include "gateway/clock.hpp"
#include "gateway/command/status_words.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/http/state_text.hpp"
#include "gateway/version.hpp"

namespace gateway {
namespace {

constexpr const char* too_large = "the state of all points is too large for one line; ask with \"points\":false, or over HTTP";

bool says(const flat_object& request, std::string_view name, bool what) {
    const auto* found = request.find(name);
    return found != nullptr && *found == value{what};
}

}  // namespace

void answer_status(const live& of, const flat_object& request, control_server::exchange& with) {
    const view_time now{stamp_now(), steady_now()};
    if (!says(request, "words", true)) {
        const auto points = says(request, "points", false) ? with_points::no : with_points::yes;
        return with.reply(state_text(of, version(), now, points)) ? with.succeed() : with.fail(too_large);
    }
    for (const auto& line : status_words(of, version(), now)) {
        std::string json = R"({"line":)";
        append_json_string(json, line);
        if (!with.reply(json + '}')) return with.fail("there is too much of it");
    }
    with.succeed();
}

}  // namespace gateway
