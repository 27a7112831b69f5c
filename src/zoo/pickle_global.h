// The names a pickle may mention, and what stands behind each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "zoo/pickle.h"

namespace graft::pickle {

// The name, if it is on the list; otherwise refuses it by name.
Global global(std::string_view module, std::string_view name, std::string_view source);

// A new value, or one of the arguments as it is.
using Result = std::variant<Value, Value*>;

// What "calling" a name gives.
Result construct(const Global& global, const Tuple& arguments, std::string_view source);

// What making an instance of a class gives: only TorchScript's classes, as bags of attributes.
Result instance(const Global& type, const Tuple& arguments, std::string_view source);

// A persistent id: ("storage", type, key, device, number of elements).
Storage storage(const Tuple& id, std::string_view source);

// "INST (0x69)": for refusals.
std::string name_of_opcode(std::uint8_t opcode);

}  // namespace graft::pickle
