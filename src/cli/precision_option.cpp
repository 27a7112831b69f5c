#include "cli/precision_option.h"

#include "base/error.h"
#include "cli/commands.h"
#include "infer/plan.h"

namespace graft {

CLI::Option* add_precision(CLI::App* command, std::optional<Precision>& target, const std::string& help) {
  const auto set = [&target](const std::string& word) {
    target = word == "auto" ? std::nullopt : std::optional(precision_from_name(word));
  };
  return command->add_option_function<std::string>("--precision", set, help)
      ->check(quiet(CLI::IsMember({"auto", "fp32", "bf16", "int8"})))
      ->type_name("auto|fp32|bf16|int8");
}

Precision precision_to_use(const Bundle& bundle, std::optional<Precision> asked) {
  if (!asked) {
    Precision precision = bundle.precision;
    while (!is_available(precision)) precision = static_cast<Precision>(static_cast<int>(precision) - 1);
    return precision;
  }
  if (!is_available(*asked)) {
    fail(Kind::unavailable, "this processor has no ", name_of(*asked), " arithmetic: leave --precision ",
         name_of(*asked), " out, or pass fp32");
  }
  require(*asked != Precision::int8 || !bundle.activation_ranges.empty(),
          "the bundle was not calibrated for int8: train it with --precision auto or int8, or answer in another "
          "precision");
  return *asked;
}

}  // namespace graft
