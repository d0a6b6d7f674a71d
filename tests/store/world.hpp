// tests/store/world.hpp: one disk and several lives of a gateway on it, whose power goes at random moments; and a model of what
// the queue must hold then.
// After each cut: every commit that was reported is there, the one under way is there wholly or not at all; the cursor hasn't
// gone back, the ledger balances; what was received is there exactly once, with what was held in the same transaction, until
// it is handled, and never again; audit entries and memories are those of the commits that are there; what was parked is in the
// dead letters and not in the log; each message knows its boot.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "store/queue.hpp"
#include "store/tuning.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/halving.hpp"

namespace test {

/// Stands for a message: its content follows from these.
struct content {
    std::uint64_t number = 0;
    std::size_t size = 0;
    bool operator==(const content&) const = default;
};

/// What the queue must hold.
struct model {
    struct letter {
        std::int64_t sequence = 0;
        content what;
        std::uint8_t reason_code = 0;
        bool operator==(const letter&) const = default;
    };
    std::map<std::int64_t, content> queued;
    store::cursor cursor;
    std::optional<store::session_record> session;
    store::ledger ledger;
    std::int64_t last = 0;
    std::map<std::int64_t, content> inbox;
    std::vector<std::uint16_t> held;
    std::map<std::int64_t, letter> letters;
    std::int64_t letters_given = 0;  // the highest number of one; the queue doesn't tell
    std::uint64_t crowded_out = 0;
    std::uint64_t not_found = 0;
    std::map<std::string, std::int64_t> clocks;  // by boot
    std::map<std::string, std::string> memories;
    std::vector<std::string> audit;  // the newest first
    bool operator==(const model&) const = default;
};

struct setting {
    store::tuning tuning;
    bool garbles_neighbours = false;
    bool lies_about_syncs = false;
};

class world {
public:
    world(std::uint64_t seed, const setting& with);

    /// What went wrong, or nothing.
    std::string live(int lives);

    std::uint64_t cuts = 0;
    std::uint64_t evicted = 0;
    std::uint64_t commits = 0;
    std::uint64_t received = 0;
    std::uint64_t refused = 0;  // transactions whose messages the inbox had no room for
    std::uint64_t parked = 0;
    std::uint64_t clocks_seen = 0;  // messages of a boot whose clock was set, and told so
    std::uint64_t aged = 0;
    std::uint64_t thinned = 0;

private:
    /// What can't be foreseen of a transaction.
    struct fate {
        std::size_t appended = 0;
        bool received = false;
    };

    std::uint64_t random(std::uint64_t below) { return random_() % below; }
    std::size_t random_size(std::uint64_t most);
    void cut_while_opening();
    store::transaction make_work();
    void add_inbound(store::transaction& to);
    void add_parking(store::transaction& to);
    void add_notes(store::transaction& to);
    store::cursor move_cursor();
    void work(store::queue& queue);
    void drop_what_went(const store::commit_report& done);
    std::uint64_t erase(store::sequence from, store::sequence to, bool for_its_age);
    void explain_missing(const model& there, model& expected);
    model after(const model& before, const store::transaction& made, const fate& how) const;
    bool may_refuse(const store::transaction& made, std::uint64_t inbox_bytes) const;
    bool crowd_out(model& in, const std::map<std::int64_t, model::letter>& there) const;
    void compare(store::queue& queue, const store::recovery& found);
    void read_all(store::queue& queue, model& to);
    std::map<std::int64_t, model::letter> letters_of(store::queue& queue);
    void see_clock(const std::string& boot, std::optional<std::int64_t> offset_ms);
    model with_clocks(model there, const model& expected) const;
    void explain(const model& there, std::uint64_t inbox_bytes);

    std::mt19937_64 random_;
    disk disk_;
    store::tuning tuning_;
    store::options how_;
    bool large_ = false;
    model now_;
    std::int64_t last_received_ = 0;
    std::optional<store::transaction> under_way_;
    std::map<std::uint64_t, std::size_t> sizes_;  // of all contents ever made, by number
    std::vector<content> appending_;              // of the latest transaction
    std::vector<content> receiving_;
    std::uint64_t content_ = 0;
    std::uint64_t boots_ = 0;
    std::string boot_of_work_;                      // of the latest transaction
    std::map<std::uint64_t, std::string> boot_of_;  // in which contents were taken, by number
    std::map<std::string, std::optional<std::int64_t>> clocks_there_;
    halving halving_;
    std::int64_t exempt_ = 0;  // none up to there may go
    std::string wrong_;
};

}  // namespace test
