// TLS, by the curl that everybody has.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>

#include <array>
#include <cstdio>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "http/server.h"
#include "http/test_client.h"
#include "http/workers.h"

namespace graft {
namespace {

using testing::HasSubstr;

// What a command prints, on both streams.
std::string output(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string all;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = fread(buffer.data(), 1, buffer.size(), pipe)) all.append(buffer.data(), got);
  const int status = pclose(pipe);
  if (status != 0) all += text("\n(exit code ", status, ")");
  return all;
}

TlsFiles make_certificate(const std::filesystem::path& folder, const std::string& name) {
  const TlsFiles files{folder / (name + ".pem"), folder / (name + ".key")};
  const std::string said = output(text("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2",
                                       " -subj /CN=localhost -addext subjectAltName=DNS:localhost -out ",
                                       files.certificate, " -keyout ", files.key));
  EXPECT_TRUE(std::filesystem::exists(files.key)) << said;
  return files;
}

void sizes(const Request& request, const Reply& reply) {
  reply({200, "text/plain", text(request.method, " ", request.body.size(), "\n")});
}

std::string curl(const TlsFiles& files, const Server& server, const std::string& options) {
  return output(text("curl -sS --max-time 20 --noproxy '*' --cacert ", files.certificate, " ", options,
                     " https://localhost:", server.port(), "/"));
}

TEST(Tls, AnswersCurlInEveryWayItSendsABody) {
  const TemporaryFolder folder;
  const TlsFiles files = make_certificate(folder.path(), "one");
  write_file(folder.path() / "body", std::string(300'000, 'x'));
  const Server server({.tls = files}, sizes);
  const std::string body = text("--data-binary @", folder.path() / "body");
  EXPECT_EQ(curl(files, server, ""), "GET 0\n");
  EXPECT_EQ(curl(files, server, body), "POST 300000\n");
  EXPECT_EQ(curl(files, server, body + " -H 'Transfer-Encoding: chunked'"), "POST 300000\n");
  EXPECT_EQ(curl(files, server, text("-T ", folder.path() / "body", " -H 'Transfer-Encoding: chunked'")),
            "PUT 300000\n");
  const std::string said = curl(files, server, body + " -v -H 'Expect: 100-continue'");
  EXPECT_THAT(said, HasSubstr("< HTTP/1.1 100 Continue"));
  EXPECT_THAT(said, HasSubstr("POST 300000\n"));
  EXPECT_EQ(curl(files, server, text("https://localhost:", server.port(), "/ -w '%{num_connects}'")),
            "GET 0\n1GET 0\n0");
}

TEST(Tls, ReadsExchangesAndSendsFiles) {
  const TemporaryFolder folder;
  const TlsFiles files = make_certificate(folder.path(), "one");
  std::string content;
  for (int i = 0; i < 500'000; ++i) content += text(i);
  write_file(folder.path() / "body", content);
  const auto file = std::make_shared<const Descriptor>(::open((folder.path() / "body").c_str(), O_RDONLY | O_CLOEXEC));
  Workers workers;
  const Server server({.tls = files}, on_workers(workers, [&](const std::shared_ptr<Exchange>& exchange) {
                        if (exchange->request().method == "GET") {
                          return exchange->answer({.status = 200, .file = FileBody{file, 3, content.size() - 3}});
                        }
                        if (exchange->request().method == "DELETE")
                          return exchange->answer({403, "text/plain", "no\n"});
                        const Bytes body = read_all(*exchange, 100'000'000);
                        exchange->answer({200, "text/plain", as_text(body) == content ? "the same\n" : "another\n"});
                      }));
  EXPECT_EQ(curl(files, server, text("-o ", folder.path() / "got")), "");
  EXPECT_EQ(read_text(folder.path() / "got"), content.substr(3));
  const std::string upload = text("-T ", folder.path() / "body");
  EXPECT_EQ(curl(files, server, upload), "the same\n");
  EXPECT_EQ(curl(files, server, upload + " -H 'Transfer-Encoding: chunked'"), "the same\n");
  EXPECT_EQ(curl(files, server, upload + " -X DELETE -H 'Expect: 100-continue'"), "no\n");
}

TEST(Tls, RefusesWhatIsOlderThanVersion12) {
  const TemporaryFolder folder;
  const TlsFiles files = make_certificate(folder.path(), "one");
  const Server server({.tls = files}, sizes);
  const std::string old = "--tls-max 1.1 --ciphers DEFAULT:@SECLEVEL=0";
  EXPECT_THAT(curl(files, server, old), HasSubstr("exit code"));
  EXPECT_EQ(curl(files, server, "--tls-max 1.2"), "GET 0\n");
}

TEST(Tls, RefusesABodyThatIsTooLargeAndIsHeard) {
  const TemporaryFolder folder;
  const TlsFiles files = make_certificate(folder.path(), "one");
  write_file(folder.path() / "body", std::string(3'000'000, 'x'));
  const Server server({.tls = files, .most_body_bytes = 1'000}, sizes);
  EXPECT_THAT(curl(files, server, text("-H Expect: --data-binary @", folder.path() / "body")),
              HasSubstr("a body may have 1000 bytes"));
}

TEST(Tls, ClosesAConnectionThatSpeaksNoTls) {
  const TemporaryFolder folder;
  const Server server({.tls = make_certificate(folder.path(), "one"), .header_timeout = std::chrono::milliseconds(100)},
                      sizes);
  test::Client plain(server.port()), silent(server.port());
  plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  plain.rest();
  silent.rest();
  EXPECT_TRUE(plain.closed() && silent.closed());
}

TEST(Tls, NamesTheFileThatCannotBeUsed) {
  const TemporaryFolder folder;
  const TlsFiles one = make_certificate(folder.path(), "one"), two = make_certificate(folder.path(), "two");
  const auto problem = [](const TlsFiles& files) -> std::string {
    try {
      const Server server({.tls = files}, sizes);
      return "";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::unavailable);
      return error.what();
    }
  };
  EXPECT_THAT(problem({folder.path() / "none.pem", one.key}),
              HasSubstr("none.pem: not usable as a certificate in PEM: No such file"));
  EXPECT_THAT(problem({one.certificate, folder.path() / "none.key"}), HasSubstr("none.key: not usable as the private"));
  EXPECT_THAT(problem({one.key, one.key}), HasSubstr("one.key: not usable as a certificate"));
  EXPECT_THAT(problem({one.certificate, two.key}), HasSubstr("two.key: not usable as the private key of"));
}

}  // namespace
}  // namespace graft
