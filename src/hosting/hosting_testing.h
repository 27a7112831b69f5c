// What this folder's tests share: a store with models, a program that stands in for graft, and endpoints to make.
#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "archive/pack_tar.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "hosting/hosting.h"
#include "http/server.h"

namespace graft::test {

// As much of S3 as hosting needs: GET, HEAD and PUT of objects.
class Store {
 public:
  Store() : server_(ServerOptions{}, [this](Request request, Reply reply) { reply(answer(request)); }) {}

  S3Settings settings() const {
    return {.endpoint = text("http://127.0.0.1:", server_.port()), .access_key = "AKIDEXAMPLE", .secret_key = "secret"};
  }
  void put(const std::string& path, const std::string& content) {
    const std::lock_guard lock(mutex_);
    objects_["/" + path] = content;
  }
  // A model.tar.gz with these files at s3://bucket/NAME.tar.gz.
  std::string put_model(const std::string& name, const std::map<std::string, std::string>& files) {
    const TemporaryFolder folder;
    for (const auto& [file, content] : files) {
      const std::filesystem::path path = folder.path() / "m" / file;
      make_folder(path.parent_path());
      write_file(path, content);
    }
    return put_folder(name, folder.path() / "m");
  }
  std::string put_folder(const std::string& name, const std::filesystem::path& model) {
    const TemporaryFolder folder;
    pack_tar_gz(model, folder.path() / "m.tar.gz");
    put("bucket/" + name + ".tar.gz", std::string(as_text(read_file(folder.path() / "m.tar.gz"))));
    return "s3://bucket/" + name + ".tar.gz";
  }
  // Of the paths that begin so.
  std::map<std::string, std::string> objects(const std::string& prefix) {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::string> found;
    for (const auto& [path, content] : objects_) {
      if (path.starts_with("/" + prefix)) found[path.substr(1)] = content;
    }
    return found;
  }
  int gets(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return gets_["/" + path];
  }
  std::atomic<int> refuses = 0;  // every PUT, with this status
  // Who holds it makes the store hang.
  std::mutex& mutex() { return mutex_; }

 private:
  Response answer(const Request& request) {
    const std::lock_guard lock(mutex_);
    if (request.method == "PUT") {
      if (refuses) return error_response(refuses, "no");
      objects_[request.path] = as_text(request.body);
      return {.headers = {{"ETag", "\"e-1\""}}};
    }
    const auto found = objects_.find(request.path);
    if (found == objects_.end()) return error_response(404, "no such key");
    const std::string etag = '"' + hex(sha256(as_bytes(found->second))).substr(0, 16) + "-1\"";
    Response response{.status = 200, .content_type = "binary/octet-stream", .headers = {{"ETag", etag}}};
    if (request.method == "HEAD") {
      response.length = found->second.size();
    } else {
      ++gets_[request.path];
      response.body = found->second;
    }
    return response;
  }

  std::mutex mutex_;
  std::map<std::string, std::string> objects_;
  std::map<std::string, int> gets_;
  Server server_;
};

// Waits until it is so; a test that waits for nothing fails instead of hanging.
inline bool eventually(const std::function<bool()>& condition, std::chrono::seconds most = std::chrono::seconds(60)) {
  const auto latest = std::chrono::steady_clock::now() + most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > latest) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

// A platform's hosting with all that it tells, and a store.
class House {
 public:
  // `programs`: where graft is, or what stands in for it.
  explicit House(std::filesystem::path programs) : programs_(std::move(programs)) { start(); }

  void start() {
    hosting = std::make_unique<Hosting>(
        HostingOptions{.folder = folder_.path() / "hosting",
                       .programs = programs_,
                       .hidden = folder_.path(),
                       .s3 = [this](const std::string&) { return store.settings(); },
                       .in_alarm = [this](const std::string&, const std::string& name) { return name == alarm(); }},
        HostingListener{.changed = [this](const EndpointState& state) { heard(state); },
                        .log =
                            [this](const std::string&, const std::string&, const std::string& variant,
                                   const std::string&, const std::vector<std::string>& lines) {
                              const std::lock_guard lock(mutex_);
                              for (const std::string& line : lines) lines_.push_back(variant + ": " + line);
                            },
                        .metric =
                            [this](const std::string&, const std::string&, const std::string& variant,
                                   const std::string& metric, double value) {
                              const std::lock_guard lock(mutex_);
                              metrics_[variant + "/" + metric] += value;
                            }});
  }
  std::filesystem::path folder() const { return folder_.path() / "hosting"; }

  EndpointState wait_until_settled(const std::string& name) {
    const auto settled = [&] {
      const auto status = hosting->state("1", name)->status;
      return status == EndpointState::Status::in_service || status == EndpointState::Status::failed;
    };
    EXPECT_TRUE(eventually(settled)) << name;
    return *hosting->state("1", name);
  }
  EndpointState make(const EndpointSpec& spec) {
    hosting->apply(spec);
    return wait_until_settled(spec.name);
  }
  Response invoke(const std::string& name, const Headers& headers = {}, const std::string& body = "picture") {
    Request request{.method = "POST", .headers = headers};
    const ByteView bytes = as_bytes(body);
    request.body.assign(bytes.begin(), bytes.end());
    return hosting->invoke("1", name, request);
  }

  std::string alarm() {
    const std::lock_guard lock(mutex_);
    return alarm_;
  }
  void set_alarm(const std::string& name) {
    const std::lock_guard lock(mutex_);
    alarm_ = name;
  }
  std::vector<EndpointState> changes() {
    const std::lock_guard lock(mutex_);
    return changes_;
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  double metric(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return metrics_[name];
  }

  Store store;
  std::atomic<bool> full = false;  // what comes into service is not kept

 private:
  void heard(const EndpointState& state) {
    const std::lock_guard lock(mutex_);
    require(!full || state.status != EndpointState::Status::in_service, "the disk is full");
    changes_.push_back(state);
  }

  const std::filesystem::path programs_;
  const TemporaryFolder folder_;
  std::mutex mutex_;
  std::vector<EndpointState> changes_;
  std::vector<std::string> lines_;
  std::map<std::string, double> metrics_;
  std::string alarm_;

 public:
  std::unique_ptr<Hosting> hosting;  // last: it ends before what it tells
};

inline VariantSpec variant(const std::string& name, const std::string& uri, double weight = 1, int instances = 1) {
  return {.name = name,
          .model = "model-" + name,
          .model_uri = uri,
          .image = "graft",
          .weight = weight,
          .instances = instances,
          .instance_type = "ml.m5.large"};
}

inline EndpointSpec endpoint(const std::string& name, std::vector<VariantSpec> variants,
                             const std::string& config = "config-1") {
  return {.account = "1",
          .region = "us-west-2",
          .name = name,
          .arn = "arn:aws:sagemaker:us-west-2:1:endpoint/" + name,
          .config = config,
          .variants = std::move(variants)};
}

}  // namespace graft::test
