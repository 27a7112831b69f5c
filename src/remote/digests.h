// Whether what arrived is what the store says it holds. Only for remote/.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "http/message.h"

namespace graft {

// The MD5 of a content that comes in pieces: what S3 calls an object that was put at once. Not thread-safe.
class Md5 {
 public:
  Md5();
  void update(ByteView bytes);
  // In hexadecimal digits. REQUIRES: called once, last.
  std::string finish();

 private:
  std::shared_ptr<void> context_;
};

// The bytes of what finish() gave.
Bytes md5_bytes(std::string_view digits);

// Whether the ETag is an object's MD5, as far as it tells itself: 32 hexadecimal digits. It is not where the store
// encrypts with a key of its own, which only the head of an answer tells.
bool is_md5(std::string_view etag);

// Digests a body and compares it with what its head promises: the ETag, and the checksums of the whole object that it
// has (x-amz-checksum-sha256, -sha1). Not thread-safe.
class BodyCheck {
 public:
  explicit BodyCheck(const Headers& head);
  ~BodyCheck();
  void update(ByteView bytes);
  // What does not fit, such as "its ETag"; empty where all does.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
