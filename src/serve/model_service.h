// What `graft serve` answers: SageMaker's container contract, metrics, and a page for people. docs/serving.md lists the
// routes.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "http/server.h"
#include "serve/invocations.h"
#include "serve/models.h"

namespace graft {

struct ModelServiceOptions {
  ModelsOptions models{};
  InvocationOptions invocations{};
  // One of: a bundle; a backbone and a folder of heads; neither, and clients load models.
  std::optional<std::filesystem::path> bundle{}, backbone{}, heads{};
};

// Thread-safe.
class ModelService {
 public:
  explicit ModelService(ModelServiceOptions options);
  // Waits until what was begun is answered.
  ~ModelService();
  ModelService(const ModelService&) = delete;
  ModelService& operator=(const ModelService&) = delete;

  // Loads what it was made for; until it returns /ping answers 503. Throws what is wrong with it.
  void load();

  void handle(Request request, Reply reply);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
