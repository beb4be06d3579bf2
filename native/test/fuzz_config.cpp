// libFuzzer on config.json and, after the first zero byte, generation_config.json.
#include "fuzz_targets.inl"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const std::size_t zero = text.find('\0');
  const std::string generation = zero == std::string::npos ? "" : text.substr(zero + 1);
  signalbox::test::tryConfig(text.substr(0, zero), generation);
  return 0;
}
