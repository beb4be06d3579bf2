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

void write(WeightWriter* writer, const void* from, std::size_t count, void* to) {
  if (writer != nullptr) {
    writer->bytes(from, count, to);
  } else {
    std::memcpy(to, from, count);
  }
}

void loadVector(const ModelFolder& folder, const VectorPiece& piece, WeightWriter* writer) {
  const std::size_t size = bytesOf(piece.tensor->dtype);
  const std::size_t count = static_cast<std::size_t>(piece.count);
  std::vector<std::uint8_t> raw(count * size);
  folder.read(*piece.tensor, static_cast<std::uint64_t>(piece.first) * size, raw.size(),
              raw.data());
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = toFloat(raw.data(), piece.tensor->dtype, i);
  const std::size_t run = piece.panelStep == 1 ? count : kPanel;
  for (std::size_t first = 0; first < count; first += run) {
    write(writer, values.data() + first, std::min(run, count - first) * sizeof(float),
          piece.to + first * static_cast<std::size_t>(piece.panelStep));
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
  Loading(const ModelFolder& folder, const PackPlan& plan, const Kernels& kernels,
          const WriterOf& writerOf)
      : folder_(folder), kernels_(kernels), writerOf_(writerOf), jobs_(jobsOf(plan)) {
    for (const Job& job : jobs_) {
      total_ += job.bytes;
      rowsBytes_ = std::max(rowsBytes_, product(job.rows, job.stream->columns) * sizeof(Bf16));
      forPieces(job, [&](const TensorEntry& tensor, int, int count, int) {
        if (tensor.dtype == TensorDtype::kBf16) return;
        rawBytes_ =
            std::max(rawBytes_, product(count, job.stream->columns) * bytesOf(tensor.dtype));
      });
      for (const PackTarget& target : job.stream->targets) {
        if (!writerOf) break;
        packedBytes_ =
            std::max(packedBytes_, kernels.panelBytes(target.to.k, job.stream->dtype));
      }
      if (job.stream->dtype != WeightDtype::kFp8 || job.stream->targets.size() < 2) continue;
      panelBytes_ =
          std::max(panelBytes_, kernels.panelBytes(job.stream->columns, WeightDtype::kFp8));
    }
  }

  /// One thread's share. `report` is called after each of its jobs.
  template <class Report>
  void work(Report&& report) {
    try {
      const std::unique_ptr<WeightWriter> writer = writerOf_ ? writerOf_() : nullptr;
      const std::size_t raw = roundUp(rowsBytes_, 64);
      const std::size_t panel = raw + roundUp(rawBytes_, 64);
      const std::size_t packed = panel + roundUp(panelBytes_, 64);
      const HugeBuffer memory(packed + packedBytes_, "staging while loading");
      const Staging staging{memory.as<Bf16>(), memory.bytes() + raw, memory.bytes() + panel,
                            memory.bytes() + packed, writer.get()};
      for (;;) {
        const std::size_t index = next_.fetch_add(1);
        if (index >= jobs_.size()) {
          if (writer != nullptr) writer->finish();
          return;
        }
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
    std::uint8_t* packed;  // what the writer takes
    WeightWriter* writer;
  };

  void run(const Job& job, const Staging& staging) const {
    const PackStream& stream = *job.stream;
    const std::size_t columns = static_cast<std::size_t>(stream.columns);
    Bf16* const rowsTo =
        stream.rowsTo == nullptr ? nullptr : stream.rowsTo + product(job.firstRow, 1) * columns;
    Bf16* const rows = rowsTo == nullptr || staging.writer != nullptr ? staging.rows : rowsTo;
    forPieces(job, [&](const TensorEntry& tensor, int row, int count, int at) {
      const std::size_t elements = product(count, stream.columns);
      const std::size_t size = bytesOf(tensor.dtype);
      Bf16* const to = rows + static_cast<std::size_t>(at) * columns;
      const bool asItIs = tensor.dtype == TensorDtype::kBf16;
      folder_.read(tensor, product(row, stream.columns) * size, elements * size,
                   asItIs ? static_cast<void*>(to) : staging.raw);
      if (!asItIs) toBf16(staging.raw, tensor.dtype, elements, to);
    });
    if (rows != rowsTo && rowsTo != nullptr) {
      staging.writer->bytes(rows, product(job.rows, stream.columns) * sizeof(Bf16), rowsTo);
    }
    for (const PackTarget& target : stream.targets) {
      for (int row = 0; row < job.rows; row += kPanel) pack(job, target, rows, row, staging);
    }
  }

  /// Rows [row, row + 16) of the job to their panel of `target`.
  void pack(const Job& job, const PackTarget& target, const Bf16* rows, int row,
            const Staging& staging) const {
    const PackStream& stream = *job.stream;
    const std::size_t columns = static_cast<std::size_t>(stream.columns);
    const Bf16* const from = rows + static_cast<std::size_t>(row) * columns;
    const int count = std::min(kPanel, job.rows - row);
    const int panel = stream.panelFirst + (job.firstRow + row) / kPanel * stream.panelStep;
    const std::size_t bytes = kernels_.panelBytes(target.to.k, stream.dtype);
    std::uint8_t* const place = target.to.weights + static_cast<std::size_t>(panel) * bytes;
    float* const scalesPlace =
        target.to.scales == nullptr ? nullptr : target.to.scales + panel * kPanel;
    float ownScales[kPanel];
    const bool elsewhere = staging.writer != nullptr;
    std::uint8_t* const to = elsewhere ? staging.packed : place;
    float* const scales = elsewhere && scalesPlace != nullptr ? ownScales : scalesPlace;
    const bool cut = stream.dtype == WeightDtype::kFp8 && stream.targets.size() > 1;
    if (!cut || kernels_.numerics == Numerics::kReference) {
      kernels_.packPanel(from + target.firstColumn, columns, count, target.columns, stream.dtype,
                         to, scales);
    } else {
      // The scale of an output is that of its whole row, or it would depend on the number of ranks.
      // Tiles of k follow each other in a panel, so the rank's are a run of bytes.
      kernels_.packPanel(from, columns, count, stream.columns, stream.dtype, staging.panel, scales);
      std::memcpy(to, staging.panel + kernels_.panelBytes(target.firstColumn, stream.dtype), bytes);
    }
    if (!elsewhere) return;
    staging.writer->panel(to, target.to.k, stream.dtype, place);
    if (scales != nullptr) staging.writer->bytes(scales, sizeof ownScales, scalesPlace);
  }

  const ModelFolder& folder_;
  const Kernels& kernels_;
  const WriterOf& writerOf_;
  std::vector<Job> jobs_;
  std::uint64_t total_ = 0;
  std::size_t rowsBytes_ = 0;
  std::size_t rawBytes_ = 0;
  std::size_t panelBytes_ = 0;
  std::size_t packedBytes_ = 0;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> done_{0};
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace

void loadWeights(const ModelFolder& folder, const PackPlan& plan, const Kernels& kernels,
                 int threads, const WriterOf& writerOf, const OnLoaded& onLoaded) {
  {
    const std::unique_ptr<WeightWriter> writer = writerOf ? writerOf() : nullptr;
    for (const VectorPiece& piece : plan.vectors) loadVector(folder, piece, writer.get());
    if (writer != nullptr) writer->finish();
  }
  Loading loading(folder, plan, kernels, writerOf);
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
