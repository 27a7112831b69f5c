// Python's pickle, as far as checkpoints need it, without its power to run code.
//
// A pickle is a program for a stack machine that may name any Python function and call it. This reader knows the
// opcodes that build plain values and a short list of names; each name stands for a value built here, never for a
// function of the file's choice. Any other opcode or name is refused.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "graph/weights.h"

namespace graft::pickle {

struct Value;

struct None {};
struct List {
  std::vector<Value*> items;
};
struct Tuple {
  std::vector<Value*> items;
};
// In the order of the file; a key may come twice, the later one counts.
struct Dict {
  std::vector<std::pair<Value*, Value*>> items;
};
// A name that a file may mention: "torch.FloatStorage".
struct Global {
  std::string name;
};
// Bytes that lie elsewhere, under `key`: `size` elements.
struct Storage {
  DType type;
  std::string key;
  std::int64_t size;
};
// A tensor: elements of a storage, `strides` elements apart. Nothing about it is checked against the storage.
struct View {
  Storage storage;
  std::int64_t offset;
  Shape shape, strides;
};
// An instance of a TorchScript class: a bag of attributes, `state` (a Dict, or nullptr).
struct Object {
  std::string type;
  Value* state;
};

struct Value {
  std::variant<None, bool, std::int64_t, double, std::string, List, Tuple, Dict, Global, Storage, View, Object> data;

  template <typename Type>
  const Type* as() const {
    return std::get_if<Type>(&data);
  }
};

// Values refer to each other by pointer, in circles too if the file says so: whoever walks them bounds the walk.
struct Document {
  std::deque<Value> values;  // never copied or erased from, so pointers stay good
  const Value* root = nullptr;
};

// `source` names the file in errors.
Document parse(ByteView bytes, std::string_view source);

}  // namespace graft::pickle
