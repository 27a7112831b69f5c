#include "learn/train_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "bundle/head.h"
#include "graph/surgery.h"
#include "learn/candidate.h"
#include "learn/comparison.h"
#include "learn/precision_search.h"
#include "zoo/architecture.h"
#include "zoo/import.h"

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSeeds = 3;  // of what is random, when two ways are compared
// Few small images are learned from scratch no better at a larger size, only slower.
constexpr int kScratchSize = 128;
constexpr const char* kDefaultArchitecture = "mobilenetv2_100";

Clock::time_point deadline_of(const TrainOptions& options) {
  if (options.time_limit <= 0) return Clock::time_point::max();
  return Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(options.time_limit * 1000));
}

// An equal share of what is left until `deadline`, of `parts`.
Clock::time_point share_of(Clock::time_point deadline, int parts) {
  if (deadline == Clock::time_point::max()) return deadline;
  return Clock::now() + (deadline - Clock::now()) / parts;
}

void check(const TrainOptions& options) {
  require(options.resume || !is_bundle(options.out), options.out.string(),
          " holds a bundle already: remove it, or choose another --out");
  require_available(options.precision);
  check_writable(options.out);
}

Bundle load_parent(const TrainOptions& options) {
  Bundle parent =
      is_bundle(options.from) ? read_bundle(options.from) : import_model(options.from, {options.architecture});
  require(options.architecture.empty() || options.architecture == parent.graph.architecture, options.from.string(),
          " is a ", parent.graph.architecture, ", not the ", options.architecture, " that --arch names");
  if (options.size > 0) {
    parent.graph = with_input_size(parent.graph, options.size, options.size);
    parent.preprocess.width = parent.preprocess.height = options.size;
    infer_shapes(parent.graph);
  }
  return parent;
}

struct Untrained {
  Graph graph;
  Preprocess preprocess;
};

// The network of a run from scratch: the one --arch names, or the parent's, with its own size.
Untrained untrained(const TrainOptions& options, const Bundle* parent, int labels) {
  const std::string name = !options.architecture.empty() ? options.architecture
                           : parent                      ? parent->graph.architecture
                                                         : kDefaultArchitecture;
  Preprocess preprocess = parent ? parent->preprocess : published_preprocess(name);
  int size = options.size ? options.size : preprocess.width;
  if (parent) size = std::min(size, kScratchSize);
  preprocess.width = preprocess.height = size;
  return {build(name, labels, size), preprocess};
}

class Job {
 public:
  // `anew`: an earlier run's checkpoints are not gone on from; false once they are away.
  Job(const TrainOptions& options, Group& group, Clock::time_point deadline, bool& anew)
      : options_(options), group_(group), deadline_(deadline), anew_(anew) {}

  OrderedJson run() {
    const auto start = Clock::now();
    data_ = load_data(options_, group_);
    check_alike();
    timed("reading and scanning", start);
    forget_earlier_run();
    std::vector<Way> ways;
    std::optional<Bundle> parent;
    if (options_.mode != Mode::scratch) {
      parent = load_parent(options_);
      ways.push_back(transfer(*parent));
    }
    if (options_.mode == Mode::scratch || options_.compare) ways.push_back(scratch(parent ? &*parent : nullptr));
    return group_.leads() ? write(ways, start) : OrderedJson();
  }

 private:
  // Ranks that do not agree would wait for one another for ever.
  void check_alike() {
    if (group_.outside()) return;
    const std::string own = text("graft " GRAFT_VERSION, is_available(Precision::bf16) ? ", bf16" : "",
                                 is_available(Precision::int8) ? ", int8" : "", ", images ", data_.data_digest.dump());
    const std::vector<std::string> all = group_.gather(own);
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      require(all[rank] == all.front(), "rank ", rank, " on ", group_.roster().peers[rank].host, " has ", all[rank],
              ", and rank 0 ", all.front(), ": give all the same program, processor and images");
    }
  }

  void forget_earlier_run() {
    for (const std::filesystem::path& runs : {options_.out / "run", options_.checkpoints}) {
      if (!anew_ || !group_.leads() || !std::filesystem::exists(runs)) continue;
      for (const auto& run : std::filesystem::directory_iterator(runs)) {
        std::filesystem::remove_all(run.path() / "checkpoints");
      }
    }
    anew_ = false;
  }

  int seeds() const { return options_.compare ? kSeeds : 1; }

  TrainingContext context(const std::string& name, int number, int of) const {
    return {.options = options_,
            .data = data_,
            .folder = options_.out / "run" / (of > 1 ? fmt::format("{}-{}", name, number + 1) : name),
            .seed = options_.seed + static_cast<std::uint64_t>(number),
            .deadline = share_of(deadline_, of - number),
            .group = &group_};
  }

  Way transfer(const Bundle& parent) {
    const auto start = Clock::now();
    const bool head_only_mode = options_.mode == Mode::head;
    // A linear head's fit draws nothing at random unless it sees augmented views.
    const bool random = !head_only_mode || options_.hidden > 0 || options_.views > 0;
    const int count = random ? seeds() : 1;
    Way way{.name = "transfer", .candidates = {}};
    for (int i = 0; i < count; ++i) {
      const TrainingContext each = context("transfer", i, count);
      way.candidates.push_back(head_only_mode ? train_head(parent, each) : train_finetune(parent, each));
    }
    timed("transfer", start);
    return way;
  }

  Way scratch(const Bundle* parent) {
    const auto start = Clock::now();
    const auto labels = static_cast<int>(data_.train.dataset->labels().size());
    const Untrained network = untrained(options_, parent, labels);
    TrainOptions options = options_;
    if (options_.compare) drop_transfer_settings(options);
    Way way{.name = "from scratch", .candidates = {}};
    for (int i = 0; i < seeds(); ++i) {
      const TrainingContext shared = context("scratch", i, seeds());
      const TrainingContext each{options, data_, shared.folder, shared.seed, shared.deadline, &group_};
      way.candidates.push_back(train_scratch(network.graph, network.preprocess, each));
    }
    timed("from scratch", start);
    return way;
  }

  // In a comparison the run from scratch has its own good settings; what was said of the transfer is not meant for it.
  static void drop_transfer_settings(TrainOptions& options) {
    options.epochs = options.batch = options.patience = std::nullopt;
    options.learning_rate = options.label_smoothing = options.mixup = options.average_decay = options.warm_up_epochs =
        std::nullopt;
    options.optimizer = std::nullopt;
    options.schedule = std::nullopt;
    options.augmentation = std::nullopt;
    // It is not kept, so no precision is searched for it: it is measured in the one that is best for it.
    options.precision = Precision::fp32;
  }

  void timed(std::string phase, Clock::time_point start) {
    time_.push_back({std::move(phase), std::chrono::duration<double>(Clock::now() - start).count()});
  }

  OrderedJson write(const std::vector<Way>& ways, Clock::time_point start) {
    Bundle bundle = ways.front().best().bundle;
    const Report report = make_report(ways, data_, time_);
    bundle.metrics = {{report.reported_split,
                       {{"accuracy", report.runs.front().accuracy.value},
                        {"interval", {report.runs.front().accuracy.low, report.runs.front().accuracy.high}},
                        {"images", report.splits.at(report.reported_split)}}}};
    bundle.provenance = {{"program", "graft " GRAFT_VERSION},
                         {"created", report.created},
                         {"from", options_.from.filename().string()},
                         {"seed", options_.seed},
                         {"data", data_.data_digest},
                         {"settings", ways.front().best().settings}};
    Report complete = report;
    complete.provenance = bundle.provenance;
    write_file(options_.out / "report.json", to_json(complete).dump(2) + "\n");
    write_html(options_.out / "report.html", complete);
    write_head_alone(bundle);
    write_bundle(options_.out, bundle);
    return summary(complete, std::chrono::duration<double>(Clock::now() - start).count());
  }

  // Only where the backbone is one that other heads share.
  void write_head_alone(const Bundle& bundle) const {
    const std::filesystem::path file = options_.out / kHeadFile;
    if (options_.mode == Mode::head) return write_head(file, head_of(bundle));
    std::filesystem::remove(file);
  }

  OrderedJson summary(const Report& report, double seconds) const {
    const RunSummary& kept = report.runs.front();
    OrderedJson out = {{"bundle", options_.out.string()},
                       {"report", (options_.out / "report.html").string()},
                       {"split", report.reported_split},
                       {"accuracy", kept.accuracy.value},
                       {"interval", {kept.accuracy.low, kept.accuracy.high}},
                       {"seconds", seconds},
                       {"precision", name_of(report.precision)},
                       {"precision_checks", to_json(report.precision_checks)},
                       {"verdict", report.verdict}};
    for (const RunSummary& run : report.runs) {
      out["runs"].push_back({{"name", run.name},
                             {"accuracy", run.accuracy.value},
                             {"interval", {run.accuracy.low, run.accuracy.high}},
                             {"accuracies", run.accuracies},
                             {"seconds", run.seconds}});
    }
    return out;
  }

  const TrainOptions& options_;
  Group& group_;
  Clock::time_point deadline_;
  bool& anew_;
  SplitData data_;
  std::vector<TimeSpent> time_;
};

void regroup_at_beginning(Group& group) {
  for (;;) {
    try {
      group.regroup("beginning");
      return;
    } catch (const MemberLost& lost) {
      spdlog::warn("{}", lost.what());
    }
  }
}

}  // namespace

OrderedJson run_train(TrainOptions options, Group& group) {
  if (options.resume && is_bundle(options.out)) {
    spdlog::info("{} is finished: there is nothing to resume", options.out.string());
    return {{"bundle", options.out.string()}, {"finished", true}};
  }
  check(options);
  const Clock::time_point deadline = deadline_of(options);
  for (bool anew = !options.resume;; options.resume = !anew) {
    try {
      return Job(options, group, deadline, anew).run();
    } catch (const MemberLost& lost) {
      if (!is_elastic(options)) throw;
      spdlog::warn("{}; beginning anew with those that are left", lost.what());
      regroup_at_beginning(group);
    } catch (const NotAtOnePoint&) {
      // Others of the group are at the beginning.
    }
  }
}

}  // namespace graft
