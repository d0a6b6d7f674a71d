// mqtt/transport_proxy.hpp: a tunnel through an HTTP proxy as a layer over another transport.
// Not here: what is asked and answered (proxy.hpp).
#pragma once

#include <memory>

#include "mqtt/proxy.hpp"
#include "mqtt/transport.hpp"

namespace mqtt {

/// open() takes `below` to the proxy, and asks it for the host and port.
std::unique_ptr<transport> make_proxy_transport(boost::asio::io_context& loop, std::unique_ptr<transport> below,
                                                proxy_settings how);

}  // namespace mqtt
