// mqtt/transport_proxy.cpp: asks an HTTP proxy for a tunnel; after that it is the transport below, unchanged.
// Not here: what is asked and answered (proxy.hpp).
#include "mqtt/transport_proxy.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace mqtt {
namespace {

namespace asio = boost::asio;

/// `below` calls no handler once it is destroyed, hence `this` in its handlers is safe; but a handler of the caller's may
/// destroy both, so nothing is touched after it.
class proxy_transport final : public transport {
public:
    proxy_transport(asio::io_context& loop, std::unique_ptr<transport> below, proxy_settings how)
        : loop_(loop), below_(std::move(below)), how_(std::move(how)) {}

    void open(const std::string& host, std::uint16_t port, opened_handler done) override;
    void read(read_handler done) override { below_->read(std::move(done)); }
    void write(std::string_view bytes, written_handler done) override { below_->write(bytes, std::move(done)); }
    void end_of_writing() override { below_->end_of_writing(); }

private:
    void on_below_open(std::string_view error);
    void on_request_written(std::string_view error);
    void read_answer();
    void on_answer(std::string_view error, std::span<const std::byte> bytes);
    void open_when_ready();
    void report(const std::string& error);

    asio::io_context& loop_;
    std::unique_ptr<transport> below_;
    const proxy_settings how_;
    std::string host_;
    std::uint16_t port_ = 0;
    opened_handler opened_;
    http_answer_reader answer_;
    bool request_is_written_ = false;
    const std::shared_ptr<int> alive_ = std::make_shared<int>();  // for what is posted to the loop
};

void proxy_transport::open(const std::string& host, std::uint16_t port, opened_handler done) {
    host_ = host;
    port_ = port;
    opened_ = std::move(done);
    auto fault = fault_in(how_);
    // A host may come from the network: a broker can name another.
    if (fault.empty() && (host.empty() || !is_field_value(host))) fault = "the host name can't be written in an HTTP request";
    if (fault.empty()) return below_->open(how_.host, how_.port, [this](std::string_view error) { on_below_open(error); });
    asio::post(loop_, [this, fault, alive = std::weak_ptr<int>(alive_)] {
        if (!alive.expired()) report(fault);
    });
}

void proxy_transport::on_below_open(std::string_view error) {
    if (!error.empty()) return report("can't reach the proxy " + host_and_port(how_.host, how_.port) + ": " + std::string(error));
    below_->write(proxy_request(how_, host_, port_), [this](std::string_view failed) { on_request_written(failed); });
    read_answer();
}

void proxy_transport::on_request_written(std::string_view error) {
    if (!error.empty()) return;  // the read tells
    request_is_written_ = true;
    open_when_ready();
}

void proxy_transport::read_answer() {
    below_->read([this](std::string_view error, std::span<const std::byte> bytes) { on_answer(error, bytes); });
}

void proxy_transport::on_answer(std::string_view error, std::span<const std::byte> bytes) {
    if (!error.empty()) return report("no answer from the proxy: " + std::string(error));
    const auto text = std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto size = answer_.feed(text);
    if (!answer_.error().empty()) return report("no answer from the proxy: " + std::string(answer_.error()));
    if (!answer_.is_whole()) return read_answer();
    auto refusal = proxy_refusal(how_, host_, port_, answer_.answer());
    // In all that goes through the tunnel the client speaks first: more bytes are no server's.
    if (refusal.empty() && size < text.size()) refusal = "the proxy sent more than its answer";
    if (!refusal.empty()) return report(refusal);
    open_when_ready();
}

/// The caller may write at once, and `below` takes one write at a time.
void proxy_transport::open_when_ready() {
    if (request_is_written_ && answer_.is_whole() && opened_) report("");
}

void proxy_transport::report(const std::string& error) {
    const auto call = std::exchange(opened_, nullptr);
    call(error);
}

}  // namespace

std::unique_ptr<transport> make_proxy_transport(asio::io_context& loop, std::unique_ptr<transport> below, proxy_settings how) {
    return std::make_unique<proxy_transport>(loop, std::move(below), std::move(how));
}

}  // namespace mqtt
