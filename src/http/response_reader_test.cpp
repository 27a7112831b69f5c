#include "http/response_reader.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace graft {
namespace {

// Status, number of headers and body of the answer in `bytes`, given in pieces of `piece` bytes, and "+" when its
// connection can be used again; or the code of the error.
std::string seen(std::string_view bytes, std::size_t piece, bool to_head = false) {
  ResponseReader reader(200, 1'000, to_head);
  try {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) reader.take(bytes.substr(0, piece));
    reader.end();
  } catch (const Error& error) {
    return error.code();
  }
  const bool again = reader.keep_alive();
  const ClientAnswer answer = reader.answer();
  return text(answer.status, " ", answer.headers.size(), " ", answer.body, again ? "+" : "");
}

void expect(const std::string& bytes, const std::string& expected, bool to_head = false) {
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    ASSERT_EQ(seen(bytes, piece, to_head), expected) << bytes << "\nin pieces of " << piece;
  }
}

TEST(ResponseReader, ReadsEveryFramingWhereverItIsCut) {
  expect("HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 5\r\n\r\nhello", "200 2 hello+");
  expect("HTTP/1.1 200\r\ntransfer-encoding: Chunked\r\n\r\n3;x\r\none\r\n3\r\ntwo\r\n0\r\nT: x\r\n\r\n",
         "200 1 onetwo+");
  expect("HTTP/1.1 200 OK\r\n\r\nto the end", "200 0 to the end");
  expect("HTTP/1.1 204 No Content\r\n\r\n", "204 0 +");
  expect("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 1 +");
  expect("HTTP/1.1 100 Continue\r\nA: 1\r\n\r\nHTTP/1.1 102 x\r\n\r\nHTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n",
         "404 1 +");
  expect("HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n", "200 1 +", true);
  expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200 1 +", true);
}

TEST(ResponseReader, SaysWhetherTheConnectionCanBeUsedAgain) {
  const std::string length = "Content-Length: 1\r\n";
  expect("HTTP/1.1 200 OK\r\n" + length + "Connection: x, Close\r\n\r\nx", "200 2 x");
  expect("HTTP/1.0 200 OK\r\n" + length + "\r\nx", "200 1 x");
  expect("HTTP/1.0 200 OK\r\n" + length + "Connection: keep-alive\r\n\r\nx", "200 2 x+");
  expect("HTTP/1.1 200 OK\r\n" + length + "\r\nx and more", "200 1 x");
}

TEST(ResponseReader, RefusesWhatIsNoAnswer) {
  for (const std::string bytes : {
           "SSH-2.0-OpenSSH\r\n\r\n",
           "HTTP/2.0 200 OK\r\n\r\n",
           "HTTP/1.1 20x OK\r\n\r\n",
           "HTTP/1.1 099 OK\r\n\r\n",
           "HTTP/1.1 2000 OK\r\n\r\n",
           "HTTP/1.1 101 Switching\r\n\r\n",
           "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
           "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk",
       }) {
    expect(bytes, "BadAnswer");
  }
}

TEST(ResponseReader, TellsAnAnswerThatWasCutFromOneThatIsWrong) {
  expect("HTTP/1.1 200 OK\r\nContent-Len", "Broken");
  expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "Broken");
  expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "Broken");
}

TEST(ResponseReader, KeepsItsLimits) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  expect(head + "A: " + std::string(200, 'x') + "\r\n\r\n", "BadAnswer");
  expect(std::string(300, 'x'), "BadAnswer");
  expect(head + "Content-Length: 1001\r\n\r\n", "BadAnswer");
  expect(head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", "BadAnswer");
  expect(head + "\r\n" + std::string(1'001, 'x'), "BadAnswer");
  expect(head + "\r\n" + std::string(1'000, 'x'), "200 0 " + std::string(1'000, 'x'));
}

}  // namespace
}  // namespace graft
