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
    queryBytes,
    panelBytes,
    kvHeadBytes,
    packPanel,
    unpackOutput,
    gemm,
    gemmScratchBytes,
    gemmPanels,
    rmsNorm,
    ropeAppend,
    attentionPositions,
    attention,
    attentionScratchBytes,
    addPartials,
};

}  // namespace signalbox
