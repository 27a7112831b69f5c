# Everything the build knows beyond the list of folders.
#
# The suffix of a file is a contract: x_test.cpp goes to the folder's test program, x_bench.cpp to its benchmark program,
# x_fuzz.cpp is a fuzz target of its own, libtorch.cpp is the folder's libtorch back end, a library of its own that only
# folders with libtorch link, and every other .cpp is in the folder's library. A file on disk cannot be forgotten by the
# build.

include_guard()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(GRAFT_WERROR "Warnings are errors" OFF)
option(GRAFT_BENCH "Build the benchmark programs" OFF)
option(GRAFT_LEARN "Build what needs libtorch" ON)
set(GRAFT_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them")
set(GRAFT_FUZZ_ENGINE OFF CACHE BOOL "Link the fuzz targets with libFuzzer instead of the replaying main")

find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers are cached too only when ccache is told what it may overlook.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

include(CTest)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost REQUIRED)
find_package(PNG REQUIRED)
find_package(GIF REQUIRED)
find_package(dnnl REQUIRED)
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
endif()
find_package(JPEG REQUIRED)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp libwebpdemux)
pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5)
find_package(CURL REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(SQLite3 REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
find_package(pugixml REQUIRED)
find_library(GRAFT_ARCHIVE_FILE libarchive.a REQUIRED)
if(GRAFT_BENCH)
  find_package(benchmark REQUIRED)
endif()
if(GRAFT_LEARN)
  find_package(Torch REQUIRED)
endif()
include(GoogleTest)

# Warnings, the include root and sanitizers: the flags of every target of ours.
add_library(graft_flags INTERFACE)
target_include_directories(graft_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(graft_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
target_compile_definitions(graft_flags INTERFACE GRAFT_VERSION="${PROJECT_VERSION}" SPDLOG_FMT_EXTERNAL)
if(GRAFT_WERROR)
  target_compile_options(graft_flags INTERFACE -Werror)
endif()
if(GRAFT_SANITIZE)
  target_compile_options(graft_flags INTERFACE -fsanitize=${GRAFT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # GCC 12 takes parts of std::regex for uninitialized when they are instrumented.
  target_compile_options(graft_flags INTERFACE -Wno-maybe-uninitialized)
  target_link_options(graft_flags INTERFACE -fsanitize=${GRAFT_SANITIZE})
endif()
target_link_libraries(graft_flags INTERFACE Threads::Threads)

# What each folder takes from outside. A folder that is not here takes nothing.
set(GRAFT_OUTSIDE_base OpenSSL::Crypto nlohmann_json::nlohmann_json spdlog::spdlog fmt::fmt)
set(GRAFT_OUTSIDE_image JPEG::JPEG PNG::PNG PkgConfig::WEBP GIF::GIF)
# Statically: the shared libarchive loads libxml2 and with it ICU, 36 MB for formats that graft does not read. Tests
# write archives, and only that needs libxml2.
set(GRAFT_ARCHIVE ${GRAFT_ARCHIVE_FILE} nettle lzma zstd lz4 bz2 z
  -Wl,--push-state,--as-needed,-l:libxml2.so.2,--pop-state)
set(GRAFT_OUTSIDE_archive ${GRAFT_ARCHIVE})
set(GRAFT_OUTSIDE_data ${GRAFT_ARCHIVE})
set(GRAFT_OUTSIDE_zoo PkgConfig::HDF5 ${GRAFT_ARCHIVE})
set(GRAFT_OUTSIDE_infer DNNL::dnnl)
set(GRAFT_OUTSIDE_report Boost::headers)
set(GRAFT_OUTSIDE_membership Boost::headers)
set(GRAFT_OUTSIDE_dist Boost::headers)
set(GRAFT_OUTSIDE_http Boost::headers OpenSSL::SSL OpenSSL::Crypto CURL::libcurl)
set(GRAFT_OUTSIDE_serve prometheus-cpp::core)
set(GRAFT_OUTSIDE_database SQLite::SQLite3)
set(GRAFT_OUTSIDE_identity OpenSSL::Crypto)
set(GRAFT_OUTSIDE_aws pugixml::pugixml z)
set(GRAFT_OUTSIDE_s3 pugixml::pugixml OpenSSL::Crypto z)
set(GRAFT_OUTSIDE_remote pugixml::pugixml CURL::libcurl OpenSSL::Crypto)
set(GRAFT_OUTSIDE_runner PkgConfig::PCRE2)
set(GRAFT_OUTSIDE_control prometheus-cpp::core)
set(GRAFT_OUTSIDE_cli CLI11::CLI11)

# graft_pages(<folder> <out>): each src/<folder>/NAME.html as std::string_view NAME_html(), which src/<folder>/pages.h
# declares. `out` is the list of sources that were made of them.
function(graft_pages folder out)
  file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.html)
  set(sources)
  foreach(page ${pages})
    get_filename_component(name ${page} NAME_WE)
    file(READ ${page} content)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page})
    set(source ${CMAKE_BINARY_DIR}/generated/${folder}/${name}_html.cpp)
    file(CONFIGURE OUTPUT ${source} @ONLY CONTENT "#include \"${folder}/pages.h\"

namespace graft {

std::string_view ${name}_html() {
  return R\"page(${content})page\";
}

}  // namespace graft
")
    list(APPEND sources ${source})
  endforeach()
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

# graft_library(<folder> [DEPENDS <folders>] [TORCH]): the library, tests, benchmarks and fuzz targets of src/<folder>.
function(graft_library name)
  cmake_parse_arguments(arg "TORCH" "" "DEPENDS" ${ARGN})
  if(arg_TORCH AND NOT GRAFT_LEARN)
    return()
  endif()
  set(folder ${PROJECT_SOURCE_DIR}/src/${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  set(tests ${sources})
  set(benches ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz|main)\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "/libtorch\\.cpp$")

  graft_pages(${name} pages)
  list(APPEND sources ${pages})

  list(TRANSFORM arg_DEPENDS PREPEND graft_)
  if(sources)
    add_library(graft_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(graft_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(graft_${name} ${scope} graft_flags ${arg_DEPENDS} ${GRAFT_OUTSIDE_${name}})
  if(GRAFT_LEARN AND EXISTS ${folder}/libtorch.cpp)
    add_library(graft_${name}_libtorch STATIC ${folder}/libtorch.cpp)
    target_link_libraries(graft_${name}_libtorch PUBLIC graft_${name})
    graft_use_torch(graft_${name}_libtorch PRIVATE)
    if(GRAFT_SANITIZE)
      # libtorch does not export the type information that this check looks up.
      set_source_files_properties(${folder}/libtorch.cpp PROPERTIES COMPILE_OPTIONS -fno-sanitize=vptr)
    endif()
  endif()
  if(arg_TORCH)
    graft_use_torch(graft_${name} ${scope})
    foreach(folder_below ${arg_DEPENDS})
      if(TARGET ${folder_below}_libtorch)
        target_link_libraries(graft_${name} ${scope} ${folder_below}_libtorch)
      endif()
    endforeach()
    if(sources)
      # torch/types.h has tensors, operations and autograd; all of torch/torch.h takes five times as long to load.
      target_precompile_headers(graft_${name} PRIVATE <torch/types.h>)
    endif()
  endif()

  if(tests AND BUILD_TESTING)
    add_executable(graft_${name}_test ${tests})
    target_link_libraries(graft_${name}_test PRIVATE graft_${name} GTest::gmock GTest::gtest_main)
    target_compile_definitions(graft_${name}_test PRIVATE
      GRAFT_TESTDATA="${folder}/testdata" GRAFT_HUB="${PROJECT_SOURCE_DIR}/../shared/hub"
      GRAFT_BIN="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
    if(arg_TORCH AND sources)
      target_precompile_headers(graft_${name}_test REUSE_FROM graft_${name})
    endif()
    gtest_discover_tests(graft_${name}_test TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST TEST_FILTER -*.Gpu*
      PROPERTIES TIMEOUT 300 LABELS ${name})
    if(arg_TORCH)
      gtest_discover_tests(graft_${name}_test TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST TEST_FILTER *.Gpu*
        TEST_LIST graft_${name}_gpu_tests PROPERTIES TIMEOUT 300 LABELS gpu)
    endif()
  endif()
  if(benches AND GRAFT_BENCH)
    add_executable(graft_${name}_bench ${benches})
    target_link_libraries(graft_${name}_bench PRIVATE graft_${name} benchmark::benchmark_main)
  endif()
  if(BUILD_TESTING)
    foreach(fuzzer ${fuzzers})
      graft_fuzz_target(${name} ${fuzzer})
    endforeach()
  endif()
endfunction()

# graft_instruction_set_tests(<folder> <sets>): the folder's tests as on processors that have no more than these; oneDNN
# can be told to overlook what there is beyond them.
function(graft_instruction_set_tests folder)
  if(NOT BUILD_TESTING)
    return()
  endif()
  foreach(set ${ARGN})
    add_test(NAME ${folder}.on_${set} COMMAND graft_${folder}_test --gtest_brief=1)
    set_tests_properties(${folder}.on_${set} PROPERTIES ENVIRONMENT ONEDNN_MAX_CPU_ISA=${set} LABELS ${folder})
  endforeach()
endfunction()

# A fuzz target links with libFuzzer in the fuzz preset, and everywhere else with a main that replays its corpus as a test.
function(graft_fuzz_target folder file)
  get_filename_component(target ${file} NAME_WE)
  add_executable(${target} ${file})
  target_link_libraries(${target} PRIVATE graft_${folder})
  if(GRAFT_FUZZ_ENGINE)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tools/replay_main.cpp)
  endif()
  add_test(NAME fuzz.${target} COMMAND ${target} ${PROJECT_SOURCE_DIR}/corpus/${target})
  if(GRAFT_FUZZ_ENGINE)
    set_tests_properties(fuzz.${target} PROPERTIES ENVIRONMENT "")
  endif()
endfunction()

# libtorch brings flags of its own; only these targets see them.
function(graft_use_torch target scope)
  target_include_directories(${target} SYSTEM ${scope} ${TORCH_INCLUDE_DIRS})
  target_link_libraries(${target} ${scope} ${TORCH_LIBRARIES})
  if(TARGET torch_cuda)
    target_compile_definitions(${target} ${scope} GRAFT_CUDA)
  endif()
endfunction()

# graft_program(<name> DEPENDS <folders> [TORCH]): the program whose main is src/cli/<name>_main.cpp.
function(graft_program name)
  cmake_parse_arguments(arg "TORCH" "" "DEPENDS" ${ARGN})
  if(arg_TORCH AND NOT GRAFT_LEARN)
    return()
  endif()
  list(TRANSFORM arg_DEPENDS PREPEND graft_)
  set(main ${PROJECT_SOURCE_DIR}/src/cli/${name}_main.cpp)
  if(EXISTS ${main})
    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE ${arg_DEPENDS})
    install(TARGETS ${name})
  endif()
endfunction()

# The tests that need the whole product (tests/), and the rules about the tree itself.
function(graft_product_tests)
  if(NOT BUILD_TESTING)
    return()
  endif()
  add_test(NAME tree.layers COMMAND python3 ${PROJECT_SOURCE_DIR}/tools/check_layers.py ${PROJECT_SOURCE_DIR})
  if(NOT GRAFT_LEARN)
    return()
  endif()
  file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*_test.py)
  foreach(test ${tests})
    get_filename_component(name ${test} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    # Debian's own Python: the one that has python3-pil.
    add_test(NAME product.${name} COMMAND /usr/bin/python3 ${test})
    set_tests_properties(product.${name} PROPERTIES
      ENVIRONMENT "GRAFT_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" LABELS product TIMEOUT 600)
  endforeach()
endfunction()
