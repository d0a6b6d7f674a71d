// gateway/command_pub.cpp: `tidegate pub`: publishes one message, a file, or each line of stdin, and ends when the broker has
// taken them over as their QoS says.
// Not here: the connection (broker_link.hpp).
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
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

/// What is to be published: a text, a whole file, or lines as they come.
class message_source {
public:
    virtual ~message_source() = default;
    /// The next message; nothing: not yet, or no more.
    virtual std::optional<std::string> next() = 0;
    virtual bool is_at_end() const = 0;
    /// Calls back, once, when there may be more. Only if not at the end.
    virtual void wait(std::function<void()> more) = 0;
};

class single_message final : public message_source {
public:
    explicit single_message(std::string text) : text_(std::move(text)) {}
    std::optional<std::string> next() override { return std::exchange(text_, std::nullopt); }
    bool is_at_end() const override { return !text_; }
    void wait(std::function<void()>) override {}

private:
    std::optional<std::string> text_;
};

/// A pipe or terminal is read as it fills, a regular file as it is asked for.
class lines_of_stdin final : public message_source {
public:
    explicit lines_of_stdin(boost::asio::io_context& loop) : input_(loop) {
        struct stat about {};
        if (::fstat(STDIN_FILENO, &about) == 0 && S_ISREG(about.st_mode)) {
            is_file_ = true;
        } else {
            boost::system::error_code error;
            std::ignore = input_.assign(::dup(STDIN_FILENO), error);
            ended_ = static_cast<bool>(error);
        }
    }
    std::optional<std::string> next() override {
        while (is_file_ && !ended_ && bytes_.find('\n') == std::string::npos) read_file();
        const std::size_t end = bytes_.find('\n');
        if (end == std::string::npos && !(ended_ && !bytes_.empty())) return std::nullopt;
        std::string line = bytes_.substr(0, end);
        bytes_.erase(0, end == std::string::npos ? end : end + 1);
        return line;
    }
    bool is_at_end() const override { return ended_ && bytes_.empty(); }
    void wait(std::function<void()> more) override {
        if (waiting_ || ended_ || is_file_) return;
        waiting_ = true;
        input_.async_read_some(boost::asio::buffer(buffer_),
                               [this, more](const boost::system::error_code& error, std::size_t size) {
                                   waiting_ = false;
                                   bytes_.append(buffer_, size);
                                   ended_ = error || bytes_.size() > largest_message;
                                   more();
                               });
    }

private:
    void read_file() {
        const ssize_t size = ::read(STDIN_FILENO, buffer_, sizeof buffer_);
        if (size > 0) bytes_.append(buffer_, static_cast<std::size_t>(size));
        if (size == 0 || (size < 0 && errno != EINTR) || bytes_.size() > largest_message) ended_ = true;
    }

    boost::asio::posix::stream_descriptor input_;
    char buffer_[largest_read];
    std::string bytes_;
    bool is_file_ = false;
    bool ended_ = false;
    bool waiting_ = false;
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
    publisher(broker_settings how, const pub_options& typed, std::string properties, std::optional<std::chrono::seconds> expiry)
        : typed_(typed),
          properties_(std::move(properties)),
          expiry_(expiry),
          link_(std::move(how), "tidegate pub",
                {[this](const mqtt::effect& what) { on_effect(what); }, [this] { pump(); },
                 [this] { return interrupted("interrupted"); }, [this] { return interrupted("--timeout has passed"); }}) {}

    boost::asio::io_context& loop() { return link_.loop(); }
    int run(message_source& from) {
        source_ = &from;
        return link_.run(false);
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
            message.topic = typed_.topic;
            message.payload = kept_[at];
            message.qos = static_cast<mqtt::qos>(typed_.qos);
            message.retain = typed_.retain;
            message.properties = properties_;
            message.expiry = expiry_;
            session.publish(session.next(), message, command_now());
        }
        if (source_->is_at_end() && kept_.empty()) return link_.leave(refused_ == 0 ? 0 : 1);
        if (kept_.size() < lines_ahead && !source_->is_at_end())
            source_->wait([this] {
                pump();
                link_.flush();
            });
    }

    bool take_next() {
        if (kept_.size() >= lines_ahead) return false;
        auto text = source_->next();
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
    message_source* source_ = nullptr;
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

    publisher out(std::move(*how), typed, std::move(*properties), expiry);
    if (typed.lines) {
        lines_of_stdin lines(out.loop());
        return out.run(lines);
    }
    auto text = typed.message ? option_result<std::string>(*typed.message) : whole_file(typed.file);
    if (!text) return usage(text.error());
    single_message one(std::move(*text));
    return out.run(one);
}

}  // namespace gateway
