// mqtt/transport_tls.cpp: carries the bytes of a tls_engine over another transport.
// Not here: TLS itself (tls_engine.hpp).
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <optional>
#include <utility>

#include "mqtt/tls.hpp"
#include "mqtt/tls_engine.hpp"

namespace mqtt {
namespace {

namespace asio = boost::asio;

constexpr std::size_t read_size = 16 * 1024;

/// What the handlers in the loop share, so that it outlives the transport by a turn. All that happens leads to turn(), which
/// does whatever can be done; it is called from the loop alone, and so are the handlers.
class encrypted_stream : public std::enable_shared_from_this<encrypted_stream> {
public:
    encrypted_stream(asio::io_context& loop, std::unique_ptr<transport> below, const tls_settings& how)
        : loop_(loop), below_(std::move(below)), how_(how) {}

    void open(const std::string& host, std::uint16_t port, transport::opened_handler done);
    void read(transport::read_handler done);
    void write(std::string_view bytes, transport::written_handler done);
    void end_of_writing();
    void close();

private:
    void on_opened_below(std::string_view error);
    void on_read_below(std::string_view error, std::span<const std::byte> bytes);
    void on_written_below(std::string_view error);

    void turn_soon();
    void turn();
    void send();
    void receive();
    bool tell_opened();
    bool tell_read();
    bool tell_written();
    void report_opened(std::string_view error);

    asio::io_context& loop_;
    std::unique_ptr<transport> below_;
    const tls_settings how_;
    std::string host_;
    tls_files files_;
    std::optional<tls_engine> engine_;  // once the layer below is open
    bool closed_ = false;
    bool turning_ = false;
    bool ending_ = false;  // end_of_writing was called, and not yet passed on

    bool answered_ = false;  // the peer has sent something
    bool reading_below_ = false;
    bool writing_below_ = false;
    bool read_ended_ = false;
    std::string read_error_;  // of the layer below; the end of the stream isn't one
    std::string write_error_;

    transport::opened_handler opened_;
    transport::read_handler read_;
    transport::written_handler written_;
    std::array<std::byte, read_size> in_;
    std::string out_;
    std::size_t encrypted_ = 0;  // so much of out_
};

// ---- Calls ----

/// Files first: what is wrong with them needs no network to be told.
void encrypted_stream::open(const std::string& host, std::uint16_t port, transport::opened_handler done) {
    opened_ = std::move(done);
    host_ = host;
    if (const auto error = read_tls_files(how_, files_); !error.empty()) {
        asio::post(loop_, [self = shared_from_this(), error] {
            if (!self->closed_) self->report_opened(error);
        });
        return;
    }
    below_->open(host, port, [this](std::string_view error) { on_opened_below(error); });
}

void encrypted_stream::read(transport::read_handler done) {
    assert(!read_ && engine_);
    read_ = std::move(done);
    turn_soon();
}

void encrypted_stream::write(std::string_view bytes, transport::written_handler done) {
    assert(!written_ && !ending_ && engine_);
    written_ = std::move(done);
    out_.assign(bytes);
    encrypted_ = 0;
    turn_soon();
}

void encrypted_stream::end_of_writing() {
    assert(!written_ && !ending_ && engine_);
    ending_ = true;
    engine_->end_of_writing();
    turn_soon();
}

void encrypted_stream::close() {
    closed_ = true;
    below_.reset();
    opened_ = nullptr;
    read_ = nullptr;
    written_ = nullptr;
}

// ---- What the layer below tells ----

void encrypted_stream::on_opened_below(std::string_view error) {
    const auto self = shared_from_this();
    if (!error.empty()) return report_opened(error);
    engine_.emplace(std::exchange(files_, {}), how_, host_);
    turn();
}

void encrypted_stream::on_read_below(std::string_view error, std::span<const std::byte> bytes) {
    const auto self = shared_from_this();
    reading_below_ = false;
    read_ended_ = !error.empty();
    if (error == closed_by_peer) {
        engine_->feed_end();
    } else if (read_ended_) {
        read_error_ = error;
    } else {
        answered_ = true;
        engine_->feed(bytes);
    }
    turn();
}

void encrypted_stream::on_written_below(std::string_view error) {
    const auto self = shared_from_this();
    writing_below_ = false;
    write_error_ = error;
    turn();
}

// ---- What can be done ----

void encrypted_stream::turn_soon() {
    if (turning_) return;
    asio::post(loop_, [self = shared_from_this()] {
        if (!self->closed_) self->turn();
    });
}

/// A handler may ask for more, and then it goes round again; or destroy the transport, and then this only outlives it.
void encrypted_stream::turn() {
    turning_ = true;
    do {
        send();
    } while (!closed_ && (tell_opened() || tell_read() || tell_written()) && !closed_);
    turning_ = false;
    if (!closed_) receive();
}

void encrypted_stream::send() {
    if (writing_below_ || !write_error_.empty()) return;
    encrypted_ += engine_->write(std::string_view(out_).substr(encrypted_));
    if (const auto bytes = engine_->take_bytes(); !bytes.empty()) {
        writing_below_ = true;
        below_->write(bytes, [this](std::string_view error) { on_written_below(error); });
    } else if (std::exchange(ending_, false)) {
        below_->end_of_writing();
    }
}

/// Nothing is read that nobody waits for: what the application doesn't take stays with the peer.
void encrypted_stream::receive() {
    const bool is_awaited = engine_->is_open() ? static_cast<bool>(read_) : engine_->error().empty();
    if (!is_awaited || reading_below_ || read_ended_ || !engine_->wants_bytes()) return;
    reading_below_ = true;
    below_->read([this](std::string_view error, std::span<const std::byte> bytes) { on_read_below(error, bytes); });
}

/// A failure is told once the peer is, too: to be destroyed by the handler would close the connection before.
bool encrypted_stream::tell_opened() {
    if (!opened_) return false;
    if (engine_->is_open()) {
        report_opened("");
    } else if (!read_error_.empty()) {
        // A server that speaks another protocol may close with our bytes unread, which resets the connection.
        report_opened("the connection broke during the TLS handshake: " + read_error_ +
                      (answered_ ? "" : "; does the server speak TLS on this port?"));
    } else if (!engine_->error().empty() && !writing_below_) {
        report_opened(engine_->error());
    } else {
        return false;
    }
    return true;
}

bool encrypted_stream::tell_read() {
    if (!read_) return false;
    const auto size = engine_->read(in_);
    const auto& error = engine_->error().empty() ? read_error_ : engine_->error();
    if (size == 0 && error.empty()) return false;
    const auto call = std::exchange(read_, nullptr);
    size > 0 ? call("", std::span<const std::byte>(in_).first(size)) : call(error, {});
    return true;
}

bool encrypted_stream::tell_written() {
    if (!written_ || writing_below_) return false;
    const bool is_done = encrypted_ == out_.size();
    const auto& error = write_error_.empty() && !is_done ? engine_->error() : write_error_;
    if (!is_done && error.empty()) return false;
    const auto call = std::exchange(written_, nullptr);
    call(error);
    return true;
}

void encrypted_stream::report_opened(std::string_view error) {
    const auto call = std::exchange(opened_, nullptr);
    call(error);
}

class tls_transport final : public transport {
public:
    tls_transport(asio::io_context& loop, std::unique_ptr<transport> below, const tls_settings& how)
        : stream_(std::make_shared<encrypted_stream>(loop, std::move(below), how)) {}
    ~tls_transport() override { stream_->close(); }

    void open(const std::string& host, std::uint16_t port, opened_handler done) override {
        stream_->open(host, port, std::move(done));
    }
    void read(read_handler done) override { stream_->read(std::move(done)); }
    void write(std::string_view bytes, written_handler done) override { stream_->write(bytes, std::move(done)); }
    void end_of_writing() override { stream_->end_of_writing(); }

private:
    std::shared_ptr<encrypted_stream> stream_;
};

}  // namespace

std::unique_ptr<transport> make_tls_transport(asio::io_context& loop, std::unique_ptr<transport> below, const tls_settings& how) {
    return std::make_unique<tls_transport>(loop, std::move(below), how);
}

}  // namespace mqtt
