#include "infer/ceiling.h"

#include <algorithm>
#include <chrono>
#include <dnnl.hpp>

#include "base/error.h"
#include "infer/plan.h"
#include "infer/thread_limit.h"

namespace graft {
namespace {

using dnnl::memory;

constexpr std::int64_t kSide = 2048;
constexpr int kProducts = 3;

struct Types {
  memory::data_type source, weights, destination;
};

Types types(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return {memory::data_type::f32, memory::data_type::f32, memory::data_type::f32};
    case Precision::bf16:
      return {memory::data_type::bf16, memory::data_type::bf16, memory::data_type::bf16};
    default:
      return {memory::data_type::u8, memory::data_type::s8, memory::data_type::u8};
  }
}

memory::desc square(memory::data_type type, memory::format_tag order) {
  return {{kSide, kSide}, type, order};
}

#if DNNL_VERSION_MAJOR >= 3

dnnl::matmul::primitive_desc make_product(const dnnl::engine& engine, const memory::desc& source,
                                          const memory::desc& weights, const memory::desc& destination) {
  return {engine, source, weights, destination};
}

#else

dnnl::matmul::primitive_desc make_product(const dnnl::engine& engine, const memory::desc& source,
                                          const memory::desc& weights, const memory::desc& destination) {
  return {{source, weights, destination}, engine};
}

#endif

memory zeros(const memory::desc& desc, const dnnl::engine& engine) {
  memory buffer(desc, engine);
  std::fill_n(static_cast<std::byte*>(buffer.get_data_handle()), desc.get_size(), std::byte{0});
  return buffer;
}

}  // namespace

double arithmetic_ceiling(Precision precision, int threads) {
  require_available(precision);
  const ThreadLimit limit(threads);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const auto [source, weights, destination] = types(precision);
  // oneDNN chooses the layout of the weights, as it does for those of a plan.
  const auto product =
      make_product(engine, square(source, memory::format_tag::ab), square(weights, memory::format_tag::any),
                   square(destination, memory::format_tag::ab));
  const std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, zeros(product.src_desc(), engine)},
                                                  {DNNL_ARG_WEIGHTS, zeros(product.weights_desc(), engine)},
                                                  {DNNL_ARG_DST, zeros(product.dst_desc(), engine)}};
  const dnnl::matmul primitive(product);
  double best = 0;
  for (int i = 0; i < kProducts; ++i) {
    const auto start = std::chrono::steady_clock::now();
    primitive.execute(stream, arguments);
    stream.wait();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, 2.0 * kSide * kSide * kSide / seconds.count());
  }
  return best;
}

}  // namespace graft
