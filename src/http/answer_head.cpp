#include "http/answer_head.h"

#include <array>
#include <ctime>

namespace graft {
namespace {

struct Reason {
  int status;
  std::string_view words;
};

constexpr std::array<Reason, 34> kReasons{{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {424, "Failed Dependency"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {507, "Insufficient Storage"},
}};

std::string_view reason(int status) {
  for (const Reason& entry : kReasons) {
    if (entry.status == status) return entry.words;
  }
  return "";
}

// "Sat, 21 Nov 2026 14:02:41 GMT", made once a second.
const std::string& date() {
  static thread_local std::time_t second = 0;
  static thread_local std::string words;
  const std::time_t now = std::time(nullptr);
  if (now == second) return words;
  second = now;
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> buffer{};
  words.assign(buffer.data(), std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
  return words;
}

// A line break in a value would be a header, or an answer, of its own.
void append(std::string& head, std::string_view words) {
  for (const char c : words) {
    const auto byte = static_cast<unsigned char>(c);
    head += (byte < 0x20 && c != '\t') || byte == 0x7f ? ' ' : c;
  }
}

void append(std::string& head, std::string_view name, std::string_view value) {
  append(head, name);
  head += ": ";
  append(head, value);
  head += "\r\n";
}

// A length other than the body's would be taken for that of the body, but where there is none.
std::uint64_t length_of(const Response& response, bool to_head) {
  if (to_head && response.length) return *response.length;
  return response.file ? response.file->length : response.body.size();
}

}  // namespace

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

std::string answer_head(const Response& response, bool keep_alive, bool to_head) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason(response.status);
  head += "\r\n";
  append(head, "Date", date());
  if (!response.content_type.empty()) append(head, "Content-Type", response.content_type);
  if (may_have_body(response.status)) append(head, "Content-Length", std::to_string(length_of(response, to_head)));
  for (const auto& [name, value] : response.headers) append(head, name, value);
  append(head, "Connection", keep_alive ? "keep-alive" : "close");
  head += "\r\n";
  return head;
}

}  // namespace graft
