// gateway/command/diagnostics_options.hpp: what `tidegate doctor`, `support-bundle` and `trace` are told, as typed; and the
// functions. Not here: the command line itself (command_line_diagnostics.cpp).
#pragma once

#include <cstdint>
#include <string>

namespace gateway {

struct doctor_options {
    std::string config_path;
    bool json = false;
};
int doctor_command(const doctor_options& typed);

struct bundle_options {
    std::string config_path;
    std::string output;  // empty: tidegate-support-<time>.tar.gz here
    std::uint64_t journal_lines = 2000;
};
int bundle_command(const bundle_options& typed);

struct trace_options {
    std::string config_path;
    std::string bus;
    std::string pcap;         // a file, "-": stdout; empty: text
    std::uint64_t count = 0;  // frames; 0: no end
    std::string for_time;     // empty: no end
    bool json = false;
};
int trace_command(const trace_options& typed);

}  // namespace gateway
