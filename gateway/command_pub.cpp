// gateway/command_pub.cpp: `tidegate pub`: publishes one message, a file, or each line of stdin, and ends when the broker has
// taken them over as their QoS says.
// Not here: the connection (broker_link.hpp).
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <optional>

#include "gateway/broker_link.hpp"
#include "gateway/commands.hpp"
#include "mqtt/codec.hpp"

namespace gateway {
namespace {

constexpr std::size_t largest_message = 256u << 20;  // bytes; MQTT's own bound
constexpr std::size_t lines_ahead = 1000;
constexpr std::size_t largest_read = 64u << 10;

/// What is to be published: one text, or the lines of stdin as they come.
class message_source {
public:
    explicit message_source(std::string text) : text_(std::move(text)), ended_(true), single_(true) {}
    message_source() = default;

    /// The next message; nothing: not yet, or no more.
    std::optional<std::string> next() {
        if (single_) {
            single_ = false;
            return std::exchange(text_, {});
        }
        const std::size_t end = text_.find('\n', start_);
        if (end == std::string::npos && !(ended_ && start_ < text_.size())) return std::nullopt;
        std::string line = text_.substr(start_, end - start_);
        start_ = end == std::string::npos ? text_.size() : end + 1;
        return line;
    }
    bool is_at_end() const { return ended_ && !single_ && start_ >= text_.size(); }
    /// Reads what stdin has; blocks if it has nothing.
    void read() {
        text_.erase(0, std::exchange(start_, 0));
        char buffer[largest_read];
        const ssize_t size = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (size > 0) text_.append(buffer, static_cast<std::size_t>(size));
        if (size == 0 || (size < 0 && errno != EINTR) || text_.size() > largest_message) ended_ = true;
    }

private:
    std::string text_;
    std::size_t start_ = 0;
    bool ended_ = false;
    bool single_ = false;
};

option_result<std::string> whole_file(const std::string& path) {
    std::FILE* const file = path == "-" ? stdin : std::fopen(path.c_str(), "rbe");
    if (file == nullptr) return option_error::because("--file " + path + ": " + std::strerror(errno));
    std::string text;
    char buffer[largest_read];
    while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, file)) {
        text.append(buffer, size);
        if (text.size() > largest_message) break;
    }
    const bool failed = std::ferror(file) != 0;
    if (file != stdin) std::ignore = std::fclose(file);  // it was only read
    if (failed) return option_error::because("--file " + path + ": " + std::strerror(errno));
    if (text.size() > largest_message) return option_error::because("--file " + path + ": larger than MQTT's 256 MiB");
    return text;
}

/// The properties of each message, encoded.
option_result<std::string> properties_of(const pub_options& typed) {
    mqtt::property_set all;
    if (!typed.content_type.empty()) all.content_type = typed.content_type;
    if (!typed.response_topic.empty()) all.response_topic = typed.response_topic;
    if (!typed.correlation_data.empty()) all.correlation_data = typed.correlation_data;
    if (typed.utf8) all.payload_format_indicator = std::uint8_t{1};
    auto user = pairs_of(typed.properties, "--property");
    if (!user) return user.error();
    all.user = std::move(*user);
    auto encoded = mqtt::encode_message_properties(all);
    if (!encoded)
        return option_error::because("--response-topic must be a topic without wildcards, and all texts UTF-8 below 64 KiB");
    if (!encoded->empty() && typed.broker.version != "5") return option_error::because("message properties need MQTT 5");
    return std::move(*encoded);
}

class publisher {
public:
    publisher(broker_settings how, const pub_options& typed, std::string properties, std::optional<std::chrono::seconds> expiry,
              message_source source)
        : typed_(typed),
          properties_(std::move(properties)),
          expiry_(expiry),
          source_(std::move(source)),
          link_(std::move(how), "tidegate pub",
                {[this](const mqtt::effect& what) { on_effect(what); }, [this] { pump(); },
                 [this] { return interrupted("interrupted"); }, [this] { return interrupted("--timeout has passed"); }}) {}

    int run() { return link_.run(broker_link::when_lost::give_up); }

private:
    /// Messages stay here until the broker has them: a session that is begun anew asks for them again.
    void pump() {
        mqtt::session& session = link_.session();
        for (; !kept_.empty() && first_ <= mqtt::number(session.finished()); ++first_) kept_.pop_front();
        while (session.accepts()) {
            const auto at = static_cast<std::size_t>(mqtt::number(session.next()) - first_);
            if (at == kept_.size() && !take_next()) break;
            mqtt::publication message;
            message.topic = typed_.topic;
            message.payload = kept_[at];
            message.qos = static_cast<mqtt::qos>(typed_.qos);
            message.retain = typed_.retain;
            message.properties = properties_;
            message.expiry = expiry_;
            session.publish(session.next(), message, command_now());
        }
        if (source_.is_at_end() && kept_.empty()) return link_.leave(refused_ == 0 ? 0 : 1);
        if (waiting_ || source_.is_at_end() || kept_.size() >= lines_ahead) return;
        waiting_ = true;
        link_.when_readable(STDIN_FILENO, [this] {
            waiting_ = false;
            source_.read();
            pump();
            link_.flush();
        });
    }

    bool take_next() {
        if (kept_.size() >= lines_ahead) return false;
        auto text = source_.next();
        if (text) kept_.push_back(std::move(*text));
        return text.has_value();
    }

    void on_effect(const mqtt::effect& what) {
        if (const auto* const no = std::get_if<mqtt::message_refused>(&what)) {
            ++refused_;
            link_.say("the broker takes no such message: " + no->reason);
        }
        if (const auto* const on = std::get_if<mqtt::online>(&what)) {
            const int most = on->properties.maximum_qos.value_or(2);
            if (most < typed_.qos) link_.say("the broker takes at most QoS " + std::to_string(most));
            if (typed_.retain && on->properties.retain_available == 0) link_.say("the broker retains no messages");
        }
    }

    int interrupted(const char* why) {
        link_.say(std::string(why) + ": " + std::to_string(kept_.size()) +
                  " messages have no answer yet, and may have arrived or not");
        return 1;
    }

    const pub_options& typed_;
    const std::string properties_;
    const std::optional<std::chrono::seconds> expiry_;
    message_source source_;
    bool waiting_ = false;
    std::deque<std::string> kept_;  // the messages first_, first_ + 1, …
    std::int64_t first_ = 1;
    std::uint64_t refused_ = 0;
    broker_link link_;
};

int usage(const option_error& why) {
    std::fprintf(stderr, "tidegate pub: %s\n", why.message().c_str());
    return 2;
}

}  // namespace

int pub_command(const pub_options& typed) {
    auto how = settings_of(typed.broker, "pub");
    if (!how) return usage(how.error());
    if (!mqtt::is_valid_topic_name(typed.topic))
        return usage(
            option_error::because("'" + typed.topic + "' is no topic to publish to: it must not be empty or hold + or #"));
    auto properties = properties_of(typed);
    if (!properties) return usage(properties.error());
    std::optional<std::chrono::seconds> expiry;
    if (!typed.expiry.empty()) {
        const auto seconds = seconds_of(typed.expiry, "--expiry");
        if (!seconds) return usage(seconds.error());
        expiry = *seconds;
    }
    const int sources = (typed.message ? 1 : 0) + (typed.file.empty() ? 0 : 1) + (typed.lines ? 1 : 0);
    if (sources != 1) return usage(option_error::because("give one of: a MESSAGE, --file FILE, or --lines"));

    message_source source;
    if (!typed.lines) {
        auto text = typed.message ? option_result<std::string>(*typed.message) : whole_file(typed.file);
        if (!text) return usage(text.error());
        source = message_source(std::move(*text));
    }
    return publisher(std::move(*how), typed, std::move(*properties), expiry, std::move(source)).run();
}

}  // namespace gateway
