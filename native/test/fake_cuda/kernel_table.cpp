// What compiles the kernels for the fake device. Symbols are asked of the loader, so that they are
// the compiler's own and not what the engine takes them to be.
#include "test/fake_cuda/kernel_table.h"

#include <dlfcn.h>

#include <cstring>
#include <stdexcept>

#include "kernels_cuda/attention.cuh"
#include "kernels_cuda/product.cuh"
#include "kernels_cuda/product_wgmma.cuh"
#include "kernels_cuda/rope_append.cuh"
#include "kernels_cuda/rows.cuh"

namespace signalbox::fake_cuda {

namespace {

template <class Params, void (*kKernel)(Params)>
TableKernel entry(const char* file, int threadsMax) {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(kKernel), &info) == 0 || info.dli_sname == nullptr) {
    throw std::logic_error("a kernel of the fake CUDA device has no symbol");
  }
  return {file, info.dli_sname, sizeof(Params), threadsMax,
          [](const emulation::Launch& how, const void* bytes) {
            Params params;
            std::memcpy(&params, bytes, sizeof params);
            emulation::launch(how, kKernel, params);
          }};
}

template <int kDim>
void addAttention(std::vector<TableKernel>& table) {
  table.push_back(entry<PagedAttentionParams, pagedAttention<kDim, KvDtype::kBf16>>(
      "attention", kAttentionThreads));
  table.push_back(entry<PagedAttentionParams, pagedAttention<kDim, KvDtype::kFp8>>(
      "attention", kAttentionThreads));
}

template <int kRowTiles>
void addProduct(std::vector<TableKernel>& table) {
  table.push_back(entry<WeightProductParams, weightProduct<kRowTiles, WeightDtype::kBf16>>(
      "product", kProductThreads));
  table.push_back(entry<WeightProductParams, weightProduct<kRowTiles, WeightDtype::kFp8>>(
      "product", kProductThreads));
}

std::vector<TableKernel> makeTable() {
  std::vector<TableKernel> table;
  table.push_back(entry<EmbedParams, embedRows>("rows", kRowThreads));
  table.push_back(entry<ResidualNormParams, residualNorm>("rows", kRowThreads));
  table.push_back(entry<GatedParams, gatedActivation>("rows", kRowThreads));
  table.push_back(entry<RopeAppendLaunch, ropeAppendRuns>("rope_append", kAppendThreads));
  addProduct<1>(table);
  addProduct<2>(table);
  addProduct<4>(table);
  addProduct<8>(table);
  table.push_back(entry<PromptProductParams, promptProduct<WeightDtype::kBf16>>(
      "product_wgmma", kPromptThreads));
  addAttention<32>(table);
  addAttention<64>(table);
  addAttention<96>(table);
  addAttention<128>(table);
  addAttention<256>(table);
  return table;
}

}  // namespace

const std::vector<TableKernel>& kernelTable() {
  static const std::vector<TableKernel> table = makeTable();
  return table;
}

}  // namespace signalbox::fake_cuda
