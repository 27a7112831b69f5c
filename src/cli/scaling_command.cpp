// `graft bench scaling`: how training scales over ranks, reckoned from measured numbers by report/scaling.h.
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "graph/surgery.h"
#include "report/scaling.h"
#include "zoo/architecture.h"

namespace graft {
namespace {

constexpr int kMostRanks = 512;
constexpr double kBytesPerGigabit = 1e9 / 8;

struct ScalingOptions {
  std::string network;
  double bytes = 0, step_ms = 0;  // 0: the network's, the published
  std::vector<double> bandwidths{25, 100};
  double local_bandwidth = 100, latency_us = 10, bucket_mib = 4;
  int ranks_per_host = 4;
  double backward_share = 2.0 / 3, deviation_percent = 0;
  bool rings = false, json = false;
};

// One P100's images a second with batches of 64 (TensorFlow's published benchmarks, DGX-1, May 2017, synthetic data),
// and what Horovod published for 512 such GPUs.
struct Published {
  const char* name;
  const char* title;
  double images_per_second;
  double efficiency;
  const char* measured;  // the network that the efficiency is of
};
constexpr double kPublishedBatch = 64;
constexpr double kPublishedGigabits = 25, kPublishedBucketMib = 64;
constexpr Published kPublished[] = {{"resnet50", "ResNet-50", 219, 0.90, "ResNet-101"},
                                    {"inception_v3", "Inception v3", 142, 0.90, "Inception v3"},
                                    {"vgg16", "VGG-16", 154, 0.68, "VGG-16"}};

struct Subject {
  std::string title;
  std::vector<LayerLoad> layers;
  double seconds = 0;  // of a step
  const Published* published = nullptr;
};

const Published* find_published(const std::string& name) {
  for (const Published& each : kPublished) {
    if (name == each.name) return &each;
  }
  return nullptr;
}

std::vector<LayerLoad> loads_of(const std::string& name) {
  if (name == "vgg16") return vgg16_loads();
  const Graph graph = build(name, 1000);
  // The published runs had no auxiliary classifier.
  return layer_loads(graph.auxiliary_output ? cut_at(graph, graph.nodes[static_cast<std::size_t>(graph.output)].name)
                                            : graph);
}

double sum_of_bytes(const std::vector<LayerLoad>& layers) {
  double sum = 0;
  for (const LayerLoad& layer : layers) sum += layer.bytes;
  return sum;
}

Subject subject_of(const std::string& name, const ScalingOptions& o) {
  Subject subject{.title = name, .layers = loads_of(name)};
  if (o.bytes > 0) {
    const double factor = o.bytes / sum_of_bytes(subject.layers);
    for (LayerLoad& layer : subject.layers) layer.bytes *= factor;
  }
  if (const Published* published = find_published(name)) {
    subject.title = published->title;
    subject.seconds = kPublishedBatch / published->images_per_second;
    if (o.bytes == 0 && o.step_ms == 0) subject.published = published;
  }
  if (o.step_ms > 0) subject.seconds = o.step_ms / 1e3;
  if (subject.seconds == 0) {
    throw CLI::ValidationError(text("there is no published step time of ", name, ": pass a measured one, --step-time"));
  }
  return subject;
}

std::vector<Subject> subjects_of(const ScalingOptions& o) {
  if (!o.network.empty()) return {subject_of(o.network, o)};
  if (o.bytes > 0) {
    if (o.step_ms == 0) throw CLI::ValidationError("--bytes needs the time of a step: pass --step-time, or --network");
    return {{.title = "measured", .layers = even_loads(o.bytes), .seconds = o.step_ms / 1e3}};
  }
  if (o.step_ms > 0) throw CLI::ValidationError("--step-time needs a network: pass --network, or --bytes");
  std::vector<Subject> subjects;
  for (const Published& each : kPublished) subjects.push_back(subject_of(each.name, o));
  return subjects;
}

StepModel step_of(const Subject& subject, const ScalingOptions& o) {
  return {.seconds = subject.seconds,
          .backward_share = o.backward_share,
          .bucket_bytes = o.bucket_mib * (1 << 20),
          .trees = !o.rings,
          .deviation = o.deviation_percent / 100};
}

Interconnect interconnect_of(double gigabits, const ScalingOptions& o) {
  return {.bandwidth = gigabits * kBytesPerGigabit,
          .local_bandwidth = o.local_bandwidth * kBytesPerGigabit,
          .latency = o.latency_us / 1e6,
          .ranks_per_host = o.ranks_per_host};
}

// What the model says of the published runs as they were: rings, and Horovod's fusing of gradients.
OrderedJson published_point(const Subject& subject, const ScalingOptions& o) {
  StepModel step = step_of(subject, o);
  step.trees = false;
  step.fuse_ready = true;
  step.bucket_bytes = kPublishedBucketMib * (1 << 20);
  return {{"network", subject.published->measured},
          {"ranks", kMostRanks},
          {"gigabits", kPublishedGigabits},
          {"efficiency", subject.published->efficiency},
          {"model", efficiency(subject.layers, kMostRanks, step, interconnect_of(kPublishedGigabits, o))}};
}

OrderedJson curves_of(const Subject& subject, const ScalingOptions& o) {
  OrderedJson curves = OrderedJson::array();
  const StepModel step = step_of(subject, o);
  for (const double gigabits : o.bandwidths) {
    OrderedJson points = OrderedJson::array();
    const Interconnect interconnect = interconnect_of(gigabits, o);
    for (int ranks = 1; ranks <= kMostRanks; ranks *= 2) {
      points.push_back({{"ranks", ranks},
                        {"efficiency", efficiency(subject.layers, ranks, step, interconnect)},
                        {"exposed_seconds", exposed_seconds(subject.layers, ranks, step, interconnect)}});
    }
    curves.push_back({{"gigabits", gigabits}, {"points", points}});
  }
  return curves;
}

std::vector<std::string> assumptions_of(const std::vector<Subject>& subjects, const ScalingOptions& o) {
  std::vector<std::string> list;
  for (const Subject& s : subjects) {
    const std::string source =
        s.published ? fmt::format(", from {} images/s of one P100 with batches of {} (TensorFlow's benchmarks, 2017)",
                                  s.published->images_per_second, kPublishedBatch)
                    : "";
    list.push_back(fmt::format("{}: a step of one rank takes {:.1f} ms{}; its gradients have {:.1f} MB.", s.title,
                               1e3 * s.seconds, source, sum_of_bytes(s.layers) / 1e6));
  }
  list.push_back(fmt::format(
      "The backward pass is {:.0f} % of a step and runs from the last layer to the first; a layer's share of it is its "
      "share of the multiplications.",
      100 * o.backward_share));
  list.push_back(
      fmt::format("Gradients travel in buckets of {} MiB in fp32 unless --bytes says less, one bucket after the other, "
                  "each as soon "
                  "as it is ready, without slowing the backward pass down.",
                  o.bucket_mib));
  list.push_back(
      fmt::format("A bucket is summed by {}, at the whole bandwidth and {} us a message; the {} ranks of a host share "
                  "its link, and "
                  "have {} Gbit/s among themselves.",
                  o.rings ? "a ring" : "a ring or a tree, whichever is faster, as NCCL does since 2.4", o.latency_us,
                  o.ranks_per_host, o.local_bandwidth));
  list.push_back(
      o.deviation_percent > 0
          ? fmt::format("Ranks' step times are normal with a deviation of {} %, and all wait for the slowest.",
                        o.deviation_percent)
          : "All ranks are equally fast and images never late; --deviation takes a measured spread of step "
            "times.");
  return list;
}

std::vector<std::string> differences(const std::vector<Subject>& subjects) {
  if (!subjects.front().published) return {};
  return {
      "The published 90 % beside ResNet-50 was measured with ResNet-101, which has 1.7 times its gradients and 1.9 "
      "times its multiplications.",
      "In the published runs gradients were summed by rings (NCCL 2 had no trees), and what was ready when the line "
      "was "
      "free travelled together, 64 MiB at the most (Horovod's tensor fusion); the last column is this model of that.",
      "Nothing here is fitted to the published points, and the model is optimistic: it knows no line that reaches less "
      "than its nominal rate, no other traffic on switches, no slower ranks, no time to agree on what is ready, and no "
      "memory bandwidth that sums take from the backward pass. Give it measured numbers of your machines instead."};
}

OrderedJson reckon(const ScalingOptions& o) {
  const std::vector<Subject> subjects = subjects_of(o);
  OrderedJson networks = OrderedJson::array();
  for (const Subject& subject : subjects) {
    OrderedJson network{{"network", subject.title},
                        {"step_seconds", subject.seconds},
                        {"bytes", sum_of_bytes(subject.layers)},
                        {"curves", curves_of(subject, o)}};
    if (subject.published) network["published"] = published_point(subject, o);
    networks.push_back(network);
  }
  return {{"networks", networks}, {"assumptions", assumptions_of(subjects, o)}, {"differences", differences(subjects)}};
}

std::string percent(const OrderedJson& share) {
  return fmt::format("{:.1f}", 100 * share.get<double>());
}

void say_row(const OrderedJson& network, const OrderedJson& curve) {
  fmt::print("{:<14}{:>5} Gbit/s", network.at("network").get<std::string>(), curve.at("gigabits").get<double>());
  for (const OrderedJson& point : curve.at("points")) fmt::print("{:>7}", percent(point.at("efficiency")));
  if (network.contains("published") && curve.at("gigabits") == network.at("published").at("gigabits")) {
    const OrderedJson& published = network.at("published");
    fmt::print("{:>11}{:>10}", percent(published.at("efficiency")), percent(published.at("model")));
  }
  fmt::print("\n");
}

void say(const OrderedJson& result) {
  const OrderedJson& networks = result.at("networks");
  const bool published = networks.front().contains("published");
  fmt::print("{:<26}", "efficiency in %, ranks");
  for (int ranks = 1; ranks <= kMostRanks; ranks *= 2) fmt::print("{:>7}", ranks);
  fmt::print("{}\n", published ? "  published  modelled" : "");
  for (const OrderedJson& network : networks) {
    for (const OrderedJson& curve : network.at("curves")) say_row(network, curve);
  }
  fmt::print("\n");
  for (const char* part : {"assumptions", "differences"}) {
    for (const OrderedJson& sentence : result.at(part)) fmt::print("* {}\n", sentence.get<std::string>());
  }
}

void add_number(CLI::App* command, const std::string& name, double& value, double low, double high, const char* unit,
                const std::string& help) {
  command->add_option(name, value, help)->check(quiet(CLI::Range(low, high)))->type_name(unit);
}

void add_options(CLI::App* command, ScalingOptions& o) {
  command
      ->add_option("--network", o.network,
                   "vgg16 or a network of the zoo [ResNet-50, Inception v3 and VGG-16 on the GPUs of Horovod's paper]")
      ->type_name("NAME");
  add_number(command, "--step-time", o.step_ms, 1e-3, 1e7, "MS", "A step of one rank alone, as measured");
  add_number(command, "--bytes", o.bytes, 1, 1e12, "N", "Gradients of a step [4 for each parameter of the network]");
  command->add_option("--bandwidth", o.bandwidths, "Between hosts, as measured [25,100]")
      ->delimiter(',')
      ->check(quiet(CLI::Range(1e-3, 1e5)))
      ->type_name("GBIT/S");
  add_number(command, "--local-bandwidth", o.local_bandwidth, 1e-3, 1e5, "GBIT/S", "Between ranks of a host [100]");
  add_number(command, "--latency", o.latency_us, 0, 1e6, "US", "Of a message [10]");
  add_number(command, "--bucket", o.bucket_mib, 1e-3, 1e5, "MIB", "Gradients that travel together [4, as in training]");
  command->add_option("--ranks-per-host", o.ranks_per_host, "Ranks that share a host's link [4]")
      ->check(quiet(CLI::Range(1, 1024)))
      ->type_name("N");
  add_number(command, "--backward", o.backward_share, 0.01, 1, "SHARE", "The backward pass's share of a step [2/3]");
  add_number(command, "--deviation", o.deviation_percent, 0, 100, "PERCENT", "Of ranks' step times, as measured [0]");
  command->add_flag("--rings", o.rings, "Sum by rings only, as Gloo does on processors");
  command->add_flag("--json", o.json, "Print the result as JSON");
}

}  // namespace

void add_scaling(CLI::App& bench) {
  auto options = std::make_shared<ScalingOptions>();
  CLI::App* command = bench.add_subcommand("scaling", "Reckon how training scales to 512 ranks, beside published runs");
  add_options(command, *options);
  command->callback([options] {
    const OrderedJson result = reckon(*options);
    if (options->json) {
      std::cout << result.dump() << '\n';
    } else {
      say(result);
    }
  });
  command->footer(
      "Example:\n  graft bench scaling --network resnet50 --step-time 180 --bandwidth 22 --latency 15 --deviation 2");
}

}  // namespace graft
