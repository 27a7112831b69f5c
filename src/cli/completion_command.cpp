// Completion scripts, written from the commands themselves: a word before the cursor is completed by the sub-commands
// and options of the commands before it, else by files.
#include <iostream>

#include "base/error.h"
#include "cli/commands.h"

namespace graft {
namespace {

// What may follow `command`: its sub-commands and the long names of its options.
std::vector<std::string> words_of(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; }))
    words.push_back(sub->get_name());
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

// One line for each command: its path, as "graft dataset scan", and its words.
void write_cases(std::ostream& out, const CLI::App& command, const std::string& path) {
  out << "    '" << path << "') words='" << join(words_of(command), " ") << "' ;;\n";
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    write_cases(out, *sub, path + " " + sub->get_name());
  }
}

// " graft train, graft dataset, graft dataset scan,": what the script tells commands from other words by.
void write_paths(std::ostream& out, const CLI::App& command, const std::string& path) {
  out << ' ' << path << ',';
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    write_paths(out, *sub, path + " " + sub->get_name());
  }
}

void write_bash(std::ostream& out, const CLI::App& root) {
  out << "_graft() {\n"
         "  local path=graft words i commands='";
  write_paths(out, root, "graft");
  out << "'\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case \" $commands \" in *\" $path ${COMP_WORDS[i]},\"*) path=\"$path ${COMP_WORDS[i]}\" ;; *) break ;; "
         "esac\n"
         "  done\n"
         "  case \"$path\" in\n";
  write_cases(out, root, "graft");
  out << "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F _graft graft\n";
}

}  // namespace

void add_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for bash or zsh");
  command->add_option("shell", *shell, "The shell")
      ->required()
      ->check(quiet(CLI::IsMember({"bash", "zsh"})))
      ->type_name("bash|zsh");
  command->callback([&app, shell] {
    if (*shell == "zsh") std::cout << "autoload -U +X bashcompinit && bashcompinit\n";
    write_bash(std::cout, app);
  });
  command->footer("Example:\n  source <(graft completion bash)");
}

}  // namespace graft
