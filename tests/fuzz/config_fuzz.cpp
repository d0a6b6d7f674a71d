// tests/fuzz/config_fuzz.cpp: any text as a config: there is a config or a diagnosis, and every diagnosis has its words.
// Not here: a corpus of its own; the example files of tests/config are one.
#include <string>
#include <string_view>

#include "config/read.hpp"
#include "tests/config/modbus_like.hpp"
#include "tests/fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto vocabularies = modbus_like();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto outcome = config::read(text, vocabularies);
    require(outcome.config || !outcome.diagnostics.empty(), "there is a config or a diagnosis");
    for (const auto& one : outcome.diagnostics) require(!config::render(one, "fuzz", text).empty(), "a diagnosis has words");
    return 0;
}
