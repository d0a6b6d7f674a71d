// gateway/command/schema_options.hpp: what `tidegate schema` was asked for.
// Not here: the command line (command_line_schema.hpp).
#pragma once

namespace gateway {

struct schema_options {
    bool of_template = false;
    bool markdown = false;  // the reference for people instead
};

int schema_command(const schema_options& how);

}  // namespace gateway
