// tests/bench/publish_tidegate.cpp: publishes by this project's client with everything in memory: what the session wants saved
// counts as durable at once. Not here: the store (publish_tidegate_durable.cpp), and the comparison (run.py).
#include <boost/asio/io_context.hpp>
#include <memory>

#include "mqtt/client.hpp"
#include "tests/bench/measure.h"

namespace {

mqtt::time_point now() { return std::chrono::steady_clock::now(); }

mqtt::options options_of(const bench_arguments& how) {
    mqtt::options o;
    o.version = how.version == 5 ? mqtt::version::v5 : mqtt::version::v3_1_1;
    o.client_id = "bench-tidegate";
    o.broker = "bench";
    o.window = static_cast<std::uint16_t>(how.window);
    o.assumed_receive_maximum = o.window;
    o.keeping = mqtt::keeping::in_memory;
    return o;
}

mqtt::connection_settings to(const bench_arguments& how) {
    mqtt::connection_settings broker;
    broker.endpoint.host = "127.0.0.1";
    broker.endpoint.port = static_cast<std::uint16_t>(how.port);
    return broker;
}

class publisher {
public:
    explicit publisher(const bench_arguments& how)
        : how_(how),
          payload_(static_cast<std::size_t>(how.size), 'x'),
          session_(options_of(how), {}, 1),
          client_(
              loop_, {to(how)}, session_, [this](const mqtt::effect& what) { on_effect(what); }, [this] { pump(); }) {}

    int run() {
        client_.start();
        loop_.run();
        return failed_ ? 1 : 0;
    }

private:
    void on_effect(const mqtt::effect& what) {
        if (std::holds_alternative<mqtt::online>(what)) start_ = bench_now();
        if (const auto* offline = std::get_if<mqtt::offline>(&what)) {
            std::fprintf(stderr, "offline: %s\n", offline->reason.c_str());
            failed_ = true;
            loop_.stop();
        }
    }

    void pump() {
        if (how_.qos == 0) {
            while (left() > 0 && session_.publish_unlogged(message(), now())) ++sent_;
            // The answer to a message behind the last says that the broker has them all.
            if (left() > 0 || marked_ || !session_.accepts()) return finish_if_done();
            marked_ = true;
            session_.publish(session_.next(), {.topic = bench_topic, .payload = ""}, now());
            return;
        }
        for (; left() > 0 && session_.accepts(); ++sent_) session_.publish(session_.next(), message(), now());
        marked_ = left() == 0;
        finish_if_done();
    }

    void finish_if_done() {
        if (!marked_ || session_.in_flight() > 0 || reported_) return;
        reported_ = true;
        bench_report(start_);
        client_.stop(std::chrono::seconds(1), [this] { loop_.stop(); });
    }

    long left() const { return how_.messages - sent_; }
    mqtt::publication message() const {
        mqtt::publication made;
        made.topic = bench_topic;
        made.payload = payload_;
        made.qos = static_cast<mqtt::qos>(how_.qos);
        return made;
    }

    const bench_arguments how_;
    const std::string payload_;
    boost::asio::io_context loop_{1};
    mqtt::session session_;
    mqtt::client client_;
    bench_times start_{};
    long sent_ = 0;
    bool marked_ = false;
    bool reported_ = false;
    bool failed_ = false;
};

}  // namespace

int main(int count, char** words) { return publisher(bench_read_arguments(count, words)).run(); }
