"""The driver's side of the benchmark's protocol (../README.md), for peers in Python."""

import json
import os
import random
import sys
import time

UNMEASURED_STEPS = 2


class Refusal(Exception):
    """A request that cannot be done; its text is the answer's `error`."""


def own_stdout():
    """The stream for answers. Whatever a library prints to standard output goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return answers


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def prompts(count, length, vocab, seed):
    """`count` prompts of `length` random tokens, other ones for every seed."""
    source = random.Random(seed)
    return [[source.randrange(3, vocab) for _ in range(length)] for _ in range(count)]


def serve(answers, ready, decode, prefill):
    """
    Answers requests until the end of standard input. `decode(batch, context, steps, seed)` returns
    the seconds of `steps` steps; `prefill(tokens, seed)` those of one prefill.
    """
    print(json.dumps({"ready": True, **ready}), file=answers)
    warm = set()
    for number, line in enumerate(sys.stdin):
        request = {}
        try:
            request = json.loads(line)
            test = request.get("test")
            if test == "decode":
                batch = int(request.get("batch", 1))
                context = int(request.get("context", 16))
                steps = int(request.get("steps", 12))
                seconds = decode(batch, context, steps, number)
                asked = {"test": test, "batch": batch, "context": context, "steps": steps}
                tokens = batch
            elif test == "prefill":
                tokens = int(request["tokens"])
                steps = int(request.get("steps", 2))
                if tokens not in warm:
                    prefill(tokens, f"{number} unmeasured")
                    warm.add(tokens)
                seconds = [prefill(tokens, f"{number} {step}") for step in range(steps)]
                asked = {"test": test, "tokens": tokens, "steps": steps}
            else:
                raise Refusal("not a test of this driver")
            step = median(seconds)
            answer = {
                **asked,
                "seconds": [round(value, 6) for value in seconds],
                "stepSeconds": round(step, 6),
                "tokensPerSecond": round(tokens / step, 3),
            }
        except (Refusal, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as why:
            test = request.get("test") if isinstance(request, dict) else None
            answer = {"test": test, "error": " ".join(str(why).split())[:400]}
        print(json.dumps(answer), file=answers)


def seconds_of(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
