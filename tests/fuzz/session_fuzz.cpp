// tests/fuzz/session_fuzz.cpp: any order of packets, garbage, lost links, crashes, late durability and calls of the owner. The
// session must keep its word: what it shows is a client's stream, what it asks for comes in order, and nothing grows.
// Not here: what is delivered how often (tests/mqtt/model_test.cpp).
#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mqtt/codec.hpp"
#include "mqtt/framer.hpp"
#include "mqtt/session.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace mqtt;
using namespace std::chrono_literals;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

/// The input, read to its end and then zeros.
class script {
public:
    script(const std::uint8_t* data, std::size_t size) : left_(data, size) {}
    bool at_end() const { return left_.empty(); }
    unsigned byte() {
        if (left_.empty()) return 0;
        const unsigned value = left_.front();
        left_ = left_.subspan(1);
        return value;
    }
    std::string_view bytes(std::size_t size) {
        const auto taken = left_.first(std::min(size, left_.size()));
        left_ = left_.subspan(taken.size());
        return {reinterpret_cast<const char*>(taken.data()), taken.size()};
    }

private:
    std::span<const std::uint8_t> left_;
};

class password_method final : public authenticator {
public:
    std::string_view method() const override { return "M"; }
    std::string first() override { return "1"; }
    step answer(std::string_view data) override { return data == "no" ? step{"", "no"} : step{"2", ""}; }
    std::string finish(std::string_view data) override { return data == "no" ? "no" : ""; }
};

options options_of(script& from) {
    options how;
    const unsigned bits = from.byte();
    how.version = (bits & 1) != 0 ? version::v5 : version::v3_1_1;
    how.client_id = (bits & 2) != 0 ? "" : "c";
    how.broker = "b";
    how.session_expiry = (bits & 4) != 0 ? 0s : 3600s;
    how.keeping = (bits & 8) != 0 ? keeping::in_memory : keeping::durable;
    if ((bits & 16) != 0) how.authentication = [] { return std::make_unique<password_method>(); };
    how.session_loss = (bits & 32) != 0 ? on_session_loss::drop : on_session_loss::resend;
    how.poison_after = (bits & 64) != 0 ? 2 : 0;
    if ((bits & 128) != 0) how.connect_properties.request_problem_information = std::uint8_t{0};
    how.window = static_cast<std::uint16_t>(1 + from.byte() % 8);
    how.inbound_window = static_cast<std::uint16_t>(1 + from.byte() % 4);
    how.lane.size = static_cast<std::uint16_t>(1 + from.byte() % 16);
    how.aliases_in = 2;
    how.aliases_out = 2;
    how.servers = 2;
    how.will = will{"w", "x", qos::exactly_once, true};
    how.largest_packet_in = 4096;
    return how;
}

/// Owns a session as client and gateway do, and holds it to its word.
class owner {
public:
    explicit owner(script& from) : from_(from), how_(options_of(from)) { begin(); }

    void step() {
        now_ += 1ms;
        switch (from_.byte() % 20) {
            case 0:
                if (transport_ == transport::asked) {
                    transport_ = transport::open;
                    shown_ = 0;
                    framer_.reset();
                    said_connect_ = said_goodbye_ = false;
                    session_->on_opened(now_);
                }
                break;
            case 1:
                if (transport_ != transport::none) close();
                break;
            case 2:
                now_ += std::chrono::seconds{from_.byte()};
                session_->on_time(now_);
                break;
            case 3:
                hear(from_.bytes(from_.byte()));
                break;
            case 4:
                publish();
                break;
            case 5:
                std::ignore = session_->publish_unlogged(message(), now_);
                break;
            case 6:
                durable();
                break;
            case 7:
            case 8:
                write();
                break;
            case 9:
                session_->subscribe({{std::string(from_.bytes(from_.byte() % 4)), static_cast<qos>(from_.byte() % 3)}}, {}, now_);
                break;
            case 10:
                session_->unsubscribe({std::string(from_.bytes(from_.byte() % 4))}, {}, now_);
                break;
            case 11:
                session_->reauthenticate(now_);
                break;
            case 12:
                if (!stopped_) session_->stop(now_);
                stopped_ = true;
                break;
            case 13:
                crash();
                break;
            default:
                hear(packet_of());
                break;
        }
        look();
    }

private:
    enum class transport { none, asked, open };

    void begin() {
        session_ = std::make_unique<session>(how_, state_, 1);
        transport_ = transport::none;
        saves_.clear();
        emitted_ = told_ = 0;
        stopped_ = false;
        session_->start(now_);
        take_effects();
    }

    void crash() { begin(); }

    void close() {
        transport_ = transport::none;
        session_->on_closed("cut", now_);
    }

    void hear(std::string_view bytes) {
        if (transport_ == transport::open) session_->on_bytes(bytes_of(bytes), now_);
    }

    publication message() {
        publication what;
        what.topic = from_.byte() % 2 != 0 ? "t" : "u";
        what.payload = "p";
        what.qos = static_cast<qos>(from_.byte() % 3);
        if (from_.byte() % 4 == 0) what.expiry = std::chrono::seconds{from_.byte() % 2};
        return what;
    }

    void publish() {
        if (!session_->accepts()) return;
        const std::int64_t at = number(session_->next()) + (from_.byte() % 8 == 0 ? 1 : 0);
        newest_ = std::max(newest_, at);
        session_->publish(sequence{at}, message(), now_);
    }

    void durable() {
        if (saves_.empty()) return;
        const save& what = saves_.front();
        if (what.session) state_.session = what.session;
        if (what.lane) state_.lane = *what.lane;
        if (what.held) state_.held = *what.held;
        told_ = static_cast<std::uint64_t>(what.position);
        saves_.pop_front();
        session_->on_durable(log_position{told_}, now_);
    }

    void write() {
        if (transport_ != transport::open) return;
        look();
        const std::size_t most = session_->unsent().size();
        const std::size_t size = from_.byte() % 4 == 0 ? std::min<std::size_t>(most, from_.byte()) : most;
        shown_ -= size;
        session_->sent(size, now_);
    }

    std::string packet_of() {
        std::string bytes;
        const auto id = static_cast<packet_id>(1 + from_.byte() % 24);
        const auto code = from_.byte() % 4 == 0 ? reason::quota_exceeded : reason::success;
        switch (from_.byte() % 10) {
            case 0: {
                connack what;
                what.session_present = from_.byte() % 2 != 0;
                if (how_.version == version::v5) {
                    if (how_.authentication) what.properties.authentication_method = "M";
                    if (how_.client_id.empty()) what.properties.assigned_client_identifier = "given";
                    const unsigned bits = from_.byte();
                    if ((bits & 1) != 0) what.properties.receive_maximum = static_cast<std::uint16_t>(1 + bits % 5);
                    if ((bits & 2) != 0) what.properties.maximum_packet_size = 8 + bits;
                    if ((bits & 4) != 0) what.properties.maximum_qos = std::uint8_t{1};
                    if ((bits & 8) != 0) what.properties.topic_alias_maximum = std::uint16_t{2};
                    if ((bits & 16) != 0) what.properties.server_keep_alive = std::uint16_t{5};
                }
                encode(what, how_.version, bytes);
                break;
            }
            case 1:
            case 2:
            case 3:
            case 4: {
                const auto kind = static_cast<acknowledgement_kind>(4 + from_.byte() % 4);
                const bool ends = kind == acknowledgement_kind::pubrel || kind == acknowledgement_kind::pubcomp;
                encode_acknowledgement(kind, id, ends ? reason::success : code, how_.version, bytes);
                break;
            }
            case 5:
            case 6: {
                mqtt::publish what;
                what.topic = from_.byte() % 4 == 0 ? "" : "t";
                what.qos = static_cast<qos>(from_.byte() % 3);
                if (what.qos != qos::at_most_once) what.id = id;
                if (how_.version == version::v5) what.properties.topic_alias = static_cast<std::uint16_t>(1 + from_.byte() % 3);
                if (how_.version == version::v3_1_1) what.topic = "t";
                encode(what, how_.version, bytes);
                break;
            }
            case 7: {
                const auto asked = static_cast<packet_id>(60201 + from_.byte() % 4);
                if (from_.byte() % 2 == 0)
                    encode(suback{asked, {reason::granted_qos_1}, {}}, how_.version, bytes);
                else
                    encode(
                        unsuback{asked, how_.version == version::v5 ? std::vector{reason::success} : std::vector<reason>{}, {}},
                        how_.version, bytes);
                break;
            }
            case 8:
                encode(pingresp{}, how_.version, bytes);
                break;
            default:
                if (how_.version == version::v3_1_1) break;
                if (from_.byte() % 2 == 0) {
                    disconnect what{reason::use_another_server, {}};
                    what.properties.server_reference = "elsewhere";
                    encode(what, how_.version, bytes);
                } else {
                    auth what{from_.byte() % 2 == 0 ? reason::success : reason::continue_authentication, {}};
                    what.properties.authentication_method = "M";
                    what.properties.authentication_data = std::string(from_.bytes(2));
                    encode(what, how_.version, bytes);
                }
        }
        return bytes;
    }

    void take_effects() {
        const effects due = session_->take_effects();
        require(due.size() < 10'000, "one call asks for little");
        for (const effect& each : due) {
            if (std::holds_alternative<open_transport>(each)) {
                require(transport_ == transport::none, "no second transport beside the first");
                transport_ = transport::asked;
            }
            if (const auto* const s = std::get_if<save>(&each)) {
                require(how_.keeping == keeping::durable, "in memory nothing is saved");
                require(static_cast<std::uint64_t>(s->position) == ++emitted_, "saves follow each other");
                saves_.push_back(*s);
            }
            if (const auto* const m = std::get_if<received>(&each)) require(!m->topic.empty(), "a message has a topic");
        }
    }

    /// What may be written is a client's stream: CONNECT first and once, nothing after DISCONNECT, every packet well-formed.
    void look() {
        take_effects();
        if (transport_ != transport::open) return;
        const auto fresh = session_->unsent().substr(shown_);
        shown_ += fresh.size();
        framer_.feed(bytes_of(fresh));
        for (auto frame = framer_.next(); frame && *frame; frame = framer_.next()) {
            const auto what = decode(**frame, how_.version, sender::client);
            require(what.has_value(), "what is shown decodes");
            require(!said_goodbye_, "nothing follows DISCONNECT");
            require(std::holds_alternative<connect>(*what) == !said_connect_, "CONNECT is first, and once");
            said_connect_ = true;
            said_goodbye_ = std::holds_alternative<disconnect>(*what);
        }
        require(session_->in_flight() <= std::size_t{how_.window} + how_.lane.size + 1, "the window bounds what is in flight");
    }

    script& from_;
    const options how_;
    saved_state state_;
    std::unique_ptr<session> session_;
    time_point now_{1h};
    transport transport_ = transport::none;
    bool stopped_ = false;
    std::int64_t newest_ = 0;
    std::deque<save> saves_;
    std::uint64_t emitted_ = 0;
    std::uint64_t told_ = 0;
    framer framer_{1u << 20};
    std::size_t shown_ = 0;  // of unsent()
    bool said_connect_ = false;
    bool said_goodbye_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    script from(data, std::min<std::size_t>(size, 4096));
    owner one(from);
    while (!from.at_end()) one.step();
    return 0;
}
