// The archive is
//
//   NAME/data.pkl     the state dict or the TorchScript module, its tensors as persistent ids of storages
//   NAME/data/KEY     the elements of the storage KEY
//   NAME/byteorder    "little" (newer files)
//   NAME/version, NAME/code/..., NAME/constants.pkl   not needed for weights; the code is compressed
#include "zoo/pytorch_checkpoint.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "zoo/pickle.h"
#include "zoo/zip.h"

namespace graft {
namespace {

using pickle::Dict;
using pickle::Object;
using pickle::Value;
using pickle::View;

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxVisits = 200'000;
constexpr std::size_t kMaxName = 1024;

// The pickle of the magic number 0x1950a86a20f9469cfc6c, with which torch.save's first format begins.
constexpr std::string_view kLegacy("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 14);

// ---- Names ----

bool is_utf8(const std::string& name) {
  try {
    Json(name).dump();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

// The named tensors of a module, found by walking its attributes; or of a state dict, whose values they are.
class Collector {
 public:
  explicit Collector(std::string_view source) : source_(source) {}

  std::map<std::string, const View*> take() && { return std::move(views_); }

  void attributes(const Object& object, const std::string& path, std::size_t depth) {
    require(depth < kMaxDepth && path.size() <= kMaxName, source_, ": modules are nested deeper than ", kMaxDepth);
    const Dict* state = object.state ? object.state->as<Dict>() : nullptr;
    if (!state) return;
    for (const auto& [key, value] : state->items) {
      require(++visits_ < kMaxVisits, source_, ": more than ", kMaxVisits, " attributes");
      const auto* name = key->as<std::string>();
      if (!name || name->size() > kMaxName) continue;
      if (const auto* view = value->as<View>()) add(path + *name, view);
      if (const auto* child = value->as<Object>()) attributes(*child, path + *name + ".", depth + 1);
    }
  }

  void state_dict(const Dict& dict) {
    for (const auto& [key, value] : dict.items) {
      const auto* name = key->as<std::string>();
      const auto* view = value->as<View>();
      if (name && view) add(*name, view);
    }
  }

 private:
  void add(std::string name, const View* view) {
    require(name.size() <= kMaxName && is_utf8(name), source_, ": a tensor's name is too long or not UTF-8");
    require(views_.size() < kMaxVisits, source_, ": more than ", kMaxVisits, " tensors");
    views_.insert_or_assign(std::move(name), view);
  }

  std::string_view source_;
  std::size_t visits_ = 0;
  std::map<std::string, const View*> views_;
};

bool holds_tensors(const Dict& dict) {
  return std::any_of(dict.items.begin(), dict.items.end(),
                     [](const auto& item) { return item.second->template as<View>(); });
}

const Value* find(const Dict& dict, std::string_view key) {
  for (const auto& [name, value] : dict.items) {
    const auto* text = name->as<std::string>();
    if (text && *text == key) return value;
  }
  return nullptr;
}

// The state dict itself or the one that a training checkpoint holds beside its epoch, optimizer and so on.
const Dict* find_state_dict(const Value* root) {
  const Dict* dict = root->as<Dict>();
  for (std::size_t depth = 0; dict && depth < kMaxDepth; ++depth) {
    if (holds_tensors(*dict)) return dict;
    const Dict* inner = nullptr;
    for (const char* key : {"state_dict", "model_state_dict", "model"}) {
      const Value* value = inner ? nullptr : find(*dict, key);
      if (value) inner = value->as<Dict>();
    }
    dict = inner;
  }
  return nullptr;
}

std::map<std::string, const View*> named_views(const pickle::Document& document, std::string_view source) {
  Collector collector(source);
  if (const auto* module = document.root->as<Object>()) {
    collector.attributes(*module, "", 0);
  } else {
    const Dict* state_dict = find_state_dict(document.root);
    require(state_dict != nullptr, source, ": no state dict in it; save one with torch.save(model.state_dict(), file)");
    collector.state_dict(*state_dict);
  }
  return std::move(collector).take();
}

// Data-parallel training leaves "module." before every name.
std::string_view common_prefix(const std::map<std::string, const View*>& views) {
  constexpr std::string_view kModule = "module.";
  const bool all =
      std::all_of(views.begin(), views.end(), [&](const auto& item) { return item.first.starts_with(kModule); });
  return all ? kModule : "";
}

// ---- Tensors ----

// Whether the elements lie one after the other, as make_tensor's do.
bool is_contiguous(const View& view) {
  std::int64_t expected = 1;
  for (std::size_t i = view.shape.size(); i-- > 0;) {
    if (view.shape[i] != 1 && view.strides[i] != expected) return false;
    expected *= view.shape[i];
  }
  return true;
}

// Throws unless every element lies in the storage. A tensor may not be larger than its storage (an expanded one), so
// what is copied is bounded by the file.
void check_in_storage(const View& view, std::int64_t elements, const std::string& where) {
  __int128 last = view.offset;
  for (std::size_t i = 0; i < view.shape.size() && elements > 0; ++i) {
    last += static_cast<__int128>(view.shape[i] - 1) * view.strides[i];
  }
  const bool inside = elements == 0 || last < view.storage.size;
  require(inside && elements <= view.storage.size, where, ": the tensor reaches beyond its storage of ",
          view.storage.size, " elements");
}

// The elements in order, wherever they lie.
Bytes gather(const View& view, ByteView storage, std::int64_t elements) {
  const std::size_t size = size_of(view.storage.type);
  Bytes bytes;
  bytes.reserve(static_cast<std::size_t>(elements) * size);
  Shape index(view.shape.size(), 0);
  std::int64_t position = view.offset;
  for (std::int64_t i = 0; i < elements; ++i) {
    const ByteView element = storage.subspan(static_cast<std::size_t>(position) * size, size);
    bytes.insert(bytes.end(), element.begin(), element.end());
    for (std::size_t axis = index.size(); axis-- > 0;) {
      position += view.strides[axis];
      if (++index[axis] < view.shape[axis]) break;
      position -= view.shape[axis] * view.strides[axis];
      index[axis] = 0;
    }
  }
  return bytes;
}

class Storages {
 public:
  // `budget` is how many bytes may be copied.
  Storages(const ZipEntries& entries, std::string folder, std::size_t budget, std::string_view source)
      : entries_(entries), folder_(std::move(folder)), budget_(budget), source_(source) {}

  Tensor tensor(const std::string& name, const View& view) {
    const std::string where = text(source_, ": ", name);
    const std::shared_ptr<const Bytes>& storage = find(view.storage, where);
    const std::int64_t elements = count(view.shape);
    check_in_storage(view, elements, where);
    if (elements == 0) return {view.storage.type, view.shape, {}, nullptr};
    const std::size_t element = size_of(view.storage.type), size = static_cast<std::size_t>(elements) * element;
    if (is_contiguous(view)) {
      const ByteView bytes = ByteView(*storage).subspan(static_cast<std::size_t>(view.offset) * element, size);
      return {view.storage.type, view.shape, bytes, storage};
    }
    require(size <= budget_, where, ": too many tensors are views of one storage");
    budget_ -= size;
    const auto owner = std::make_shared<const Bytes>(gather(view, *storage, elements));
    return {view.storage.type, view.shape, *owner, owner};
  }

 private:
  const std::shared_ptr<const Bytes>& find(const pickle::Storage& storage, const std::string& where) const {
    const auto entry = entries_.find(folder_ + storage.key);
    require(entry != entries_.end(), where, ": its storage ", storage.key, " is not in the archive");
    const std::size_t bytes = entry->second->size(), element = size_of(storage.type);
    require(bytes % element == 0 && bytes / element == static_cast<std::size_t>(storage.size), where,
            ": its storage has ", bytes, " bytes, not ", storage.size, " elements of ", name_of(storage.type));
    return entry->second;
  }

  const ZipEntries& entries_;
  std::string folder_;
  std::size_t budget_;
  std::string_view source_;
};

// "NAME/", the folder that everything in the archive lies in.
std::string find_folder(const ZipEntries& entries, std::string_view source) {
  constexpr std::string_view kPickle = "data.pkl";
  for (const auto& [name, content] : entries) {
    const std::size_t slash = name.find('/');
    if (slash != std::string::npos && std::string_view(name).substr(slash + 1) == kPickle)
      return name.substr(0, slash + 1);
  }
  fail(Kind::invalid, source, ": a zip archive, but not a PyTorch checkpoint: it has no data.pkl");
}

}  // namespace

bool is_pytorch(ByteView bytes) {
  return is_zip(bytes) || as_text(bytes).starts_with(kLegacy);
}

Weights parse_pytorch(ByteView bytes, std::string_view source) {
  require(!as_text(bytes).starts_with(kLegacy), source,
          ": written in the format that PyTorch used before 1.6; load it there and save it again with torch.save");
  const auto wanted = [](std::string_view path) { return path.find("/code/") == std::string_view::npos; };
  const ZipEntries entries = read_zip(bytes, wanted, source);
  const std::string folder = find_folder(entries, source);
  const auto order = entries.find(folder + "byteorder");
  require(order == entries.end() || as_text(*order->second) == "little", source,
          ": written on a big-endian machine; save it again on a little-endian one");
  const pickle::Document document = pickle::parse(*entries.at(folder + "data.pkl"), source);
  const auto views = named_views(document, source);
  const std::string_view prefix = common_prefix(views);
  Storages storages(entries, folder + "data/", bytes.size(), source);
  Weights weights;
  for (const auto& [name, view] : views) weights[name.substr(prefix.size())] = storages.tensor(name, *view);
  require(!weights.empty(), source, ": no tensors in it");
  return weights;
}

}  // namespace graft
