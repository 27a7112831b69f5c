// Whether this process was asked to stop: SIGTERM, as `docker stop` and SageMaker send it, or SIGINT.
#pragma once

namespace graft {

// Until it is called, these signals end the process at once.
void watch_for_stop();
bool stop_wanted();
// Throws when it is.
void check_for_stop();

}  // namespace graft
