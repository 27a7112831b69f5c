#include "control/images.h"

#include <gtest/gtest.h>

namespace graft {
namespace {

TEST(Images, AreGraftByTheNameOfTheRepository) {
  for (const char* image : {"graft", "graft:latest", "localhost:5000/graft-training:1", "graft-training@sha256:0123",
                            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/graft:2",
                            "433757028032.dkr.ecr.us-west-2.amazonaws.com/image-classification:1",
                            "813361260812.dkr.ecr.eu-central-1.amazonaws.com/image-classification:latest"}) {
    EXPECT_EQ(resolve_image(image), kOwnImage) << image;
  }
}

TEST(Images, AreThemselvesOtherwise) {
  for (const char* image : {"", "tensorflow:1", "graft/other:1", "my-graft", "image-classification-neo:1",
                            "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.11-gpu-py39"}) {
    EXPECT_EQ(resolve_image(image), image);
  }
}

TEST(Images, AreTheBuiltInAlgorithmInEveryRegion) {
  EXPECT_TRUE(is_image_classification("433757028032.dkr.ecr.us-west-2.amazonaws.com/image-classification:1"));
  EXPECT_TRUE(is_image_classification("813361260812.dkr.ecr.eu-central-1.amazonaws.com/image-classification:latest"));
  EXPECT_FALSE(is_image_classification("433757028032.dkr.ecr.us-west-2.amazonaws.com/graft:1"));
  EXPECT_FALSE(is_image_classification("image-classification-neo:1"));
}

}  // namespace
}  // namespace graft
