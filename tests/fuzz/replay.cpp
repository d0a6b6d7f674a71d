// tests/fuzz/replay.cpp: gives a fuzz target every file of some folders; a finding ends the process.
// Not here: finding new inputs, which is libFuzzer's (preset `fuzz`, tools/check-long fuzz).
// usage: replay_NAME FOLDER …
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/target.hpp"

namespace {

/// How many files there were.
std::size_t replay(const std::filesystem::path& folder) {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::vector<char> content(std::istreambuf_iterator<char>(file), {});
        std::printf("%s\n", entry.path().c_str());  // the last one printed is the culprit
        std::fflush(stdout);
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
        ++files;
    }
    return files;
}

}  // namespace

int main(int count, char** arguments) {
    for (int at = 1; at < count; ++at) {
        if (replay(arguments[at]) > 0) continue;
        std::fprintf(stderr, "no files in %s\n", arguments[at]);
        return 1;
    }
    return count > 1 ? 0 : 2;
}
