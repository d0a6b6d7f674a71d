// mqtt/authenticator.hpp: the client's side of an enhanced authentication (MQTT 5.0, 4.12), as a conversation of byte strings.
// Not here: the packets that carry it (session.hpp), and the methods themselves (scram.hpp).
#pragma once

#include <string>
#include <string_view>

namespace mqtt {

/// One exchange: first() goes with CONNECT (or the AUTH that begins a re-authentication), answer() is asked for each AUTH of
/// the broker's, finish() judges what came with its acceptance. Pure; called from the session's thread.
class authenticator {
public:
    struct step {
        std::string data;   // for the broker
        std::string error;  // not empty: the broker failed the test; the connection is closed with these words
    };

    authenticator() = default;
    virtual ~authenticator() = default;
    authenticator(const authenticator&) = delete;
    authenticator& operator=(const authenticator&) = delete;

    /// The Authentication Method that the broker knows it by: "SCRAM-SHA-256".
    virtual std::string_view method() const = 0;
    virtual std::string first() = 0;
    virtual step answer(std::string_view data) = 0;
    /// "": the broker is who it should be.
    virtual std::string finish(std::string_view data) = 0;
};

}  // namespace mqtt
