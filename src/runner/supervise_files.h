// The files of a supervised program. Only for supervise.cpp.
#pragma once

#include "base/json_forward.h"
#include "runner/supervise.h"

namespace graft {

void to_json(Json& json, const Command& command);
void from_json(const Json& json, Command& command);
void to_json(Json& json, const Started& started);
void from_json(const Json& json, Started& started);
void to_json(Json& json, const SupervisedEnd& end);
void from_json(const Json& json, SupervisedEnd& end);

Command read_command(const std::filesystem::path& folder);

// The lock's descriptor; below 0: another one has it.
int try_lock(const std::filesystem::path& folder);

}  // namespace graft
