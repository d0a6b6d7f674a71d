// store/salvage.cpp: two passes over the pages: first records, texts, dead letters and notes, then segments, which need them.
#include "store/salvage.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "store/audit_table.hpp"
#include "store/inbox.hpp"
#include "store/memory_table.hpp"
#include "store/page_source.hpp"
#include "store/salvaged_records.hpp"
#include "store/schema.hpp"

namespace store {
namespace {

/// A row whose checksum is right.
struct sound_row {
    row_kind kind = row_kind::log;
    std::int64_t key = 0;
    std::int64_t count = 0;
    std::int64_t crc = 0;
    std::string_view data;
};

bool is_record(std::int64_t key) { return key <= 0 && key > offset_of(part::inbox) / 2; }

class salvage_run {
public:
    salvage_run(files& in, const std::string& from, const std::optional<contents>& known) : pages_(in, from) {
        records_.known = known;
    }

    result<void> run(const std::string& to, const tuning& with, damage report) {
        if (const auto blank = open_blank(file_, to, with); !blank) return blank.error();
        if (const auto ready = prepare(); !ready) return ready.error();
        pages_.each([&](std::string_view page, image of) { scan(page, of, &salvage_run::take_small); });
        if (const auto written = put_texts(); !written) return written.error();
        now_ = records_.best();
        pages_.each([&](std::string_view page, image of) { scan(page, of, &salvage_run::take_segment); });
        if (failure_) return *failure_;
        return finish(std::move(report));
    }

private:
    using taker = void (salvage_run::*)(const sound_row&, image);

    result<void> prepare() {
        if (const auto ready =
                put_row_.prepare(file_, "INSERT OR IGNORE INTO log(first, count, crc, data) VALUES(?1, ?2, ?3, ?4)");
            !ready)
            return ready;
        if (const auto ready =
                put_letter_.prepare(file_, "INSERT OR IGNORE INTO dead_letter(number, crc, data) VALUES(?1, ?2, ?3)");
            !ready)
            return ready;
        if (const auto ready = put_audit_.prepare(
                file_, "INSERT OR IGNORE INTO audit(number, kind, crc, data) VALUES(?1, ?2, ?3, CAST(?4 AS TEXT))");
            !ready)
            return ready;
        if (const auto ready = put_memory_.prepare(
                file_, "INSERT OR IGNORE INTO memory(name, kind, crc, data) VALUES(?1, ?2, ?3, CAST(?4 AS TEXT))");
            !ready)
            return ready;
        if (const auto ready = letters_.prepare(file_, "SELECT count(*), sum(length(data)) FROM dead_letter"); !ready)
            return ready;
        return log_.prepare(log_table::purpose::writing);
    }

    void scan(std::string_view page, image of, taker take) {
        const leaf_scan leaf = scan_leaf(page, pages_.most());
        if (of == image::current) certain_ &= leaf.sound;
        for (const leaf_cell& cell : leaf.cells) {
            if (failure_) return;
            const auto header = row_header_of(cell);
            if (!header) {
                certain_ &= of != image::current;
                continue;
            }
            // The first pass leaves segments alone: they are most of the file.
            const bool is_segment = header->kind == row_kind::log && !is_record(cell.key);
            if (is_segment == (take == &salvage_run::take_small)) continue;
            if (!take_if_sound(cell, *header, of, take) && of == image::current) lost_keys_ = std::max(lost_keys_, cell.key);
        }
    }

    bool take_if_sound(const leaf_cell& cell, const row_header& header, image of, taker take) {
        const auto matches = [&] {
            const std::string_view data = std::string_view(payload_).substr(header.data_at);
            const bool is_note = header.kind == row_kind::note;
            return (is_note ? note_checksum(cell.key, header.count, data) : row_checksum(cell.key, header.count, data)) ==
                   header.crc;
        };
        bool sound = pages_.payload_of(cell, payload_) && matches();
        // An older leaf may go on in pages that only the file still has.
        if (!sound && of == image::older) sound = pages_.payload_without_wal(cell, payload_) && matches();
        if (!sound) return false;
        (this->*take)({header.kind, cell.key, header.count, header.crc, std::string_view(payload_).substr(header.data_at)}, of);
        return true;
    }

    void take_small(const sound_row& row, image of) {
        switch (row.kind) {
            case row_kind::log:
                if (!records_.take(row.key, row.data, of) && of == image::current)
                    note(put_row_.execute(row.key, row.count, row.crc, row.data));
                break;
            case row_kind::text:
                records_.take_text(row.key, row.data, of);
                break;
            case row_kind::dead_letter:
                if (of == image::current) note(put_letter_.execute(row.key, row.crc, row.data));
                highest_letter_ = std::max(highest_letter_, row.key);
                break;
            case row_kind::note:
                if (row.count == audit_kind && row.key > 0 && of != image::freed)
                    note(put_audit_.execute(row.key, row.count, row.crc, row.data));
                if (row.count == memory_kind && of == image::current)
                    note(put_memory_.execute(row.key, row.count, row.crc, row.data));
                break;
        }
    }

    void take_segment(const sound_row& row, image of) {
        const part of_part = row.key > 0 ? part::log : part::inbox;
        const std::int64_t first = row.key - offset_of(of_part);
        if (row.count < 1 || first < 1 || first > highest_number || row.count > highest_number) return;
        std::int64_t& highest = of_part == part::log ? highest_ : highest_received_;
        highest = std::max(highest, first + row.count - 1);
        if (of_part == part::inbox ? of != image::current : of == image::freed) return;
        if (of_part == part::log && first + row.count - 1 <= number(now_.cursor.acked)) return;
        if (!can_be_decoded(first, row)) return;
        note(put_row_.execute(row.key, row.count, row.crc, row.data));
    }

    bool can_be_decoded(std::int64_t first, const sound_row& row) const {
        segment_reader reading(first, row.count, std::string(row.data));
        stored_message message;
        while (reading.position() <= reading.last())
            if (!reading.next(texts_, message)) return false;
        return true;
    }

    void note(result<void> done) {
        if (!done && !failure_) failure_ = done.error();
    }

    result<void> put_texts() {
        if (failure_) return *failure_;
        for (const auto& [id, text] : records_.texts()) {
            if (const auto put = log_.add_text(id, text); !put) return put;
            texts_.restore(id, text);
        }
        return {};
    }

    result<void> finish(damage found) {
        const auto repeated = weed_out();
        if (!repeated) return repeated.error();
        found.repeated = *repeated;
        if (const auto counted = count_log(found); !counted) return counted.error();
        if (const auto counted = count_inbox(found); !counted) return counted.error();
        if (const auto counted = count_letters(found); !counted) return counted.error();
        found.exact = records_.known || (certain_ && records_.are_current() && !pages_.has_holes() && lost_keys_ <= highest_);
        if (const auto saved = save(); !saved) return saved.error();
        if (const auto saved = log_.save(found); !saved) return saved.error();
        return finish_blank(file_);
    }

    /// No two segments may hold the same number. Returns how many messages a broker may have had.
    result<std::uint64_t> weed_out() {
        const cursor& at = now_.cursor;
        std::uint64_t repeated = 0;
        std::vector<std::int64_t> overlapping;
        {
            auto segments = log_.segments_after(0);
            if (!segments) return segments.error();
            for (std::int64_t last = 0;;) {
                const auto row = segments->next();
                if (!row) return row.error();
                if (!*row) break;
                const segment_row segment{segments->integer(0), segments->integer(1), 0};
                if (segment.first <= last) {
                    overlapping.push_back(segment.first);
                    continue;
                }
                last = segment.last();
                const std::int64_t from = std::max(segment.first, number(at.acked) + 1);
                const std::int64_t to = std::min(last, number(at.maybe_sent));
                if (from > to) continue;
                const auto beyond = std::count_if(at.acked_beyond.begin(), at.acked_beyond.end(),
                                                  [&](sequence s) { return number(s) >= from && number(s) <= to; });
                repeated += static_cast<std::uint64_t>(to - from + 1 - beyond);
            }
        }
        for (const std::int64_t first : overlapping)
            if (const auto erased = log_.erase(part::log, first, first); !erased) return erased.error();
        return repeated;
    }

    result<void> count_log(damage& found) {
        counters& figures = now_.figures;
        const cursor& at = now_.cursor;
        std::int64_t last = std::max({figures.last, highest_, number(at.acked), number(at.released), number(at.maybe_sent)});
        for (const auto* list : {&at.acked_beyond, &at.released_beyond})
            for (const sequence s : *list) last = std::max(last, number(s));
        figures.last = std::min(last, highest_number);
        const auto stored = log_.messages_between(1, highest_number);
        if (!stored) return stored.error();
        const auto finished = log_.finished(at);
        if (!finished) return finished.error();
        figures.stored = *stored;
        now_.finished = *finished;
        found.salvaged = now_.ledger().queued;
        found.ledger_lost = !records_.have_counters();
        if (found.ledger_lost) figures.skipped = static_cast<std::uint64_t>(figures.last) - found.salvaged;
        const std::uint64_t lost_before = figures.dropped_damaged;
        now_.balance();
        found.lost = figures.dropped_damaged - std::min(lost_before, figures.dropped_damaged);
        figures.last += numbers_to_skip;
        figures.skipped += static_cast<std::uint64_t>(numbers_to_skip);
        return {};
    }

    result<void> count_inbox(damage& found) {
        const std::uint64_t before = now_.inbox.counts.messages;
        now_.inbox.last = std::max(now_.inbox.last, highest_received_) + numbers_to_skip;
        if (const auto counted = inbox(log_).recount(now_.inbox); !counted) return counted;
        found.received_lost = before - std::min(before, now_.inbox.counts.messages);
        return {};
    }

    result<void> count_letters(damage& found) {
        dead_letter_state& letters = now_.dead_letters;
        const std::uint64_t before = letters.counts.messages;
        auto counts = letters_.select();
        if (!counts) return counts.error();
        if (const auto row = counts->next(); !row) return row.error();
        letters.counts.messages = static_cast<std::uint64_t>(counts->integer(0));
        letters.counts.bytes = static_cast<std::uint64_t>(counts->integer(1));
        letters.last = std::max(letters.last, highest_letter_) + numbers_to_skip;
        found.dead_letters_lost = before - std::min(before, letters.counts.messages);
        return {};
    }

    result<void> save() {
        // A broker may pass a message on only when it is released, and it forgets what isn't when the session begins anew.
        now_.cursor.released = now_.cursor.acked;
        now_.cursor.released_beyond.clear();
        if (const auto saved = log_.save(now_.figures); !saved) return saved;
        if (const auto saved = log_.save(now_.cursor); !saved) return saved;
        // Of the session only the number goes on; of no broker and no client, so that none is resumed.
        if (now_.session)
            if (const auto saved = log_.save(session_record{"", "", now_.session->epoch}); !saved) return saved;
        if (const auto saved = log_.save(now_.held); !saved) return saved;
        if (const auto saved = log_.save(now_.inbox); !saved) return saved;
        if (!now_.boots.empty())
            if (const auto saved = log_.save(now_.boots); !saved) return saved;
        return log_.save(now_.dead_letters);
    }

    page_source pages_;
    connection file_;
    log_table log_{file_};
    statement put_row_, put_letter_, put_audit_, put_memory_, letters_;
    salvaged_records records_;
    dictionary texts_;
    contents now_;
    std::string payload_;
    std::optional<error> failure_;
    bool certain_ = true;  // each page that is up to date could be read to its end
    std::int64_t highest_ = 0, highest_received_ = 0, highest_letter_ = 0;
    std::int64_t lost_keys_ = 0;  // the highest key of a row that fails its checksum
};

}  // namespace

result<void> salvage(files& in, const std::string& from, const std::string& to, const tuning& with,
                     const std::optional<contents>& known, damage report) {
    salvage_run run(in, from, known);
    return run.run(to, with, std::move(report));
}

}  // namespace store
