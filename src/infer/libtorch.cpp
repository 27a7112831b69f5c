// Eager forms compute the graph with libtorch's operations. A frozen form is what
// torch.jit.freeze(torch.jit.trace(...)) makes of that: the trace records the operations with the weights as constants,
// freezing folds batch norm and casts of weights into them. bf16 is traced under autocast, whose casts become part of
// the trace.
//
// CUDA's headers are read only where the build says that libtorch was made with CUDA (GRAFT_CUDA): a libtorch without
// it may come with headers that need more than there is.
#include "infer/libtorch.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/cuda.h>
#include <torch/types.h>

#if defined(GRAFT_CUDA) && __has_include(<ATen/cuda/CUDAGraph.h>)
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#define GRAFT_CUDA_GRAPHS
#endif

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"

namespace graft {
namespace {

std::vector<int64_t> sizes(Pair pair) {
  return {pair.height, pair.width};
}

std::vector<int64_t> symmetric(const Padding& p) {
  return {std::min(p.top, p.bottom), std::min(p.left, p.right)};
}

// libtorch pads symmetrically only; what one side has more is added first.
torch::Tensor pad_excess(const torch::Tensor& x, const Padding& p, double value) {
  if (p.top == p.bottom && p.left == p.right) return x;
  const auto both = symmetric(p);
  return torch::constant_pad_nd(x, {p.left - both[1], p.right - both[1], p.top - both[0], p.bottom - both[0]}, value);
}

// Whether nobody else can see it.
bool is_free(const torch::Tensor& x) {
  return x.use_count() == 1 && x.storage().use_count() == 1;
}

using Tensors = std::map<std::string, torch::Tensor>;

// Computes one node's output from its inputs.
struct Compute {
  const Tensors& weights;
  const std::string& name;
  std::vector<torch::Tensor>& in;
  bool in_place;  // activations and sums overwrite what nobody else reads, as in the usual definitions of networks

  torch::Tensor weight(const char* suffix) const { return weights.at(name + suffix); }
  torch::Tensor bias(bool present) const { return present ? weight(".bias") : torch::Tensor(); }

  torch::Tensor operator()(const Input&) const { return in[0]; }
  torch::Tensor operator()(const Conv2d& x) const {
    return torch::conv2d(pad_excess(in[0], x.padding, 0), weight(".weight"), bias(x.bias), sizes(x.stride),
                         symmetric(x.padding), sizes(x.dilation), x.groups);
  }
  torch::Tensor operator()(const BatchNorm& x) const {
    return torch::batch_norm(in[0], weight(".weight"), weight(".bias"), weight(".running_mean"), weight(".running_var"),
                             false, x.momentum, x.epsilon, false);
  }
  torch::Tensor operator()(const Activation& x) const {
    const bool overwrite = in_place && is_free(in[0]);
    switch (x.function) {
      case Activation::Function::relu6:
        return overwrite ? torch::hardtanh_(in[0], 0, 6) : torch::hardtanh(in[0], 0, 6);
      case Activation::Function::sqrt:
        return torch::sqrt(torch::relu(in[0]));
      default:
        return overwrite ? torch::relu_(in[0]) : torch::relu(in[0]);
    }
  }
  torch::Tensor operator()(const Add&) const { return in_place && is_free(in[0]) ? in[0].add_(in[1]) : in[0] + in[1]; }
  torch::Tensor operator()(const Concat&) const { return torch::cat(in, 1); }
  torch::Tensor operator()(const MaxPool& x) const {
    const torch::Tensor padded = pad_excess(in[0], x.padding, -std::numeric_limits<double>::infinity());
    return torch::max_pool2d(padded, sizes(x.kernel), sizes(x.stride), symmetric(x.padding), {1, 1}, x.ceil_mode);
  }
  torch::Tensor operator()(const AveragePool& x) const {
    require(x.padding.top == x.padding.bottom && x.padding.left == x.padding.right, name,
            ": libtorch's average pooling needs equal padding on opposite sides");
    return torch::avg_pool2d(in[0], sizes(x.kernel), sizes(x.stride), symmetric(x.padding), false, x.count_padding);
  }
  torch::Tensor operator()(const GlobalAveragePool&) const { return torch::adaptive_avg_pool2d(in[0], {1, 1}); }
  torch::Tensor operator()(const Flatten&) const { return torch::flatten(in[0], 1); }
  torch::Tensor operator()(const Linear& x) const { return torch::linear(in[0], weight(".weight"), bias(x.bias)); }
  torch::Tensor operator()(const Dropout&) const { return in[0]; }
};

// How often each node is read on the way to the output; 0 where it does not lead there.
std::vector<int> count_uses(const Graph& graph) {
  std::vector<int> uses(graph.nodes.size(), 0);
  uses[static_cast<std::size_t>(graph.output)] = 1;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    if (uses[i] == 0) continue;
    for (const NodeId input : graph.nodes[i].inputs) ++uses[static_cast<std::size_t>(input)];
  }
  return uses;
}

torch::Tensor compute(const Graph& graph, const Tensors& weights, const torch::Tensor& input, bool in_place) {
  std::vector<int> left = count_uses(graph);
  std::vector<torch::Tensor> outputs(graph.nodes.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (left[i] == 0) continue;
    std::vector<torch::Tensor> in;
    if (i == 0) in.push_back(input);
    for (const NodeId id : graph.nodes[i].inputs) {
      const auto index = static_cast<std::size_t>(id);
      in.push_back(outputs[index]);
      if (--left[index] == 0) outputs[index].reset();
    }
    outputs[i] = std::visit(Compute{weights, graph.nodes[i].name, in, in_place}, graph.nodes[i].operation);
  }
  return outputs[static_cast<std::size_t>(graph.output)];
}

// Operations on the CPU compute in bf16 where autocast says so, until destruction.
class Autocast {
 public:
  Autocast() : was_enabled_(at::autocast::is_cpu_enabled()), was_cached_(at::autocast::is_autocast_cache_enabled()) {
    at::autocast::set_cpu_enabled(true);
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
    at::autocast::set_autocast_cache_enabled(false);
  }
  ~Autocast() {
    at::autocast::set_cpu_enabled(was_enabled_);
    at::autocast::set_autocast_cache_enabled(was_cached_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool was_enabled_, was_cached_;
};

torch::Tensor to_torch(const Tensor& tensor, torch::MemoryFormat format, const torch::TensorOptions& options) {
  const std::vector<float> values = to_floats(tensor);
  const torch::Tensor copy = torch::from_blob(const_cast<float*>(values.data()), tensor.shape).clone().to(options);
  return copy.dim() == 4 ? copy.contiguous(format) : copy;
}

using Run = std::function<torch::Tensor(const torch::Tensor&)>;

#ifdef GRAFT_CUDA_GRAPHS

struct Recording {
  torch::Tensor input, output;
  at::cuda::CUDAGraph graph{};
};

// `run` on inputs like `example`: its kernels are recorded once, and started by one call from then on.
Run record(const Run& run, const torch::Tensor& example) {
  const auto recording = std::make_shared<Recording>(Recording{example.clone(), {}});
  const auto stream = c10::cuda::getStreamFromPool();
  torch::cuda::synchronize();
  {
    const c10::cuda::CUDAStreamGuard guard(stream);
    // Kernels are chosen and compiled by runs, and that cannot be recorded.
    for (int i = 0; i < 3; ++i) run(recording->input);
    stream.synchronize();
    recording->graph.capture_begin();
    recording->output = run(recording->input);
    recording->graph.capture_end();
  }
  return [recording](const torch::Tensor& input) {
    recording->input.copy_(input);
    recording->graph.replay();
    return recording->output;
  };
}

#else

Run record(const Run& run, const torch::Tensor&) {
  return run;
}

#endif

// Calls `work`. That memory is short libtorch says in several ways, over many lines.
template <typename Work>
auto within_memory(const Graph& graph, std::int64_t batch, Work work) {
  try {
    return work();
  } catch (const std::exception& error) {
    const std::string_view said = error.what();
    const auto says = [said](const char* words) { return said.find(words) != std::string_view::npos; };
    if (!says("allocate memory") && !says("out of memory") && !says("bad_alloc")) throw;
    fail(Kind::unavailable, graph.architecture, ": libtorch needs more memory for a batch of ", batch,
         " than there is; take a smaller batch");
  }
}

}  // namespace

struct LibtorchPlan::State {
  Graph graph;
  LibtorchOptions options;
  int threads = 1;
  torch::MemoryFormat format = torch::MemoryFormat::Contiguous;
  torch::TensorOptions stored;        // inputs, and the weights of convolutions and linear layers
  Tensors weights;                    // of the eager form
  mutable torch::jit::Module module;  // of the frozen form
  std::int64_t recorded_batch = 0;
  Run recorded{};

  torch::Tensor eager(const torch::Tensor& input) const {
    // TorchScript fuses more where nothing is overwritten.
    const bool in_place = options.form == LibtorchOptions::Form::eager;
    const bool cast = options.precision == Precision::bf16 && options.device == LibtorchOptions::Device::cpu;
    if (!cast) return compute(graph, weights, input, in_place);
    const Autocast autocast;
    return compute(graph, weights, input, in_place);
  }

  torch::Tensor run(const torch::Tensor& input) const {
    const torch::Tensor ordered = input.to(stored).contiguous(format);
    if (ordered.size(0) == recorded_batch) return recorded(ordered);
    return run_form(ordered);
  }

  torch::Tensor run_form(const torch::Tensor& ordered) const {
    return options.form == LibtorchOptions::Form::eager ? eager(ordered) : module.forward({ordered}).toTensor();
  }

  void load(const Weights& given) {
    const bool plain = options.precision == Precision::fp32, cuda = options.device == LibtorchOptions::Device::cuda;
    const torch::Device device(cuda ? torch::kCUDA : torch::kCPU);
    if (!plain || cuda) format = torch::MemoryFormat::ChannelsLast;
    stored = torch::TensorOptions(device).dtype(cuda && !plain ? torch::kBFloat16 : torch::kFloat32);
    for (const WeightSpec& spec : weight_specs(graph)) {
      const Operation& operation = graph.nodes[static_cast<std::size_t>(spec.node)].operation;
      const bool norm = std::holds_alternative<BatchNorm>(operation);
      weights[spec.name] = to_torch(given.at(spec.name), format, norm ? stored.dtype(torch::kFloat32) : stored);
    }
  }

  // Compiles for `batch` images.
  void prepare(std::int64_t batch) {
    const bool frozen = options.form == LibtorchOptions::Form::frozen;
    const bool cuda = options.device == LibtorchOptions::Device::cuda;
    if (!frozen && !cuda) return;
    const auto& input = std::get<Input>(graph.nodes[0].operation);
    const torch::Tensor example =
        torch::zeros({batch, input.channels, input.height, input.width}, stored).contiguous(format);
    if (frozen) freeze(example);
    if (!cuda) return;
    recorded = record([this](const torch::Tensor& x) { return run_form(x); }, example);
    recorded_batch = batch;
  }

  void freeze(const torch::Tensor& example) {
    const auto traced = torch::jit::tracer::trace(
        {example}, [this](torch::jit::Stack inputs) { return torch::jit::Stack{eager(inputs.at(0).toTensor())}; },
        [](const torch::Tensor&) { return std::string(); });
    const std::shared_ptr<torch::jit::Graph> operations = traced.first->graph;
    torch::jit::Module whole("network");
    operations->insertInput(0, "self")->setType(whole.type());
    whole.type()->addMethod(whole._ivalue()->compilation_unit()->create_function(
        c10::QualifiedName(*whole.type()->name(), "forward"), operations));
    module = torch::jit::freeze(whole);
    weights.clear();
    // The first run observes shapes, the second compiles for them.
    for (int i = 0; i < 2; ++i) run(example);
  }
};

bool has_cuda() {
  return torch::cuda::is_available();
}

LibtorchPlan::LibtorchPlan(const Graph& graph, const Weights& weights, std::int64_t batch,
                           const LibtorchOptions& options)
    : state_(std::make_unique<State>()) {
  require(options.precision != Precision::int8, "libtorch: networks run in fp32 or bf16, not in int8");
  check_weights(graph, weights, graph.architecture);
  if (options.device == LibtorchOptions::Device::cuda && !has_cuda()) {
    fail(Kind::unavailable, "libtorch finds no CUDA device here; compute on the CPU");
  }
  state_->graph = graph;
  state_->options = options;
  state_->threads = options.threads > 0 ? options.threads : static_cast<int>(available_cores());
  const torch::NoGradGuard no_grad;
  within_memory(graph, batch, [&] {
    state_->load(weights);
    state_->prepare(batch);
  });
}

LibtorchPlan::~LibtorchPlan() = default;
LibtorchPlan::LibtorchPlan(LibtorchPlan&&) noexcept = default;
LibtorchPlan& LibtorchPlan::operator=(LibtorchPlan&&) noexcept = default;

void LibtorchPlan::run(std::span<const float> input, std::int64_t batch, std::span<float> output) const {
  const auto& size = std::get<Input>(state_->graph.nodes[0].operation);
  const std::vector<int64_t> shape{batch, size.channels, size.height, size.width};
  require(batch > 0 && static_cast<std::int64_t>(input.size()) == count(shape), "libtorch: ", input.size(),
          " numbers are not ", join(shape, " x "));
  const torch::NoGradGuard no_grad;
  if (at::get_num_threads() != state_->threads) at::set_num_threads(state_->threads);
  const torch::Tensor result = within_memory(state_->graph, batch, [&] {
    const torch::Tensor out = state_->run(torch::from_blob(const_cast<float*>(input.data()), shape));
    return out.to(torch::TensorOptions(torch::kCPU).dtype(torch::kFloat32)).contiguous();
  });
  require(static_cast<std::int64_t>(output.size()) == result.numel(), "libtorch: ", output.size(),
          " numbers do not hold an output of ", result.numel());
  std::copy_n(result.data_ptr<float>(), result.numel(), output.data());
}

}  // namespace graft
