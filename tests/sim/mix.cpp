// tests/sim/mix.cpp: see mix.hpp.
// Not here: how a step of a script comes about (script.cpp).
#include "tests/sim/mix.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/mqtt/support/dice.hpp"

namespace sim {

using mqtt_test::dice;

namespace {

constexpr std::array<std::pair<std::string_view, mistake>, 5> mistakes{{
    {"synchronous_normal", mistake::synchronous_normal},
    {"synchronous_off", mistake::synchronous_off},
    {"disk_lies", mistake::disk_lies},
    {"told_before_commit", mistake::told_before_commit},
    {"saves_dropped", mistake::saves_dropped},
}};

std::uint32_t& weight(setting& in, act what) { return in.how_often[static_cast<std::size_t>(what)]; }

/// What all mixes have in common.
void draw_session(setting& s, dice& d) {
    s.how.version = d.one_in(2) ? mqtt::version::v5 : mqtt::version::v3_1_1;
    s.how.client_id = "plant";
    s.how.broker = "hub";
    s.how.window = static_cast<std::uint16_t>(1 + d.below(12));
    s.how.lane.size = d.of<std::uint16_t>({3, 4, 7, 16, 64, 30000});
    s.how.lane.first = d.of<std::uint16_t>({1, 1, 500, 30001});
    s.how.inbound_window = static_cast<std::uint16_t>(1 + d.below(6));
    s.manners.version = s.how.version;
    const bool v5 = s.how.version == mqtt::version::v5;
    if (v5 && d.one_in(2)) s.manners.largest_receive_maximum = 1 + d.below(10);
    if (v5 && d.one_in(3)) s.manners.aliases = static_cast<std::uint16_t>(1 + d.below(4));
    s.manners.reorders = d.one_in(3);
    s.manners.repeats_pubrec = d.one_in(6);
    s.manners.window_out = 1 + d.below(6);
    s.manners.answers_subscribe_late = d.one_in(2);
    s.qos = d.of({levels::one, levels::two, levels::two, levels::mixed});
    s.incoming = d.one_in(2) ? static_cast<std::int64_t>(10 + d.below(30)) : 0;
    s.how_often[static_cast<std::size_t>(act::flow)] = 40;
    weight(s, act::append) = 16;
    weight(s, act::offer) = s.incoming > 0 ? 8 : 0;
    weight(s, act::status) = 2;
    weight(s, act::handle) = s.incoming > 0 ? 4 : 0;
    weight(s, act::write) = 6;
    weight(s, act::carry_up) = 6;
    weight(s, act::carry_down) = 6;
    weight(s, act::work) = 6;
    weight(s, act::tell) = 3;
    weight(s, act::wait) = 6;
    weight(s, act::cut) = 2;
}

void draw_disk(setting& s, dice& d) {
    s.file.path = "/queue.db";  // with a relative one SQLite would be given another
    s.file.max_bytes = 1 << 20;
    s.file.when_full = d.one_in(2) ? store::full_policy::drop_newest : store::full_policy::drop_oldest;
    s.tuning.checkpoint_pages = d.of({2, 5, 12, 40, 1000});
    s.garbles_neighbours = d.one_in(3);
    s.commit_every_ms = d.of<std::uint64_t>({1, 10, 100});
}

void add_network(setting& s, dice& d, std::uint32_t much) {
    weight(s, act::cut) += 4 * much;
    weight(s, act::outage) += d.one_in(2) ? much : 0;
    weight(s, act::hang) += d.one_in(2) ? much : 0;
}

void add_power(setting& s, dice&, std::uint32_t much) {
    weight(s, act::cut_power) += much;
    weight(s, act::cut_power_soon) += 3 * much;
}

void add_kills(setting& s, dice&, std::uint32_t much) {
    weight(s, act::kill) += much;
    weight(s, act::kill_soon) += 2 * much;
    weight(s, act::stop) += much;
}

void add_sessions(setting& s, dice& d, std::uint32_t much) {
    weight(s, act::restart_broker) += much;
    weight(s, act::lose_session) += 2 * much;
    s.how.session_loss = d.one_in(3) ? mqtt::on_session_loss::drop : mqtt::on_session_loss::resend;
}

void add_disk(setting& s, dice& d, std::uint32_t much) {
    if (d.one_in(2)) s.file.reserve_bytes = 512 << 10;
    weight(s, act::fill_disk) += much;
    weight(s, act::fail_writes) += 2 * much;
    weight(s, act::fail_reads) += much;
    s.damages_copies = true;
}

/// More than the file may hold: many messages, since the next 256 that may be sent are never dropped; or messages so large that
/// what is in flight fills the file.
void add_crowd(setting& s, dice& d) {
    s.largest = d.of<std::uint64_t>({5000, 5000, 150'000});
    if (s.largest == 5000) s.most_at_once = 30;
    weight(s, act::append) = 60;
    weight(s, act::outage) += 6;
    s.steps = 200;
}

void add_refusals(setting& s, dice& d) {
    s.manners.refuses_one_in = 4;
    const bool v5 = s.how.version == mqtt::version::v5;
    if (v5 && d.one_in(3)) s.manners.packet_size = 60;
    if (v5 && d.one_in(6)) s.manners.highest_qos = mqtt::qos::at_least_once;
}

/// Messages towards us are left out: of those an inbox may lose, and which, nobody keeps account.
void add_damage(setting& s, dice&) {
    s.salvages = true;
    s.garbles_neighbours = false;  // of a WAL's header the neighbour is its first frame: that may pass for damage
    s.qos = levels::one;
    s.incoming = 0;
    weight(s, act::offer) = weight(s, act::handle) = 0;
    weight(s, act::append) += 8;
    weight(s, act::damage) += 2;
}

void add_age(setting& s, dice&) {
    s.expires = true;
    weight(s, act::set_clock) += 3;
    weight(s, act::outage) += 2;
}

}  // namespace

std::optional<mistake> mistake_named(std::string_view name) {
    for (const auto& [known, which] : mistakes)
        if (known == name) return which;
    return std::nullopt;
}

std::vector<std::string_view> mistake_names() {
    std::vector<std::string_view> names;
    for (const auto& each : mistakes) names.push_back(each.first);
    return names;
}

const std::vector<std::string>& mix_names() {
    static const std::vector<std::string> names{"power",  "garble", "network", "sessions", "disk",
                                                "damage", "crowd",  "age",     "refusals", "everything"};
    return names;
}

setting draw(const std::string& mix, std::uint64_t seed, mistake wrong) {
    dice d(seed);
    setting s;
    s.mix = mix;
    s.mistake = wrong;
    s.steps = 100 + d.below(150);
    draw_session(s, d);
    draw_disk(s, d);
    if (mix == "power" || mix == "garble") {
        s.garbles_neighbours = mix == "garble";
        add_power(s, d, 6);
        add_kills(s, d, 1);
    } else if (mix == "network") {
        add_network(s, d, 2);
        add_kills(s, d, 1);
    } else if (mix == "sessions") {
        add_sessions(s, d, 2);
        add_network(s, d, 1);
        add_kills(s, d, 1);
        add_power(s, d, 1);
    } else if (mix == "disk") {
        add_disk(s, d, 2);
        add_power(s, d, 1);
        add_kills(s, d, 1);
    } else if (mix == "damage") {
        add_damage(s, d);
        add_power(s, d, 1);
        add_kills(s, d, 1);
        add_network(s, d, 1);
    } else if (mix == "crowd") {
        add_crowd(s, d);
        add_power(s, d, 1);
        add_network(s, d, 1);
    } else if (mix == "age") {
        add_age(s, d);
        add_power(s, d, 2);
        add_kills(s, d, 1);
        add_network(s, d, 1);
    } else if (mix == "refusals") {
        add_refusals(s, d);
        add_power(s, d, 1);
        add_kills(s, d, 1);
        add_network(s, d, 1);
    } else {
        add_power(s, d, 2);
        add_kills(s, d, 1);
        add_network(s, d, 1);
        if (d.one_in(2)) add_sessions(s, d, 1);
        if (d.one_in(2)) add_disk(s, d, 1);
        if (d.one_in(2)) add_refusals(s, d);
        if (d.one_in(3)) add_age(s, d);
        if (d.one_in(6)) add_crowd(s, d);
    }
    if (wrong == mistake::synchronous_normal) s.tuning.synchronous = "NORMAL";
    if (wrong == mistake::synchronous_off) s.tuning.synchronous = "OFF";
    s.disk_lies = wrong == mistake::disk_lies;
    return s;
}

std::string in_words(const setting& what) {
    std::string text = what.how.version == mqtt::version::v5 ? "MQTT 5" : "MQTT 3.1.1";
    text += what.qos == levels::one ? ", QoS 1" : what.qos == levels::two ? ", QoS 2" : ", QoS 1 and 2";
    text += ", window " + std::to_string(what.how.window) + ", " + std::to_string(what.how.lane.size) + " identifiers";
    if (what.manners.reorders) text += ", answers out of order";
    if (what.manners.repeats_pubrec) text += ", repeats PUBREC";
    if (what.manners.refuses_one_in > 0) text += ", refuses";
    text += what.how.session_loss == mqtt::on_session_loss::drop ? ", drops with a lost session" : "";
    text += what.file.when_full == store::full_policy::drop_oldest ? ", drop_oldest" : ", drop_newest";
    text += ", checkpoint at " + std::to_string(what.tuning.checkpoint_pages) + " pages";
    if (what.expires) text += ", readings expire";
    if (what.garbles_neighbours) text += ", garbles neighbours";
    return text;
}

}  // namespace sim
