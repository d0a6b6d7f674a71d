// tests/sim/world_process.cpp: how a world's process begins, is looked at, and ends; and the file that it leaves.
// Not here: what the file must hold (file_model.hpp).
#include <algorithm>
#include <tuple>

#include "gateway/delivery/session_state.hpp"
#include "store/tuning.hpp"
#include "tests/mqtt/support/words.hpp"
#include "tests/sim/trace_words.hpp"
#include "tests/sim/world.hpp"

namespace sim {

using store::number;

namespace {

constexpr int most_tries_to_open = 60;
constexpr std::size_t page = 4096 + 24;  // in the WAL

}  // namespace

void world::begin_process() {
    ++lives_;
    for (int tries = 0; process_ == nullptr; ++tries) {
        if (tries > most_tries_to_open) throw run_over{"the queue file can't be opened"};
        if (tries == most_tries_to_open / 2) {  // whatever ails the disk is over
            disk_.capacity.reset();
            disk_.call_off();
            full_ = false;
        }
        const bool cuts = what_.how_often[static_cast<std::size_t>(act::cut_power_soon)] > 0;
        if (!peace_ && cuts && tries < 3 && dice_.one_in(4)) disk_.cut_power_in(1 + dice_.below(12));
        open_file();
    }
    if (what_.incoming > 0) {
        mqtt::subscription wanted;
        wanted.filter = "in/a/+";
        wanted.qos = mqtt::qos::exactly_once;
        process_->session().subscribe({wanted}, {}, at().now);
    }
    process_->start(at());
}

store::result<store::queue> world::try_to_open(store::recovery& found, std::vector<store::waiting_message>& inbox) {
    store::options how = what_.file;
    how.boot_id = "boot-" + std::to_string(boot_);
    store::tuning with = what_.tuning;
    with.vfs = disk_.name();
    if (what_.salvages) with.files = &disk_.files();
    auto opened = store::open_tuned(how, with, found);
    record_.event('O', opened ? 1 : 0, disk_.operations());
    if (!opened) return opened;
    if (disk_.is_dead()) return store::error(store::errc::io, "the power is gone");  // in what it can do without
    auto waiting = opened->read_inbox(store::inbox_number{1}, 1'000'000, SIZE_MAX);
    if (!waiting) return waiting.error();
    inbox = std::move(*waiting);
    return opened;
}

/// Leaves process_ empty if the disk didn't let it.
void world::open_file() {
    store::recovery found;
    std::vector<store::waiting_message> waiting;
    if (std::exchange(damage_next_, false)) damage_bytes(disk_);
    auto opened = try_to_open(found, waiting);
    if (!opened) {
        record_.line([&] { return "disk  can't be opened: " + opened.error().detail(); });
        if (!disk_.is_dead() && !disk_erred_) throw run_over{"the queue file can't be opened: " + opened.error().detail()};
        seen_.power_cuts += disk_.lost_power() ? 1 : 0;
        disk_.power_on();
        return;
    }
    if (found.damage && found.damage->is_news) record_.line([&] { return "disk  SALVAGED: " + found.damage->reason; });
    if (file_.is_damaged()) return open_damaged(std::move(*opened), std::move(found));
    file_.begin_process();
    std::optional<std::vector<store::stored_message>> log;
    if (file_.is_ambiguous() || dice_.one_in(4)) log = read_all(*opened);
    const std::string wrong = file_.on_opened(found, waiting, log ? &*log : nullptr);
    record_.event('r', number(found.last), number(found.cursor.acked), found.ledger.queued);
    record_.line([&] {
        return "disk  opened: last " + std::to_string(number(found.last)) + ", acked " +
               std::to_string(number(found.cursor.acked)) + ", released " + std::to_string(number(found.cursor.released)) +
               ", maybe sent " + std::to_string(number(found.cursor.maybe_sent)) + ", queued " +
               std::to_string(found.ledger.queued);
    });
    if (!wrong.empty()) throw run_over{wrong};
    inbox_.on_kept(mqtt::log_position{file_.kept_up_to()});
    for (const std::int64_t number : file_.take_returned()) inbox_.keep({number, "", mqtt::qos::exactly_once, true});
    inbox_.crash();
    file_.begin_process();
    if (!log && file_.wants_audit()) log = read_all(*opened);
    if (log) {
        if (const std::string other = file_.on_audit(*log); !other.empty()) throw run_over{other};
        // What was read counts as given out, and is never evicted: so the file is opened anew, as if the process were killed.
        disk_.stop_process();
        opened = store::error();
        disk_.power_on();
        if (what_.damages_copies) damage_a_copy();
        opened = try_to_open(found, waiting);
        if (!opened && disk_erred_) return;
        if (!opened) throw run_over{"the queue file can't be opened again: " + opened.error().detail()};
        if (const std::string again = file_.on_opened(found, waiting); !again.empty()) throw run_over{again};
    }
    make_process(std::move(*opened), found);
}

void world::make_process(store::queue opened, const store::recovery& found) {
    know_state();
    taken_ = 0;
    accepted_before_ = file_.state().ledger.accepted;
    const std::int64_t mark = std::min(number(found.cursor.maybe_sent), number(found.last));
    barriers_.begin_process(mark);
    process_options options;
    options.session = what_.how;
    options.commit_every = std::chrono::milliseconds(what_.commit_every_ms);
    options.when_full = what_.file.when_full;
    options.seed = dice_.next();
    options.told_before_commit = what_.mistake == mistake::told_before_commit;
    options.saves_dropped = what_.mistake == mistake::saves_dropped;
    options.salvages = what_.salvages;
    process_ = std::make_unique<process>(std::move(opened), found, options, *this);
}

std::vector<store::stored_message> world::read_all(store::queue& opened) {
    disk_.call_off_reads();
    auto log = opened.read(store::sequence{1}, 1'000'000, SIZE_MAX);
    if (!log) throw run_over{"the file can't be read: " + log.error().detail()};
    record_.event('A', log->size());
    return std::move(*log);
}

void world::know_state() { on_disk_.state = gateway::saved_state_of(file_.state().as_found()); }

// ---- Ends ----

void world::end_process(end how) {
    kill_in_ = 0;
    if (how == end::kill) {
        ++seen_.kills;
        disk_.stop_process();
    } else if (how == end::power_cut) {
        disk_.cut_power();
    }
    record_.event('X', static_cast<int>(how));
    record_.line([&] {
        return how == end::kill ? "gateway  KILLED" : how == end::stop ? "gateway  ends" : "gateway  POWER CUT";
    });
    lose_what_flies();
    closing_ = false;
    heard_first_.clear();
    process_.reset();
    if (disk_.lost_power()) {
        ++seen_.power_cuts;
        ++boot_;
        boot_at_ = now_;
        if (what_.expires) {
            synchronised_ = false;
            clock_error_ = -std::chrono::milliseconds(dice_.below(100'000'000));
        }
    }
    disk_.power_on();
    begin_process();
}

/// After a call to the disk: it may have been the last.
void world::die_if_dead() {
    if (!disk_.is_dead()) return;
    const auto operation = disk_.operations() - commit_began_at_;
    record_.line([&] {
        return std::string(disk_.lost_power() ? "POWER CUT" : "KILLED") + " in operation " + std::to_string(operation) +
               " of commit " + std::to_string(commits_begun_);
    });
    end_process(disk_.lost_power() ? end::power_cut : end::kill);
}

void world::arm_power_cut() {
    disk_.cut_power_in(1 + dice_.below(20));
    record_.event('x');
}

void world::kill_soon() {
    if (dice_.one_in(2)) {
        kill_in_ = 1 + dice_.below(40);
    } else {
        disk_.stop_process_in(1 + dice_.below(20));
    }
    record_.event('k', kill_in_);
}

/// In order, as on SIGTERM; the power may go meanwhile.
void world::stop() {
    ++seen_.stops;
    const std::uint64_t life = lives_;
    const auto store_all = [&] {
        process_->flush();
        for (int i = 0; i < 40 && lives_ == life && !process_->is_idle(); ++i) {
            work();
            if (lives_ == life) tell();
        }
        return lives_ == life;
    };
    record_.event('S');
    record_.line([] { return "gateway  is stopped"; });
    if (!store_all()) return;
    process_->session().stop(at().now);
    process_->settle(at());
    if (closing_) {
        write(1u << 20);
        carry_up(1u << 20);
    }
    if (!store_all()) return;
    if (dice_.one_in(3) && what_.how_often[static_cast<std::size_t>(act::cut_power_soon)] > 0)
        disk_.cut_power_in(1 + dice_.below(12));
    end_process(end::stop);
}

// ---- What the process does ----

void world::on_effect(const mqtt::effect& what) {
    record_.event('e', what.index());
    record_.line([&] { return "session  " + mqtt_test::in_words(what); });
    if (std::holds_alternative<mqtt::open_transport>(what)) {
        link_ = link::opening;
    } else if (std::holds_alternative<mqtt::close_transport>(what)) {
        closing_ = true;
    } else if (const auto* const s = std::get_if<mqtt::save>(&what)) {
        inbox_.on_save(s->position);
    } else if (const auto* const m = std::get_if<mqtt::received>(&what)) {
        inbox_.take(mqtt_test::in_box(*m));
    } else if (const auto* const u = std::get_if<mqtt::unexpected_message>(&what)) {
        complain("unexpected: " + u->topic);
    } else if (const auto* const o = std::get_if<mqtt::online>(&what)) {
        barriers_.begin_connection(o->epoch);
    } else if (std::holds_alternative<mqtt::session_lost>(what)) {
        if (seen_.sessions_lost == 0 && !file_.is_damaged())
            complain("the session takes a session for lost that the broker kept");
    } else if (const auto* const r = std::get_if<mqtt::message_refused>(&what)) {
        refused_here_.insert(mqtt::number(r->sequence));
        barriers_.on_refused(mqtt::number(r->sequence));
    } else if (std::holds_alternative<mqtt::qos_lowered>(what)) {
        complain("QoS is lowered for a broker that has all");
    }
}

void world::on_commit_begun(const store::transaction& what, std::uint64_t saved_up_to) {
    intent made = intent_of(what, saved_up_to);
    ++commits_begun_;
    commit_began_at_ = disk_.operations();
    record_.event('b', commits_begun_, made.append.size(), saved_up_to);
    record_.line([&] { return "disk  commit " + std::to_string(commits_begun_) + ": " + in_words(made, file_.state().last); });
    file_.begin(std::move(made));
}

void world::on_commit_done(const store::result<store::commit_report>& how) {
    record_.event('d', how ? 1 : 0);
    const std::string name = "disk  commit " + std::to_string(commits_begun_);
    if (!how) {
        ++seen_.commits_failed;
        record_.line([&] { return name + " FAILED: " + how.error().detail(); });
        if (!disk_.is_dead() && !disk_erred_) complain("a commit failed: " + how.error().detail());
        return;
    }
    ++seen_.commits;
    record_.event('D', how->appended, how->evicted, how->refused, how->received, how->bytes_used);
    record_.line([&] {
        std::string text = name + " is durable";
        if (how->evicted > 0)
            text += ", dropped " + std::to_string(number(how->evicted_from)) + "–" + std::to_string(number(how->evicted_to));
        return how->refused > 0 ? text + ", took " + std::to_string(how->refused) + " fewer" : text;
    });
    const std::uint64_t with_session = file_.state().ledger.dropped_session;
    if (how->damaged > 0)
        record_.line([&] { return "disk  " + std::to_string(how->damaged) + " messages are DAMAGED and dropped"; });
    const std::string wrong = file_.on_committed(*how, process_->queue().ledger());
    if (!wrong.empty()) complain(wrong);
    inbox_.on_kept(mqtt::log_position{file_.kept_up_to()});
    know_state();
    check_expired(file_.state().ledger.dropped_session - with_session);
}

/// What was never sent is expired only when its life is over, whatever the board's clock says; or it went with the session, if
/// the mark said that it might have been sent.
void world::check_expired(std::uint64_t with_session) {
    for (const auto& [sequence, content] : file_.finished_with_expired()) {
        const auto life = ends_at_.find(content);
        if (life == ends_at_.end() || barriers_.shown().contains(sequence) || refused_here_.contains(sequence)) continue;
        if (now_ >= life->second) continue;
        if (with_session == 0) return complain("message " + std::to_string(sequence) + " is taken for expired before its time");
        --with_session;
    }
}

void world::on_told(std::uint64_t saved_up_to) {
    record_.event('s', saved_up_to);
    record_.line([&] { return "session  hears that save " + std::to_string(saved_up_to) + " is durable"; });
}

void world::on_read(store::sequence from, const store::result<std::vector<store::stored_message>>& found) {
    record_.event('q', number(from), found ? found->size() : 0);
    record_.line([&] {
        const std::string which = "disk  read from " + std::to_string(number(from));
        return found ? which + ": " + std::to_string(found->size()) + " messages" : which + " FAILED: " + found.error().detail();
    });
    if (found) return;
    ++seen_.reads_failed;
    if (!disk_.is_dead() && !disk_erred_) complain("a read failed: " + found.error().detail());
}

void world::on_settled() {
    look();
    if (!inbox_.close()) complain("a message without a save that would keep it");
    check_bounds();
    check_taken();
}

/// A reading that was taken is accepted (and maybe dropped, and then counted), or it waits.
void world::check_taken() {
    if (file_.is_damaged()) return;  // the ledger may be
    const gateway::backlog behind = process_->behind();
    const std::uint64_t accepted = file_.state().ledger.accepted - accepted_before_;
    if (accepted + behind.waiting + behind.unwritten == taken_) return;
    complain("of " + std::to_string(taken_) + " readings " + std::to_string(accepted) + " are accepted, " +
             std::to_string(behind.waiting) + " wait and " + std::to_string(behind.unwritten) + " are dropped");
}

/// Nothing grows without bound.
void world::check_bounds() {
    const auto& session = process_->session();
    // What was acknowledged and not durably so before a crash is in flight again, beside what was let in for it: each life that
    // ends so, with a disk that fails, may leave one window more, until the identifiers are used up.
    const std::uint64_t most_in_flight = std::min<std::uint64_t>((lives_ + 1) * what_.how.window + 1, what_.how.lane.size);
    if (session.in_flight() > most_in_flight) complain("more in flight than the window allows");
    if (session.unsent().size() > 1u << 20) complain("what waits for the network grows without bound");
    if (process_->delivery().buffered_bytes() > 1u << 20) complain("delivery's buffer grows without bound");
    const auto most = (static_cast<std::size_t>(what_.tuning.checkpoint_pages) + 600) * page;
    if (!disk_erred_ && disk_.size_of(what_.file.path + "-wal") > most) complain("the WAL grows without bound");
}

}  // namespace sim
