// examples/request_response.cpp: questions and answers over MQTT 5: a response topic says where the answer is wanted, correlation
// data which question it belongs to.
//     request_response respond URL TOPIC             answers each request with its text in capitals
//     request_response request URL TOPIC TEXT …      asks one question for each text, prints the answers, ends
// Not here: anything durable. Whoever asked is gone after a crash, and nobody waits for the answer.
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <functional>
#include <map>
#include <random>
#include <stdexcept>

#include "mqtt/client.hpp"
#include "mqtt/codec.hpp"

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;

mqtt::time_point now() { return std::chrono::steady_clock::now(); }

/// What both sides have in common: a session in memory, and one subscription.
class participant {
public:
    std::function<void()> on_ready;  // the subscription stands, on this connection
    std::function<void(const mqtt::received&)> on_message;

    participant(const mqtt::endpoint& server, std::string filter)
        : session_(options(), {}, std::random_device{}()),
          client_(
              loop, {{.endpoint = server}}, session_, [this](const mqtt::effect& what) { on_effect(what); }, [] {}) {
        session_.subscribe({{.filter = std::move(filter), .qos = mqtt::qos::at_least_once}}, {}, now());
    }

    int run() {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (!error) leave(0);
        });
        client_.start();
        loop.run();
        return code_;
    }

    /// With QoS 0: the answer is the acknowledgement, and whoever gets none asks again.
    void send(std::string_view topic, std::string_view payload, const mqtt::property_set& with) {
        const auto properties = mqtt::encode_message_properties(with);
        const bool sent = properties && session_.publish_unlogged({.topic = topic,
                                                                   .payload = payload,
                                                                   .qos = mqtt::qos::at_most_once,
                                                                   .expiry = patience,
                                                                   .properties = *properties},
                                                                  now());
        if (!sent) std::fprintf(stderr, "could not be sent: %.*s\n", static_cast<int>(payload.size()), payload.data());
    }

    void leave(int code) {
        if (std::exchange(leaving_, true)) return;
        code_ = code;
        client_.stop(2s, [this] { loop.stop(); });
    }

    boost::asio::io_context loop{1};

private:
    static mqtt::options options() {
        mqtt::options how;
        how.keeping = mqtt::keeping::in_memory;
        how.session_expiry = 0s;
        return how;
    }

    void on_effect(const mqtt::effect& what) {
        if (leaving_) return;
        if (const auto* message = std::get_if<mqtt::received>(&what)) on_message(*message);
        if (const auto* off = std::get_if<mqtt::offline>(&what)) std::fprintf(stderr, "%s\n", off->reason.c_str());
        if (const auto* answer = std::get_if<mqtt::subscribed>(&what)) {
            if (is_error(answer->reason)) throw std::runtime_error("the broker refuses to subscribe us to " + answer->filter);
            on_ready();
        }
    }

    boost::asio::signal_set signals_{loop, SIGINT, SIGTERM};
    bool leaving_ = false;
    int code_ = 0;
    mqtt::session session_;
    mqtt::client client_;
};

int respond(const mqtt::endpoint& server, const std::string& topic) {
    participant self(server, topic);
    self.on_ready = [] {
        std::printf("ready\n");
        std::fflush(stdout);
    };
    self.on_message = [&](const mqtt::received& request) {
        // Whoever asks chooses where we publish: the broker's access list should say where we may.
        if (!request.properties.response_topic) return;
        std::string answer(request.payload);
        for (char& c : answer) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        mqtt::property_set properties;
        properties.correlation_data = request.properties.correlation_data;
        self.send(*request.properties.response_topic, answer, properties);
    };
    return self.run();
}

int request(const mqtt::endpoint& server, const std::string& topic, const std::vector<std::string>& texts) {
    // A topic of our own, and a correlation that no question before it had.
    std::random_device random;
    const std::string answers = topic + "/answers/" + std::to_string(random()) + std::to_string(random());
    std::map<std::string, std::string> waiting;  // correlation data → question
    for (std::size_t i = 0; i < texts.size(); ++i) waiting[std::to_string(i)] = texts[i];

    participant self(server, answers);
    self.on_ready = [&] {  // after a reconnect, too: what has no answer is asked again
        for (const auto& [correlation, text] : waiting) {
            mqtt::property_set properties;
            properties.response_topic = answers;
            properties.correlation_data = correlation;
            self.send(topic, text, properties);
        }
    };
    self.on_message = [&](const mqtt::received& answer) {
        const auto question = waiting.find(answer.properties.correlation_data.value_or(""));
        if (question == waiting.end()) return;  // the second answer to a question asked twice
        std::printf("%s -> %.*s\n", question->second.c_str(), static_cast<int>(answer.payload.size()), answer.payload.data());
        waiting.erase(question);
        if (waiting.empty()) self.leave(0);
    };
    boost::asio::steady_timer timer(self.loop, patience);
    timer.async_wait([&](const boost::system::error_code&) {
        std::fprintf(stderr, "%zu of %zu requests have no answer after 10 s\n", waiting.size(), texts.size());
        self.leave(1);
    });
    return self.run();
}

}  // namespace

int main(int argc, char** argv) try {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (!(mode == "respond" && argc == 4) && !(mode == "request" && argc > 4))
        throw std::runtime_error("usage: request_response respond URL TOPIC\n       request_response request URL TOPIC TEXT ...");
    const auto server = mqtt::parse_endpoint(argv[2]);
    if (!server) throw std::runtime_error(server.error().what());
    if (!mqtt::is_valid_topic_name(argv[3])) throw std::runtime_error(std::string("no topic to publish to: ") + argv[3]);
    return mode == "respond" ? respond(*server, argv[3]) : request(*server, argv[3], {argv + 4, argv + argc});
} catch (const std::exception& why) {
    std::fprintf(stderr, "request_response: %s\n", why.what());
    return 1;
}
