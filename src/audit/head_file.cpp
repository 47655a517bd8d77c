#include "audit/head_file.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "audit/sinks/io.h"
#include "base/log.h"

namespace coffer::audit {

struct HeadFile::Slot {
  std::uint64_t generation, node, seq, position;
  std::array<std::uint64_t, 4> hash;
  std::uint64_t check;
  std::array<std::uint64_t, 7> unused;

  // Finds a slot that was torn or never written; it is no protection against forgery, which the signed checkpoints are for.
  [[nodiscard]] std::uint64_t sum() const {
    std::uint64_t value = 0x434f46464552ull;
    for (const std::uint64_t word : {generation, node, seq, position, hash[0], hash[1], hash[2], hash[3]})
      value = (value ^ word) * 0x9e3779b97f4a7c15ull, value ^= value >> 29;
    return value;
  }
};

namespace {
constexpr std::size_t file_size = Form::count * 2 * 128;

std::uint64_t number_of(std::string_view node) {
  const Digest digest = sha256(node);
  std::uint64_t value;
  std::memcpy(&value, digest.data(), sizeof value);
  return value;
}
}  // namespace

std::unique_ptr<HeadFile> HeadFile::open(const std::string& path, std::string_view node) {
  static_assert(sizeof(Slot) * 2 * Form::count == file_size);
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  void* memory = MAP_FAILED;
  // Allocated first: a store into a hole would kill the process when the disk is full.
  if (fd && ::posix_fallocate(fd.get(), 0, file_size) == 0)
    memory = ::mmap(nullptr, file_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) {
    log::warn("audit: the chain's position cannot be kept in {}: {}", path, system_error(errno));
    return nullptr;
  }
  std::unique_ptr<HeadFile> file(new HeadFile(static_cast<Slot*>(memory), number_of(node)));
  for (std::size_t i = 0; i < Form::count * 2; ++i) file->generation_ = std::max(file->generation_, file->slots_[i].generation);
  return file;
}

HeadFile::~HeadFile() { ::munmap(slots_, file_size); }

std::optional<HeadFile::State> HeadFile::newest(const Slot* pair, const std::uint64_t* node) {
  const Slot* best = nullptr;
  for (const Slot* slot : {pair, pair + 1}) {
    if (slot->check != slot->sum() || slot->seq == 0 || (node != nullptr && slot->node != *node)) continue;
    if (best == nullptr || slot->generation > best->generation) best = slot;
  }
  if (best == nullptr) return std::nullopt;
  State state{{best->seq, {}}, best->position};
  std::memcpy(state.head.hash.data(), best->hash.data(), state.head.hash.size());
  return state;
}

std::optional<HeadFile::State> HeadFile::load(Form form) const { return newest(slots_ + form.index() * 2, &node_); }

void HeadFile::store(Form form, const State& state) {
  Slot* const pair = slots_ + form.index() * 2;
  Slot& slot = pair[0].generation > pair[1].generation ? pair[1] : pair[0];
  slot.generation = ++generation_;
  slot.node = node_;
  slot.seq = state.head.seq;
  slot.position = state.position;
  std::memcpy(slot.hash.data(), state.head.hash.data(), state.head.hash.size());
  slot.check = slot.sum();
}

std::optional<HeadFile::State> HeadFile::peek(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<Slot, 2> pair{};
  if (!fd || read_at(fd.get(), reinterpret_cast<char*>(pair.data()), sizeof pair, 0) != static_cast<long>(sizeof pair)) return std::nullopt;
  return newest(pair.data(), nullptr);
}

std::optional<ChainHead> stored_head(std::string_view data_folder) {
  const auto state = HeadFile::peek(std::string(data_folder) + "/audit/chain");
  if (!state) return std::nullopt;
  return state->head;
}

}  // namespace coffer::audit
