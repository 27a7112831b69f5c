// What systemd is told of a service with Type=notify (sd_notify(3)).
#pragma once

#include <string_view>

namespace graft {

// "READY=1", "STOPPING=1". Nothing where no service manager started this process; a failure is a warning.
void tell_service_manager(std::string_view state);

}  // namespace graft
