#include <gmock/gmock.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/file.h"
#include "remote/profile.h"
#include "remote/test_store.h"

namespace graft {
namespace {

using testing::HasSubstr;

// A home of its own, without anything that AWS's clients look at.
class Settings : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name :
         {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION",
          "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
          "AWS_CA_BUNDLE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
          "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
          "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}) {
      unsetenv(name);
    }
    setenv("HOME", home_.path().c_str(), 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  }
  void write(const char* name, const std::string& content) {
    make_folder(home_.path() / ".aws");
    write_file(home_.path() / ".aws" / name, content);
  }

  TemporaryFolder home_;
};

TEST_F(Settings, AreAwsAndUnsignedWhereNothingIsSet) {
  const S3Settings settings = s3_settings();
  EXPECT_EQ(settings.endpoint, "");
  EXPECT_EQ(settings.region, "us-east-1");
  EXPECT_EQ(settings.access_key, "");
  EXPECT_FALSE(settings.path_style);
}

TEST_F(Settings, OfTheEnvironmentComeFirst) {
  write("credentials", "[default]\naws_access_key_id = file\naws_secret_access_key = secret of file\n");
  write("config", "[default]\nregion = eu-west-1\nendpoint_url = http://file:1\n");
  setenv("AWS_ACCESS_KEY_ID", "id", 1);
  setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
  setenv("AWS_SESSION_TOKEN", "token", 1);
  setenv("AWS_DEFAULT_REGION", "eu-central-1", 1);
  setenv("AWS_ENDPOINT_URL", "http://any:1", 1);
  setenv("AWS_CA_BUNDLE", "/ca.pem", 1);
  S3Settings settings = s3_settings();
  EXPECT_EQ(settings.access_key, "id");
  EXPECT_EQ(settings.secret_key, "secret");
  EXPECT_EQ(settings.session_token, "token");
  EXPECT_EQ(settings.region, "eu-central-1");
  EXPECT_EQ(settings.endpoint, "http://any:1");
  EXPECT_EQ(settings.authorities, "/ca.pem");
  EXPECT_TRUE(settings.path_style);
  setenv("AWS_ENDPOINT_URL_S3", "http://s3:1", 1);
  setenv("AWS_REGION", "us-west-2", 1);
  settings = s3_settings();
  EXPECT_EQ(settings.endpoint, "http://s3:1");
  EXPECT_EQ(settings.region, "us-west-2");
  EXPECT_EQ(s3_settings("http://given:1").endpoint, "http://given:1");
  setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
  EXPECT_EQ(s3_settings().endpoint, "");
}

TEST_F(Settings, OfAProfileAreInBothFiles) {
  write("credentials",
        "# mine\n[default]\naws_access_key_id=d\naws_secret_access_key=s\n"
        "[lab]\r\naws_access_key_id = id\r\naws_secret_access_key = a/b+c=\r\naws_session_token = t\r\n");
  write("config",
        "[profile lab]\nregion = eu-north-1\nca_bundle = /lab.pem\nservices = local\nendpoint_url = http://other:1\n"
        "s3 =\n  addressing_style = virtual\n\n[services local]\ns3 =\n    endpoint_url = http://store:9000\n"
        "sagemaker =\n    endpoint_url = http://not-this:1\n");
  EXPECT_EQ(s3_settings().access_key, "d");
  setenv("AWS_PROFILE", "lab", 1);
  const S3Settings settings = s3_settings();
  EXPECT_EQ(settings.access_key, "id");
  EXPECT_EQ(settings.secret_key, "a/b+c=");
  EXPECT_EQ(settings.session_token, "t");
  EXPECT_EQ(settings.region, "eu-north-1");
  EXPECT_EQ(settings.endpoint, "http://store:9000");
  EXPECT_EQ(settings.authorities, "/lab.pem");
  EXPECT_FALSE(settings.path_style);
}

TEST_F(Settings, AreReadFromFilesThatTheEnvironmentNames) {
  write("other", "[default]\naws_access_key_id = id\naws_secret_access_key = secret\n");
  write("other config", "[default]\nregion = ap-south-1\n");
  setenv("AWS_SHARED_CREDENTIALS_FILE", (home_.path() / ".aws/other").c_str(), 1);
  setenv("AWS_CONFIG_FILE", (home_.path() / ".aws/other config").c_str(), 1);
  EXPECT_EQ(s3_settings().access_key, "id");
  EXPECT_EQ(s3_settings().region, "ap-south-1");
  setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
  setenv("AWS_CONFIG_FILE", "/dev/null", 1);
  EXPECT_EQ(s3_settings().access_key, "");
}

TEST_F(Settings, SayWhatIsWrongWithThem) {
  setenv("AWS_PROFILE", "none", 1);
  EXPECT_THAT(problem_of([] { s3_settings(); }), HasSubstr("AWS_PROFILE is none, which neither "));
  write("config", "[profile none]\nrole_arn = arn:aws:iam::1:role/x\n");
  EXPECT_THAT(problem_of([] { s3_settings(); }),
              HasSubstr("denied: the profile none gets its credentials by role_arn, which graft does not"));
  unsetenv("AWS_PROFILE");
  EXPECT_THAT(problem_of([] { s3_settings("localhost:9000"); }), HasSubstr("is no URL: write http://HOST:PORT"));
  setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/token", 1);
  EXPECT_THAT(problem_of([] { s3_settings(); }), HasSubstr("AWS_WEB_IDENTITY_TOKEN_FILE asks for"));
}

TEST_F(Settings, OfAContainerAreAskedForOnce) {
  TestStore host;
  host.fault = [](const Request& request) {
    EXPECT_EQ(find_header(request.headers, "Authorization"), "token of file");
    return Response{200, "application/json",
                    R"({"AccessKeyId": "id", "SecretAccessKey": "secret", "Token": "token",
                        "Expiration": "2100-01-01T00:00:00Z"})"};
  };
  write_file(home_.path() / "token", "token of file\n");
  setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", (host.url() + "/credentials").c_str(), 1);
  setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", (home_.path() / "token").c_str(), 1);
  for (int i = 0; i < 2; ++i) {
    const S3Settings settings = s3_settings();
    EXPECT_EQ(settings.access_key, "id");
    EXPECT_EQ(settings.session_token, "token");
  }
  EXPECT_EQ(host.requests().size(), 1u);
  host.fault = [](const Request&) { return Response{403, "text/plain", "no"}; };
  setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", (host.url() + "/other").c_str(), 1);
  EXPECT_THAT(problem_of([] { s3_settings(); }), HasSubstr("/other: no credentials for S3: it answers 403"));
}

TEST_F(Settings, OfAnInstanceAreItsRoles) {
  TestStore host;
  host.fault = [](const Request& request) {
    if (request.method == "PUT") return Response{200, "text/plain", "session"};
    EXPECT_EQ(find_header(request.headers, "X-aws-ec2-metadata-token"), "session");
    if (request.path.ends_with("/security-credentials/")) return Response{200, "text/plain", "role\n"};
    EXPECT_THAT(request.path, testing::EndsWith("/security-credentials/role"));
    return Response{200, "application/json", R"({"AccessKeyId": "of role", "SecretAccessKey": "s", "Token": "t"})"};
  };
  setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", host.url().c_str(), 1);
  EXPECT_EQ(s3_settings().access_key, "");  // disabled
  unsetenv("AWS_EC2_METADATA_DISABLED");
  EXPECT_EQ(s3_settings("http://another:1").access_key, "");  // whose keys they are not
  EXPECT_EQ(s3_settings().access_key, "of role");
}

TEST(Profile, IsReadWithAllThatPeopleWrite) {
  const ProfileFile file = parse_profiles(
      "before = a section\n; note\n[ profile   a ]\nx=1\n  continued without a parent = 2\ns3=\n\ty = 3\nz = = \n[b",
      "f");
  EXPECT_EQ(file.at("profile a").at("x"), "1");
  EXPECT_EQ(file.at("profile a").at("s3.y"), "3");
  EXPECT_EQ(file.at("profile a").at("z"), "=");
  EXPECT_THAT(problem_of([] { parse_profiles(std::string("a\0b", 3), "f"); }), HasSubstr("f is no file of profiles"));
}

}  // namespace
}  // namespace graft
