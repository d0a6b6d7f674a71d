// gateway/service/process_figures.hpp: what this process takes of the board: memory, processor, files; as the standard metrics of
// a process. Not here: the gateway's own figures (metrics_text.hpp).
#pragma once

#include <string>

namespace gateway {

/// Appends them in Prometheus' text form. What the kernel doesn't tell is left out.
void append_process_figures(std::string& to);

}  // namespace gateway
