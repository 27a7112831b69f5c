#include "http/header_block.h"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>

#include "base/error.h"
#include "http/url.h"

namespace graft {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::iequals;
using boost::beast::string_view;

std::string_view std_view(string_view text) {
  return {text.data(), text.size()};
}

// Fills a HeaderBlock with what Beast finds. A refusal of ours stops it with `kRefused`.
class Parser : public http::basic_parser<true> {
 public:
  explicit Parser(HeaderBlock& block) : block_(block) {}

  bool connection_kept() const { return keep_alive(); }
  int hosts = 0, codings = 0, lengths = 0;
  bool http11 = false;

 private:
  void refuse(error_code& error, int status, std::string problem) {
    block_.status = status;
    block_.problem = std::move(problem);
    error = http::error::bad_value;
  }

  void on_request_impl(http::verb, string_view method, string_view target, int version, error_code& error) override {
    http11 = version >= 11;
    block_.request.method = std::string(std_view(method));
    block_.request.target = std::string(std_view(target));
    auto parts = graft::parse_target(std_view(target));
    if (!parts) return refuse(error, 400, "the request's target is no path, or has a broken escape");
    block_.request.path = std::move(parts->path);
    block_.request.query = std::move(parts->query);
  }

  void on_field_impl(http::field field, string_view name, string_view value, error_code& error) override {
    hosts += field == http::field::host;
    codings += field == http::field::transfer_encoding;
    lengths += field == http::field::content_length;
    if (field == http::field::transfer_encoding && !iequals(value, "chunked")) {
      return refuse(error, 501, "the only Transfer-Encoding that is understood is \"chunked\"");
    }
    if (field == http::field::expect) {
      if (!iequals(value, "100-continue")) return refuse(error, 417, "the only Expect that is met is \"100-continue\"");
      block_.expects_continue = true;
    }
    block_.request.headers.emplace_back(std_view(name), std_view(value));
  }

  void on_header_impl(error_code&) override {}

  // Bodies are read elsewhere; a header never gets here.
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override { return body.size(); }
  void on_finish_impl(error_code&) override {}

  HeaderBlock& block_;
};

// What Beast lets pass, and two readers could understand differently.
std::string ambiguity(const Parser& parser) {
  if (parser.codings > 0 && parser.lengths > 0) return "the request has both Content-Length and Transfer-Encoding";
  if (parser.codings > 1) return "the request has more than one Transfer-Encoding";
  if (parser.codings > 0 && !parser.http11) return "HTTP/1.0 knows no Transfer-Encoding";
  if (parser.hosts > 1) return "the request has more than one Host";
  if (parser.hosts == 0 && parser.http11) return "the request has no Host";
  return "";
}

}  // namespace

HeaderBlock parse_header_block(std::string_view text_of_header) {
  HeaderBlock block;
  Parser parser(block);
  parser.header_limit(static_cast<std::uint32_t>(text_of_header.size() + 1));
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // RequestReader has the limit
  error_code error;
  parser.put(boost::asio::buffer(text_of_header.data(), text_of_header.size()), error);
  if (block.status != 0) return block;
  if (error || !parser.is_header_done()) {
    block.status = error == http::error::bad_version ? 505 : 400;
    block.problem = text("the request is not HTTP/1.1: ", error ? error.message() : "its header does not end");
    return block;
  }
  block.problem = ambiguity(parser);
  if (!block.problem.empty()) {
    block.status = 400;
    return block;
  }
  block.keep_alive = parser.connection_kept();
  block.expects_continue = block.expects_continue && parser.http11;
  block.chunked = parser.chunked();
  if (const auto length = parser.content_length()) block.content_length = *length;
  return block;
}

}  // namespace graft
