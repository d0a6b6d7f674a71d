// store/age.hpp: when a reading was really taken, and how old it is, though the board's clock was wrong then, or has been set
// since. Pure. The one rule for all that asks: corrected timestamps, expiry, what is too old to keep.
// Not here: clocks, and what becomes of what is too old.
#pragma once

#include <cstdint>
#include <optional>

#include "store/queue.hpp"

namespace store {

/// Now, by the clocks of the board. `boot_offset_ms`: of this boot; nothing as long as its clock was never known to be right.
struct moment {
    stamp clocks;
    std::optional<std::int64_t> boot_offset_ms = std::nullopt;
};

/// Unix time, if it is known: by what the clock had above CLOCK_BOOTTIME when it was set in that boot (which no later step
/// changes), else by the clock if it was right.
std::optional<std::int64_t> true_time_ms(const stamp& at, std::optional<std::int64_t> boot_offset_ms);

/// As it would be if the clock had been right; unchanged if it was, or if that can't be known.
stamp corrected(const stamp& at, std::optional<std::int64_t> boot_offset_ms);

/// Never negative. In the boot in which it was taken the time since then is known, whatever becomes of the clock. Beyond it,
/// only if both true times are; nothing: it can't be known, and whoever asks must take it for new.
std::optional<std::int64_t> age_ms(const stamp& taken, bool of_this_boot, std::optional<std::int64_t> boot_offset_ms,
                                   const moment& now);
inline std::optional<std::int64_t> age_ms(const stored_message& of, const moment& now) {
    return age_ms(of.message.taken, of.of_this_boot, of.boot_offset_ms, now);
}

}  // namespace store
