// tests/bench/publish_tidegate_durable.cpp: publishes as the gateway does: log on disk, group commits, delivery, session. Two
// further arguments: a folder for the log, and "drain" (all messages are in the log beforehand) or "stream" (at most a window of
// them is accepted and not yet acknowledged). Not here: the client alone (publish_tidegate.cpp), and the comparison (run.py).
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/clock.hpp"
#include "gateway/delivery/delivery.hpp"
#include "gateway/delivery/store_thread.hpp"
#include "mqtt/client.hpp"
#include "tests/bench/measure.h"

namespace {

mqtt::time_point now() { return std::chrono::steady_clock::now(); }

mqtt::options options_of(const bench_arguments& how) {
    mqtt::options o;
    o.version = how.version == 5 ? mqtt::version::v5 : mqtt::version::v3_1_1;
    o.client_id = "bench-durable";
    o.broker = "bench";
    o.window = static_cast<std::uint16_t>(how.window);
    o.assumed_receive_maximum = o.window;
    return o;
}

std::vector<store::sequence> to_store(const std::vector<mqtt::sequence>& from) {
    std::vector<store::sequence> to;
    to.reserve(from.size());
    for (const auto each : from) to.push_back(store::sequence{number(each)});
    return to;
}

gateway::save_request request_of(const mqtt::save& from) {
    gateway::save_request to;
    to.position = static_cast<std::uint64_t>(from.position);
    if (from.session) to.session = store::session_record{from.session->client_id, from.session->broker, from.session->epoch};
    if (from.lane)
        to.cursor = store::cursor{store::sequence{number(from.lane->acked)}, store::sequence{number(from.lane->released)},
                                  store::sequence{number(from.lane->maybe_sent)}, to_store(from.lane->acked_beyond),
                                  to_store(from.lane->released_beyond)};
    to.settled = {from.acknowledged, from.refused, from.lost};
    to.barrier = from.barrier;
    return to;
}

store::queue open(const std::string& folder, store::recovery& found) {
    auto opened = store::queue::open({folder + "/bench.db", 8ull << 30, store::full_policy::drop_oldest, "boot"}, found);
    if (opened) return std::move(*opened);
    std::fprintf(stderr, "%s\n", opened.error().detail().c_str());
    std::exit(1);
}

std::vector<store::message> messages(const bench_arguments& how, long count) {
    const store::message one{
        bench_topic, std::string(static_cast<std::size_t>(how.size), 'x'), static_cast<std::uint8_t>(how.qos), false, {}};
    return std::vector<store::message>(static_cast<std::size_t>(count), one);
}

void fill(const bench_arguments& how, const std::string& folder) {
    store::recovery found;
    auto queue = open(folder, found);
    for (long left = how.messages; left > 0; left -= 1000) {
        store::transaction work;
        work.append = messages(how, std::min(left, 1000L));
        if (!queue.commit(work)) std::exit(1);
    }
}

mqtt::connection_settings to(const bench_arguments& how) {
    mqtt::connection_settings broker;
    broker.endpoint.host = "127.0.0.1";
    broker.endpoint.port = static_cast<std::uint16_t>(how.port);
    return broker;
}

class publisher {
public:
    publisher(const bench_arguments& how, store::queue opened, const store::recovery& found)
        : how_(how),
          left_(how.messages - number(found.last)),
          session_(options_of(how), saved_state_of(found), 1),
          delivery_(session_, found.last),
          client_(
              loop_, {to(how)}, session_, [this](const mqtt::effect& what) { on_effect(what); }, [this] { pump(); }),
          store_(std::move(opened), gateway::group_commit(std::chrono::milliseconds(0)), loop_,
                 {[this](gateway::committed done) { on_committed(std::move(done)); },
                  [this](store::sequence from, auto read) { on_read(from, std::move(read)); },
                  [this](const store::error& why, gateway::backlog) { fail(why.detail()); }}) {}

    int run() {
        client_.start();
        loop_.run();
        return failed_ ? 1 : 0;
    }

private:
    static mqtt::saved_state saved_state_of(const store::recovery& found) {
        mqtt::saved_state state;
        state.newest = mqtt::sequence{number(found.last)};
        return state;
    }

    void on_effect(const mqtt::effect& what) {
        if (const auto* save = std::get_if<mqtt::save>(&what)) {
            outstanding_ -= static_cast<long>(save->acknowledged);
            store_.save(request_of(*save));
        }
        if (std::holds_alternative<mqtt::online>(what)) start_ = bench_now();
        if (const auto* offline = std::get_if<mqtt::offline>(&what)) fail("offline: " + offline->reason);
    }

    void on_committed(gateway::committed done) {
        delivery_.on_committed(done.report, std::move(done.messages), done.keep);
        if (done.saved_up_to != 0) session_.on_durable(mqtt::log_position{done.saved_up_to}, now());
        pump();
    }

    void on_read(store::sequence from, store::result<std::vector<store::stored_message>> read) {
        if (!read) return fail(read.error().detail());
        delivery_.on_read(from, std::move(*read));
        pump();
    }

    void pump() {
        append();
        delivery_.pump(now(), gateway::stamp_now());
        if (const auto read = delivery_.wanted()) store_.read(read->from, read->messages, read->bytes);
        client_.flush();
        if (left_ > 0 || outstanding_ > 0 || !session_.is_online() || !delivery_.drained() || reported_) return;
        reported_ = true;
        bench_report(start_);
        client_.stop(std::chrono::seconds(1), [this] { loop_.stop(); });
    }

    void append() {
        if (!session_.is_online()) return;
        const long count = std::min(left_, how_.window - outstanding_);
        if (count <= 0) return;
        if (store_.append(messages(how_, count), delivery_.takes_fresh()) > 0) return fail("--window is too large");
        left_ -= count;
        outstanding_ += count;
    }

    void fail(const std::string& why) {
        std::fprintf(stderr, "%s\n", why.c_str());
        failed_ = true;
        loop_.stop();
    }

    const bench_arguments how_;
    long left_;             // to accept
    long outstanding_ = 0;  // accepted, and not acknowledged by the broker
    boost::asio::io_context loop_{1};
    mqtt::session session_;
    gateway::delivery delivery_;
    mqtt::client client_;
    gateway::store_thread store_;
    bench_times start_{};
    bool reported_ = false;
    bool failed_ = false;
};

}  // namespace

int main(int count, char** words) {
    const auto how = bench_read_arguments(count, words);
    if (count != how.more + 2) {
        std::fprintf(stderr, "%s: also give FOLDER drain|stream\n", words[0]);
        return 2;
    }
    const std::string folder = words[how.more];
    if (std::string_view(words[how.more + 1]) == "drain") fill(how, folder);
    store::recovery found;
    auto queue = open(folder, found);
    return publisher(how, std::move(queue), found).run();
}
