// The file that the parts of an upload come to lie in, each where the object will have it: then completing the upload
// copies next to nothing, however large it is.
//
// Part n of the size that the first part had lies at (n - 1) times that size. Parts of another size, as the last one
// often is, get files of their own, and so does one that is sent again: what was acknowledged is never written over.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "s3/files.h"
#include "s3/index.h"

namespace graft::s3 {

// In the index.
struct Assembly {
  FileId file = 0;
  std::uint64_t part_size = 0;
};
std::optional<Assembly> find_assembly(Database& database, const std::string& upload);

// Thread-safe.
class Assemblies {
 public:
  Assemblies(Index& index, Files& files) : index_(index), files_(files) {}

  // The place of a part, to which nobody else writes while this lives. `file` is there, for NewFile.
  class Place {
   public:
    Place(Place&& other) noexcept;
    Place& operator=(Place&&) = delete;
    ~Place();
    FileId file() const { return file_; }
    std::uint64_t offset() const { return offset_; }

   private:
    friend class Assemblies;
    Place(Assemblies& owner, std::string upload, int number)
        : owner_(&owner), upload_(std::move(upload)), number_(number) {}
    Assemblies* owner_;
    std::string upload_;
    int number_;
    FileId file_ = 0;
    std::uint64_t offset_ = 0;
  };
  // Nothing where the part has to have a file of its own. Throws NoSuchUpload.
  std::optional<Place> take(const std::string& upload, int number, std::uint64_t size);

  // While it lives no places are taken. `settled`: nor does anybody write to one that was taken before, or to the file
  // as another one that closes it.
  class Closing {
   public:
    Closing(Assemblies& owner, std::string upload);
    ~Closing();
    Closing(const Closing&) = delete;
    Closing& operator=(const Closing&) = delete;
    bool settled() const { return settled_; }

   private:
    Assemblies& owner_;
    std::string upload_;
    bool settled_;
  };

 private:
  struct Uses {
    std::set<int> writing{};
    int closings = 0;
  };
  bool reserve(const std::string& upload, int number);
  void release(const std::string& upload, int number);
  Assembly open(const std::string& upload, std::uint64_t part_size);

  Index& index_;
  Files& files_;
  std::mutex mutex_{};
  std::map<std::string, Uses> uses_{};  // guarded by mutex_
};

}  // namespace graft::s3
