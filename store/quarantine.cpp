// store/quarantine.cpp: renames in their order.
#include "store/quarantine.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace store {
namespace {

constexpr std::array of_a_database{"-wal", "-journal"};  // beside it; -shm is only ever about processes that run

}  // namespace

result<bool> quarantine::resume() {
    if (const auto cleared = clear_workplace(); !cleared) return cleared.error();
    if (!exists(path_ + ".new")) return false;
    if (const auto done = complete(); !done) return done.error();
    return true;
}

result<void> quarantine::clear_workplace() {
    for (const char* const ending : {"", "-wal", "-journal", "-shm"})
        if (const auto removed = files_.remove(workplace() + ending); !removed) return removed;
    return {};
}

result<void> quarantine::swap() {
    // Its name appeared without a sync so far.
    if (const auto named = files_.sync_folder(path_); !named) return named;
    if (const auto done = step(workplace(), path_ + ".new"); !done) return done;
    return complete();
}

/// If its file is gone already, it is the highest that is aside.
std::uint64_t quarantine::next_number() {
    const auto before = numbers();
    const std::uint64_t last = before.empty() ? 0 : before.back();
    return exists(path_) || last == 0 ? last + 1 : last;
}

/// From wherever it stands.
result<void> quarantine::complete() {
    const std::uint64_t number = next_number();
    if (exists(path_))
        if (const auto done = step(path_, aside(number)); !done) return done;
    for (const char* const ending : of_a_database)
        if (exists(path_ + ending))
            if (const auto done = step(path_ + ending, aside(number) + ending); !done) return done;
    if (const auto removed = files_.remove(path_ + "-shm"); !removed) return removed;
    if (const auto done = step(path_ + ".new", path_); !done) return done;
    for (const std::uint64_t older : numbers()) {
        if (older == number) continue;
        for (const char* const ending : {"", "-wal", "-journal"})
            if (const auto removed = files_.remove(aside(older) + ending); !removed) return removed;
    }
    return {};
}

result<void> quarantine::step(const std::string& from, const std::string& to) {
    if (const auto renamed = files_.rename(from, to); !renamed) return renamed;
    return files_.sync_folder(path_);
}

std::vector<std::uint64_t> quarantine::numbers() {
    std::vector<std::uint64_t> found;
    const std::string start = path_ + ".corrupt-";
    for (const std::string& name : files_.beginning_with(start)) {
        const std::string_view rest = std::string_view(name).substr(start.size());
        std::uint64_t number = 0;
        const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
        if (failed == std::errc() && number > 0 && number < UINT64_MAX / 2) found.push_back(number);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

}  // namespace store
