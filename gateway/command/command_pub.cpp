// gateway/command/command_pub.cpp: `tidegate pub`: publishes one message, a file, or each line of stdin, and ends when the broker
// has taken them over as their QoS says. Not here: the connection (broker_link.hpp).
#include "gateway/command/command_pub.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <optional>

#include "gateway/command/commands.hpp"
#include "mqtt/codec.hpp"

namespace gateway {
namespace {

constexpr std::size_t largest_message = 256u << 20;  // bytes; MQTT's own bound
constexpr std::size_t lines_ahead = 1000;
constexpr std::size_t largest_read = 64u << 10;

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
    if (!encoded->empty() && typed.broker.version != "5")
        return option_error::because("message properties need MQTT 5: leave out --mqtt");
    return std::move(*encoded);
}

class publisher {
public:
    publisher(broker_settings how, const message_form& form, message_source source)
        : form_(form),
          source_(std::move(source)),
          link_(std::move(how), "tidegate pub",
                {[this](const mqtt::effect& what) { on_effect(what); },
                 [](const mqtt::received&, std::int64_t) { return true; },  // nobody asked for any
                 [this] { pump(); }, [this] { return unfinished("interrupted"); },
                 [this] { return unfinished("--timeout has passed"); }}) {}

    int run() {
        const int code = link_.run(broker_link::when_lost::give_up);
        if (code != 0 && !explained_) unfinished("");
        return code;
    }

private:
    /// Messages stay here until the broker has them: a session that is begun anew asks for them again.
    void pump() {
        mqtt::session& session = link_.session();
        for (; !kept_.empty() && first_ <= mqtt::number(session.finished()); ++first_) kept_.pop_front();
        while (session.accepts()) {
            const auto at = static_cast<std::size_t>(mqtt::number(session.next()) - first_);
            if (at == kept_.size() && !take_next()) break;
            mqtt::publication message;
            message.topic = form_.topic;
            message.payload = kept_[at];
            message.qos = static_cast<mqtt::qos>(form_.qos);
            message.retain = form_.retain;
            message.properties = form_.properties;
            if (form_.expiry) message.expiry = std::chrono::seconds{*form_.expiry};
            handed_ = std::max(handed_, mqtt::number(session.next()));
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
            if (most < form_.qos) link_.say("the broker takes at most QoS " + std::to_string(most));
            if (form_.retain && on->properties.retain_available == 0) link_.say("the broker retains no messages");
        }
    }

    int unfinished(const char* why) {
        explained_ = true;
        // What was handed to a session that has been lost since may have arrived, though the session would begin with it again.
        const std::int64_t finished = mqtt::number(link_.session().finished());
        const std::int64_t last = first_ + static_cast<std::int64_t>(kept_.size()) - 1;
        const std::int64_t unanswered = std::max<std::int64_t>(handed_ - finished, 0);
        const std::int64_t unsent =
            std::max<std::int64_t>(last - std::max(handed_, finished), 0) + static_cast<std::int64_t>(source_.waiting());
        std::string words = why;
        const auto add = [&words](const std::string& more) { words += (words.empty() ? "" : ": ") + more; };
        if (unanswered > 0) add(counted(unanswered) + " may have arrived or not: there is no answer yet");
        if (unsent > 0) add(counted(unsent) + " not sent");
        if (!words.empty()) link_.say(words);
        return 1;
    }

    static std::string counted(std::int64_t messages) {
        return std::to_string(messages) + (messages == 1 ? " message" : " messages");
    }

    const message_form& form_;
    message_source source_;
    bool waiting_ = false;
    bool explained_ = false;
    std::deque<std::string> kept_;  // the messages first_, first_ + 1, …
    std::int64_t first_ = 1;
    std::int64_t handed_ = 0;  // the last that a session has had
    std::uint64_t refused_ = 0;
    broker_link link_;
};

int usage(const option_error& why) {
    std::fprintf(stderr, "tidegate pub: %s\n", why.message().c_str());
    return 2;
}

option_result<message_form> form_of(const pub_options& typed) {
    if (!mqtt::is_valid_topic_name(typed.topic))
        return option_error::because("'" + typed.topic + "' is no topic to publish to: it must not be empty or hold + or #");
    message_form form;
    form.topic = typed.topic;
    form.qos = typed.qos;
    form.retain = typed.retain;
    auto properties = properties_of(typed);
    if (!properties) return properties.error();
    form.properties = std::move(*properties);
    if (typed.expiry.empty()) return form;
    const auto seconds = seconds_of(typed.expiry, "--expiry");
    if (!seconds) return seconds.error();
    form.expiry = static_cast<std::uint32_t>(seconds->count());
    return form;
}

option_result<message_source> source_of(const pub_options& typed) {
    const int sources = (typed.message ? 1 : 0) + (typed.file.empty() ? 0 : 1) + (typed.lines ? 1 : 0);
    if (sources != 1) return option_error::because("give one of: a MESSAGE, --file FILE, or --lines");
    if (typed.lines) return message_source();
    if (typed.message) return message_source(*typed.message);
    auto text = whole_file(typed.file);
    if (!text) return text.error();
    return message_source(std::move(*text));
}

}  // namespace

std::optional<std::string> message_source::next() {
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

std::size_t message_source::waiting() const {
    if (single_) return 1;
    return static_cast<std::size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(start_), text_.end(), '\n'));
}

void message_source::read() {
    text_.erase(0, std::exchange(start_, 0));
    char buffer[largest_read];
    const ssize_t size = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (size > 0) text_.append(buffer, static_cast<std::size_t>(size));
    if (size == 0 || (size < 0 && errno != EINTR) || text_.size() > largest_message) ended_ = true;
}

store::message message_form::of(std::string payload) const {
    store::message one;
    one.topic = topic;
    one.payload = std::move(payload);
    one.qos = static_cast<std::uint8_t>(qos);
    one.retain = retain;
    one.properties = properties;
    one.expiry = expiry;
    return one;
}

int pub_command(const pub_options& typed) {
    const auto form = form_of(typed);
    if (!form) return usage(form.error());
    auto source = source_of(typed);
    if (!source) return usage(source.error());
    if (!typed.expiry.empty() && typed.broker.version != "5" && typed.broker.state.empty())
        return usage(option_error::because("--expiry needs MQTT 5, or --state, which drops what waited too long in the file"));
    if (!typed.broker.state.empty() && typed.qos == 0)
        return usage(option_error::because("--state needs QoS 1 or 2: what has no answer can't be kept until it comes"));
    auto how = settings_of(typed.broker, "pub");
    if (!how) return usage(how.error());
    if (how->state) return publish_stored(std::move(*how), *form, std::move(*source));
    return publisher(std::move(*how), *form, std::move(*source)).run();
}

}  // namespace gateway
