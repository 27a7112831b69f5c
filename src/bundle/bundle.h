// A saved model: a folder with graph.json, model.safetensors and graft.json. The format is docs/bundle_format.md.
//
// A bundle is all that is needed to answer: it names no other file and no machine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "bundle/precision.h"
#include "graph/graph.h"
#include "graph/weights.h"
#include "image/preprocess.h"

namespace graft {

struct Bundle {
  Graph graph;
  Weights weights;                  // every weight of the graph, f32 unless said otherwise
  std::vector<std::string> labels;  // in the order of the logits; empty for a backbone
  Preprocess preprocess;
  double temperature = 1;  // probabilities are softmax(logits / temperature)
  // What to run it in where the processor can: the fastest that its checks allow, and fp32 as long as there are none.
  Precision precision = Precision::fp32;
  std::vector<PrecisionCheck> precision_checks;
  ActivationRanges activation_ranges;  // what int8 needs; empty where it was not calibrated
  OrderedJson metrics;                 // what was measured when it was made; free form, for people and reports
  OrderedJson provenance;              // where it came from: program, command, data digest, seed, parent; free form
};

// Throws naming the file and what is wrong in it.
Bundle read_bundle(const std::filesystem::path& folder);

// Makes the folder; graft.json is written last, so a folder with it is a whole bundle.
void write_bundle(const std::filesystem::path& folder, const Bundle& bundle);

// Whether the folder has a graft.json.
bool is_bundle(const std::filesystem::path& folder);

}  // namespace graft
