// gateway/command/commission_options.hpp: what read, guess and write are told, as typed; each is one function.
// Not here: the command line itself (command_line_commission.cpp).
#pragma once

#include <cstdint>
#include <string>

#include "gateway/commission/commission_bus.hpp"
#include "gateway/commission/register_place.hpp"

namespace gateway {

struct commission_options {
    bus_choice bus;
    register_choice where;
    std::string timeout;
    bool json = false;
    // read
    std::uint64_t count = 1;
    std::string every;  // empty: once
    bool identify = false;
    // guess
    std::string expect;
    std::string tolerance = "2%";
    std::uint64_t reads = 1;
    bool all = false;
    // write
    std::string value;
    bool yes = false;
    bool verify = true;
};

int read_command(const commission_options& how);
int guess_command(const commission_options& how);
int write_command(const commission_options& how);

}  // namespace gateway
