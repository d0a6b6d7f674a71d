// gateway/http/metrics_text.hpp: the figures of the gateway for Prometheus, text format 0.0.4. Pure.
// Not here: those of the process (process_figures.hpp) and of the server itself (http_server.cpp), which are added to these.
//
// Series are bounded: by buses and devices, which the config names, never by points: a site has thousands, each value is on MQTT
// already, and a time series a point is what a database is for. What goes wrong with points shows on their device.
#pragma once

#include <string>
#include <string_view>

#include "gateway/http/state_text.hpp"

namespace gateway {

/// Writes metrics: the name with HELP and TYPE once, then its samples.
class metrics_writer {
public:
    explicit metrics_writer(std::string& to) : to_(to) {}

    enum class kind : std::uint8_t { counter, gauge };
    /// Begins a metric.
    metrics_writer& metric(std::string_view name, kind what, std::string_view help);
    /// One sample of it. `labels`: from label(), comma between; empty: none.
    metrics_writer& sample(double figure, std::string_view labels = {});
    metrics_writer& sample(std::uint64_t figure, std::string_view labels = {});

    /// name="value", escaped.
    static std::string label(std::string_view name, std::string_view text);

private:
    void begin(std::string_view labels);
    std::string& to_;
    std::string name_;
};

std::string metrics_text(const live& of, std::string_view version, const view_time& now);

}  // namespace gateway
