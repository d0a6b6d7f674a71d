// examples/publish_durable.cpp: publishes each line of stdin exactly once (QoS 2), whatever comes in between: kill -9, a power
// cut, a broker that is away for days.
//     publish_durable URL TOPIC STORE [CA]     publish_durable mqtts://broker.example sensors/7 queue.db ca.pem
// A line is safe once its number is printed. After a crash the first number says which line came last: go on with the next.
// Not here: threads. Each commit holds the loop up for a sync of the disk; a busy program commits in a thread of its own.
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <stdexcept>

#include "mqtt/client.hpp"
#include "session_in_log.hpp"
#include "store/queue.hpp"

namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_line = 1 << 20;
constexpr std::uint64_t log_bytes = 2ull << 30;

mqtt::time_point now() { return std::chrono::steady_clock::now(); }

template <typename T>
T value_of(store::result<T> found) {
    if (!found) throw std::runtime_error(found.error().detail());
    return std::move(*found);
}

class publisher {
public:
    publisher(mqtt::connection_settings to, std::string topic, store::queue log, const store::recovery& found)
        : topic_(std::move(topic)),
          log_(std::move(log)),
          last_(found.last),
          input_(loop_, ::dup(STDIN_FILENO)),
          session_(options_for(to), state_of(found), std::random_device{}()),
          client_(
              loop_, {std::move(to)}, session_, [this](const mqtt::effect& what) { on_effect(what); }, [this] { publish(); }) {}

    void run() {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (!error) leave();
        });
        print_last();
        client_.start();
        read();
        loop_.run();
    }

private:
    static mqtt::options options_for(const mqtt::connection_settings& to) {
        mqtt::options how;  // the broker chooses a client identifier, and the session's record keeps it
        how.broker = url_of(to.endpoint);
        if (const char* name = std::getenv("MQTT_USERNAME")) how.username = name;
        if (const char* password = std::getenv("MQTT_PASSWORD")) how.password = password;
        return how;
    }

    void read() {
        // While the log is half full, stdin waits: nothing is ever dropped.
        if (reading_ || ended_ || leaving_ || log_used_ > log_bytes / 2) return;
        reading_ = true;
        input_.async_read_some(boost::asio::buffer(block_), [this](const boost::system::error_code& error, std::size_t size) {
            reading_ = false;
            ended_ = error.failed();
            text_.append(block_, size);
            if (ended_ && !text_.empty()) text_ += '\n';  // the last line may lack it
            take_lines();
            read();
        });
    }

    void take_lines() {
        store::transaction work;
        std::size_t begin = 0;
        for (std::size_t end; (end = text_.find('\n', begin)) != std::string::npos; begin = end + 1)
            work.append.push_back({topic_, text_.substr(begin, end - begin), 2, false, {}});
        text_.erase(0, begin);
        if (text_.size() > longest_line) throw std::runtime_error("a line is longer than 1 MiB");
        if (!work.append.empty()) {
            const store::commit_report report = commit(work);
            last_ = store::sequence{number(report.first) + static_cast<std::int64_t>(report.appended) - 1};
            print_last();
        }
        if (ended_) leave_when_done();
        client_.flush();
    }

    void print_last() const {
        std::printf("%lld\n", static_cast<long long>(number(last_)));
        std::fflush(stdout);
    }

    store::commit_report commit(const store::transaction& work) {
        const store::commit_report report = value_of(log_.commit(work));
        log_used_ = report.bytes_used;
        return report;
    }

    /// The session has room: it gets what it wants next, read back from the log.
    void publish() {
        while (session_.accepts()) {
            const store::sequence next = to_store(session_.next());
            while (!ahead_.empty() && ahead_.front().sequence < next) ahead_.pop_front();
            if (ahead_.empty() && next <= last_)
                for (auto& each : value_of(log_.read(next, 200, 256 << 10))) ahead_.push_back(std::move(each));
            if (ahead_.empty()) break;
            const store::message& m = ahead_.front().message;
            mqtt::publication message{.topic = m.topic, .payload = m.payload, .qos = mqtt::qos::exactly_once};
            session_.publish(to_mqtt(ahead_.front().sequence), message, now());
        }
        leave_when_done();
    }

    void on_effect(const mqtt::effect& what) {
        if (const auto* state = std::get_if<mqtt::save>(&what)) {
            commit(transaction_of(*state));
            session_.on_durable(state->position, now());
            read();
        } else if (const auto* off = std::get_if<mqtt::offline>(&what)) {
            ahead_.clear();  // the session will ask anew for what has no answer
            std::fprintf(stderr, "%s; next attempt in %.1f s\n", off->reason.c_str(),
                         static_cast<double>(off->retry_in.count()) / 1000);
        } else if (const auto* lost = std::get_if<mqtt::session_lost>(&what)) {
            std::fprintf(stderr, "the broker lost the session: %llu messages go again\n",
                         static_cast<unsigned long long>(lost->resent));
        } else if (const auto* no = std::get_if<mqtt::message_refused>(&what)) {
            std::fprintf(stderr, "line %lld is refused: %s\n", static_cast<long long>(number(no->sequence)), no->reason.c_str());
        }
    }

    void leave_when_done() {
        if (ended_ && to_store(session_.finished()) == last_) leave();
    }
    void leave() {
        if (std::exchange(leaving_, true)) return;
        client_.stop(2s, [this] { loop_.stop(); });
    }

    const std::string topic_;
    store::queue log_;
    store::sequence last_;  // the newest line in the log
    std::uint64_t log_used_ = 0;
    boost::asio::io_context loop_{1};
    boost::asio::signal_set signals_{loop_, SIGINT, SIGTERM};
    boost::asio::posix::stream_descriptor input_;
    char block_[64 << 10];
    std::string text_;  // the beginning of a line
    bool reading_ = false, ended_ = false, leaving_ = false;
    std::deque<store::stored_message> ahead_;
    mqtt::session session_;
    mqtt::client client_;
};

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 4 && argc != 5) throw std::runtime_error("usage: publish_durable URL TOPIC STORE [CA]");
    const auto server = mqtt::parse_endpoint(argv[1]);
    if (!server) throw std::runtime_error(server.error().what());
    mqtt::connection_settings to{.endpoint = *server};
    if (argc == 5) to.tls.ca_file = argv[4];
    if (const std::string fault = fault_in(to); !fault.empty()) throw std::runtime_error(fault);

    store::recovery found;
    store::options how;
    how.path = argv[3];
    how.max_bytes = log_bytes;
    store::queue log = value_of(store::queue::open(how, found));
    publisher(std::move(to), argv[2], std::move(log), found).run();
} catch (const std::exception& why) {
    std::fprintf(stderr, "publish_durable: %s\n", why.what());
    return 1;
}
