// The small S3 that remote/ is tested with.
#include "remote/test_store_test.cpp"
