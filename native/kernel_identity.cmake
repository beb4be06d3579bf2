# Writes OUT, a header with SIGNALBOX_KERNEL_IDENTITY: a hash of all that the CUDA kernels' machine
# code is made of. tools/build-cuda.ts computes the same (kernelIdentity) and leaves it beside the
# machine code, so that an engine refuses code whose parameters it does not share.
file(GLOB sources LIST_DIRECTORIES false RELATIVE ${SOURCES}
     ${SOURCES}/core/*.h ${SOURCES}/kernels_cpu/*.h ${SOURCES}/sample/*.h
     ${SOURCES}/kernels_cuda/*.h ${SOURCES}/kernels_cuda/*.cuh ${SOURCES}/kernels_cuda/*.cu)
list(SORT sources)
set(all "")
foreach(source ${sources})
  file(SHA256 ${SOURCES}/${source} hash)
  string(APPEND all "${source} ${hash}\n")
endforeach()
string(SHA256 identity "${all}")
set(text "#pragma once\n#define SIGNALBOX_KERNEL_IDENTITY \"${identity}\"\n")
set(before "")
if(EXISTS ${OUT})
  file(READ ${OUT} before)
endif()
if(NOT text STREQUAL before)
  file(WRITE ${OUT} "${text}")
endif()
