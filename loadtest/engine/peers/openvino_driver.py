"""
OpenVINO's CPU plugin as a driver of the engine's benchmark (../README.md has the protocol).

    openvino_driver.py --model FOLDER --threads N --weights bf16|int8 [--kv bf16|f16|u8]
    openvino_driver.py --export HF_FOLDER OUT bf16|int8     by optimum-intel
    openvino_driver.py --version

bf16 weights run with the bf16 hint and a bf16 cache where OpenVINO counts BF16 among the processor's
capabilities. Elsewhere that hint makes it nine times slower than what it chooses itself, which it then
gets; int8 runs with what OpenVINO chooses for it everywhere, its own default cache and dynamic
quantisation of activations included. Only the last position's logits are computed in a prefill, as
OpenVINO GenAI's own pipeline arranges it.
"""

import argparse
import json
import os
import sys
import time

from protocol import UNMEASURED_STEPS, own_stdout, prompts, seconds_of, serve


def export(source, out, weights):
    from optimum.intel import OVModelForCausalLM

    model = OVModelForCausalLM.from_pretrained(
        source, export=True, load_in_8bit=weights == "int8", compile=False, stateful=True
    )
    model.save_pretrained(out)


def keep_last_position(model):
    """Puts a slice of the last position before the product that makes the logits."""
    from openvino import opset13 as ops
    import numpy as np

    node = model.output("logits").get_node()
    while node.get_type_name() != "MatMul":
        node = node.input_value(0).get_node()
    one = np.array([1], dtype=np.int64)
    last = ops.slice(node.input_value(0), -one, np.array([2**31 - 1], dtype=np.int64), one, one)
    node.input(0).replace_source_output(last.output(0))
    model.validate_nodes_and_infer_types()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--weights", choices=["bf16", "int8"], default="bf16")
    parser.add_argument("--kv", choices=["bf16", "f16", "u8"])
    parser.add_argument("--export", nargs=3, metavar=("HF_FOLDER", "OUT", "WEIGHTS"))
    parser.add_argument("--version", action="store_true")
    options = parser.parse_args()
    if options.export:
        return export(*options.export)

    import numpy as np
    import openvino as ov

    version = ov.__version__.split("-")[0]
    if options.version:
        from importlib.metadata import version as version_of

        from optimum.intel import OVModelForCausalLM  # noqa: F401  An export must be possible.

        print(f"{version} (optimum-intel {version_of('optimum-intel')})")
        return
    if options.model is None or options.threads is None:
        parser.error("--model and --threads are needed")
    answers = own_stdout()

    start = time.perf_counter()
    core = ov.Core()
    model = core.read_model(os.path.join(options.model, "openvino_model.xml"))
    keep_last_position(model)
    settings = {
        "INFERENCE_NUM_THREADS": options.threads,
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
    }
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    hint = options.weights == "bf16" and "BF16" in capabilities
    if hint:
        settings["INFERENCE_PRECISION_HINT"] = "bf16"
    kv = options.kv or ("bf16" if hint else None)
    if kv is not None:
        settings["KV_CACHE_PRECISION"] = kv
    compiled = core.compile_model(model, "CPU", settings)
    names = {name for port in compiled.inputs for name in port.get_names()}
    request = compiled.create_infer_request()
    with open(os.path.join(options.model, "config.json"), encoding="utf8") as file:
        vocab = json.load(file)["vocab_size"]
    load_seconds = time.perf_counter() - start

    def feed(ids, past):
        batch, length = ids.shape
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones((batch, past + length), np.int64),
            "position_ids": np.tile(np.arange(past, past + length, dtype=np.int64), (batch, 1)),
            "beam_idx": np.arange(batch, dtype=np.int32),
        }
        used = {name: value for name, value in inputs.items() if name in names}
        request.infer(used, share_inputs=True, share_outputs=True)

    def decode(batch, context, steps, seed):
        request.reset_state()
        ids = np.array(prompts(batch, context + UNMEASURED_STEPS + steps, vocab, seed), np.int64)
        feed(np.ascontiguousarray(ids[:, :context]), 0)
        seconds = []
        for at in range(context, ids.shape[1]):
            step = np.ascontiguousarray(ids[:, at : at + 1])
            seconds.append(seconds_of(lambda: feed(step, at)))
        return seconds[UNMEASURED_STEPS:]

    def prefill(tokens, seed):
        request.reset_state()
        ids = np.array(prompts(1, tokens, vocab, seed), np.int64)
        return seconds_of(lambda: feed(ids, 0))

    ready = {
        "name": "openvino",
        "version": version,
        "isa": " ".join(capabilities),
        "kv": str(compiled.get_property("KV_CACHE_PRECISION")),
        "loadSeconds": round(load_seconds, 3),
    }
    serve(answers, ready, decode, prefill)


if __name__ == "__main__":
    sys.exit(main())
