// What the disk allows: writers append records to one file, and whoever comes first syncs for all that wait (group commit).
// usage: append_log FILE WRITERS SECONDS RECORD-BYTES     prints one line of JSON
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

class Log {
 public:
  explicit Log(const char* path) : file_(::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600)) {}
  ~Log() { ::close(file_); }
  bool ok() const { return file_ >= 0; }
  std::uint64_t syncs() const { return syncs_; }

  // Returns when the record is on disk.
  void append(const std::string& record) {
    std::unique_lock lock(mutex_);
    waiting_ += record;
    const std::uint64_t mine = batch_;
    while (done_ <= mine) {
      if (syncing_) {
        finished_.wait(lock);
        continue;
      }
      syncing_ = true;
      std::string batch;
      batch.swap(waiting_);
      ++batch_;
      lock.unlock();
      if (::write(file_, batch.data(), batch.size()) != static_cast<ssize_t>(batch.size()) || ::fdatasync(file_) != 0) {
        std::perror("append_log");
        std::_Exit(1);
      }
      lock.lock();
      ++syncs_;
      done_ = mine + 1;
      syncing_ = false;
      finished_.notify_all();
    }
  }

 private:
  int file_;
  std::mutex mutex_;
  std::condition_variable finished_;
  std::string waiting_;
  std::uint64_t batch_ = 0, done_ = 0, syncs_ = 0;
  bool syncing_ = false;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "usage: append_log FILE WRITERS SECONDS RECORD-BYTES\n");
    return 2;
  }
  const int writers = std::atoi(arguments[2]);
  const double seconds = std::atof(arguments[3]);
  const std::string record(static_cast<std::size_t>(std::atoi(arguments[4])), 'x');
  Log log(arguments[1]);
  if (!log.ok()) {
    std::perror(arguments[1]);
    return 1;
  }
  std::atomic<bool> stop{false};
  std::vector<std::vector<float>> waits(static_cast<std::size_t>(writers));
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (auto& mine : waits)
    threads.emplace_back([&] {
      while (!stop) {
        const auto start = Clock::now();
        log.append(record);
        mine.push_back(std::chrono::duration<float, std::micro>(Clock::now() - start).count());
      }
    });
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (auto& thread : threads) thread.join();
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  std::vector<float> all;
  for (const auto& mine : waits) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  const auto at = [&](double part) { return all.empty() ? 0.0F : all[static_cast<std::size_t>(part * static_cast<double>(all.size() - 1))]; };
  std::printf("{\"requests\": %zu, \"seconds\": %.6f, \"p50\": %.3f, \"p99\": %.3f, \"syncs\": %llu}\n", all.size(), took, static_cast<double>(at(0.5)),
              static_cast<double>(at(0.99)), static_cast<unsigned long long>(log.syncs()));
  return 0;
}
