// gateway/bus/adapter_wire.hpp: what the gateway and an adapter in a process of its own say to each other, as bytes.
// Not here: the processes (adapter_process.hpp, command_adapter.cpp). Both ends are the same program: no versions, native order.
//
// A frame is its length (4 bytes), its kind (1 byte) and its content. Each request but `interrupt` has one answer of the same
// kind.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "config/vocabulary.hpp"
#include "gateway/bus/adapter_host.hpp"

namespace gateway {

enum class wire_kind : std::uint8_t { describe = 1, create, poll, write, plan, recall, interrupt };

constexpr std::size_t wire_header = 5;
constexpr std::size_t wire_frame_max = 64u << 20;  // a frame beyond it is none of ours

/// Puts numbers and texts one after the other.
class wire_writer {
public:
    wire_writer& number(std::uint64_t what);
    wire_writer& signed_number(std::int64_t what) { return number(static_cast<std::uint64_t>(what)); }
    wire_writer& real(double what);
    wire_writer& text(std::string_view what);
    wire_writer& value(const gateway::value& what);
    wire_writer& settings(const std::vector<config::setting>& what);
    std::string take() { return std::move(bytes_); }

private:
    std::string bytes_;
};

/// Takes them out again. Beyond the end, or where something can't be: zeros and empty texts, and bad().
class wire_reader {
public:
    explicit wire_reader(std::string_view bytes) : rest_(bytes) {}
    std::uint64_t number();
    std::int64_t signed_number() { return static_cast<std::int64_t>(number()); }
    double real();
    std::string text();
    gateway::value value();
    std::vector<config::setting> settings();
    /// A number of things that follow, each of at least one byte.
    std::size_t count();
    std::size_t index();
    bool bad() const { return bad_; }

private:
    std::string_view take(std::uint64_t size);
    std::string_view rest_;
    bool bad_ = false;
};

std::string framed(wire_kind kind, std::string_view content);

struct wire_frame {
    wire_kind kind = wire_kind::describe;
    std::string content;
};
/// The next whole frame at the front of `bytes`, taken out. Nothing yet: too few bytes; `bad`: this can't be a frame.
std::optional<wire_frame> take_frame(std::string& bytes, bool& bad);

// What the frames hold.
std::string to_wire(const config::vocabulary& words);
config::vocabulary vocabulary_from(wire_reader& from);
std::string to_wire(const config::bus& bus);  // names, settings and what is writable; no positions, no computed points
config::bus bus_from(wire_reader& from);
std::string to_wire(const adapter_bus::poll_result& result);
void poll_result_from(wire_reader& from, adapter_bus::poll_result& to);
std::string to_wire(const adapter_bus::write_result& result);
adapter_bus::write_result write_result_from(wire_reader& from);
std::string to_wire(const std::vector<adapter_bus::planned_request>& requests);
std::vector<adapter_bus::planned_request> planned_requests_from(wire_reader& from);

}  // namespace gateway
