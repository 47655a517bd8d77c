#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "audit/chain.h"

namespace coffer::audit {

// Where each chain stands, kept in <data>/audit/chain: two slots per form, written alternately through a shared mapping, so that a store
// costs no system call and survives kill -9. It lets the chain go on where no file's tail tells (a socket only, devices enabled after
// unseal). After a power failure it may be older or newer than a file; both are noticed, neither is an error. Not thread-safe.
class HeadFile {
 public:
  // Made when missing. Null, and a warning in the log, when that cannot be.
  static std::unique_ptr<HeadFile> open(const std::string& path, std::string_view node);
  ~HeadFile();
  struct State {
    ChainHead head;
    std::uint64_t position = 0;
  };
  [[nodiscard]] std::optional<State> load(Form form) const;
  void store(Form form, const State& state);
  // Reads without writing or knowing the node: the chain of the default form.
  [[nodiscard]] static std::optional<State> peek(const std::string& path);

 private:
  struct Slot;
  HeadFile(Slot* slots, std::uint64_t node) : slots_(slots), node_(node) {}
  static std::optional<State> newest(const Slot* pair, const std::uint64_t* node);
  Slot* slots_;
  std::uint64_t node_;
  std::uint64_t generation_ = 0;
};

}  // namespace coffer::audit
