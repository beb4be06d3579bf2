"""Writes the random models and the golden results of every model beside this file.

    python native/models/make_goldens.py            all random models, then all goldens
    python native/models/make_goldens.py NAME...    only these (a folder of random/, or lantern)

Needs torch, transformers, safetensors and numpy; nothing that is built or tested does. README.md
says what the files hold. The reference is transformers with eager attention: weights are bf16 in
both runs, arithmetic is float32 in one and bf16 in the other.
"""

import json
import platform
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

import random_models

HERE = Path(__file__).resolve().parent
LENGTHS = [1, 15, 16, 17, 31, 32, 33, 64, 65, 200]
ALL_ROWS = 33  # The prompt length of which every row is kept: two blocks of KV and one token.
GREEDY = [1, 17, 33, 65]  # Prompt lengths that are continued greedily.
SEPARATED = [1, 33]  # Of these, the ones chosen for separation alone, however short their cycle.
STEPS = 128
CANDIDATES = 192  # Prompts tried per greedy length; the best separated one is kept.


def load(folder, dtype):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager")
    return model.eval()


@torch.no_grad()
def logits_of(model, ids):
    return model(input_ids=torch.tensor([ids])).logits[0].float()


@torch.no_grad()
def continue_greedily(model, prompts):
    """Tokens [n, STEPS] and the gap between the two largest logits at each step."""
    step, cache, tokens, margins = torch.tensor(prompts), None, [], []
    for _ in range(STEPS):
        out = model(input_ids=step, past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        top = out.logits[:, -1].float().topk(2)
        step = top.indices[:, :1]
        tokens.append(step)
        margins.append(top.values[:, :1] - top.values[:, 1:])
    return torch.cat(tokens, 1), torch.cat(margins, 1)


def random_prompts(vocab, seed):
    """For each length one prompt, or CANDIDATES of them where the choice is still to be made."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda shape: torch.randint(3, vocab, shape, generator=generator).tolist()
    return {n: draw((CANDIDATES if n in GREEDY else 1, n)) for n in LENGTHS}


def choose(model, candidates):
    """The candidate whose greedy path is best separated, and does not merely repeat itself."""
    unique = sorted(set(map(tuple, candidates)))
    tokens, margins = continue_greedily(model, [list(prompt) for prompt in unique])
    distinct = torch.tensor([len(set(row.tolist())) for row in tokens])
    # Random models fall into cycles, whose margins are steady; a varied path says more, as far as
    # it is separated at all.
    enough = 3 if len(unique[0]) in SEPARATED else 24
    score = margins.min(1).values.clamp(max=1) * distinct.clamp(max=enough) / enough
    return list(unique[int(score.argmax())])


def golden(folder, prompts, note):
    """Writes golden.safetensors and golden.json for the model in `folder`."""
    fp32, bf16 = load(folder, torch.float32), load(folder, torch.bfloat16)
    tensors, entries = {}, []
    worst = 0.0
    for index, prompt in enumerate(prompts):
        first = 0 if len(prompt) == ALL_ROWS else len(prompt) - 1
        exact, rounded = logits_of(fp32, prompt)[first:], logits_of(bf16, prompt)[first:]
        worst = max(worst, (exact - rounded).abs().max().item() / exact.abs().max().item())
        tensors[f"prompt.{index}.logits.fp32"] = exact.contiguous()
        tensors[f"prompt.{index}.logits.bf16"] = rounded.to(torch.bfloat16).contiguous()
        entry = {"ids": prompt, "firstRow": first}
        if len(prompt) in GREEDY:
            entry["greedy"] = greedy_entry(fp32, bf16, prompt)
        entries.append(entry)
    save_file(tensors, folder / "golden.safetensors")
    made = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "python": platform.python_version(),
        "attention": "eager",
        "command": f"python native/models/make_goldens.py {folder.name}",
    }
    note = {"model": folder.name, **note, "made": made, "bf16ErrorOfLargestLogit": round(worst, 6)}
    text = json.dumps({**note, "prompts": entries}, separators=(",", ":"))
    (folder / "golden.json").write_text(text.replace('{"ids"', '\n{"ids"') + "\n")
    paths = [entry["greedy"] for entry in entries if "greedy" in entry]
    print(
        f"{folder.name:16} bf16 error {worst:.4f} of the largest logit;"
        f" least margin {min(min(path['margins']) for path in paths):.3f},"
        f" bf16 error on it {max(path['bf16Error'] for path in paths):.3f};"
        f" {sum(f.stat().st_size for f in folder.iterdir()) // 1024} KB",
        flush=True,
    )


def greedy_entry(fp32, bf16, prompt):
    tokens = continue_greedily(fp32, [prompt])[0][0].tolist()
    # Once more without a cache: what is stored must not rest on the cache of transformers.
    rows = logits_of(fp32, prompt + tokens)[len(prompt) - 1 : -1]
    top = rows.topk(2, 1)
    assert top.indices[:, 0].tolist() == tokens
    margins = (top.values[:, 0] - top.values[:, 1]).tolist()
    rounded = logits_of(bf16, prompt + tokens)[len(prompt) - 1 : -1]
    return {
        "ids": tokens,
        "margins": [round(margin, 5) for margin in margins],
        "bf16Error": round((rows - rounded).abs().max().item(), 5),
    }


def make_random(spec):
    folder = HERE / "random" / spec.name
    random_models.write(spec, folder)
    fp32 = load(folder, torch.float32)
    candidates = random_prompts(spec.config.vocab_size, spec.seed)
    prompts = [choose(fp32, candidates[n]) if n in GREEDY else candidates[n][0] for n in LENGTHS]
    note = {"why": spec.why, "seed": spec.seed}
    if spec.shards > 1:
        # The second end token ends the greedy path of the prompt of 17 at a known step.
        path = continue_greedily(fp32, [prompts[LENGTHS.index(17)]])[0][0].tolist()
        eos = [2, max(path, key=path.index)]  # The token that is first seen last.
        random_models.write(spec, folder, eos_ids=eos)
        note["stop"] = {"prompt": LENGTHS.index(17), "eos": eos, "tokens": path.index(eos[1]) + 1}
    golden(folder, prompts, note)


def make_trained():
    folder = HERE / "lantern"
    heldout = json.loads((folder / "heldout.json").read_text())
    note = {"why": "the trained model; prompts are held-out text"}
    golden(folder, trained_prompts(heldout), note)


def trained_prompts(heldout):
    """Held-out text cut to the lengths; the longest from the longest sequence."""
    sequences = sorted(heldout["text"], key=len, reverse=True)
    return [sequences[index][:length] for index, length in enumerate(LENGTHS)]


if __name__ == "__main__":
    torch.set_num_threads(1)  # The models are small; one thread is the faster.
    wanted = sys.argv[1:]
    for model in random_models.MODELS:
        if not wanted or model.name in wanted:
            make_random(model)
    if (not wanted and (HERE / "lantern").exists()) or "lantern" in wanted:
        make_trained()
