// tests/fuzz/target.hpp: the one function that every fuzz target is, and how it says that something is wrong.
// Not here: a main; libFuzzer's, or that of replay.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Ends the process unless the condition holds: that is what libFuzzer and the replay take for a finding.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "not so: %s\n", what);
    std::abort();
}
