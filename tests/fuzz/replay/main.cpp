// Runs a fuzz target over files instead of invented inputs: its corpus, as an ordinary test.
// usage: fuzz_<name> FILE-OR-FOLDER...
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::size_t run_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  LLVMFuzzerTestOneInput(data, bytes.size());
  // Every prefix too: parsers are most often wrong where the input ends early.
  const std::size_t limit = bytes.size() < 512 ? bytes.size() : 512;
  for (std::size_t cut = 0; cut < limit; ++cut) {
    const std::vector<std::uint8_t> head(data, data + cut);
    LLVMFuzzerTestOneInput(head.data(), head.size());
  }
  return 1 + limit;
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t inputs = 0;
  for (int i = 1; i < count; ++i) {
    const std::filesystem::path path = arguments[i];
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
        if (entry.is_regular_file()) inputs += run_file(entry.path());
    } else if (std::filesystem::is_regular_file(path)) {
      inputs += run_file(path);
    }
  }
  std::printf("%zu inputs\n", inputs);
  return inputs > 0 ? 0 : 1;
}
