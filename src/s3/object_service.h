// S3's API over an object store in a folder: one file per verb.
#pragma once

#include <filesystem>
#include <memory>

#include "identity/admission.h"

namespace graft {

struct ObjectServiceOptions {
  std::filesystem::path folder{};
  // "s3.example.org": a request to bucket.s3.example.org names its bucket so. The name of the request's own host, with
  // the bucket in front of it, always does where it is no IP address.
  std::string domain{};
};

class ObjectService {
 public:
  // Finishes or takes back what a kill left half done.
  explicit ObjectService(const ObjectServiceOptions& options);
  ~ObjectService();

  // Answers the exchange, errors too, in S3's XML. On a thread that may wait; thread-safe. Buckets of another account,
  // that are not public, are AccessDenied. Returns the operation's name and the resource for the audit log.
  struct Done {
    std::string operation{}, resource{};
    int status = 200;
    std::string code{};  // of an error
  };
  Done serve(SignedExchange& exchange);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
