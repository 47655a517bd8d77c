#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::storage::memory {

// Shared ownership with the count inside the object. T has `add_reference` and `drop_reference`.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* adopted) : object_(adopted) {}  // takes over a reference
  Ref(const Ref& o) : object_(o.object_) {
    if (object_) object_->add_reference();
  }
  Ref(Ref&& o) noexcept : object_(std::exchange(o.object_, nullptr)) {}
  Ref& operator=(Ref o) noexcept {
    std::swap(object_, o.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->drop_reference();
  }
  [[nodiscard]] T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

// A key and its value in one block of memory. Never changes.
class Record {
 public:
  static Ref<Record> make(std::string_view key, std::string_view value);  // throws std::bad_alloc
  [[nodiscard]] std::string_view key() const { return {bytes(), key_size_}; }
  [[nodiscard]] std::string_view value() const { return {bytes() + key_size_, value_size_}; }
  void add_reference() { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop_reference();

 private:
  Record(std::uint32_t key_size, std::uint32_t value_size) : key_size_(key_size), value_size_(value_size) {}
  [[nodiscard]] const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }

  std::atomic<std::uint32_t> references_{1};
  std::uint32_t key_size_;
  std::uint32_t value_size_;
};

class Node;

// An ordered map whose copies are cheap and independent: a B+ tree of shared nodes. A copy may be read by any thread while another copy is
// edited. Edits of one tree copy the nodes on their path, but each node once per edit number only: all changes of a batch share a number.
class Tree {
 public:
  Tree();
  Tree(const Tree&);
  Tree(Tree&&) noexcept;
  Tree& operator=(Tree) noexcept;
  ~Tree();

  [[nodiscard]] const Record* find(std::string_view key) const;
  void put(Ref<Record> record, std::uint64_t edit);     // throws std::bad_alloc; the tree is then to be thrown away
  void erase(std::string_view key, std::uint64_t edit);  // likewise

 private:
  friend class Cursor;
  Ref<Node> root_;  // null when empty
};

// Walks a tree in key order. The tree must live and not be edited meanwhile.
class Cursor {
 public:
  explicit Cursor(const Tree& tree) : tree_(tree) {}
  bool seek(std::string_view from);  // to the first key at or after `from`; false when there is none
  bool next();
  [[nodiscard]] const Record& record() const;

 private:
  struct Step {
    const Node* node;
    std::size_t index;
  };
  bool climb();  // from the end of a leaf to the next one

  const Tree& tree_;
  std::vector<Step> path_;
};

}  // namespace coffer::storage::memory
