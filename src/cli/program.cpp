#include <malloc.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <new>

#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"

namespace graft {
namespace {

constexpr int kFailed = 1, kWrongUsage = 2;

void say_error(const std::string& sentence) {
  const bool colour = is_terminal(2);
  std::cerr << (colour ? "\x1b[31merror:\x1b[0m " : "error: ") << sentence << '\n';
}

// CLI11 would say that a command is missing, not which word is none.
void check_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == argv[1]) return;
    names.push_back(command->get_name());
  }
  throw CLI::ValidationError(text("there is no command ", argv[1], "; there are ", join(names, ", ")));
}

}  // namespace

int run_program(CLI::App& app, int argc, char** argv) {
  // Without this the C library gives the pages of every picture and every activation back, and faults them in again for
  // the next one.
  ::mallopt(M_TRIM_THRESHOLD, 512 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most it takes
  start_log();
  try {
    check_command(app, argc, argv);
    app.parse(argc, argv);
    std::cout.flush();
    require(std::cout.good(), "cannot write the result: ", system_message());
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    say_error(error.what());
    std::cerr << "run with --help for more\n";
    return kWrongUsage;
  } catch (const Exit& exit) {
    return exit.code;
  } catch (const std::bad_alloc&) {
    say_error("there is not enough memory; use fewer threads, a smaller --batch or smaller images");
  } catch (const std::exception& error) {
    say_error(error.what());
  }
  return kFailed;
}

}  // namespace graft
