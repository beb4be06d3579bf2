// Safetensors files and sharded folders: what is read, what is refused, and by which words.
#include "core/safetensors.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "check.h"
#include "core/error.h"
#include "core/safetensors_header.h"
#include "largest_allocation.h"
#include "safetensors_bytes.h"
#include "temp_folder.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

/// What the next calls of pread meet.
enum class Fault { kNone, kInterrupted, kShort, kBroken };
std::atomic<Fault> fault{Fault::kNone};
std::atomic<int> faultsHit{0};

constexpr char kSingle[] = "model.safetensors";
constexpr char kIndex[] = "model.safetensors.index.json";

std::string counting(std::size_t bytes) {
  std::string data(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<char>(i * 7 + i / 251);
  return data;
}

std::unique_ptr<ModelFolder> openFile(const TempFolder& folder, const std::string& file) {
  folder.write(kSingle, file);
  return ModelFolder::open(folder.path());
}

/// The header alone, before `dataBytes` bytes of data, is refused with these words.
void refused(const std::string& header, std::uint64_t dataBytes, const std::string& part,
             ErrorCode code = ErrorCode::kInvalidModel) {
  CHECK_THROWS(parseSafetensorsHeader(header, 8 + header.size(), dataBytes, 0, "f header"), code,
               part);
}

std::string readAll(const ModelFolder& folder, const std::string& name) {
  const TensorEntry& entry = folder.tensor(name);
  std::string bytes(entry.bytes, 'x');
  folder.read(entry, 0, bytes.size(), bytes.data());
  return bytes;
}

void writeShards(const TempFolder& folder) {
  folder.write("a.safetensors",
               safetensorsFile("{" + tensorEntry("x", "U8", "[3]", 0, 3) + "}", "abc"));
  folder.write("b.safetensors",
               safetensorsFile("{" + tensorEntry("y", "I16", "[2]", 0, 4) + "}", "defg"));
}

void refusedIndex(const TempFolder& folder, const std::string& text, const std::string& part,
                  ErrorCode code = ErrorCode::kInvalidModel) {
  folder.write(kIndex, text);
  CHECK_THROWS(ModelFolder::open(folder.path()), code, part);
}

}  // namespace

// In place of the C library's, for this executable: reads that the system breaks off.
extern "C" ssize_t pread(int file, void* to, size_t bytes, off_t offset) {
  const Fault now = fault.load();
  if (now == Fault::kInterrupted && faultsHit++ % 3 != 2) {
    errno = EINTR;
    return -1;
  }
  if (now == Fault::kBroken) {
    ++faultsHit;
    errno = EIO;
    return -1;
  }
  if (now == Fault::kShort && bytes > 5) {
    ++faultsHit;
    bytes = 5;
  }
  return syscall(SYS_pread64, file, to, bytes, offset);
}

TEST("every dtype, shape and offset of a file comes back, with the bytes themselves") {
  const TempFolder folder;
  const std::string data = counting(64);
  const std::string header =
      "{\"__metadata__\":{\"format\":\"pt\"}," + tensorEntry("f64", "F64", "[1]", 0, 8) + "," +
      tensorEntry("bf16", "BF16", "[2,3]", 8, 20) + "," +
      tensorEntry("f32", "F32", "[]", 20, 24) + "," + tensorEntry("f16", "F16", "[1,1,1]", 24, 26) +
      "," + tensorEntry("i64", "I64", "[2]", 26, 42) + "," +
      tensorEntry("i32", "I32", "[2]", 42, 50) + "," + tensorEntry("i16", "I16", "[1]", 50, 52) +
      "," + tensorEntry("i8", "I8", "[3]", 52, 55) + "," + tensorEntry("u8", "U8", "[4]", 55, 59) +
      "," + tensorEntry("b", "BOOL", "[2]", 59, 61) + "," +
      tensorEntry("e4", "F8_E4M3", "[1]", 61, 62) + "," +
      tensorEntry("e5", "F8_E5M2", "[2]", 62, 64) + "}   ";
  const auto open = openFile(folder, safetensorsFile(header, data));
  CHECK(open->tensors().size() == 12);
  CHECK(open->path() == folder.path());
  CHECK(open->files() == std::vector<std::string>{folder.of(kSingle)});
  for (const auto& [name, entry] : open->tensors()) {
    CHECK(entry.name == name && entry.file == 0);
    std::uint64_t size = bytesOf(entry.dtype);
    for (const std::int64_t length : entry.shape) size *= static_cast<std::uint64_t>(length);
    CHECK_SAY(entry.bytes == size, name);
    CHECK_SAY(readAll(*open, name) == data.substr(entry.offset - 8 - header.size(), size), name);
  }
  const TensorEntry& bf16 = open->tensor("bf16");
  CHECK(bf16.dtype == TensorDtype::kBf16 && bf16.shape == (std::vector<std::int64_t>{2, 3}));
  CHECK(std::string(nameOf(bf16.dtype)) == "BF16");
  CHECK(open->tensor("f32").shape.empty());
  char part[3];
  open->read(bf16, 7, 3, part);
  CHECK(std::string(part, 3) == data.substr(15, 3));
}

TEST("order in the header is free, empty tensors lie anywhere, any byte may begin a tensor") {
  const TempFolder folder;
  const std::string header = "{" + tensorEntry("last", "F32", "[1]", 3, 7) + "," +
                             tensorEntry("none", "F32", "[9223372036854775807,4,0]", 3, 3) + "," +
                             tensorEntry("end", "F64", "[0]", 7, 7) + "," +
                             tensorEntry("first", "U8", "[3]", 0, 3) + "}";
  for (int spaces = 0; spaces < 4; ++spaces) {
    const auto open = openFile(
        folder, safetensorsFile(header + std::string(static_cast<std::size_t>(spaces), ' '),
                                "abcdefg"));
    CHECK(readAll(*open, "last") == "defg" && readAll(*open, "first") == "abc");
    CHECK(readAll(*open, "none").empty() && readAll(*open, "end").empty());
  }
  const auto empty = openFile(folder, safetensorsFile("{}", ""));
  CHECK(empty->tensors().empty() && empty->find("x") == nullptr);
}

TEST("a missing tensor is named with the files that were searched") {
  const TempFolder folder;
  const auto open = openFile(folder, safetensorsFile("{}", ""));
  CHECK_THROWS(open->tensor("lm_head.weight"), ErrorCode::kInvalidModel,
               "\"lm_head.weight\" is missing; searched: " + folder.of(kSingle));
}

TEST("a file too short for what it claims is refused before anything is allocated") {
  const TempFolder folder;
  const auto refusedFile = [&](const std::string& file, const std::string& part) {
    folder.write(kSingle, file);
    largestAllocation = 0;
    CHECK_THROWS(ModelFolder::open(folder.path()), ErrorCode::kInvalidModel, part);
    CHECK_THROWS(ModelFolder::open(folder.path()), ErrorCode::kInvalidModel, folder.of(kSingle));
    CHECK_SAY(largestAllocation < 10'000, largestAllocation.load());
  };
  const std::string good =
      safetensorsFile("{" + tensorEntry("x", "U8", "[300]", 0, 300) + "}", counting(300));
  for (std::size_t length = 0; length < good.size(); ++length) {
    refusedFile(good.substr(0, length), length < 8 ? "no safetensors header" : "complete?");
  }
  refusedFile(safetensorsFile(3, "{}", ""), "a header of 3 bytes, but only 2 follow");
  refusedFile(safetensorsFile(100'000'000, "{}", ""), "but only 2 follow");
  refusedFile(safetensorsFile(100'000'001, "{}", ""), "at most 100000000");
  refusedFile(safetensorsFile(UINT64_MAX, "{}", ""), "at most 100000000");
  refusedFile(safetensorsFile(UINT64_MAX - 7, "{}", ""), "at most 100000000");
  refusedFile(safetensorsFile(0, "{}", ""), "a value is expected");
  refusedFile(good + "z", "the tensors end at byte 300 of 301");
  refusedFile("version https://git-lfs.github.com/spec/v1\noid sha256:00", "safetensors file?");
}

TEST("a header that contradicts itself or the file is refused by tensor and field") {
  refused("[]", 0, "must be an object");
  refused("{\"x\":1}", 0, "f header: x is 1: must be an object");
  refused("{\"__metadata__\":[]}", 0, "__metadata__");
  refused("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__.a is 1: must be a string");
  refused("{\"x\":{}}", 0, "f header: x: dtype is missing");
  refused("{\"x\":{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}", 0, "x: shape is missing");
  refused("{\"x\":{\"dtype\":\"U8\",\"shape\":[0]}}", 0, "x: data_offsets is missing");
  refused("{\"x\":{\"dtype\":3,\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "x.dtype is 3");
  refused("{\"x\":{\"dtype\":\"U8\",\"shape\":3,\"data_offsets\":[0,3]}}", 3, "x.shape is 3");
  for (const char* dtype : {"F4", "U64", "bf16", "F8_E8M0", ""}) {
    refused("{" + tensorEntry("x", dtype, "[0]", 0, 0) + "}", 0, "x.dtype is \"",
            ErrorCode::kUnsupportedModel);
  }
  refused("{" + tensorEntry("x", "U8", "[-1]", 0, 0) + "}", 0, "shape[0] is -1");
  refused("{" + tensorEntry("x", "U8", "[1.5]", 0, 1) + "}", 1, "shape[0] is 1.5");
  refused("{" + tensorEntry("x", "U8", "[9223372036854775808]", 0, 1) + "}", 1, "whole number");
  refused("{" + tensorEntry("x", "U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", 0, 1) + "}", 1,
          "at most 16 axes");
  refused("{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1]}}", 1, "begin and end");
  refused("{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,2]}}", 1, "begin and end");
  refused("{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[-1,0]}}", 1, "negative");
  refused("{" + tensorEntry("x", "U8", "[1]", 2, 1) + "}", 2, "data_offsets[1] is 1: before");
  refused("{" + tensorEntry("x", "U8", "[4]", 0, 4) + "}", 3, "only 3 bytes follow");
  refused("{" + tensorEntry("x", "U8", "[1]", 9223372036854775806, 9223372036854775807) + "}", 3,
          "only 3 bytes follow");
  refused("{" + tensorEntry("x", "BF16", "[2]", 0, 3) + "}", 3,
          "x.data_offsets is an array of 2: 3 bytes, but shape and dtype make 4");
  refused("{" + tensorEntry("x", "U8", "[0]", 0, 3) + "}", 3, "but shape and dtype make 0");
}

TEST("shapes whose product wraps around to the right size are refused") {
  // 2^32 * 2^32 * 4 = 2^66, 0 in 64 bits; (2^63 + 1) * 2 = 2 in 64 bits.
  refused("{" + tensorEntry("x", "F32", "[4294967296,4294967296]", 0, 0) + "}", 0,
          "x.shape is an array of 2: more bytes than can be counted");
  refused("{" + tensorEntry("x", "I16", "[4611686018427387905,2]", 0, 4) + "}", 4, "counted");
  refused("{" + tensorEntry("x", "F64", "[2305843009213693952]", 0, 0) + "}", 0, "counted");
}

TEST("a shape of terabytes allocates nothing of that size") {
  const TempFolder folder;
  folder.write(kSingle, safetensorsFile(
      "{" + tensorEntry("x", "U8", "[9000000000000]", 0, 9'000'000'000'000) + "}", "abc"));
  largestAllocation = 0;
  CHECK_THROWS(ModelFolder::open(folder.path()), ErrorCode::kInvalidModel, "only 3 bytes follow");
  CHECK_SAY(largestAllocation > 0 && largestAllocation < 10'000, largestAllocation.load());
}

TEST("tensors that overlap or leave a gap are refused by name") {
  const auto pair = [](const std::string& second) {
    return "{" + tensorEntry("a", "U8", "[4]", 0, 4) + "," + second + "}";
  };
  refused(pair(tensorEntry("b", "U8", "[4]", 3, 7)), 7,
          "tensor \"b\" begins at byte 3, inside the tensor before it, which ends at byte 4");
  refused(pair(tensorEntry("b", "U8", "[4]", 0, 4)), 4, "tensor \"b\" begins at byte 0, inside");
  refused(pair(tensorEntry("b", "U8", "[0]", 2, 2)), 4, "tensor \"b\" begins at byte 2, inside");
  refused(pair(tensorEntry("b", "U8", "[4]", 5, 9)), 9,
          "tensor \"b\" begins at byte 5, after a gap from byte 4");
  refused(pair(tensorEntry("a", "U8", "[1]", 4, 5)), 5, "the key \"a\" stands here a second time");
  refused("{" + tensorEntry("a", "U8", "[4]", 1, 5) + "}", 5, "after a gap from byte 0");
  refused("{" + tensorEntry("a", "U8", "[4]", 0, 4) + "}", 5, "end at byte 4 of 5");
  refused("{}", 1, "end at byte 0 of 1");
}

TEST("a tensor's name that would steer a terminal is shown escaped") {
  refused("{" + tensorEntry("a\\u001b[2J", "U8", "[4]", 1, 5) + "}", 5, "\"a\\x1b[2J\"");
}

TEST("a folder without weights says what it looked for") {
  const TempFolder folder;
  CHECK_THROWS(ModelFolder::open(folder.path()), ErrorCode::kIo,
               "neither model.safetensors nor model.safetensors.index.json");
  CHECK_THROWS(ModelFolder::open(folder.of("absent")), ErrorCode::kIo, "absent");
}

TEST("shards come back as one set of tensors, through links too") {
  const TempFolder folder;
  const TempFolder blobs;
  writeShards(blobs);
  for (const char* name : {"a.safetensors", "b.safetensors"}) {
    std::filesystem::create_symlink(blobs.of(name), folder.of(name));
  }
  folder.write(kIndex, R"({"metadata": {"total_size": 7},
                           "weight_map": {"y": "b.safetensors", "x": "a.safetensors"}})");
  const auto open = ModelFolder::open(folder.path());
  CHECK(open->files() ==
        (std::vector<std::string>{folder.of("a.safetensors"), folder.of("b.safetensors")}));
  CHECK(readAll(*open, "x") == "abc" && readAll(*open, "y") == "defg");
  CHECK(open->tensor("y").file == 1);
  CHECK_THROWS(open->tensor("z"), ErrorCode::kInvalidModel, "b.safetensors");
}

TEST("the single file is read where both it and an index are there") {
  const TempFolder folder;
  folder.write(kIndex, "broken");
  const auto open = openFile(folder, safetensorsFile("{}", ""));
  CHECK(open->files().size() == 1);
}

TEST("a tensor of a shard that the index leaves out is there all the same") {
  const TempFolder folder;
  writeShards(folder);
  folder.write("a.safetensors",
               safetensorsFile("{" + tensorEntry("x", "U8", "[3]", 0, 3) + "," +
                                   tensorEntry("w", "U8", "[1]", 3, 4) + "}",
                               "abcd"));
  folder.write(kIndex, R"({"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}})");
  CHECK(readAll(*ModelFolder::open(folder.path()), "w") == "d");
}

TEST("an index that contradicts its shards is refused by tensor and file") {
  const TempFolder folder;
  writeShards(folder);
  refusedIndex(folder, "[]", "must be an object");
  refusedIndex(folder, "{}", "weight_map is missing");
  refusedIndex(folder, "{\"weight_map\":[]}", "weight_map is an array of 0");
  refusedIndex(folder, "{\"weight_map\":{}}", "it names no file");
  refusedIndex(folder, "{\"weight_map\":{\"x\":1}}", "weight_map.x is 1");
  refusedIndex(folder, R"({"weight_map": {"x": "c.safetensors"}})", "c.safetensors: No such file",
               ErrorCode::kIo);
  refusedIndex(folder, R"({"weight_map": {"x": "b.safetensors", "y": "a.safetensors"}})",
               "weight_map.x is \"b.safetensors\": the tensor is in " + folder.of("a.safetensors"));
  refusedIndex(folder, R"({"weight_map": {"x": "a.safetensors", "z": "b.safetensors"}})",
               "weight_map.z is \"b.safetensors\": that file does not have the tensor");
  folder.write("b.safetensors",
               safetensorsFile("{" + tensorEntry("x", "U8", "[1]", 0, 1) + "}", "a"));
  refusedIndex(folder, R"({"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}})",
               "the tensor \"x\" stands in " + folder.of("a.safetensors") + " and in " +
                   folder.of("b.safetensors"));
}

TEST("a shard's name never leads out of the folder") {
  const TempFolder folder;
  folder.write("secret.safetensors", safetensorsFile("{}", ""));
  std::filesystem::create_directory(folder.of("model"));
  for (const std::string& name :
       {std::string("../secret.safetensors"), folder.of("secret.safetensors"),
        std::string("a/../../secret.safetensors"), std::string("..\\\\secret.safetensors"),
        std::string("..\\u002fsecret.safetensors"), std::string(".."), std::string("."),
        std::string(""), std::string(".safetensors"), std::string("config.json"),
        std::string("x\\u0000.safetensors"), std::string("../secret.safetensors\\u0000")}) {
    folder.write(std::string("model/") + kIndex, "{\"weight_map\":{\"x\":\"" + name + "\"}}");
    CHECK_THROWS(ModelFolder::open(folder.of("model")), ErrorCode::kInvalidModel,
                 "must be the name of a .safetensors file in the folder");
  }
}

TEST("more shards than any model has are refused") {
  const TempFolder folder;
  std::string map;
  for (int i = 0; i <= 1000; ++i) {
    map += (i == 0 ? "" : ",");
    const std::string number = std::to_string(i);
    map.append("\"").append(number).append("\":\"").append(number).append(".safetensors\"");
  }
  refusedIndex(folder, "{\"weight_map\":{" + map + "}}", "more than 1000 files");
}

TEST("what is no regular file is refused, not waited for") {
  const TempFolder folder;
  std::filesystem::create_directory(folder.of(kSingle));
  CHECK_THROWS(ModelFolder::open(folder.path()), ErrorCode::kIo, "not a regular file");
  std::filesystem::remove(folder.of(kSingle));
  CHECK(mkfifo(folder.of(kSingle).c_str(), 0600) == 0);
  CHECK_THROWS(ModelFolder::open(folder.path()), ErrorCode::kIo, "not a regular file");
  std::filesystem::remove(folder.of(kSingle));
  std::filesystem::create_symlink("nowhere", folder.of(kSingle));
  CHECK_THROWS(ModelFolder::open(folder.path()), ErrorCode::kIo, "No such file");
}

TEST("a file cut short after it was opened is an error of reading that names the tensor") {
  const TempFolder folder;
  const std::string file =
      safetensorsFile("{" + tensorEntry("x", "U8", "[300]", 0, 300) + "}", counting(300));
  const auto open = openFile(folder, file);
  CHECK(readAll(*open, "x") == counting(300));
  std::filesystem::resize_file(folder.of(kSingle), file.size() - 1);
  CHECK_THROWS(readAll(*open, "x"), ErrorCode::kIo, "the file ends at byte");
  CHECK_THROWS(readAll(*open, "x"), ErrorCode::kIo, "(tensor \"x\")");
  // Bytes that are still there are of a file that is not the one that was checked.
  char byte = 0;
  CHECK_THROWS(open->read(open->tensor("x"), 0, 1, &byte), ErrorCode::kIo, "was changed");
}

TEST("a file written to after it was opened is refused") {
  const TempFolder folder;
  const std::string file = safetensorsFile("{" + tensorEntry("x", "U8", "[3]", 0, 3) + "}", "abc");
  const auto open = openFile(folder, file);
  const timespec past[2] = {{0, UTIME_OMIT}, {1, 0}};  // Any other time than it had.
  CHECK(utimensat(AT_FDCWD, folder.of(kSingle).c_str(), past, 0) == 0);
  CHECK_THROWS(readAll(*open, "x"), ErrorCode::kIo, "was changed while it was being read");
}

TEST("a file replaced by another of its name does not disturb who has it open") {
  const TempFolder folder;
  const auto open = openFile(
      folder, safetensorsFile("{" + tensorEntry("x", "U8", "[3]", 0, 3) + "}", "abc"));
  folder.write("new", "nothing");
  std::filesystem::rename(folder.of("new"), folder.of(kSingle));
  CHECK(readAll(*open, "x") == "abc");
}

TEST("reads outside a tensor are refused as ours, never done") {
  const TempFolder folder;
  const auto open = openFile(
      folder, safetensorsFile("{" + tensorEntry("x", "U8", "[3]", 0, 3) + "}", "abc"));
  char to[8];
  const TensorEntry& x = open->tensor("x");
  CHECK_THROWS(open->read(x, 0, 4, to), ErrorCode::kInternal, "4 bytes at 0 of 3");
  CHECK_THROWS(open->read(x, 4, 0, to), ErrorCode::kInternal, "0 bytes at 4 of 3");
  CHECK_THROWS(open->read(x, UINT64_MAX, 2, to), ErrorCode::kInternal, "of 3");
  open->read(x, 3, 0, to);
}

TEST("reads that signals and short answers break off are carried on") {
  const TempFolder folder;
  const std::string data = counting(1000);
  const std::string file =
      safetensorsFile("{" + tensorEntry("x", "U8", "[1000]", 0, 1000) + "}", data);
  for (const Fault kind : {Fault::kInterrupted, Fault::kShort}) {
    folder.write(kSingle, file);
    faultsHit = 0;
    fault = kind;
    const auto open = ModelFolder::open(folder.path());
    const std::string read = readAll(*open, "x");
    fault = Fault::kNone;
    CHECK(read == data);
    CHECK_SAY(faultsHit.load() >= 4, faultsHit.load());
  }
}

TEST("a disk that fails is an error of reading with the system's words") {
  const TempFolder folder;
  const auto open = openFile(
      folder, safetensorsFile("{" + tensorEntry("x", "U8", "[3]", 0, 3) + "}", "abc"));
  faultsHit = 0;
  fault = Fault::kBroken;
  CHECK_THROWS(readAll(*open, "x"), ErrorCode::kIo, "Input/output error (tensor \"x\")");
  CHECK_THROWS(ModelFolder::open(folder.path()), ErrorCode::kIo, "Input/output error");
  fault = Fault::kNone;
  CHECK(faultsHit.load() == 2);
}

TEST("tensors beyond 4 GiB are found where they lie") {
  const TempFolder folder;
  const std::uint64_t far = (std::uint64_t{5} << 30) + 3;
  const std::string header =
      "{" + tensorEntry("hole", "U8", "[" + std::to_string(far) + "]", 0, far) + "," +
      tensorEntry("x", "BF16", "[2]", far, far + 4) + "}";
  folder.write(kSingle, safetensorsFile(header, ""));
  // Sparse: five gigabytes of hole take no room.
  std::filesystem::resize_file(folder.of(kSingle), 8 + header.size() + far);
  {
    std::ofstream file(folder.of(kSingle), std::ios::binary | std::ios::app);
    file << "wxyz";
  }
  const auto open = ModelFolder::open(folder.path());
  CHECK(readAll(*open, "x") == "wxyz");
  char end[2] = {'?', '?'};
  open->read(open->tensor("hole"), far - 2, 2, end);
  CHECK(end[0] == '\0' && end[1] == '\0');
}

TEST("many threads read at once, each its own part") {
  const TempFolder folder;
  const std::string data = counting(1 << 20);
  const auto open = openFile(
      folder, safetensorsFile("{" + tensorEntry("x", "U8", "[1048576]", 0, 1 << 20) + "}", data));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Random random(static_cast<std::uint64_t>(t));
      std::string part;
      for (int i = 0; i < 200; ++i) {
        const int begin = random.below(1 << 20);
        part.assign(static_cast<std::size_t>(random.below((1 << 20) - begin)), 'x');
        open->read(open->tensor("x"), static_cast<std::uint64_t>(begin), part.size(), part.data());
        if (data.compare(static_cast<std::size_t>(begin), part.size(), part) != 0) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong.load() == 0);
}

TEST("a small file is read whole up to its bound") {
  const TempFolder folder;
  folder.write("t", "12345");
  CHECK(readSmallFile(folder.of("t"), 5) == "12345");
  CHECK_THROWS(readSmallFile(folder.of("t"), 4), ErrorCode::kIo, "5 bytes, at most 4");
  CHECK_THROWS(readSmallFile(folder.of("u"), 4), ErrorCode::kIo, "No such file");
  CHECK_THROWS(readSmallFile(folder.path(), 4), ErrorCode::kIo, "not a regular file");
}

TEST_MAIN
