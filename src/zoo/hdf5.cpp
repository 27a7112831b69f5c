#include "zoo/hdf5.h"

#include <hdf5.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "graph/safetensors.h"

namespace graft {
namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxArrays = 10'000;
constexpr std::int64_t kMaxElements = std::int64_t{1} << 28;  // of all arrays together: 1 GiB
constexpr std::size_t kMaxText = std::size_t{16} << 20;
constexpr int kMaxDimensions = 8;
constexpr rlim_t kMaxSeconds = 10;

// An identifier of the library, released on destruction.
class Handle {
 public:
  Handle(hid_t id, const std::string& what) : id_(id) { require(id >= 0, what, " cannot be read"); }
  ~Handle() { H5Idec_ref(id_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
};

struct Names {
  std::vector<std::string> children;
  bool leads_out = false;
};

// Called by the library, so it may not throw; a list that is too long ends the iteration.
herr_t collect_link(hid_t, const char* name, const H5L_info_t* info, void* data) {
  auto& names = *static_cast<Names*>(data);
  names.leads_out = info->type != H5L_TYPE_HARD;
  names.children.emplace_back(name);
  return names.leads_out || names.children.size() > kMaxArrays ? 1 : 0;
}

herr_t collect_attribute(hid_t, const char* name, const H5A_info_t*, void* data) {
  auto& names = *static_cast<Names*>(data);
  names.children.emplace_back(name);
  return names.children.size() > kMaxArrays ? 1 : 0;
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : source_(path.string()),
        file_(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), source_ + ": the HDF5 file") {}

  Hdf5 read() {
    const Handle root(H5Gopen2(file_, "/", H5P_DEFAULT), source_);
    Names names;
    H5Aiterate2(root, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, collect_attribute, &names);
    for (const std::string& name : names.children) read_attribute(root, name);
    read_group(root, "", 0);
    return std::move(content_);
  }

 private:
  void read_attribute(hid_t root, const std::string& name) {
    const std::string where = source_ + ": the attribute " + name;
    const Handle attribute(H5Aopen(root, name.c_str(), H5P_DEFAULT), where);
    const Handle type(H5Aget_type(attribute), where);
    const Handle space(H5Aget_space(attribute), where);
    if (H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1) return;
    content_.attributes[name] = H5Tis_variable_str(type) > 0 ? variable_text(attribute, type, space, where)
                                                             : fixed_text(attribute, type, where);
  }

  static std::string variable_text(hid_t attribute, hid_t type, hid_t space, const std::string& where) {
    char* text = nullptr;
    require(H5Aread(attribute, type, &text) >= 0, where, " cannot be read");
    std::string copy = text ? text : "";
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, &text);
    return copy;
  }

  static std::string fixed_text(hid_t attribute, hid_t type, const std::string& where) {
    const std::size_t size = H5Tget_size(type);
    require(size <= kMaxText, where, " has ", size, " bytes; graft reads up to ", kMaxText);
    std::string text(size, '\0');
    require(H5Aread(attribute, type, text.data()) >= 0, where, " cannot be read");
    return text.substr(0, text.find('\0'));
  }

  void read_group(hid_t group, const std::string& path, int depth) {
    require(depth < kMaxDepth, source_, ": groups are nested deeper than ", kMaxDepth);
    Names names;
    const herr_t status = H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, collect_link, &names);
    require(status >= 0, source_, ": the group /", path, " cannot be read");
    require(!names.leads_out, source_, ": /", path, names.children.empty() ? "" : names.children.back(),
            " is a link, which could lead out of the file");
    for (const std::string& name : names.children) {
      require(++visited_ <= kMaxArrays, source_, ": more than ", kMaxArrays, " groups and arrays");
      read_object(group, name, path + name, depth);
    }
  }

  void read_object(hid_t group, const std::string& name, const std::string& path, int depth) {
    const Handle object(H5Oopen(group, name.c_str(), H5P_DEFAULT), source_ + ": /" + path);
    if (H5Iget_type(object) == H5I_GROUP) return read_group(object, path + "/", depth + 1);
    require(H5Iget_type(object) == H5I_DATASET, source_, ": /", path, " is neither a group nor an array");
    content_.arrays[path] = read_array(object, source_ + ": /" + path);
  }

  Tensor read_array(hid_t array, const std::string& where) {
    const Handle properties(H5Dget_create_plist(array), where);
    require(H5Pget_layout(properties) != H5D_VIRTUAL && H5Pget_external_count(properties) == 0, where,
            " has its values in another file");
    const Handle type(H5Dget_type(array), where);
    require(H5Tget_class(type) == H5T_FLOAT, where, " does not hold floating numbers");
    const Handle space(H5Dget_space(array), where);
    const Shape shape = shape_of(space, where);
    elements_ += count(shape);
    require(elements_ <= kMaxElements, source_, ": more than ", kMaxElements, " numbers in it");
    std::vector<float> values(static_cast<std::size_t>(count(shape)));
    const bool read =
        values.empty() || H5Dread(array, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0;
    require(read, where, " cannot be read");
    return make_tensor(shape, values);
  }

  Shape shape_of(hid_t space, const std::string& where) const {
    const int dimensions = H5Sget_simple_extent_ndims(space);
    require(dimensions >= 0 && dimensions <= kMaxDimensions, where, " has ", dimensions, " dimensions");
    std::array<hsize_t, kMaxDimensions> sizes{};
    H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
    Shape shape;
    for (int i = 0; i < dimensions; ++i) {
      const hsize_t size = sizes[static_cast<std::size_t>(i)];
      require(size <= static_cast<hsize_t>(kMaxElements), where, " is too large");
      shape.push_back(static_cast<std::int64_t>(size));
    }
    require(count(shape) <= kMaxElements, where, " is too large");
    return shape;
  }

  std::string source_;
  Handle file_;
  Hdf5 content_;
  std::size_t visited_ = 0;
  std::int64_t elements_ = 0;
};

struct Answer {
  std::filesystem::path arrays, error;  // the child writes one of the two
};

// Ends the process on every way, also when the answer cannot be written, so that no child returns as a second parent.
[[noreturn]] void read_in_child(const std::filesystem::path& path, const Answer& answer) noexcept {
  const rlimit work{kMaxSeconds, kMaxSeconds}, no_core{0, 0};
  setrlimit(RLIMIT_CPU, &work);
  setrlimit(RLIMIT_CORE, &no_core);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
  try {
    const Hdf5 content = Reader(path).read();
    write_safetensors(answer.arrays, content.arrays, content.attributes);
    _exit(0);
  } catch (const std::exception& error) {
    write_file(answer.error, error.what());
    _exit(1);
  }
}

}  // namespace

Hdf5 read_hdf5(const std::filesystem::path& path) {
  const TemporaryFolder folder;
  const Answer answer{folder.path() / "arrays", folder.path() / "error"};
  const pid_t child = fork();
  if (child < 0) fail(Kind::unavailable, path.string(), ": cannot start a process to read it: ", system_message());
  if (child == 0) read_in_child(path, answer);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    Safetensors content = read_safetensors(answer.arrays);
    return {std::move(content.metadata), std::move(content.weights)};
  }
  if (std::filesystem::exists(answer.error)) fail(Kind::invalid, read_text(answer.error));
  fail(Kind::invalid, path.string(), ": the HDF5 file is damaged, or there is no room for it in the temporary folder");
}

}  // namespace graft
