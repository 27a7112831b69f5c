// Requests that a page of another origin has its browser send.
#pragma once

#include <memory>
#include <string>

#include "http/exchange.h"
#include "s3/store.h"

namespace graft::s3 {

// Answers a preflight (OPTIONS) by the rules of the bucket that the request names, and returns nothing. Any other
// exchange is given back; its answer, whatever it is, will have what the bucket's rules say to the browser.
std::shared_ptr<Exchange> across_origins(Store& store, const std::string& domain, std::shared_ptr<Exchange> exchange);

}  // namespace graft::s3
