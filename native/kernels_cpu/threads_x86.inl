// What a thread sets before it computes: subnormals are zero on the way in (DAZ) and out (FTZ).

namespace signalbox {
namespace {

constexpr unsigned kFlushToZero = 0x8000;
constexpr unsigned kDenormalsAreZero = 0x0040;

inline void enter() { _mm_setcsr(_mm_getcsr() | kFlushToZero | kDenormalsAreZero); }

/// A thread that sleeps with tiles in use makes each of its context switches dearer by 8 KB.
inline void leave() {
#if defined(__AMX_TILE__)
  _tile_release();
#endif
}

}  // namespace
}  // namespace signalbox
