// store/salvaged_records.hpp: of the records and texts that a damaged file holds, in pages old and new, those to go on with.
// Pure. Not here: where they were found (page_source.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "store/log.hpp"
#include "store/page_source.hpp"

namespace store {

class salvaged_records {
public:
    /// What was known in memory is better than any record.
    std::optional<contents> known;

    /// False: it is none of the records that are known here.
    bool take(std::int64_t key, std::string_view data, image from);
    void take_text(std::int64_t id, std::string_view text, image from);

    bool have_counters() const { return known || counters_.value; }
    /// Counters and cursor are the last that were written.
    bool are_current() const { return counters_.is_current && (cursor_.is_current || !cursor_.value); }
    contents best() const;
    std::map<std::uint64_t, std::string> texts() const;

private:
    template <typename Record>
    struct choice {
        std::optional<Record> value;
        bool is_current = false;
        template <typename Further>
        void offer(std::optional<Record> other, image from, Further is_further);
    };
    choice<counters> counters_;
    choice<store::cursor> cursor_;
    choice<session_record> session_;
    choice<inbox_state> inbox_;
    choice<dead_letter_state> dead_letters_;
    choice<held_identifiers> held_;
    choice<boot_clocks> boots_;
    std::map<std::uint64_t, std::string> texts_, older_texts_;
};

}  // namespace store
