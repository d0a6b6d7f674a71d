// adapters/modbus/modbus_serve.cpp: serves a bus's devices as simulated ones, and passes on what its user commands them.
// Not here: what they answer (rehearsal.cpp, simulate.cpp) and their wire (server.hpp).
#include <string>
#include <utility>
#include <variant>

#include "adapters/modbus/modbus.hpp"

namespace modbus {

namespace {

/// What a master did to the simulated devices; on a line, also what a real line would have suffered from.
std::string in_words(const server_counts& seen, bool on_a_line) {
    std::string text = "requests " + std::to_string(seen.requests) + ", answered " + std::to_string(seen.answers) + ", damaged " +
                       std::to_string(seen.damaged);
    if (on_a_line)
        text +=
            ", sooner than t3.5 after a frame " + std::to_string(seen.early) + ", collisions " + std::to_string(seen.collisions);
    if (seen.out_of_pace > 0) text += ", out of pace since this machine was busy " + std::to_string(seen.out_of_pace);
    return text;
}

}  // namespace

rehearsed_devices& bus::simulated() {
    const std::lock_guard lock(serving_);
    if (!rehearsed_) twin_ = with_sunspec_models(definition_);
    if (!rehearsed_) rehearsed_ = std::make_unique<rehearsed_devices>(twin_, now_);
    return *rehearsed_;
}

tidegate::rehearsed bus::rehearse(std::string_view line, const tidegate::simulation& to) {
    std::string said;
    const auto heed = simulated().command(line, said);
    if (!said.empty()) to.note(said);
    return heed == rehearsed_devices::heed::done    ? tidegate::rehearsed::done
           : heed == rehearsed_devices::heed::wrong ? tidegate::rehearsed::wrong
                                                    : tidegate::rehearsed::not_mine;
}

bool bus::serve(const tidegate::simulation& to) {
    const auto made = make_server_(definition_.wire);
    {
        const std::lock_guard lock(serving_);
        if (interrupted_) return true;
        server_ = made.get();
    }
    struct withdrawal {  // also when run() throws
        bus& from;
        ~withdrawal() {
            const std::lock_guard lock(from.serving_);
            from.server_ = nullptr;
        }
    } const at_end{*this};
    const bool served = made->run(
        simulated(), {[&](const std::string& where) { to.listening(where); }, [&](const std::string& text) { to.note(text); }});
    to.note(in_words(made->counts(), std::holds_alternative<serial_settings>(definition_.wire)));
    return served;
}

void bus::interrupt() noexcept {
    link_->interrupt();
    const std::lock_guard lock(serving_);
    interrupted_ = true;
    if (server_) server_->interrupt();
}

}  // namespace modbus
