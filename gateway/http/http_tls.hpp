// gateway/http/http_tls.hpp: TLS of the HTTP server, without sockets: bytes in, bytes out. TLS 1.2 or newer.
// Not here: when bytes are read and written (http_server.cpp).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gateway {

/// Certificate and key, loaded. Outlives its sessions.
class http_tls {
public:
    /// Null, with `why`. `key` empty: it is in the certificate's file.
    static std::unique_ptr<http_tls> load(const std::string& certificate, const std::string& key, std::string& why);
    ~http_tls();
    http_tls(const http_tls&) = delete;
    http_tls& operator=(const http_tls&) = delete;

    const std::string& content() const;  // another one if what is in the files is
    std::int64_t valid_to() const;       // Unix time: of the certificates, the first to expire

    class session {
    public:
        explicit session(http_tls& of);
        ~session();
        session(const session&) = delete;
        session& operator=(const session&) = delete;

        /// Bytes of the client; what they say is appended to `plain`. False: it is over (the client said so, or broke the
        /// protocol); take_output() may have a last word.
        bool feed(std::string_view bytes, std::string& plain);
        bool is_open() const;  // the handshake is done
        /// Requires: is_open(). All of it is taken; at most 16 KiB at a time.
        bool write(std::string_view plain);
        void say_goodbye();
        /// To be sent.
        std::string take_output();

    private:
        struct inside;
        std::unique_ptr<inside> inside_;
    };

private:
    struct inside;
    explicit http_tls(std::unique_ptr<inside> loaded);
    std::unique_ptr<inside> inside_;
};

}  // namespace gateway
