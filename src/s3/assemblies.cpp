#include "s3/assemblies.h"

#include <utility>

#include "s3/uploads.h"

namespace graft::s3 {
namespace {

constexpr std::uint64_t kMostSize = std::uint64_t{5} << 40;

bool is_written(Database& database, const std::string& upload, int number, FileId file) {
  Rows rows = database.query("select 1 from parts where upload = ? and number = ? and file = ?", upload, number, file);
  return rows.next();
}

}  // namespace

std::optional<Assembly> find_assembly(Database& database, const std::string& upload) {
  Rows rows = database.query("select file, part_size from assemblies where upload = ?", upload);
  if (!rows.next()) return std::nullopt;
  return Assembly{rows.integer(0), static_cast<std::uint64_t>(rows.integer(1))};
}

// The upload's, made where there is none.
Assembly Assemblies::open(const std::string& upload, std::uint64_t part_size) {
  if (const auto found = find_assembly(*index_.read(), upload)) return *found;
  NewFile file = files_.create();
  file.sync();
  Assembly assembly;
  index_.write([&](Database& database) {
    demand_upload(database, upload);
    database.run("insert or ignore into assemblies values (?, ?, ?)", upload, file.id(), part_size);
    assembly = find_assembly(database, upload).value();
  });
  if (assembly.file == file.id()) file.keep();
  return assembly;
}

std::optional<Assemblies::Place> Assemblies::take(const std::string& upload, int number, std::uint64_t size) {
  if (size < kLeastPart || !reserve(upload, number)) return std::nullopt;
  Place place(*this, upload, number);
  const Assembly assembly = open(upload, size);
  place.file_ = assembly.file;
  place.offset_ = static_cast<std::uint64_t>(number - 1) * size;
  const bool fits = size == assembly.part_size && place.offset_ + size <= kMostSize &&
                    !is_written(*index_.read(), upload, number, assembly.file);
  return fits ? std::optional(std::move(place)) : std::nullopt;
}

bool Assemblies::reserve(const std::string& upload, int number) {
  const std::lock_guard lock(mutex_);
  Uses& uses = uses_[upload];
  return uses.closings == 0 && uses.writing.insert(number).second;
}

void Assemblies::release(const std::string& upload, int number) {
  const std::lock_guard lock(mutex_);
  Uses& uses = uses_[upload];
  uses.writing.erase(number);
  if (uses.writing.empty() && uses.closings == 0) uses_.erase(upload);
}

Assemblies::Place::Place(Place&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      upload_(std::move(other.upload_)),
      number_(other.number_),
      file_(other.file_),
      offset_(other.offset_) {}

Assemblies::Place::~Place() {
  if (owner_) owner_->release(upload_, number_);
}

Assemblies::Closing::Closing(Assemblies& owner, std::string upload) : owner_(owner), upload_(std::move(upload)) {
  const std::lock_guard lock(owner_.mutex_);
  Uses& uses = owner_.uses_[upload_];
  settled_ = ++uses.closings == 1 && uses.writing.empty();
}

Assemblies::Closing::~Closing() {
  const std::lock_guard lock(owner_.mutex_);
  Uses& uses = owner_.uses_[upload_];
  --uses.closings;
  if (uses.writing.empty() && uses.closings == 0) owner_.uses_.erase(upload_);
}

}  // namespace graft::s3
