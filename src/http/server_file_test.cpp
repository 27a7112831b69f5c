// Answers out of files.
#include <fcntl.h>
#include <gmock/gmock.h>

#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "http/server.h"
#include "http/test_client.h"

namespace graft {
namespace {

using std::chrono::milliseconds;
using test::Client;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A file whose bytes tell where they are.
struct Source {
  explicit Source(std::size_t size) {
    for (std::size_t i = 0; content.size() < size; ++i) content += text(i, " ");
    content.resize(size);
    write_file(folder.path() / "file", content);
    file = std::make_shared<const Descriptor>(::open((folder.path() / "file").c_str(), O_RDONLY | O_CLOEXEC));
  }
  Response part(std::uint64_t offset, std::uint64_t length) const {
    return {.status = 206, .content_type = "text/plain", .file = FileBody{file, offset, length}};
  }
  // GET /OFFSET/LENGTH
  Handler handler() const {
    return [this](const Request& request, const Reply& reply) {
      const std::size_t slash = request.path.find('/', 1);
      reply(part(std::stoul(request.path.substr(1)), std::stoul(request.path.substr(slash + 1))));
    };
  }

  TemporaryFolder folder{};
  std::string content{};
  std::shared_ptr<const Descriptor> file{};
};

std::string get(std::size_t offset, std::size_t length, const std::string& method = "GET") {
  return text(method, " /", offset, "/", length, " HTTP/1.1\r\nHost: x\r\n\r\n");
}

TEST(ServerFile, SendsPartsOfAFileOnOneConnection) {
  const Source source(10'000'000);
  const Server server({}, source.handler());
  Client client(server.port());
  for (const auto& [offset, length] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 10'000'000}, {5, 0}, {9'999'999, 1}, {7, 65'536}, {7, 65'537}, {1'000'000, 3'000'000}, {0, 10}}) {
    client.send(get(offset, length));
    const std::string answer = client.answer();
    EXPECT_THAT(answer, HasSubstr(text("Content-Length: ", length, "\r\n")));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n" + source.content.substr(offset, length))) << offset << " " << length;
  }
}

TEST(ServerFile, AnswersHeadWithTheLengthAndNothingElse) {
  const Source source(200'000);
  const Server server({}, [&](const Request& request, const Reply& reply) {
    if (request.path == "/file") return reply(source.part(0, 200'000));
    reply({.status = 200, .content_type = "text/plain", .length = 5'000'000'000});
  });
  Client client(server.port());
  client.send("HEAD /file HTTP/1.1\r\nHost: x\r\n\r\nHEAD /length HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Content-Length: 200000\r\n"));
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Content-Length: 5000000000\r\n"));
  // To GET the length would be a lie.
  client.send("GET /length HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.answer(), HasSubstr("Content-Length: 0\r\n"));
}

TEST(ServerFile, AFileThatIsShorterThanItWasEndsTheConnection) {
  const Source source(200'000);
  const Server server({}, source.handler());
  Client client(server.port()), small(server.port());
  client.send(get(100'000, 200'000));
  EXPECT_THAT(client.rest(), EndsWith(source.content.substr(199'000)));
  EXPECT_TRUE(client.closed());
  small.send(get(199'999, 2));
  EXPECT_THAT(small.answer(), StartsWith("HTTP/1.1 500 "));
}

TEST(ServerFile, MayTakeLongerThanTheTimeWithoutProgress) {
  const Source source(12'000'000);
  const Server server({.answer_timeout = milliseconds(1'000)}, source.handler());
  Client client(server.port());
  client.send(get(0, 12'000'000));
  client.read_until("\r\n\r\n");
  std::size_t got = 0;
  for (int i = 0; i < 30; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    got += client.read(400'000).size();
  }
  EXPECT_EQ(got, 12'000'000u);
}

TEST(ServerFile, AClientThatDoesNotTakeItIsCutOff) {
  const Source source(50'000'000);
  const Server server({.answer_timeout = milliseconds(100)}, source.handler());
  Client client(server.port());
  client.send(get(0, 50'000'000));
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_LT(client.rest().size(), 50'000'000u);
  EXPECT_TRUE(client.closed());
}

TEST(ServerFile, AClientThatGoesInTheMiddleDoesNoHarm) {
  const Source source(10'000'000);
  const Server server({}, source.handler());
  for (int i = 0; i < 20; ++i) {
    Client client(server.port());
    client.send(get(0, 10'000'000));
    client.read(1'000);
  }
  Client client(server.port());
  client.send(get(0, 100'000));
  EXPECT_TRUE(client.answer().ends_with(source.content.substr(0, 100'000)));
}

TEST(ServerFile, ManyClientsAtOnce) {
  const Source source(3'000'000);
  const Server server({.threads = 2}, source.handler());
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back([&, i] {
      Client client(server.port());
      const auto offset = static_cast<std::size_t>(i * 1'000);
      client.send(get(offset, 2'000'000));
      right += client.answer().ends_with("\r\n\r\n" + source.content.substr(offset, 2'000'000));
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 50);
}

}  // namespace
}  // namespace graft
