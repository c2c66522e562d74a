// Every file of the corpora through the entry it was made for.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/fuzz/entries.h"

namespace headgate::mysql::fuzz {
namespace {

class Corpus : public ::testing::TestWithParam<Entry> {};

TEST_P(Corpus, EveryFileComesBack) {
  const std::filesystem::path folder = std::filesystem::path(HEADGATE_CORPUS) / GetParam().name;
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(file.path().string());
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    GetParam().run(AsBytes(bytes));
    // Cut short as well: an input that ends anywhere.
    const std::size_t prefixes = GetParam().every_prefix ? bytes.size() : 0;
    for (std::size_t n = 0; n < prefixes; ++n) GetParam().run(AsBytes(bytes).first(n));
    ++files;
  }
  EXPECT_GT(files, 0);
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, ::testing::ValuesIn(kEntries),
                         [](const auto& p) { return std::string(p.param.name); });

}  // namespace
}  // namespace headgate::mysql::fuzz
