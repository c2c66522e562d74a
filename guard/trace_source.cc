// A record read back.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <variant>

#include <absl/strings/str_format.h>
#include "guard/trace_file.h"
#include "guard/trace_frame.h"

namespace headgate::guard {
namespace {

struct Frame {
  char kind = 0;
  std::string bytes;
};

// `kind` 0: the file is at its end. The error says what is wrong with it.
absl::StatusOr<Frame> ReadFrame(std::FILE* file) {
  std::array<char, kTraceFrame> head{};
  const std::size_t n = std::fread(head.data(), 1, head.size(), file);
  if (n == 0) return Frame{};
  if (n < head.size()) return absl::DataLossError("it ends within a block");
  TraceBytes in(std::string_view(head.data(), head.size()));
  Frame frame;
  frame.kind = static_cast<char>(in.Byte());
  const std::uint64_t sizes = in.Fixed();
  const auto size = static_cast<std::uint32_t>(sizes);
  const auto crc = static_cast<std::uint32_t>(sizes >> 32);
  if (size > kMostTraceBlock) return absl::DataLossError("a block has no size that makes sense");
  frame.bytes.resize(size);
  if (std::fread(frame.bytes.data(), 1, size, file) < size) {
    return absl::DataLossError("it ends within a block");
  }
  if (TraceCrc(frame.bytes) != crc) frame.kind = '?';  // damaged: what is behind may be good
  return frame;
}

}  // namespace

absl::StatusOr<TraceSource::File> TraceSource::OpenOne(const std::string& path) {
  File f;
  f.path = path;
  f.file.reset(std::fopen(path.c_str(), "rbe"));
  if (!f.file) {
    return absl::NotFoundError(absl::StrFormat("%s: %s", path, std::strerror(errno)));
  }
  std::array<char, kTraceMagic.size()> magic{};
  const bool is_trace = std::fread(magic.data(), 1, magic.size(), f.file.get()) == magic.size() &&
                        std::string_view(magic.data(), magic.size()) == kTraceMagic;
  if (!is_trace) return absl::InvalidArgumentError(path + " is no trace");
  const auto frame = ReadFrame(f.file.get());
  if (!frame.ok() || frame->kind != 'H') {
    return absl::InvalidArgumentError(path + " has no header that makes sense");
  }
  auto header = ParseTraceHeader(frame->bytes);
  if (!header.ok()) {
    return absl::InvalidArgumentError(path + " " + std::string(header.status().message()));
  }
  f.header = std::move(*header);
  return f;
}

absl::StatusOr<TraceSource> TraceSource::Open(const std::vector<std::string>& paths) {
  TraceSource source;
  for (const std::string& path : paths) {
    auto file = OpenOne(path);
    if (!file.ok()) return file.status();
    std::FILE* const f = file->file.get();
    const long behind_header = std::ftell(f);
    std::fseek(f, 0, SEEK_END);
    if (const long end = std::ftell(f); end > 0) source.bytes_ += static_cast<std::uint64_t>(end);
    std::fseek(f, behind_header, SEEK_SET);
    source.files_.push_back(std::move(*file));
  }
  if (source.files_.empty()) return absl::InvalidArgumentError("no trace is named");
  std::stable_sort(source.files_.begin(), source.files_.end(),
                   [](const File& a, const File& b) { return a.header.number < b.header.number; });
  const TraceHeader& first = source.files_.front().header;
  for (std::size_t i = 0; i < source.files_.size(); ++i) {
    const File& f = source.files_[i];
    if (i > 0 && f.header.number == source.files_[i - 1].header.number) {
      return absl::InvalidArgumentError(absl::StrFormat("%s and %s are the same part of a record",
                                                        source.files_[i - 1].path, f.path));
    }
    if (f.header.series != first.series) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s and %s are of different records: replay them one by one",
                          source.files_.front().path, f.path));
    }
  }
  if (first.number > 0) {
    source.Note(
        absl::StrFormat("%d older files of the record are not there: it begins in its "
                        "middle, and what was held then is not known",
                        first.number));
    source.whole_ = false;
  }
  return source;
}

const TraceDecoder::Line* TraceSource::Next() {
  while (true) {
    if (decoder_ != nullptr) {
      if (const TraceDecoder::Line* const line = decoder_->Next()) {
        ++expected_;
        const auto* const accepted = std::get_if<event::Accepted>(&line->event.what);
        if (accepted != nullptr && accepted->found) ++found_;
        return line;
      }
      if (!decoder_->ok()) {
        Note(files_[at_].path + ": a block makes no sense, and its rest is left out");
        whole_ = false;
      }
      decoder_.reset();
    }
    if (!NextBlock()) return nullptr;
  }
}

// The next block of events, in whichever file.
bool TraceSource::NextBlock() {
  for (; at_ < files_.size(); ++at_) {
    File& f = files_[at_];
    auto frame = ReadFrame(f.file.get());
    while (frame.ok() && frame->kind != 0) {
      bytes_read_ += frame->bytes.size() + kTraceFrame;
      if (frame->kind == 'E') {
        *block_ = std::move(frame->bytes);
        decoder_ = std::make_unique<TraceDecoder>(*block_);
        const std::uint64_t first = decoder_->first();
        if (first > expected_ && (expected_ > 0 || header().number == 0)) {
          Note(absl::StrFormat("%s: %d events are missing before event %d", f.path,
                               first - expected_, first));
          whole_ = false;
        }
        if (first < expected_) {
          decoder_.reset();
          Note(absl::StrFormat("%s: a block begins at event %d again, and is left out", f.path,
                               first));
          frame = ReadFrame(f.file.get());
          continue;
        }
        expected_ = first;
        return true;
      }
      Note(f.path + ": a block is damaged, and left out");
      whole_ = false;
      frame = ReadFrame(f.file.get());
    }
    if (!frame.ok()) {
      Note(f.path + ": " + std::string(frame.status().message()) + "; it is read as far as that");
      whole_ = whole_ && at_ + 1 == files_.size();
    }
  }
  return false;
}

std::vector<std::string> TraceSource::notes() const {
  std::vector<std::string> notes = notes_;
  if (found_ > 0) {
    notes.push_back(absl::StrFormat(
        "%d connections were there already when the record began: they are taken for idle",
        found_));
  }
  return notes;
}

void TraceSource::Note(std::string text) {
  if (notes_.size() < kNotes)
    notes_.push_back(std::move(text));
  else if (notes_.size() == kNotes)
    notes_.push_back("and more of the kind");
}

}  // namespace headgate::guard
