#include "net/capture_merge.h"

#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>
#include "policies/keyed_hash.h"

namespace headgate::net {
namespace {

bool SameBytes(const Frame& a, const Frame& b) {
  return a.at == b.at && a.wire_length == b.wire_length && a.bytes.size() == b.bytes.size() &&
         std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin());
}

}  // namespace

absl::StatusOr<std::unique_ptr<CaptureMerge>> CaptureMerge::Open(
    const std::vector<std::string>& paths) {
  std::unique_ptr<CaptureMerge> merge(new CaptureMerge);
  for (const std::string& path : paths) {
    merge->files_.push_back(std::make_unique<File>());
    File& file = *merge->files_.back();
    file.path = path;
    file.number = merge->files_.size();
    if (absl::Status s = merge->LookAt(file); !s.ok()) return s;
  }
  std::stable_sort(merge->waiting_.begin(), merge->waiting_.end(),
                   [](const File* a, const File* b) { return a->first > b->first; });
  return merge;
}

// A file that has a name is closed again until its time has come. One without a packet is over.
absl::Status CaptureMerge::LookAt(File& file) {
  auto opened = Capture::OpenFile(file.path);
  if (!opened.ok()) return opened.status();
  file.capture = *std::move(opened);
  file.read.total = file.capture->progress().total;
  const auto more = Advance(file);
  if (!more.ok()) return more.status();
  if (!*more) return absl::OkStatus();
  file.first = file.head.at;
  const KeyedHash mix(static_cast<std::uint64_t>(file.first.time_since_epoch().count()), 0);
  seed_ += mix.Bytes(file.head.bytes);
  // Standard input that is a file has one place in it, however often it is opened.
  if (file.read.total == 0 || file.path == "-") {
    Push(&file);
    return absl::OkStatus();
  }
  file.capture.reset();
  file.clock = {};
  waiting_.push_back(&file);
  return absl::OkStatus();
}

// To the file's next packet. False: there is none, and it is closed.
absl::StatusOr<bool> CaptureMerge::Advance(File& file) {
  const auto end = file.capture->Next(file.head);
  if (end == Capture::Turn::End::kMore) [[likely]] {
    file.at = file.clock.Take(file.head.at);
    return true;
  }
  file.read.done = file.capture->progress().done;
  if (end == Capture::Turn::End::kFailed) {
    return absl::DataLossError(absl::StrCat(file.path, ": ", file.capture->error()));
  }
  file.capture.reset();
  return false;
}

void CaptureMerge::Push(File* file) {
  others_.push_back(file);
  std::push_heap(others_.begin(), others_.end(), Later());
}

CaptureMerge::File* CaptureMerge::Pop() {
  std::pop_heap(others_.begin(), others_.end(), Later());
  File* const first = others_.back();
  others_.pop_back();
  return first;
}

// Whoever begins before the packet that is next.
absl::Status CaptureMerge::OpenDue() {
  while (!waiting_.empty() && (current_ == nullptr || waiting_.back()->first <= current_->at)) {
    File& file = *waiting_.back();
    waiting_.pop_back();
    auto opened = Capture::OpenFile(file.path);
    if (!opened.ok()) return opened.status();
    file.capture = *std::move(opened);
    const auto more = Advance(file);
    if (!more.ok()) return more.status();
    if (!*more) continue;
    Push(&file);
    if (current_ != nullptr) Push(current_);
    current_ = Pop();
  }
  return absl::OkStatus();
}

// Current is behind: its packet was handed on.
absl::Status CaptureMerge::Next() {
  const auto more = Advance(*current_);
  if (!more.ok()) return more.status();
  if (!*more) current_ = nullptr;
  if (others_.empty() || (current_ != nullptr && !Later()(current_, others_.front()))) {
    return absl::OkStatus();
  }
  if (current_ != nullptr) Push(current_);
  current_ = Pop();
  return absl::OkStatus();
}

// Every other file whose turn it is by its stamp, as it may have several of one stamp.
absl::Status CaptureMerge::SkipTwins() {
  alike_.clear();
  while (!others_.empty() && others_.front()->at == current_->at) alike_.push_back(Pop());
  for (File* const file : alike_) {
    const bool twin = SameBytes(file->head, current_->head);
    twice_ += twin ? 1 : 0;
    absl::StatusOr<bool> more = true;
    if (twin) more = Advance(*file);
    if (!more.ok()) return more.status();
    if (*more) Push(file);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CaptureMerge::Read(int frames, const Each& each) {
  if (current_ == nullptr && !others_.empty()) current_ = Pop();
  for (int i = 0; i < frames; ++i) {
    if (!waiting_.empty()) {
      if (absl::Status s = OpenDue(); !s.ok()) return s;
    }
    if (current_ == nullptr) return false;
    if (!others_.empty() && others_.front()->at == current_->at) {
      if (absl::Status s = SkipTwins(); !s.ok()) return s;
    }
    Frame frame = current_->head;
    frame.at = current_->at;
    each(frame, current_->capture->link());
    if (absl::Status s = Next(); !s.ok()) return s;
  }
  return true;
}

CaptureMerge::Counts CaptureMerge::counts() const {
  Counts all;
  all.twice = twice_;
  for (const auto& file : files_) {
    all.steps += file->clock.steps();
    all.moved += file->clock.moved();
  }
  return all;
}

ReadProgress CaptureMerge::progress() const {
  ReadProgress all;
  bool known = true;
  for (const auto& file : files_) {
    all.done += file->capture ? file->capture->progress().done : file->read.done;
    all.total += file->read.total;
    known = known && file->read.total > 0;
  }
  if (!known) all.total = 0;
  return all;
}

}  // namespace headgate::net
