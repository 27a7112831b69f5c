#include "bundle/precision.h"

#include "base/error.h"

namespace graft {

std::string name_of(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return "fp32";
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
  }
  fail(Kind::internal, "an unknown precision");
}

Precision precision_from_name(std::string_view name) {
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    if (name_of(precision) == name) return precision;
  }
  fail(Kind::invalid, name, " is no precision: it is fp32, bf16 or int8");
}

}  // namespace graft
