#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace graft {

bool is_terminal(int fd) {
  const char* term = std::getenv("TERM");
  return ::isatty(fd) && !std::getenv("NO_COLOR") && term && std::string_view(term) != "dumb";
}

void start_log() {
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_st>(
      is_terminal(STDERR_FILENO) ? spdlog::color_mode::always : spdlog::color_mode::never);
  auto logger = std::make_shared<spdlog::logger>("graft", sink);
  logger->set_pattern("%^%l%$: %v");
  spdlog::set_default_logger(logger);
}

}  // namespace graft
