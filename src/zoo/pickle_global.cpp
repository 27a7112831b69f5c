#include "zoo/pickle_global.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"

namespace graft::pickle {
namespace {

constexpr std::size_t kMaxDimensions = 32;
constexpr std::size_t kMaxKey = 64;
constexpr char kScriptPrefix[] = "__torch__.";

struct StorageType {
  std::string_view name;
  DType type;
};
constexpr StorageType kStorages[] = {{"torch.DoubleStorage", DType::f64}, {"torch.FloatStorage", DType::f32},
                                     {"torch.HalfStorage", DType::f16},   {"torch.BFloat16Storage", DType::bf16},
                                     {"torch.LongStorage", DType::i64},   {"torch.IntStorage", DType::i32},
                                     {"torch.ShortStorage", DType::i16},  {"torch.CharStorage", DType::i8},
                                     {"torch.ByteStorage", DType::u8},    {"torch.BoolStorage", DType::boolean}};

const StorageType* find_storage(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kStorages), std::end(kStorages), [&](const auto& type) { return type.name == name; });
  return found == std::end(kStorages) ? nullptr : found;
}

template <typename Type>
const Type& argument(const Tuple& arguments, std::size_t index, std::string_view what, std::string_view source) {
  const Type* value = index < arguments.items.size() ? arguments.items[index]->as<Type>() : nullptr;
  require(value != nullptr, source, ": the pickle calls ", what, " with other arguments than PyTorch does");
  return *value;
}

Shape numbers(const Tuple& tuple, std::string_view source) {
  require(tuple.items.size() <= kMaxDimensions, source, ": a tensor has more than ", kMaxDimensions, " dimensions");
  Shape sizes;
  for (const Value* item : tuple.items) {
    const auto* size = item->as<std::int64_t>();
    require(size != nullptr && *size >= 0, source, ": a tensor's size or stride is not a number of elements");
    sizes.push_back(*size);
  }
  return sizes;
}

Result ordered_dict(const Tuple& arguments, std::string_view source) {
  require(arguments.items.empty(), source, ": the pickle fills an OrderedDict in a way that PyTorch does not");
  return Value{Dict{}};
}

// (storage, offset, size, stride, requires_grad, backward hooks)
Result rebuild_tensor(const Tuple& arguments, std::string_view source) {
  constexpr std::string_view kName = "_rebuild_tensor_v2";
  View view{argument<Storage>(arguments, 0, kName, source), argument<std::int64_t>(arguments, 1, kName, source),
            numbers(argument<Tuple>(arguments, 2, kName, source), source),
            numbers(argument<Tuple>(arguments, 3, kName, source), source)};
  require(view.offset >= 0 && view.shape.size() == view.strides.size(), source,
          ": a tensor's offset, sizes and strides do not belong together");
  return Value{std::move(view)};
}

Result first_tensor(const Tuple& arguments, std::string_view source) {
  argument<View>(arguments, 0, "_rebuild_parameter", source);
  return arguments.items[0];
}

Result first(const Tuple& arguments, std::string_view source) {
  require(!arguments.items.empty(), source, ": the pickle makes a list or a size of nothing");
  return arguments.items[0];
}

struct Constructor {
  std::string_view name;
  Result (*construct)(const Tuple& arguments, std::string_view source);
};
constexpr Constructor kConstructors[] = {
    {"collections.OrderedDict", ordered_dict},
    {"torch._utils._rebuild_tensor_v2", rebuild_tensor},
    {"torch._utils._rebuild_parameter", first_tensor},
    {"torch.Size", first},
    // TorchScript's lists and dictionaries with a type are the plain ones.
    {"torch.jit._pickle.build_intlist", first},
    {"torch.jit._pickle.build_doublelist", first},
    {"torch.jit._pickle.build_boollist", first},
    {"torch.jit._pickle.build_tensorlist", first},
    {"torch.jit._pickle.restore_type_tag", first},
};

const Constructor* find_constructor(std::string_view name) {
  const auto* found = std::find_if(std::begin(kConstructors), std::end(kConstructors),
                                   [&](const auto& constructor) { return constructor.name == name; });
  return found == std::end(kConstructors) ? nullptr : found;
}

struct OpcodeName {
  std::uint8_t opcode;
  const char* name;
};
// Those of pickletools.py that graft does not read.
constexpr OpcodeName kRefused[] = {{'0', "POP"},
                                   {'1', "POP_MARK"},
                                   {'2', "DUP"},
                                   {'F', "FLOAT"},
                                   {'I', "INT"},
                                   {'L', "LONG"},
                                   {'P', "PERSID"},
                                   {'S', "STRING"},
                                   {'V', "UNICODE"},
                                   {'B', "BINBYTES"},
                                   {'C', "SHORT_BINBYTES"},
                                   {'d', "DICT"},
                                   {'g', "GET"},
                                   {'i', "INST"},
                                   {'l', "LIST"},
                                   {'o', "OBJ"},
                                   {'p', "PUT"},
                                   {0x82, "EXT1"},
                                   {0x83, "EXT2"},
                                   {0x84, "EXT4"},
                                   {0x8b, "LONG4"},
                                   {0x8d, "BINUNICODE8"},
                                   {0x8e, "BINBYTES8"},
                                   {0x8f, "EMPTY_SET"},
                                   {0x90, "ADDITEMS"},
                                   {0x91, "FROZENSET"},
                                   {0x92, "NEWOBJ_EX"},
                                   {0x96, "BYTEARRAY8"},
                                   {0x97, "NEXT_BUFFER"},
                                   {0x98, "READONLY_BUFFER"}};

}  // namespace

Global global(std::string_view module, std::string_view name, std::string_view source) {
  std::string path = text(module, ".", name);
  const bool listed = find_storage(path) || find_constructor(path) || path.starts_with(kScriptPrefix);
  require(listed, source, ": the pickle names ", path,
          ", which is not among the names graft reads, because a file must not be able to run code; save the state "
          "dict alone: torch.save(model.state_dict(), file)");
  return {std::move(path)};
}

Result construct(const Global& global, const Tuple& arguments, std::string_view source) {
  const Constructor* constructor = find_constructor(global.name);
  require(constructor != nullptr, source, ": the pickle calls ", global.name, ", which PyTorch does not");
  return constructor->construct(arguments, source);
}

Result instance(const Global& type, const Tuple& arguments, std::string_view source) {
  require(type.name.starts_with(kScriptPrefix) && arguments.items.empty(), source, ": the pickle makes an instance of ",
          type.name, ", which PyTorch does not");
  return Value{Object{type.name, nullptr}};
}

Storage storage(const Tuple& id, std::string_view source) {
  constexpr std::string_view kName = "a storage";
  require(id.items.size() == 5 && argument<std::string>(id, 0, kName, source) == "storage", source,
          ": the pickle refers to something that is not a storage");
  const auto& type = argument<Global>(id, 1, kName, source);
  const StorageType* known = find_storage(type.name);
  require(known != nullptr, source, ": ", type.name, " is not a type of storage");
  Storage storage{known->type, argument<std::string>(id, 2, kName, source),
                  argument<std::int64_t>(id, 4, kName, source)};
  require(storage.size >= 0 && storage.key.size() <= kMaxKey, source,
          ": the pickle describes a storage that cannot be");
  return storage;
}

std::string name_of_opcode(std::uint8_t opcode) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto* found =
      std::find_if(std::begin(kRefused), std::end(kRefused), [&](const auto& known) { return known.opcode == opcode; });
  return text(found == std::end(kRefused) ? "" : found->name, found == std::end(kRefused) ? "" : " ", "0x",
              kDigits[opcode >> 4], kDigits[opcode & 15]);
}

}  // namespace graft::pickle
