// --precision, as the commands have it.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "bundle/bundle.h"

namespace graft {

// Declares --precision auto|fp32|bf16|int8; `target` stays unset for auto.
CLI::Option* add_precision(CLI::App* command, std::optional<Precision>& target, const std::string& help);

// What to answer in: `asked`; or what the bundle records where this processor has it, and the next slower one it has
// otherwise. Throws where `asked` cannot be computed here or from this bundle.
Precision precision_to_use(const Bundle& bundle, std::optional<Precision> asked);

}  // namespace graft
