// tests/config/modbus_like.hpp: a vocabulary like that of the Modbus adapter, so that the tests don't depend on it.
// Not here: the real one, which its adapter owns.
#pragma once

#include <vector>

#include "config/vocabulary.hpp"

inline std::vector<config::vocabulary> modbus_like() {
    using config::adapter_key;
    using enum config::scope;
    using enum config::value_kind;
    constexpr std::int64_t millisecond = 1'000'000;
    const std::vector<std::string> types = {"bool",   "int8",    "uint8",   "int16", "uint16", "int24",
                                            "uint24", "int32",   "uint32",  "int48", "uint48", "int64",
                                            "uint64", "float32", "float64", "bcd16", "bcd32",  "text"};
    const std::vector<std::string> orders = {"ABCD", "CDAB", "BADC", "DCBA"};
    std::vector<adapter_key> keys = {
        {bus, text, "serial.port", {}, 0, 0, "The serial port."},
        {bus, integer, "serial.baud", {}, 50, 4'000'000, "Bits per second."},
        {bus, choice, "serial.parity", {"none", "even", "odd"}, 0, 0, "The parity bit."},
        {bus, integer, "serial.stop_bits", {}, 1, 2, "Stop bits."},
        {bus, integer, "serial.data_bits", {}, 7, 8, "Data bits."},
        {bus, text, "tcp.host", {}, 0, 0, "The host."},
        {bus, integer, "tcp.port", {}, 1, 65535, "The port."},
        {bus, text, "rtu_over_tcp.host", {}, 0, 0, "The host."},
        {bus, integer, "rtu_over_tcp.port", {}, 1, 65535, "The port."},
        {bus, duration, "timeout", {}, millisecond, 60'000 * millisecond, "How long to wait for an answer."},
        {bus, duration, "request_spacing", {}, 0, 10'000 * millisecond, "The least pause between requests."},
        {device, integer, "unit", {}, 0, 255, "The unit identifier."},
        {device, integer, "max_read", {}, 1, 125, "Registers in one request."},
        {device, integer, "max_gap", {}, 0, 124, "Unwanted registers to read along."},
        {point, integer, "register", {}, 1, 465536, "Modicon notation."},
        {point, integer, "holding", {}, 0, 65535, "Holding register."},
        {point, integer, "input", {}, 0, 65535, "Input register."},
        {point, integer, "coil", {}, 0, 65535, "Coil."},
        {point, integer, "discrete", {}, 0, 65535, "Discrete input."},
        {point, choice, "type", types, 0, 0, "How registers become a value."},
        {point, choice, "order", orders, 0, 0, "The order of bytes."},
        {point, number, "scale", {}, 0, 0, "The factor."},
        {point, number, "offset", {}, 0, 0, "What is added."},
        {point, integer, "bit", {}, 0, 15, "One bit of a register."},
        {point, integer, "length", {}, 1, 250, "Of a text, in bytes."},
        {point, number_list, "null", {}, 0, 0, "Values that mean: none."},
        {point, text_by_number, "enum", {}, 0, 0, "Texts for numbers."},
        {point, boolean, "signed_zero", {}, 0, 0, "A key of the kind boolean."},
    };
    return {{"modbus", std::move(keys)}, {"simulated", {}}};
}
