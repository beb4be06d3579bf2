// The unit's table. Included last by isa_*.cpp, which says before what it is:
//
//   SIGNALBOX_TABLE      the table's symbol
//   SIGNALBOX_NAME       the path's name
//   SIGNALBOX_NUMERICS   its class

namespace signalbox {

const Kernels SIGNALBOX_TABLE = {
    SIGNALBOX_NAME,
    SIGNALBOX_NUMERICS,
    enter,
    leave,
    activationBytes,
#if __has_include("kernels_cpu/attention.inl")
    queryBytes,
#else
    nullptr,
#endif
    panelBytes,
#if __has_include("kernels_cpu/attention.inl")
    kvHeadBytes,
#else
    nullptr,
#endif
    packPanel,
    unpackOutput,
    gemm,
    gemmScratchBytes,
    gemmPanels,
#if __has_include("kernels_cpu/elementwise.inl")
    rmsNorm,
    ropeAppend,
#else
    nullptr,
    nullptr,
#endif
#if __has_include("kernels_cpu/attention.inl")
    attentionPositions,
    attention,
    attentionScratchBytes,
#else
    nullptr,
    nullptr,
    nullptr,
#endif
#if __has_include("kernels_cpu/elementwise.inl")
    addPartials,
#else
    nullptr,
#endif
};

}  // namespace signalbox
