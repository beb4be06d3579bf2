// libFuzzer on a safetensors file: length, header and data.
#include "fuzz_targets.inl"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  signalbox::test::trySafetensors({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
