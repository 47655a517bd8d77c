#include "storage/memory/tree.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

namespace coffer::storage::memory {

Ref<Record> Record::make(std::string_view key, std::string_view value) {
  void* const block = std::malloc(sizeof(Record) + key.size() + value.size());
  if (!block) throw std::bad_alloc();
  Ref<Record> record(new (block) Record(static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(value.size())));
  char* const bytes = reinterpret_cast<char*>(record.get() + 1);
  if (!key.empty()) std::memcpy(bytes, key.data(), key.size());
  if (!value.empty()) std::memcpy(bytes + key.size(), value.data(), value.size());
  return record;
}

void Record::drop_reference() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    this->~Record();
    std::free(this);
  }
}

namespace {
constexpr std::size_t capacity = 32;
constexpr std::size_t merge_below = 12;   // a node that small joins a neighbour ...
constexpr std::size_t merged_most = 24;   // ... if the two leave room to grow
}  // namespace

class Node {
 public:
  Node(bool leaf, std::uint64_t edit) : edit_(edit), leaf_(leaf) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  void add_reference() { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop_reference();

  [[nodiscard]] bool leaf() const { return leaf_; }
  [[nodiscard]] std::uint64_t edit() const { return edit_; }
  [[nodiscard]] inline const Record* lowest() const;

  std::uint32_t count = 0;

 protected:
  ~Node() = default;

 private:
  std::atomic<std::uint32_t> references_{1};
  const std::uint64_t edit_;
  const bool leaf_;
};

namespace {

struct Leaf final : Node {
  explicit Leaf(std::uint64_t edit) : Node(true, edit) {}
  Leaf(const Leaf& o, std::uint64_t edit) : Node(true, edit) {
    count = o.count;
    std::copy_n(o.records.begin(), count, records.begin());
  }
  [[nodiscard]] std::size_t lower_bound(std::string_view key) const {
    const auto end = records.begin() + count;
    return static_cast<std::size_t>(
        std::lower_bound(records.begin(), end, key, [](const Ref<Record>& r, std::string_view k) { return r->key() < k; }) - records.begin());
  }
  void insert(std::size_t at, Ref<Record> record) {
    std::move_backward(records.begin() + at, records.begin() + count, records.begin() + count + 1);
    records[at] = std::move(record);
    ++count;
  }
  void remove(std::size_t at) {
    std::move(records.begin() + at + 1, records.begin() + count, records.begin() + at);
    records[--count] = {};
  }
  // Moves the entries from `at` on to the end of `to`.
  void move_tail(std::size_t at, Leaf& to) {
    std::move(records.begin() + at, records.begin() + count, to.records.begin() + to.count);
    to.count += static_cast<std::uint32_t>(count - at);
    count = static_cast<std::uint32_t>(at);
  }
  std::array<Ref<Record>, capacity> records;
};

struct Inner final : Node {
  explicit Inner(std::uint64_t edit) : Node(false, edit) {}
  Inner(const Inner& o, std::uint64_t edit) : Node(false, edit) {
    count = o.count;
    std::copy_n(o.children.begin(), count, children.begin());
    std::copy_n(o.first.begin(), count, first.begin());
  }
  // The child whose range holds `key`.
  [[nodiscard]] std::size_t child_of(std::string_view key) const {
    const auto end = first.begin() + count;
    const auto at = std::upper_bound(first.begin(), end, key, [](std::string_view k, const Record* r) { return k < r->key(); });
    return at == first.begin() ? 0 : static_cast<std::size_t>(at - first.begin()) - 1;
  }
  void insert(std::size_t at, Ref<Node> child) {
    std::move_backward(children.begin() + at, children.begin() + count, children.begin() + count + 1);
    std::copy_backward(first.begin() + at, first.begin() + count, first.begin() + count + 1);
    first[at] = child->lowest();
    children[at] = std::move(child);
    ++count;
  }
  void remove(std::size_t at) {
    std::move(children.begin() + at + 1, children.begin() + count, children.begin() + at);
    std::copy(first.begin() + at + 1, first.begin() + count, first.begin() + at);
    children[--count] = {};
  }
  void move_tail(std::size_t at, Inner& to) {
    std::move(children.begin() + at, children.begin() + count, to.children.begin() + to.count);
    std::copy(first.begin() + at, first.begin() + count, to.first.begin() + to.count);
    to.count += static_cast<std::uint32_t>(count - at);
    count = static_cast<std::uint32_t>(at);
  }
  std::array<Ref<Node>, capacity> children;
  std::array<const Record*, capacity> first{};  // the lowest record of each child, which keeps it alive
};

const Leaf& as_leaf(const Node& node) { return static_cast<const Leaf&>(node); }
const Inner& as_inner(const Node& node) { return static_cast<const Inner&>(node); }

// Makes the node at `place` one that this edit may change.
template <class N>
N& own(Ref<Node>& place, std::uint64_t edit) {
  if (place->edit() != edit) place = Ref<Node>(new N(static_cast<const N&>(*place), edit));
  return static_cast<N&>(*place);
}

// Inserts into a node, splitting it when full; returns the new right neighbour, if any. Where keys arrive in order the full node is left
// full, or a tree filled in order would be half empty.
template <class N, class Item>
Ref<Node> insert_or_split(N& node, std::size_t at, Item item, std::uint64_t edit) {
  if (node.count < capacity) {
    node.insert(at, std::move(item));
    return {};
  }
  Ref<Node> split(new N(edit));
  N& right = static_cast<N&>(*split);
  const std::size_t middle = at == capacity ? capacity : capacity / 2;
  node.move_tail(middle, right);
  if (at > middle || middle == capacity) {
    right.insert(at - middle, std::move(item));
  } else {
    node.insert(at, std::move(item));
  }
  return split;
}

Ref<Node> put_below(Ref<Node>& place, Ref<Record> record, std::uint64_t edit) {
  if (place->leaf()) {
    Leaf& leaf = own<Leaf>(place, edit);
    const std::size_t at = leaf.lower_bound(record->key());
    if (at == leaf.count || leaf.records[at]->key() != record->key()) return insert_or_split(leaf, at, std::move(record), edit);
    leaf.records[at] = std::move(record);
    return {};
  }
  Inner& inner = own<Inner>(place, edit);
  const std::size_t at = inner.child_of(record->key());
  Ref<Node> split = put_below(inner.children[at], std::move(record), edit);
  inner.first[at] = inner.children[at]->lowest();
  return split ? insert_or_split(inner, at + 1, std::move(split), edit) : Ref<Node>{};
}

// Joins the child at `at` with a neighbour when both are small.
template <class N>
void merge_children(Inner& inner, std::size_t at, std::uint64_t edit) {
  const std::size_t left = at + 1 < inner.count ? at : at - 1;
  if (inner.children[left]->count + inner.children[left + 1]->count > merged_most) return;
  N& into = own<N>(inner.children[left], edit);
  own<N>(inner.children[left + 1], edit).move_tail(0, into);
  inner.remove(left + 1);
}

void erase_below(Ref<Node>& place, std::string_view key, std::uint64_t edit) {
  if (place->leaf()) {
    Leaf& leaf = own<Leaf>(place, edit);
    leaf.remove(leaf.lower_bound(key));
    return;
  }
  Inner& inner = own<Inner>(place, edit);
  const std::size_t at = inner.child_of(key);
  erase_below(inner.children[at], key, edit);
  const Node& child = *inner.children[at];
  if (child.count == 0) {
    inner.remove(at);
    return;
  }
  inner.first[at] = child.lowest();
  if (child.count >= merge_below || inner.count < 2) return;
  child.leaf() ? merge_children<Leaf>(inner, at, edit) : merge_children<Inner>(inner, at, edit);
}

}  // namespace

const Record* Node::lowest() const { return leaf_ ? as_leaf(*this).records[0].get() : as_inner(*this).first[0]; }

void Node::drop_reference() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (leaf_) {
    delete static_cast<Leaf*>(this);
  } else {
    delete static_cast<Inner*>(this);
  }
}

Tree::Tree() = default;
Tree::Tree(const Tree&) = default;
Tree::Tree(Tree&&) noexcept = default;
Tree& Tree::operator=(Tree o) noexcept {
  std::swap(root_, o.root_);
  return *this;
}
Tree::~Tree() = default;

const Record* Tree::find(std::string_view key) const {
  const Node* node = root_.get();
  if (!node) return nullptr;
  while (!node->leaf()) node = as_inner(*node).children[as_inner(*node).child_of(key)].get();
  const Leaf& leaf = as_leaf(*node);
  const std::size_t at = leaf.lower_bound(key);
  return at < leaf.count && leaf.records[at]->key() == key ? leaf.records[at].get() : nullptr;
}

void Tree::put(Ref<Record> record, std::uint64_t edit) {
  if (!root_) root_ = Ref<Node>(new Leaf(edit));
  Ref<Node> split = put_below(root_, std::move(record), edit);
  if (!split) return;
  Ref<Node> top(new Inner(edit));
  static_cast<Inner&>(*top).insert(0, root_);
  static_cast<Inner&>(*top).insert(1, std::move(split));
  root_ = std::move(top);
}

void Tree::erase(std::string_view key, std::uint64_t edit) {
  if (!find(key)) return;
  erase_below(root_, key, edit);
  while (root_ && !root_->leaf() && root_->count == 1) root_ = Ref<Node>(as_inner(*root_).children[0]);
  if (root_->count == 0) root_ = {};
}

bool Cursor::seek(std::string_view from) {
  path_.clear();
  const Node* node = tree_.root_.get();
  if (!node) return false;
  while (!node->leaf()) {
    const Inner& inner = as_inner(*node);
    path_.push_back({node, inner.child_of(from)});
    node = inner.children[path_.back().index].get();
  }
  path_.push_back({node, as_leaf(*node).lower_bound(from)});
  return path_.back().index < node->count || climb();
}

bool Cursor::next() { return ++path_.back().index < path_.back().node->count || climb(); }

bool Cursor::climb() {
  path_.pop_back();
  while (!path_.empty() && ++path_.back().index == path_.back().node->count) path_.pop_back();
  if (path_.empty()) return false;
  while (!path_.back().node->leaf()) path_.push_back({as_inner(*path_.back().node).children[path_.back().index].get(), 0});
  return true;
}

const Record& Cursor::record() const { return *as_leaf(*path_.back().node).records[path_.back().index]; }

}  // namespace coffer::storage::memory
