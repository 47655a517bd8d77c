#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/secret.h"
#include "policy/hcl.h"
#include "policy/rule.h"
#include "policy/suggest.h"

namespace coffer::policy {

namespace {

constexpr std::size_t longest = 4096, largest_charset = 256, most_rules = 64;
constexpr std::string_view top_keys[] = {"length", "rule"}, rule_keys[] = {"charset", "min-chars", "min_chars"};

std::vector<char32_t> characters(std::string_view text) {
  std::vector<char32_t> out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    char32_t c = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) c = c << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3f);
    out.push_back(c);
    i += length;
  }
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr char32_t leads[] = {0, 0xc0, 0xe0, 0xf0};
  put(leads[more] | c >> (6 * more));
  for (int k = more - 1; k >= 0; --k) put(0x80 | (c >> (6 * k) & 0x3f));
}

// Controls, separators other than the blank, and the invisible formatting characters.
bool printable(char32_t c) {
  if (c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad) return false;
  if ((c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f)) return false;
  return c != 0x1680 && c != 0x3000 && c != 0xfeff && !(c >= 0xfff0 && c <= 0xfffb) && !(c >= 0xe000 && c <= 0xf8ff) && c < 0xe0000;
}

// Uniform numbers below a bound of at most 256, from bytes: values above the last whole multiple are thrown away.
class Dice {
 public:
  explicit Dice(Random& random) : random_(random) {}
  ~Dice() { wipe(pool_.data(), pool_.size()); }
  Dice(const Dice&) = delete;
  Dice& operator=(const Dice&) = delete;
  std::size_t below(std::size_t bound) {
    const std::size_t limit = 256 - 256 % bound;
    while (true) {
      if (used_ == pool_.size()) {
        random_.fill(pool_);
        used_ = 0;
      }
      const auto value = std::to_integer<std::size_t>(pool_[used_++]);
      if (value < limit) return value % bound;
    }
  }

 private:
  Random& random_;
  std::array<std::byte, 256> pool_{};
  std::size_t used_ = pool_.size();
};

struct Rule {
  std::vector<char32_t> characters;
  std::size_t at_least = 0;
};

class Generator final : public PasswordPolicy {
 public:
  Generator(std::size_t length, std::vector<Rule> rules, std::vector<char32_t> charset) : length_(length), charset_(std::move(charset)) {
    for (const Rule& rule : rules) {
      if (rule.at_least == 0) continue;
      needs_.push_back(rule.at_least);
      std::vector<bool> member(charset_.size());
      for (const char32_t c : rule.characters)
        member[static_cast<std::size_t>(std::ranges::lower_bound(charset_, c) - charset_.begin())] = true;
      members_.push_back(std::move(member));
    }
  }

  // Candidates that miss a rule are thrown away, so that all that remain are equally likely.
  [[nodiscard]] Result<std::string> generate(Random& random) const override {
    constexpr std::size_t budget = 20'000'000;  // characters drawn before giving up
    Dice dice(random);
    std::vector<std::uint8_t> picks(length_);
    for (std::size_t drawn = 0; drawn < budget; drawn += length_) {
      for (auto& pick : picks) pick = static_cast<std::uint8_t>(dice.below(charset_.size()));
      if (!meets_rules(picks)) continue;
      std::string out;
      out.reserve(length_);
      for (const std::uint8_t pick : picks) append_utf8(out, charset_[pick]);
      wipe(picks.data(), picks.size());
      return out;
    }
    return invalid("unable to generate password from provided policy: are the rules impossible?");
  }

 private:
  [[nodiscard]] bool meets_rules(const std::vector<std::uint8_t>& picks) const {
    for (std::size_t r = 0; r < needs_.size(); ++r) {
      std::size_t count = 0;
      for (const std::uint8_t pick : picks) count += members_[r][pick] ? 1u : 0u;
      if (count < needs_[r]) return false;
    }
    return true;
  }

  std::size_t length_;
  std::vector<char32_t> charset_;
  std::vector<std::size_t> needs_;
  std::vector<std::vector<bool>> members_;
};

// Reads the text and collects what is wrong with it.
class PasswordReader {
 public:
  Result<std::unique_ptr<PasswordPolicy>> read(std::string_view text) {
    auto document = hcl::parse(text, {}, {.bytes = 64 << 10, .depth = 8, .nodes = 1000});
    if (!document)
      return invalid(
          fmt::format("unable to decode: At {}:{}: {}", document.error().line, document.error().column, document.error().message));
    refuse_unknown(document->root, top_keys);
    for (const hcl::Entry& entry : document->root.entries) {
      if (entry.name() == "length") length_ = whole_number(entry);
      if (entry.name() == "rule") read_rules(entry);
    }
    validate();
    if (!errors_.empty()) return invalid(listed_errors(errors_));
    return std::make_unique<Generator>(static_cast<std::size_t>(length_), std::move(rules_), std::move(charset_));
  }

 private:
  void wrong(const hcl::Position& at, std::string_view what) {
    errors_.push_back(fmt::format("{} (line {}, column {})", what, at.line, at.column));
  }

  void refuse_unknown(const hcl::Value& object, std::span<const std::string_view> known) {
    for (const hcl::Entry& entry : object.entries) {
      if (std::ranges::find(known, entry.name()) != known.end()) continue;
      const std::string_view near = closest(entry.name(), known);
      const std::string mend =
          near.empty() ? fmt::format("allowed: {}", fmt::join(known, ", ")) : fmt::format("did you mean \"{}\"?", near);
      wrong(entry.keys.front().at, fmt::format("unknown key \"{}\"; {}", entry.name(), mend));
    }
  }

  std::int64_t whole_number(const hcl::Entry& entry) {
    const std::string& text = entry.value.text;
    const bool whole = (entry.value.is(hcl::Kind::number) || entry.value.is(hcl::Kind::string)) &&
                       text.find_first_not_of("0123456789", text.starts_with('-') ? 1 : 0) == std::string::npos;
    if (whole && !text.empty() && text != "-" && text.size() < 10) return std::stoll(text);
    wrong(entry.value.at, fmt::format("{} expected a whole number", entry.name()));
    return 1;
  }

  void read_rules(const hcl::Entry& entry) {
    auto blocks = hcl::blocks(entry, 1);
    if (!blocks) {
      errors_.push_back(fmt::format("{} (line {}, column {}); {}", blocks.error().message, blocks.error().line, blocks.error().column,
                                    blocks.error().hint));
      return;
    }
    for (const hcl::Block& block : *blocks) {
      if (block.labels.front()->text != "charset") {
        wrong(block.labels.front()->at, fmt::format("unrecognized rule type \"{}\"; allowed: charset", block.labels.front()->text));
        continue;
      }
      read_charset(*block.body);
    }
    if (rules_.size() > most_rules) wrong(entry.keys.front().at, fmt::format("more than {} rules", most_rules));
  }

  void read_charset(const hcl::Value& body) {
    refuse_unknown(body, rule_keys);
    Rule rule;
    for (const hcl::Entry& entry : body.entries) {
      if (entry.name() == "charset") {
        if (!entry.value.is(hcl::Kind::string)) wrong(entry.value.at, "charset expected a string");
        rule.characters = characters(entry.value.text);
      } else if (entry.name().starts_with("min")) {
        rule.at_least = static_cast<std::size_t>(std::max<std::int64_t>(0, whole_number(entry)));
      }
    }
    needed_ += rule.at_least;
    rules_.push_back(std::move(rule));
  }

  void validate() {
    if (length_ <= 0) {
      errors_.emplace_back("length must be > 0");
    } else if (static_cast<std::size_t>(length_) > longest) {
      errors_.push_back(fmt::format("length must be <= {}", longest));
    } else if (static_cast<std::size_t>(length_) < needed_) {
      errors_.push_back(fmt::format("specified rules require at least {} characters but {} is specified", needed_, length_));
    }
    for (const Rule& rule : rules_) charset_.insert(charset_.end(), rule.characters.begin(), rule.characters.end());
    std::ranges::sort(charset_);
    const auto repeated = std::ranges::unique(charset_);
    charset_.erase(repeated.begin(), repeated.end());
    if (charset_.empty()) {
      errors_.emplace_back("no charset specified");
    } else if (!std::ranges::all_of(charset_, printable)) {
      errors_.emplace_back("non-printable character in charset");
    } else if (charset_.size() > largest_charset) {
      errors_.push_back(fmt::format("charset is too long: limited to {} characters", largest_charset));
    }
    for (const Rule& rule : rules_) {
      if (rule.characters.empty() && rule.at_least > 0) errors_.emplace_back("a rule with min-chars has no charset");
    }
  }

  std::int64_t length_ = 0;
  std::size_t needed_ = 0;
  std::vector<Rule> rules_;
  std::vector<char32_t> charset_;
  std::vector<std::string> errors_;
};

}  // namespace

Result<std::unique_ptr<PasswordPolicy>> PasswordPolicy::parse(std::string_view text) {
  auto policy = PasswordReader().read(text);
  if (!policy) return invalid("invalid password policy: " + policy.error().message);
  return policy;
}

}  // namespace coffer::policy
