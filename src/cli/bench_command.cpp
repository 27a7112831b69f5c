// `graft bench infer`: what is asked for, and the result as tables. What is measured is in learn/infer_comparison.h.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"

namespace graft {
namespace {

constexpr std::size_t kLayersShown = 15;

std::string word(const OrderedJson& row, const char* name) {
  return row.at(name).get<std::string>();
}

double number(const OrderedJson& row, const char* name) {
  return row.at(name).get<double>();
}

// "graft bf16", "libtorch bf16 frozen": who computes, in what, and how.
std::string name_of_way(const OrderedJson& row) {
  static const std::map<std::string, std::string> kForms{{"eager fp32", "libtorch fp32 eager"},
                                                         {"eager bf16", "libtorch bf16 autocast, channels last"},
                                                         {"frozen fp32", "libtorch fp32 frozen TorchScript"},
                                                         {"frozen bf16", "libtorch bf16 frozen TorchScript"}};
  const std::string precision = word(row, "precision");
  const auto form = kForms.find(word(row, "form") + " " + precision);
  return form == kForms.end() ? "graft " + precision : form->second;
}

std::string ratio(const OrderedJson& row, const char* name) {
  return row.contains(name) ? fmt::format("{:.2f}", number(row, name)) : "";
}

void say_heading(const OrderedJson& result) {
  const auto input = result.at("input").get<std::vector<int>>();
  fmt::print("{}: {} weights, {}, {:.2f} GFLOP an image, {} {}, on {}\n", word(result, "network"),
             word(result, "weights"), join(input, " x "), number(result, "flops") / 1e9,
             result.at("threads").get<int>(), result.at("threads") == 1 ? "thread" : "threads", word(result, "images"));
  if (result.contains("calibration")) fmt::print("int8 is calibrated on {}\n", word(result, "calibration"));
}

void say_plans(const OrderedJson& result) {
  fmt::print("\n{:<10}{:>16}{:>12}{:>14}{:>14}\n", "graft", "ceiling GFLOP/s", "load ms", "weights MB", "buffers MB");
  for (const OrderedJson& plan : result.at("plans")) {
    const auto& ceilings = result.at("ceilings");
    const auto ceiling = std::find_if(ceilings.begin(), ceilings.end(), [&](const OrderedJson& each) {
      return each.at("precision") == plan.at("precision");
    });
    fmt::print("{:<10}{:>16.0f}{:>12.0f}{:>14.1f}{:>14.1f}\n", word(plan, "precision"),
               number(*ceiling, "flops_per_second") / 1e9, 1e3 * number(plan, "load_seconds"),
               number(plan, "weight_bytes") / 1e6, number(plan, "arena_bytes") / 1e6);
  }
}

void say_speeds(const OrderedJson& result) {
  std::int64_t batch = 0;
  for (const OrderedJson& row : result.at("speeds")) {
    if (row.at("batch") != batch) {
      batch = row.at("batch").get<std::int64_t>();
      fmt::print("\n{:<38}{:>10}{:>12}{:>16}{:>14}\n", fmt::format("batch {}", batch), "images/s", "of ceiling",
                 "x frozen bf16", "x eager fp32");
    }
    fmt::print("{:<38}{:>10.1f}{:>10.0f} %{:>16}{:>14}\n", name_of_way(row), number(row, "images_per_second"),
               100 * number(row, "share_of_ceiling"), ratio(row, "ratio_to_frozen_bf16"), ratio(row, "ratio_to_eager"));
  }
}

void say_files(const OrderedJson& files) {
  fmt::print("\n{:<38}{:>10}{:>12}{:>16}\n", "from image files to features", "images/s", "files", "cores busy");
  for (const OrderedJson& row : files) {
    fmt::print("{:<38}{:>10.1f}{:>12}{:>14.0f} %\n", "graft " + word(row, "precision"),
               number(row, "images_per_second"), row.at("files").get<std::size_t>(), 100 * number(row, "busy"));
  }
}

void say_layers(const OrderedJson& plan) {
  std::vector<OrderedJson> steps = plan.at("steps");
  std::stable_sort(steps.begin(), steps.end(), [](const OrderedJson& a, const OrderedJson& b) {
    return number(a, "seconds") > number(b, "seconds");
  });
  fmt::print("\n{:<38}{:<12}{:<10}{:>10}{:>10}{:>12}\n",
             fmt::format("slowest in {}, batch {}", word(plan, "precision"), plan.at("batch").get<std::int64_t>()),
             "operation", "precision", "ms", "share", "GFLOP/s");
  for (std::size_t i = 0; i < std::min(steps.size(), kLayersShown); ++i) {
    const OrderedJson& step = steps[i];
    fmt::print("{:<38}{:<12}{:<10}{:>10.3f}{:>8.1f} %{:>12.0f}\n", word(step, "name"), word(step, "operation"),
               word(step, "precision"), 1e3 * number(step, "seconds"), 100 * number(step, "share"),
               number(step, "flops_per_second") / 1e9);
  }
}

void add_lists(CLI::App* command, InferComparisonOptions& options) {
  command->add_option("--batch", options.batches, "Images at a time, in turn")
      ->delimiter(',')
      ->check(quiet(CLI::Range(1, 1024)))
      ->type_name("N")
      ->default_str("1,16");
  command
      ->add_option_function<std::vector<std::string>>(
          "--precision",
          [&options](const std::vector<std::string>& words) {
            for (const std::string& name : words) options.precisions.push_back(precision_from_name(name));
          },
          "What graft computes in [all that this processor has]")
      ->delimiter(',')
      ->check(quiet(CLI::IsMember({"fp32", "bf16", "int8"})))
      ->type_name("fp32,bf16,int8");
}

}  // namespace

CLI::App* add_bench(CLI::App& app, InferComparisonOptions& options, bool& json) {
  CLI::App* bench = app.add_subcommand("bench", "Measure speed on this machine, or reckon it for many ranks");
  bench->require_subcommand(1);
  add_scaling(*bench);
  CLI::App* command = bench->add_subcommand("infer", "Images a second of a network, beside libtorch");
  command->add_option("network", options.network, "A bundle, or a network with random weights, e.g. resnet50")
      ->required()
      ->type_name("BUNDLE|NAME");
  add_lists(command, options);
  command->add_option("--threads", options.threads, "Cores to compute on [all]")
      ->check(quiet(CLI::Range(1, 1024)))
      ->type_name("N");
  command->add_flag("--layers", options.layers, "Show where the time goes");
  command->add_option("--images", options.images, "Images to compute on and to calibrate int8 on [random noise]")
      ->type_name("DIR");
  command->add_flag("--json", json, "Print the result as JSON");
  return command;
}

void say_bench(const OrderedJson& result) {
  say_heading(result);
  say_plans(result);
  say_speeds(result);
  if (result.contains("files")) say_files(result.at("files"));
  if (!result.contains("layers")) return;
  for (const OrderedJson& plan : result.at("layers")) say_layers(plan);
}

}  // namespace graft
