// adapters/serial/simulate.hpp: devices that send the samples of their messages, with moving numbers, and take part in dialogues.
// Not here: the wire (serve.cpp).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/serial/definition.hpp"

namespace serial {

/// Empty: they can be. Else which message lacks its sample.
std::string why_not_simulated(const bus_definition& bus);

/// What stands at the other end of one line or connection. Pure: bytes in, bytes out. `of` outlives it.
class simulator {
public:
    explicit simulator(const bus_definition& of) : of_(of), scripts_(of.devices.size()) {}

    /// What the devices send by themselves, all at once.
    std::string speak();
    std::string answer(std::string_view bytes);

private:
    struct progress {
        std::size_t at = 0;      // the step that is waited for
        std::size_t frames = 0;  // sent so far
        std::map<std::string, std::string> kept;
    };
    bool take(const device& by, const byte_pattern& what, const progress& in);
    std::string filled_by(const device& by, const byte_pattern& what, const progress& in) const;
    std::string go_on(const device& by, progress& in);
    std::optional<std::string> answer_of(std::size_t index);

    const bus_definition& of_;
    std::vector<progress> scripts_;
    std::string inbox_;
    std::uint64_t step_ = 0;
};

struct server_events {
    std::function<void(const std::string&)> listening;
    std::function<void(const std::string&)> note;
};

/// A simulator behind a pseudo-terminal or a listening socket.
class server {
public:
    virtual ~server() = default;
    /// Until interrupted; false after note() said why it can't.
    virtual bool run(const bus_definition& devices, const server_events& events) = 0;
    virtual void interrupt() noexcept = 0;
};
std::unique_ptr<server> make_server(const port_settings& where);
std::unique_ptr<server> make_server(const tcp_settings& where);

}  // namespace serial
