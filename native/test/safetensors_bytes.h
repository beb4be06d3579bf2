// Safetensors files made by hand, right and wrong.
#pragma once

#include <cstdint>
#include <string>

namespace signalbox::test {

/// `length` is what the file claims its header to be long.
inline std::string safetensorsFile(std::uint64_t length, const std::string& header,
                                   const std::string& data) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>(length >> (8 * i));
  return file + header + data;
}

inline std::string safetensorsFile(const std::string& header, const std::string& data) {
  return safetensorsFile(header.size(), header, data);
}

/// One tensor's entry of a header.
inline std::string tensorEntry(const std::string& name, const std::string& dtype,
                               const std::string& shape, std::uint64_t begin, std::uint64_t end) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

}  // namespace signalbox::test
