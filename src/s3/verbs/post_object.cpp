// A form of a browser, as the PutObject that it stands for.
#include <algorithm>

#include "http/url.h"
#include "s3/errors.h"
#include "s3/form.h"
#include "s3/form_policy.h"
#include "s3/object_headers.h"
#include "s3/receive.h"
#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

// The fields that are headers of PutObject under another name, or under their own.
std::optional<std::string> header_name(const std::string& field) {
  if (field == "acl") return "x-amz-acl";
  if (field == "cache-control" || field == "content-type" || field == "content-disposition" ||
      field == "content-encoding" || field == "expires" || field == "content-md5") {
    return field;
  }
  const bool kept = field.starts_with("x-amz-meta-") || field.starts_with("x-amz-server-side-encryption") ||
                    field.starts_with("x-amz-checksum-") || field == "x-amz-storage-class";
  return kept ? std::optional(field) : std::nullopt;
}

bool is_known(const std::string& field) {
  static const std::vector<std::string> names{"key",
                                              "policy",
                                              "signature",
                                              "awsaccesskeyid",
                                              "x-amz-signature",
                                              "x-amz-credential",
                                              "x-amz-algorithm",
                                              "x-amz-date",
                                              "x-amz-security-token",
                                              "success_action_status",
                                              "success_action_redirect",
                                              "bucket"};
  return field.starts_with("x-ignore-") || std::find(names.begin(), names.end(), field) != names.end();
}

class FormExchange : public SignedExchange {
 public:
  FormExchange(const Call& call, Form& form, Caller caller, FormLimits limits)
      : form_(form), caller_(std::move(caller)), limits_(limits) {
    request_.method = "PUT";
    request_.path = call.request().path;
    if (!form.file_type().empty() && !form.fields().contains("content-type")) {
      request_.headers.emplace_back("content-type", form.file_type());
    }
    for (const auto& [field, value] : form.fields()) {
      if (const auto name = header_name(field)) {
        request_.headers.emplace_back(*name, value);
      } else {
        demand(is_known(field), Code::not_implemented, "the field ", field, " of a form is not implemented");
      }
    }
  }

  const Request& request() const override { return request_; }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  std::size_t read(std::span<std::byte> room) override {
    const std::size_t count = form_.read(room);
    size_ += count;
    demand(size_ <= limits_.most, Code::entity_too_large, "the file is larger than the policy allows");
    demand(count > 0 || size_ >= limits_.least, Code::entity_too_small, "the file is smaller than the policy allows");
    return count;
  }
  void answer(Response) override {}
  const Caller& caller() const override { return caller_; }
  const Headers& trailers() const override { return none_; }

 private:
  Form& form_;
  Caller caller_;
  FormLimits limits_;
  Request request_{};
  Headers none_{};
  std::uint64_t size_ = 0;
};

std::string field_of(const Form& form, const std::string& name) {
  const auto found = form.fields().find(name);
  return found == form.fields().end() ? std::string() : found->second;
}

std::string key_of(const Form& form) {
  constexpr std::string_view kFileName = "${filename}";
  std::string key = field_of(form, "key");
  if (const std::size_t at = key.find(kFileName); at != std::string::npos) {
    key.replace(at, kFileName.size(), form.file_name());
  }
  demand(!key.empty(), Code::invalid_argument, "the form has no key");
  return key;
}

Response form_answer(const Form& form, const Call& put, const Response& done) {
  const std::string etag(find_header(done.headers, "ETag").value_or(""));
  const std::string redirect = field_of(form, "success_action_redirect"),
                    status = field_of(form, "success_action_status");
  Response response{.status = 204,
                    .headers = {{"ETag", etag}, {"Location", "/" + put.bucket + "/" + percent_encode_path(put.key)}}};
  if (redirect.starts_with("http://") || redirect.starts_with("https://")) {
    response.status = 303;
    const char* joint = redirect.find('?') == std::string::npos ? "?" : "&";
    response.headers[1].second = text(redirect, joint, "bucket=", put.bucket, "&key=", percent_encode_path(put.key),
                                      "&etag=", percent_encode_path(etag));
  } else if (status == "201") {
    Xml xml("PostResponse", "");
    xml.add("Location", response.headers[1].second);
    xml.add("Bucket", put.bucket);
    xml.add("Key", put.key);
    xml.add("ETag", etag);
    response.status = 201;
    response.content_type = "application/xml";
    response.body = xml.finish();
  } else if (status == "200") {
    response.status = 200;
  }
  return response;
}

}  // namespace

Response post_object(Call& call) {
  demand(call.identity, Code::not_implemented, "forms are not taken here");
  Form form(call.exchange, call.header("content-type").value_or(""));
  call.signer = form_signer(*call.identity, form.fields());
  const std::string key = key_of(form);
  auto fields = form.fields();
  fields["key"] = key;
  const FormLimits limits = check_policy(fields["policy"], call.bucket, fields, now(), kMostInOnePut);
  FormExchange exchange(call, form, *call.signer, limits);
  Call put{call.store, exchange, call.bucket, key, call.identity};
  const Response done = put_object(put);
  return form_answer(form, put, done);
}

}  // namespace graft::s3
