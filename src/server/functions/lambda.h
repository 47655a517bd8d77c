#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "rotation/functions.h"

// Functions that speak the Invoke action of AWS Lambda's API: AWS's own, those of its runtime's emulator (RIE), of emulators, or any program with that
// one path (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
namespace coffer::server {

// Where some functions are.
struct FunctionPlace {
  std::string pattern;   // of ARNs or names, '*' for any text
  std::string endpoint;  // "https://host:port/path"
  std::string name;      // by which it is called there; "" for the name in the ARN
  std::string ca_file;   // "" for the system's
  std::chrono::milliseconds timeout{60'000};
};
struct LambdaSettings {
  std::vector<FunctionPlace> places;  // the first one that fits counts
  std::string access_key_id, region = "us-east-1";
  SecretBytes secret_access_key;  // calls are signed where both are set
};

class LambdaFunctions final : public rotation::Functions {
 public:
  LambdaFunctions(LambdaSettings settings, Clock& clock) : settings_(std::move(settings)), clock_(clock) {}
  [[nodiscard]] bool knows(std::string_view target) const override { return place_of(target) != nullptr; }
  [[nodiscard]] Result<void> invoke(const rotation::Call& call) const override;

 private:
  [[nodiscard]] const FunctionPlace* place_of(std::string_view target) const;
  const LambdaSettings settings_;
  Clock& clock_;
};

}  // namespace coffer::server
