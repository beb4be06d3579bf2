// libFuzzer on the JSON reader: any text.
#include "fuzz_targets.inl"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  signalbox::test::tryJson({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
