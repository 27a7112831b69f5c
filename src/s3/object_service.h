// S3's API over an object store in a folder: one file per verb.
#pragma once

#include <filesystem>
#include <memory>

#include "identity/admission.h"

namespace graft {

struct ObjectServiceOptions {
  std::filesystem::path folder{};
  // "s3.example.org": a request to bucket.s3.example.org names its bucket so. bucket.localhost and bucket.s3.ANYTHING
  // always do.
  std::string domain{};
  // Whose users may upload by forms that are signed; null: forms are refused.
  const Identity* identity = nullptr;
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
    Caller caller{};     // who signed: the request, or the form that it is
  };
  Done serve(SignedExchange& exchange);

  // Of a request that nobody has looked at yet: answers what browsers ask before they send one for a page of another
  // origin (OPTIONS), and returns nothing. Any other exchange is given back, and its answer will have what the bucket's
  // CORS rules say. Thread-safe; throws as serve() answers.
  std::shared_ptr<Exchange> across_origins(std::shared_ptr<Exchange> exchange);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
