// adapters/process/lines.hpp: what is said to the program and what it says, one JSON object a line. Pure.
// Not here: the program (program.hpp). docs/adapters.md tells authors of programs the same.
//
//     → {"tidegate":1,"start":{"bus":"…","options":[…],"devices":[{"name":"…","address":"…","options":[…],
//                                                                  "points":[{"name":"…","address":"…","options":[…]}]}]}}
//     ← {"ready":true}                                        or {"failed":"why not"}
//     → {"id":7,"poll":{"device":"station","points":["temperature","state"],"probe":false}}
//     ← {"id":7,"values":{"temperature":21.5,"state":"open","rain":null},"failures":{"wind":"why"}}
//       or {"id":7,"silent":"why the device didn't answer"}   or {"id":7,"down":"why nothing can be asked"}
//     → {"id":8,"write":{"device":"station","values":{"setpoint":20}}}
//     ← {"id":8,"accepted":true}, or "rejected", "refused" or "unanswered" with the reason as text
//
// An answer bears the identifier of its request; one to an older request is dropped. `null` is a device's "no value".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/process/definition.hpp"

namespace process {

constexpr std::size_t line_max = 1u << 20;  // bytes; a program that says more in one line is ended

struct no_value {
    bool operator==(const no_value&) const = default;
};
using value = std::variant<no_value, bool, std::int64_t, std::uint64_t, double, std::string>;

// ---- To the program. Each ends in a newline.
std::string start_line(const bus_definition& of);
std::string poll_line(std::uint64_t id, const bus_definition& of, std::size_t device, std::span<const std::uint32_t> points,
                      bool probe);
std::string write_line(std::uint64_t id, const bus_definition& of, std::size_t device,
                       std::span<const std::pair<std::uint32_t, value>> values);

// ---- From it
struct ready {
    std::string failed;  // empty: it is
};
enum class poll_status : std::uint8_t { done, silent, down };
struct poll_answer {
    poll_status status = poll_status::done;
    std::string reason;
    std::vector<std::pair<std::string, value>> values;  // by the points' names
    std::vector<std::pair<std::string, std::string>> failures;
};
enum class write_status : std::uint8_t { accepted, rejected, refused, unanswered };
struct write_answer {
    write_status status = write_status::accepted;
    std::string reason;
};
struct answer {
    std::uint64_t id = 0;
    std::variant<poll_answer, write_answer> what;
};
/// `nonsense`: why the line is none of these.
struct nonsense {
    std::string why;
};
using spoken = std::variant<ready, answer, nonsense>;
/// `line` without its newline. Bounded in depth; never throws.
spoken understand(std::string_view line);

}  // namespace process
