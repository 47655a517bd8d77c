#include <fmt/format.h>

#include "base/encoding.h"
#include "server/config/reader.h"

// audit "file" "name" { options { } }, and the forms in which OpenBao's users write it: with `type` and `path` inside, or as JSON lists.
namespace coffer::config {

namespace {

void read_options(Reader& reader, const hcl::Entry& entry, AuditDevice& into) {
  for (const hcl::Value* object : reader.objects(entry)) {
    for (const hcl::Entry& option : object->entries) {
      if (option.value.is(hcl::Kind::null)) continue;
      if (const auto text = reader.scalar(option)) {
        into.options.emplace_back(option.name(), *text);
      } else {
        reader.wrong(option.value.at, fmt::format("audit option \"{}\" expected a string", option.name()),
                     "write its value in double quotes");
      }
    }
  }
}

void read_local(Reader& reader, const hcl::Entry& entry, AuditDevice& into) { reader.read(entry, into.local); }

constexpr Setting<AuditDevice> table[] = {
    setting<&AuditDevice::type>("type", "`file`, `syslog` or `socket`; the first label otherwise."),
    setting<&AuditDevice::path>("path", "Where `sys/audit` shows it; the second label otherwise."),
    setting<&AuditDevice::description>("description", "For people."),
    {"local", read_local, "Accepted for compatibility."},
    {"options", read_options, "What the device needs, such as `file_path`."},
};

constexpr std::string_view types[] = {"file", "syslog", "socket"};

// A device's body has settings; what surrounds it has devices.
bool is_body(const hcl::Value& object) {
  return std::ranges::any_of(object.entries, [](const hcl::Entry& entry) {
    const bool setting = std::ranges::find(table, entry.name(), &Setting<AuditDevice>::name) != std::end(table);
    return setting && entry.keys.size() == 1 && (entry.name() == "options" || !entry.value.is(hcl::Kind::object));
  });
}

class Finder {
 public:
  Finder(Reader& reader, Config& into) : reader_(reader), into_(into) {}

  void descend(const hcl::Value& value, std::vector<const hcl::Key*> labels, const hcl::Position& at) {
    if (value.is(hcl::Kind::list)) {
      for (const hcl::Entry& element : value.entries) descend(element.value, labels, at);
    } else if (!value.is(hcl::Kind::object) || labels.size() > 2) {
      reader_.wrong(at, "an audit device expected a block",
                    "write audit \"file\" \"name\" { options { file_path = \"/var/log/coffer/audit.log\" } }");
    } else if (labels.size() == 2 || is_body(value)) {
      device(value, labels, at);
    } else {
      for (const hcl::Entry& entry : value.entries) {
        std::vector<const hcl::Key*> further = labels;
        for (const hcl::Key& key : entry.keys) further.push_back(&key);
        descend(entry.value, std::move(further), entry.keys.front().at);
      }
    }
  }

 private:
  void device(const hcl::Value& body, const std::vector<const hcl::Key*>& labels, const hcl::Position& at) {
    AuditDevice device;
    if (!labels.empty()) device.type = labels[0]->text;
    if (labels.size() > 1) device.path = labels[1]->text;
    read_object<AuditDevice>(reader_, body, "audit", table, device);
    if (device.path.empty()) device.path = device.type;
    while (device.path.ends_with('/')) device.path.pop_back();
    if (std::ranges::find(types, device.type) == std::end(types)) {
      const std::string_view near = policy::closest(device.type, types);
      reader_.wrong(at, fmt::format("unknown audit device \"{}\"", device.type),
                    near.empty() ? "allowed: file, syslog, socket" : fmt::format("did you mean \"{}\"?", near));
      return;
    }
    const auto has = [&](std::string_view name) {
      return std::ranges::find(device.options, name, &Pairs::value_type::first) != device.options.end();
    };
    if (device.type == "file" && !has("file_path") && !has("path"))
      reader_.wrong(at, "audit device \"file\" needs the option file_path", "write options { file_path = \"/var/log/coffer/audit.log\" }");
    if (device.type == "socket" && !has("address"))
      reader_.wrong(at, "audit device \"socket\" needs the option address", "write options { address = \"127.0.0.1:9090\" }");
    if (std::ranges::find(into_.audits, device.path, &AuditDevice::path) != into_.audits.end())
      reader_.wrong(at, fmt::format("two audit devices are named \"{}\"", device.path), "give each a second label of its own");
    into_.audits.push_back(std::move(device));
  }

  Reader& reader_;
  Config& into_;
};

}  // namespace

void describe_audit(std::string& out) { describe<AuditDevice>(out, "audit", table); }

void read_audits(Reader& reader, const hcl::Entry& entry, Config& into) {
  std::vector<const hcl::Key*> labels;
  for (std::size_t i = 1; i < entry.keys.size(); ++i) labels.push_back(&entry.keys[i]);
  Finder(reader, into).descend(entry.value, std::move(labels), entry.keys.front().at);
}

}  // namespace coffer::config
