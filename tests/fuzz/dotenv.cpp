// .env files (coffer import): parsing never fails badly, and what is parsed is printed so that it reads back as the same.
#include "cli/friendly/dotenv.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = coffer::cli::parse_dotenv(text);
  if (!parsed) return 0;
  const auto again = coffer::cli::parse_dotenv(coffer::cli::print_dotenv(*parsed));
  if (!again || *again != *parsed) std::abort();
  return 0;
}
