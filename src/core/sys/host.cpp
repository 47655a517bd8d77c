#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>

#include "core/sys/topics.h"

// The machine that the server runs on, with the member names of Vault's answer (api-docs/system/host-info).
namespace coffer::core {
namespace {

struct Memory {
  double usedPercent = 0;
  std::map<std::string, std::int64_t, std::less<>> bytes;
};

}  // namespace
}  // namespace coffer::core

namespace coffer::schema {

template <>
struct Codec<core::Memory> {
  static constexpr WireType wire{"object"};
  static void encode(json::Writer& w, const core::Memory& memory) {
    w.begin_object();
    for (const auto& [name, bytes] : memory.bytes) w.key(name).integer(bytes);
    w.key("usedPercent").number(memory.usedPercent).end_object();
  }
};

}  // namespace coffer::schema

namespace coffer::core {
namespace {

using schema::field;
using schema::Verb;

struct Cpu {
  std::int64_t cpu = 0;
  std::string vendorId, family, model;
  std::int64_t stepping = 0;
  std::string physicalId, coreId;
  std::int64_t cores = 1;
  std::string modelName;
  double mhz = 0;
  std::int64_t cacheSize = 0;
  std::vector<std::string> flags;
  std::string microcode;
  static constexpr auto fields() {
    return schema::Fields{
        field<&Cpu::cpu>("cpu", "Number, from 0.").open(),
        field<&Cpu::vendorId>("vendorId", "Maker.").open(),
        field<&Cpu::family>("family", "Family.").open(),
        field<&Cpu::model>("model", "Model.").open(),
        field<&Cpu::stepping>("stepping", "Stepping.").open(),
        field<&Cpu::physicalId>("physicalId", "Socket.").open(),
        field<&Cpu::coreId>("coreId", "Core of the socket.").open(),
        field<&Cpu::cores>("cores", "Cores that this entry stands for.").open(),
        field<&Cpu::modelName>("modelName", "Name of the model.").open(),
        field<&Cpu::mhz>("mhz", "Clock, in MHz.").open(),
        field<&Cpu::cacheSize>("cacheSize", "Cache, in KiB.").open(),
        field<&Cpu::flags>("flags", "What it can do.").open(),
        field<&Cpu::microcode>("microcode", "Microcode.").open(),
    };
  }
};
struct CpuTimes {
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0, guest = 0, guestNice = 0;
  static constexpr auto fields() {
    using T = CpuTimes;
    return schema::Fields{
        field<&T::cpu>("cpu", "Which: cpu0.").open(),
        field<&T::user>("user", "In programs.").open(),
        field<&T::system>("system", "In the kernel.").open(),
        field<&T::idle>("idle", "At rest.").open(),
        field<&T::nice>("nice", "In programs of low priority.").open(),
        field<&T::iowait>("iowait", "Waiting for disks.").open(),
        field<&T::irq>("irq", "In interrupts.").open(),
        field<&T::softirq>("softirq", "In what interrupts put off.").open(),
        field<&T::steal>("steal", "Taken by other guests of the host.").open(),
        field<&T::guest>("guest", "In guests.").open(),
        field<&T::guestNice>("guestNice", "In guests of low priority.").open(),
    };
  }
};
struct Disk {
  std::string path, fstype;
  std::int64_t total = 0, free = 0, used = 0;
  double usedPercent = 0;
  std::int64_t inodesTotal = 0, inodesUsed = 0, inodesFree = 0;
  double inodesUsedPercent = 0;
  static constexpr auto fields() {
    return schema::Fields{
        field<&Disk::path>("path", "Where it is mounted.").open(),
        field<&Disk::fstype>("fstype", "File system.").open(),
        field<&Disk::total>("total", "Bytes.").open(),
        field<&Disk::free>("free", "Bytes that are free.").open(),
        field<&Disk::used>("used", "Bytes in use.").open(),
        field<&Disk::usedPercent>("usedPercent", "The same of a hundred.").open(),
        field<&Disk::inodesTotal>("inodesTotal", "Inodes.").open(),
        field<&Disk::inodesUsed>("inodesUsed", "Inodes in use.").open(),
        field<&Disk::inodesFree>("inodesFree", "Inodes that are free.").open(),
        field<&Disk::inodesUsedPercent>("inodesUsedPercent", "Inodes in use of a hundred.").open(),
    };
  }
};
struct Host {
  std::string hostname;
  std::int64_t uptime = 0, bootTime = 0, procs = 0;
  std::string os = "linux", platform, platformFamily, platformVersion, kernelVersion, kernelArch, virtualizationSystem, virtualizationRole,
              hostId;
  static constexpr auto fields() {
    return schema::Fields{
        field<&Host::hostname>("hostname", "Name.").open(),
        field<&Host::uptime>("uptime", "Seconds since the start.").open(),
        field<&Host::bootTime>("bootTime", "When it started, in seconds since 1970.").open(),
        field<&Host::procs>("procs", "Processes.").open(),
        field<&Host::os>("os", "Kind of operating system.").open(),
        field<&Host::platform>("platform", "Distribution.").open(),
        field<&Host::platformFamily>("platformFamily", "What it descends from.").open(),
        field<&Host::platformVersion>("platformVersion", "Its version.").open(),
        field<&Host::kernelVersion>("kernelVersion", "Kernel.").open(),
        field<&Host::kernelArch>("kernelArch", "Architecture.").open(),
        field<&Host::virtualizationSystem>("virtualizationSystem", "Not looked for: empty.").open(),
        field<&Host::virtualizationRole>("virtualizationRole", "Not looked for: empty.").open(),
        field<&Host::hostId>("hostId", "Not shown: empty.").open(),
    };
  }
};
struct HostInfo {
  Time timestamp{};
  std::vector<Cpu> cpu;
  std::vector<CpuTimes> cpu_times;
  std::vector<Disk> disk;
  Host host;
  Memory memory;
  static constexpr auto fields() {
    return schema::Fields{
        field<&HostInfo::timestamp>("timestamp", "When this was read.").open(),
        field<&HostInfo::cpu>("cpu", "Processors.").open(),
        field<&HostInfo::cpu_times>("cpu_times", "What they did, in seconds.").open(),
        field<&HostInfo::disk>("disk", "The root file system.").open(),
        field<&HostInfo::host>("host", "The machine.").open(),
        field<&HostInfo::memory>("memory", "Memory, in bytes.").open(),
    };
  }
};

template <class Number>
Number number_in(std::string_view text) {
  Number out{};
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  (void)std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// Calls visit(name, value) for the lines `name: value` of a file of /proc, or `name=value` of another.
template <class Visit>
void each_pair(const char* file, char between, Visit visit) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t at = line.find(between);
    if (at == std::string::npos) {
      visit(std::string_view(), std::string_view());
      continue;
    }
    std::string_view name(line.data(), at), value = std::string_view(line).substr(at + 1);
    while (name.ends_with('\t') || name.ends_with(' ')) name.remove_suffix(1);
    while (value.starts_with(' ') || value.starts_with('"')) value.remove_prefix(1);
    if (value.ends_with('"')) value.remove_suffix(1);
    visit(name, value);
  }
}

std::vector<Cpu> read_cpus() {
  std::vector<Cpu> out;
  each_pair("/proc/cpuinfo", ':', [&](std::string_view name, std::string_view value) {
    if (name == "processor") out.emplace_back().cpu = number_in<std::int64_t>(value);
    if (out.empty()) return;
    Cpu& cpu = out.back();
    if (name == "vendor_id") cpu.vendorId = value;
    if (name == "cpu family") cpu.family = value;
    if (name == "model") cpu.model = value;
    if (name == "stepping") cpu.stepping = number_in<std::int64_t>(value);
    if (name == "physical id") cpu.physicalId = value;
    if (name == "core id") cpu.coreId = value;
    if (name == "model name") cpu.modelName = value;
    if (name == "cpu MHz") cpu.mhz = number_in<double>(value);
    if (name == "cache size") cpu.cacheSize = number_in<std::int64_t>(value);
    if (name == "flags" || name == "Features") cpu.flags = words_of(value);
    if (name == "microcode") cpu.microcode = value;
  });
  return out;
}

std::vector<CpuTimes> read_cpu_times() {
  std::vector<CpuTimes> out;
  const double tick = static_cast<double>(std::max(::sysconf(_SC_CLK_TCK), 1L));
  std::ifstream in("/proc/stat");
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() < 2 || !words[0].starts_with("cpu") || words[0] == "cpu") continue;
    CpuTimes& cpu = out.emplace_back();
    cpu.cpu = words[0];
    double* const columns[] = {&cpu.user, &cpu.nice,    &cpu.system, &cpu.idle,  &cpu.iowait,
                               &cpu.irq,  &cpu.softirq, &cpu.steal,  &cpu.guest, &cpu.guestNice};
    for (std::size_t i = 0; i < std::size(columns) && i + 1 < words.size(); ++i) *columns[i] = number_in<double>(words[i + 1]) / tick;
  }
  return out;
}

double percent(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::vector<Disk> read_disks() {
  struct statvfs found{};
  if (::statvfs("/", &found) != 0) return {};
  Disk disk;
  disk.path = "/";
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() > 2 && words[1] == "/") disk.fstype = words[2];
  }
  const auto bytes = [&](auto blocks) { return static_cast<std::int64_t>(blocks * found.f_frsize); };
  disk.total = bytes(found.f_blocks);
  disk.free = bytes(found.f_bavail);
  disk.used = bytes(found.f_blocks - found.f_bfree);
  disk.usedPercent = percent(disk.used, disk.used + disk.free);
  disk.inodesTotal = static_cast<std::int64_t>(found.f_files);
  disk.inodesFree = static_cast<std::int64_t>(found.f_ffree);
  disk.inodesUsed = disk.inodesTotal - disk.inodesFree;
  disk.inodesUsedPercent = percent(disk.inodesUsed, disk.inodesTotal);
  return {std::move(disk)};
}

std::int64_t count_processes() {
  std::ifstream in("/proc/loadavg");  // "0.00 0.01 0.05 1/137 4242": running and all
  std::string word;
  for (int i = 0; i < 4; ++i) in >> word;
  const std::size_t slash = word.find('/');
  return slash == std::string::npos ? 0 : number_in<std::int64_t>(std::string_view(word).substr(slash + 1));
}

Host read_host(Time now) {
  Host out;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) out.hostname = name.data();
  double uptime = 0;
  std::ifstream("/proc/uptime") >> uptime;
  out.uptime = static_cast<std::int64_t>(uptime);
  out.bootTime = std::chrono::duration_cast<Seconds>(now.time_since_epoch()).count() - out.uptime;
  out.procs = count_processes();
  struct utsname kernel{};
  if (::uname(&kernel) == 0) {
    out.kernelVersion = kernel.release;
    out.kernelArch = kernel.machine;
  }
  each_pair("/etc/os-release", '=', [&](std::string_view key, std::string_view value) {
    if (key == "ID") out.platform = value;
    if (key == "ID_LIKE") out.platformFamily = value;
    if (key == "VERSION_ID") out.platformVersion = value;
  });
  if (out.platformFamily.empty()) out.platformFamily = out.platform;
  return out;
}

Memory read_memory() {
  static constexpr std::pair<std::string_view, std::string_view> known[] = {
      {"MemTotal", "total"},
      {"MemAvailable", "available"},
      {"MemFree", "free"},
      {"Active", "active"},
      {"Inactive", "inactive"},
      {"Buffers", "buffers"},
      {"Cached", "cached"},
      {"Writeback", "writeBack"},
      {"Dirty", "dirty"},
      {"WritebackTmp", "writeBackTmp"},
      {"Shmem", "shared"},
      {"Slab", "slab"},
      {"SReclaimable", "sreclaimable"},
      {"SUnreclaim", "sunreclaim"},
      {"PageTables", "pageTables"},
      {"SwapCached", "swapCached"},
      {"CommitLimit", "commitLimit"},
      {"Committed_AS", "committedAS"},
      {"SwapTotal", "swapTotal"},
      {"SwapFree", "swapFree"},
      {"Mapped", "mapped"},
      {"VmallocTotal", "vmallocTotal"},
      {"VmallocUsed", "vmallocUsed"},
      {"VmallocChunk", "vmallocChunk"},
  };
  Memory out;
  each_pair("/proc/meminfo", ':', [&](std::string_view key, std::string_view value) {
    for (const auto& [from, to] : known)
      if (key == from) out.bytes.emplace(to, number_in<std::int64_t>(value) * 1024);
  });
  const std::int64_t total = out.bytes["total"], used = total - out.bytes["available"];
  out.bytes["used"] = used;
  out.usedPercent = percent(used, total);
  return out;
}

class HostTopic final : public Topic {
 public:
  explicit HostTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    out.push_back(
        schema::at("host-info", "The machine.").on(Verb::read, this, &HostTopic::read, "Shows processors, memory, load and disk."));
    return out;
  }

 private:
  // Files of /proc are read: a worker's task.
  Result<HostInfo> read(const Caller&, Session&, const schema::NoMembers&) {
    const Time now = system_.clock.now();
    return HostInfo{now, read_cpus(), read_cpu_times(), read_disks(), read_host(now), read_memory()};
  }
  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_host_topic(System& system) { return std::make_unique<HostTopic>(system); }

}  // namespace coffer::core
