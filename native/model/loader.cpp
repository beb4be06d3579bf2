// Pieces of files, taken by threads in turn.
#include "model/loader.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/memory.h"

namespace signalbox {

namespace {

/// Rows are read in pieces of about this size: large for the file system, small for the caches.
constexpr std::size_t kPieceBytes = std::size_t{512} << 10;

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

/// fp16 to bf16 by table: 64 Ki entries, made when the first such tensor comes.
const Bf16* halfTable() {
  static const std::vector<Bf16> table = [] {
    std::vector<Bf16> all(65536);
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = floatToBf16(fp16ToFloat(static_cast<Fp16>(i)));
    }
    return all;
  }();
  return table.data();
}

template <class T>
T loadAs(const std::uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

void toBf16(const std::uint8_t* raw, TensorDtype dtype, std::size_t count, Bf16* out) {
  if (dtype == TensorDtype::kF16) {
    const Bf16* const table = halfTable();
    for (std::size_t i = 0; i < count; ++i) out[i] = table[loadAs<Fp16>(raw + 2 * i)];
  } else {
    for (std::size_t i = 0; i < count; ++i) out[i] = floatToBf16(loadAs<float>(raw + 4 * i));
  }
}

float toFloat(const std::uint8_t* raw, TensorDtype dtype, std::size_t index) {
  if (dtype == TensorDtype::kF16) return fp16ToFloat(loadAs<Fp16>(raw + 2 * index));
  if (dtype == TensorDtype::kBf16) return bf16ToFloat(loadAs<Bf16>(raw + 2 * index));
  return loadAs<float>(raw + 4 * index);
}

void loadVector(const ModelFolder& folder, const VectorPiece& piece) {
  const std::size_t size = bytesOf(piece.tensor->dtype);
  const std::size_t count = static_cast<std::size_t>(piece.count);
  std::vector<std::uint8_t> raw(count * size);
  folder.read(*piece.tensor, static_cast<std::uint64_t>(piece.first) * size, raw.size(),
              raw.data());
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t panel = i / kPanel * static_cast<std::size_t>(piece.panelStep);
    piece.to[panel * kPanel + i % kPanel] = toFloat(raw.data(), piece.tensor->dtype, i);
  }
}

/// Some rows of a stream: as many whole panels as a piece holds.
struct Job {
  const PackStream* stream;
  int firstRow;
  int rows;
  int file;
  std::uint64_t offset;
  std::uint64_t bytes;
};

/// body(tensor, first row in the tensor, rows, first row in the job) for each tensor the job spans.
template <class Body>
void forPieces(const Job& job, Body&& body) {
  int before = 0;
  for (const RowPiece& piece : job.stream->pieces) {
    const int first = std::max(job.firstRow, before);
    const int end = std::min(job.firstRow + job.rows, before + piece.rows);
    if (first < end) {
      body(*piece.tensor, piece.firstRow + first - before, end - first, first - job.firstRow);
    }
    before += piece.rows;
  }
}

std::vector<Job> jobsOf(const PackPlan& plan) {
  std::vector<Job> jobs;
  for (const PackStream& stream : plan.streams) {
    int rows = 0;
    for (const RowPiece& piece : stream.pieces) rows += piece.rows;
    const std::size_t rowBytes = static_cast<std::size_t>(stream.columns) * sizeof(Bf16);
    const int panels = static_cast<int>(std::max<std::size_t>(1, kPieceBytes / rowBytes / kPanel));
    for (int first = 0; first < rows; first += panels * kPanel) {
      Job job{&stream, first, std::min(panels * kPanel, rows - first), -1, 0, 0};
      forPieces(job, [&](const TensorEntry& tensor, int row, int count, int) {
        const std::uint64_t perRow = bytesOf(tensor.dtype) * product(1, stream.columns);
        if (job.file < 0) {
          job.file = tensor.file;
          job.offset = tensor.offset + perRow * static_cast<std::uint64_t>(row);
        }
        job.bytes += perRow * static_cast<std::uint64_t>(count);
      });
      jobs.push_back(job);
    }
  }
  std::sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) {
    return a.file != b.file ? a.file < b.file : a.offset < b.offset;
  });
  return jobs;
}

class Loading {
 public:
  Loading(const ModelFolder& folder, const PackPlan& plan, const Kernels& kernels)
      : folder_(folder), kernels_(kernels), jobs_(jobsOf(plan)) {
    for (const Job& job : jobs_) {
      total_ += job.bytes;
      rowsBytes_ = std::max(rowsBytes_, product(job.rows, job.stream->columns) * sizeof(Bf16));
      forPieces(job, [&](const TensorEntry& tensor, int, int count, int) {
        if (tensor.dtype == TensorDtype::kBf16) return;
        rawBytes_ =
            std::max(rawBytes_, product(count, job.stream->columns) * bytesOf(tensor.dtype));
      });
      if (job.stream->dtype != WeightDtype::kFp8 || job.stream->targets.size() < 2) continue;
      panelBytes_ =
          std::max(panelBytes_, kernels.panelBytes(job.stream->columns, WeightDtype::kFp8));
    }
  }

  /// One thread's share. `report` is called after each of its jobs.
  template <class Report>
  void work(Report&& report) {
    try {
      const HugeBuffer memory(roundUp(rowsBytes_, 64) + roundUp(rawBytes_, 64) + panelBytes_,
                              "staging while loading");
      const Staging staging{memory.as<Bf16>(), memory.bytes() + roundUp(rowsBytes_, 64),
                            memory.bytes() + roundUp(rowsBytes_, 64) + roundUp(rawBytes_, 64)};
      for (;;) {
        const std::size_t index = next_.fetch_add(1);
        if (index >= jobs_.size()) return;
        run(jobs_[index], staging);
        done_.fetch_add(jobs_[index].bytes);
        report();
      }
    } catch (...) {
      next_.store(jobs_.size());
      const std::lock_guard<std::mutex> lock(mutex_);
      if (failure_ == nullptr) failure_ = std::current_exception();
    }
  }

  void rethrow() const {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
  }
  std::uint64_t done() const { return done_.load(); }
  std::uint64_t total() const { return total_; }

 private:
  struct Staging {
    Bf16* rows;
    std::uint8_t* raw;
    std::uint8_t* panel;
  };

  void run(const Job& job, const Staging& staging) const {
    const PackStream& stream = *job.stream;
    const std::size_t columns = static_cast<std::size_t>(stream.columns);
    Bf16* const rows = stream.rowsTo == nullptr
                           ? staging.rows
                           : stream.rowsTo + product(job.firstRow, 1) * columns;
    forPieces(job, [&](const TensorEntry& tensor, int row, int count, int at) {
      const std::size_t elements = product(count, stream.columns);
      const std::size_t size = bytesOf(tensor.dtype);
      Bf16* const to = rows + static_cast<std::size_t>(at) * columns;
      const bool asItIs = tensor.dtype == TensorDtype::kBf16;
      folder_.read(tensor, product(row, stream.columns) * size, elements * size,
                   asItIs ? static_cast<void*>(to) : staging.raw);
      if (!asItIs) toBf16(staging.raw, tensor.dtype, elements, to);
    });
    for (const PackTarget& target : stream.targets) {
      for (int row = 0; row < job.rows; row += kPanel) pack(job, target, rows, row, staging.panel);
    }
  }

  /// Rows [row, row + 16) of the job to their panel of `target`.
  void pack(const Job& job, const PackTarget& target, const Bf16* rows, int row,
            std::uint8_t* whole) const {
    const PackStream& stream = *job.stream;
    const std::size_t columns = static_cast<std::size_t>(stream.columns);
    const Bf16* const from = rows + static_cast<std::size_t>(row) * columns;
    const int count = std::min(kPanel, job.rows - row);
    const int panel = stream.panelFirst + (job.firstRow + row) / kPanel * stream.panelStep;
    const std::size_t bytes = kernels_.panelBytes(target.to.k, stream.dtype);
    std::uint8_t* const to = target.to.weights + static_cast<std::size_t>(panel) * bytes;
    float* const scales =
        target.to.scales == nullptr ? nullptr : target.to.scales + panel * kPanel;
    const bool cut = stream.dtype == WeightDtype::kFp8 && stream.targets.size() > 1;
    if (!cut || kernels_.numerics == Numerics::kReference) {
      kernels_.packPanel(from + target.firstColumn, columns, count, target.columns, stream.dtype,
                         to, scales);
      return;
    }
    // The scale of an output is that of its whole row, or it would depend on the number of ranks.
    // Tiles of k follow each other in a panel, so the rank's are a run of bytes.
    kernels_.packPanel(from, columns, count, stream.columns, stream.dtype, whole, scales);
    std::memcpy(to, whole + kernels_.panelBytes(target.firstColumn, stream.dtype), bytes);
  }

  const ModelFolder& folder_;
  const Kernels& kernels_;
  std::vector<Job> jobs_;
  std::uint64_t total_ = 0;
  std::size_t rowsBytes_ = 0;
  std::size_t rawBytes_ = 0;
  std::size_t panelBytes_ = 0;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> done_{0};
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace

void loadWeights(const ModelFolder& folder, const PackPlan& plan, const Kernels& kernels,
                 int threads, const OnLoaded& onLoaded) {
  for (const VectorPiece& piece : plan.vectors) loadVector(folder, piece);
  Loading loading(folder, plan, kernels);
  const auto report = [&] {
    if (onLoaded) onLoaded(loading.done(), loading.total());
  };
  report();
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back([&] { loading.work([] {}); });
  loading.work(report);
  others.clear();  // Joins.
  loading.rethrow();
  report();
}

}  // namespace signalbox
