// mqtt/session_authenticate.cpp: enhanced authentication (MQTT 5.0, 4.12): with CONNECT, and again on a living connection.
// Not here: the methods (authenticator.hpp).
#include <utility>

#include "mqtt/session_machine.hpp"

namespace mqtt {

void session::machine::begin_authentication(connect& with) {
    authenticator_.reset();
    if (!how_.authentication || how_.version != version::v5) return;
    authenticator_ = how_.authentication();
    with.properties.authentication_method = std::string(authenticator_->method());
    with.properties.authentication_data = authenticator_->first();
}

/// `properties` came with the broker's acceptance. False: it isn't the broker that it should be, and we have closed.
bool session::machine::finish_authentication(const property_set& properties) {
    if (!authenticator_) {
        if (!properties.authentication_method) return true;
        violation("the broker names an authentication method, but none was agreed on");
        return false;
    }
    if (properties.authentication_method != authenticator_->method()) {
        violation("the broker ends the authentication with another method than it began");
        return false;
    }
    const std::string wrong = authenticator_->finish(properties.authentication_data.value_or(""));
    authenticator_.reset();
    authentication_deadline_.reset();
    if (wrong.empty()) return true;
    afterwards_ = afterwards::retry_slowly;
    close("the broker failed the authentication: " + wrong, reason::unspecified_error);
    return false;
}

void session::machine::on(const auth& what, time_point now) {
    if (!how_.authentication || how_.version != version::v5)
        return violation("the broker sent AUTH, but no method was agreed on");
    if (!authenticator_) return violation("the broker sent AUTH, but no authentication is under way");
    if (what.properties.authentication_method != authenticator_->method())
        return violation("the broker sent AUTH for another authentication method");
    if (what.reason == reason::success) {
        if (state_ == state::handshake) return violation("the broker sent AUTH with success instead of CONNACK");
        if (finish_authentication(what.properties)) effects_.push_back(reauthenticated{});
        return;
    }
    auto next = authenticator_->answer(what.properties.authentication_data.value_or(""));
    if (!next.error.empty()) {
        afterwards_ = afterwards::retry_slowly;
        return close("the broker failed the authentication: " + next.error, reason::unspecified_error);
    }
    (state_ == state::handshake ? deadline_ : authentication_deadline_.emplace()) = now + how_.connect_timeout;
    send_auth(reason::continue_authentication, std::move(next.data));
}

void session::machine::reauthenticate(time_point now) {
    if (state_ != state::online || !how_.authentication || how_.version != version::v5 || authenticator_) return;
    authenticator_ = how_.authentication();
    authentication_deadline_ = now + how_.connect_timeout;
    send_auth(reason::re_authenticate, authenticator_->first());
}

void session::machine::send_auth(reason code, std::string data) {
    auth what;
    what.reason = code;
    what.properties.authentication_method = std::string(authenticator_->method());
    what.properties.authentication_data = std::move(data);
    scratch_.clear();
    encode(what, how_.version, scratch_);
    if (scratch_.size() > limits_.packet_size) return violation("the broker takes no packet as large as our AUTH");
    gate_.push_control(scratch_);
}

}  // namespace mqtt
