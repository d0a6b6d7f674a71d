// tests/config/fuzz_read.cpp: libFuzzer reads whatever it can think of. Built with -DTIDEGATE_FUZZ=ON, by clang.
// Not here: a corpus of its own; the example files are one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/read.hpp"
#include "tests/config/modbus_like.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto vocabularies = modbus_like();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto outcome = config::read(text, vocabularies);
    if (!outcome.config && outcome.diagnostics.empty()) std::abort();
    for (const auto& one : outcome.diagnostics)
        if (config::render(one, "fuzz", text).empty()) std::abort();
    return 0;
}
