"""Trains the bundled model, `lantern/`, on text that `corpus.py` and `chats.py` make.

    python native/models/train.py --work FOLDER [--compile]

FOLDER keeps checkpoints: the same command goes on where it was stopped. Everything follows from
SEED and CYCLES; bits also depend on the processor and the version of torch. Then
`make_goldens.py lantern` writes the golden results.
"""

import argparse
import json
import math
import platform
import random
import time
from pathlib import Path

import tokenizers
import torch
import torch.nn.functional as F
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM

import chats
import corpus

HERE = Path(__file__).resolve().parent / "lantern"
SEED = 20260
VOCABULARY = 1280
BEGIN, END, USER, ASSISTANT, SYSTEM = range(5)
SPECIAL = ["<|begin|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]
# Words, single digits, signs: digits one by one, so that sums can be learnt.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>"
    "{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CONTEXT = 1024
TOKENS_PER_STEP = 4096
# The learning rate rises and falls once per cycle, to zero at its `span`; a cycle may end before.
# The first learns to speak; the second has more exercises, and less weight on the user's words, most
# of which are random; the third has rows of the whole context, and keys told far back.
CYCLES = [
    {"steps": 1500, "span": 1600, "mixture": "language", "rate": 3e-3, "longFrom": 1408},
    {"steps": 1500, "span": 1600, "mixture": "exercises", "rate": 3e-3, "longFrom": 1500},
    {"steps": 250, "span": 250, "mixture": "far", "rate": 2e-3, "longFrom": 0},
]
USER_WEIGHTS = {"language": 0.3, "exercises": 0.1, "far": 0.1}
STEPS = sum(cycle["steps"] for cycle in CYCLES)
# Rows are SHORT, then CONTEXT long from a cycle's step `longFrom` on: long rows cost twice as much.
SHORT = 256
HELD_OUT_ROWS = [1024] * 10 + [512] * 12 + [256] * 16  # About 20 000 tokens.
ITEMS_PER_TASK = 30


def config():
    return LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=640,
        num_hidden_layers=4,
        num_attention_heads=8,
        num_key_value_heads=4,
        head_dim=64,
        max_position_embeddings=CONTEXT,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        bos_token_id=BEGIN,
        eos_token_id=END,
        pad_token_id=None,
    )


def train_tokenizer():
    rng = random.Random(SEED)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    texts = (chats.render(chats.document(rng, "language")) for _ in range(20000))
    tokenizer.train_from_iterator(texts, trainer)
    assert tokenizer.get_vocab_size() == VOCABULARY
    return tokenizer


class Rows:
    """An endless supply of rows of token ids, each beginning with a document's beginning."""

    def __init__(self, tokenizer, seed, unwanted=frozenset()):
        self.tokenizer, self.rng, self.unwanted = tokenizer, random.Random(seed), unwanted
        self.ready = []

    def document(self, mixture):
        while not self.ready:
            texts = [chats.render(chats.document(self.rng, mixture)) for _ in range(256)]
            texts = [text for text in texts if text not in self.unwanted]
            self.ready = [e.ids for e in self.tokenizer.encode_batch_fast(texts)][::-1]
        return self.ready.pop()

    def row(self, length, mixture):
        ids = []
        while len(ids) < length:
            ids += self.document(mixture)
        return ids[:length]


def held_out_text(tokenizer):
    """The evaluation's rows and the set of documents that training must not contain."""
    rng, texts, kept = random.Random(SEED + 1), set(), []
    for length in HELD_OUT_ROWS:
        ids = []
        while len(ids) < length:
            text = chats.render(chats.document(rng, "language"))
            # One fact or sum asked alone is in any training text: not what perplexity is about.
            if len(text) < 300:
                continue
            texts.add(text)
            ids += tokenizer.encode(text).ids
        kept.append(ids[:length])
    return kept, frozenset(texts)


def held_out_tasks(tokenizer):
    rng = random.Random(SEED + 2)
    tasks = []
    for kind, make in corpus.EXERCISES.items():
        done = 0
        while done < ITEMS_PER_TASK:
            question, answer = make(rng, True)
            prompt = tokenizer.encode(chats.prompt(question)).ids
            expected = tokenizer.encode(answer).ids + [END]
            if len(prompt) + len(expected) <= CONTEXT:
                tasks.append({"kind": kind, "prompt": prompt, "answer": expected})
                done += 1
    return tasks


def weights_of(ids, user_weight):
    """Loss weight of each token of [rows, length]: less within a user's turn."""
    starts = (ids == USER).int().cumsum(1)
    ends = torch.zeros_like(starts)
    # A turn of the user ends where the assistant's begins.
    ends += (ids == ASSISTANT).int().cumsum(1)
    return torch.where(starts > ends, user_weight, 1.0)


def cycle_of(step):
    """The cycle that `step` falls in and its first step."""
    first = 0
    for cycle in CYCLES:
        if step < first + cycle["steps"]:
            return cycle, first
        first += cycle["steps"]
    raise IndexError(step)


def rate_share(done, span):
    """The share of a cycle's rate: up over 50 steps, level, down to zero over the last half."""
    return min(1.0, (done + 1) / 50, (span - done) / (span * 0.5))


def train(tokenizer, unwanted, args):
    torch.manual_seed(SEED)
    model = LlamaForCausalLM._from_config(config(), attn_implementation="eager")
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    optimizers = [
        torch.optim.Muon(matrices, lr=0.0, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=0.0, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    rows = Rows(tokenizer, SEED + 3, unwanted)
    first, spent = 0, 0.0
    saved = args.work / "checkpoint.pt"
    if saved.exists():
        state = torch.load(saved, weights_only=False)
        model.load_state_dict(state["model"])
        for optimizer, value in zip(optimizers, state["optimizers"]):
            optimizer.load_state_dict(value)
        rows, first, spent = state["rows"], state["step"], state["spent"]
        rows.tokenizer = tokenizer
    forward = torch.compile(model, dynamic=False) if args.compile else model
    began, running = time.time() - spent, None
    for step in range(first, STEPS):
        cycle, start = cycle_of(step)
        length = CONTEXT if step - start >= cycle["longFrom"] else SHORT
        count = TOKENS_PER_STEP // length
        ids = torch.tensor([rows.row(length, cycle["mixture"]) for _ in range(count)])
        for optimizer in optimizers:
            rate = cycle["rate"] * rate_share(step - start, cycle["span"])
            optimizer.param_groups[0]["lr"] = rate
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = forward(input_ids=ids, use_cache=False).logits
        losses = F.cross_entropy(
            logits[:, :-1].flatten(0, 1).float(), ids[:, 1:].flatten(), reduction="none"
        )
        weights = weights_of(ids, USER_WEIGHTS[cycle["mixture"]])[:, :-1].flatten()
        loss = (losses * weights).sum() / weights.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
        if step % 20 == 0 or step + 1 == STEPS:
            print(f"step {step} loss {running:.4f} seconds {time.time() - began:.0f}", flush=True)
        if (step + 1) % 100 == 0 or step + 1 == STEPS:
            state = {"model": model.state_dict(), "step": step + 1, "spent": time.time() - began}
            state["optimizers"] = [optimizer.state_dict() for optimizer in optimizers]
            rows.tokenizer = None  # Not part of the state: it comes from its own file.
            torch.save({**state, "rows": rows}, saved.with_suffix(".new"))
            rows.tokenizer = tokenizer
            saved.with_suffix(".new").rename(saved)
    return model, time.time() - began


def write(model, tokenizer):
    """The folder as transformers reads it."""
    model = model.to(torch.bfloat16)
    model.config.dtype = torch.bfloat16
    model.generation_config = transformers.GenerationConfig(bos_token_id=BEGIN, eos_token_id=END)
    model.save_pretrained(HERE)
    tokenizer.save(str(HERE / "tokenizer.json"))
    # By hand, so that transformers 4 and 5 both read it and the template is in the file itself.
    wrapped = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": SPECIAL[BEGIN],
        "eos_token": SPECIAL[END],
        "additional_special_tokens": SPECIAL[2:],
        "model_max_length": CONTEXT,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    (HERE / "tokenizer_config.json").write_text(json.dumps(wrapped, indent=2) + "\n")


@torch.no_grad()
def perplexity(model, sequences):
    total, count = 0.0, 0
    for ids in sequences:
        row = torch.tensor([ids])
        logits = model(input_ids=row, use_cache=False).logits[0, :-1].float()
        total += F.cross_entropy(logits, row[0, 1:], reduction="sum").item()
        count += len(ids) - 1
    return math.exp(total / count)


@torch.no_grad()
def answers(model, task):
    """True where the greedy continuation is the expected answer, to its last token."""
    step, cache = torch.tensor([task["prompt"]]), None
    for expected in task["answer"]:
        out = model(input_ids=step, past_key_values=cache, use_cache=True)
        cache, step = out.past_key_values, out.logits[:, -1:].argmax(-1)
        if step.item() != expected:
            return False
    return True


def accuracies(model, tasks):
    right = {}
    for task in tasks:
        right.setdefault(task["kind"], []).append(answers(model, task))
    return {kind: round(sum(values) / len(values), 4) for kind, values in right.items()}


def score(heldout):
    scores = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        model = LlamaForCausalLM.from_pretrained(HERE, dtype=dtype, attn_implementation="eager")
        scores[name] = {
            "perplexity": round(perplexity(model.eval(), heldout["text"]), 5),
            "accuracy": accuracies(model, heldout["tasks"]),
        }
        print(name, scores[name], flush=True)
    return scores


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true", help="torch.compile; needs a C++ compiler")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    HERE.mkdir(exist_ok=True)
    torch.set_num_threads(args.threads)
    vocabulary = args.work / "tokenizer.json"
    if not vocabulary.exists():
        train_tokenizer().save(str(vocabulary))
    tokenizer = Tokenizer.from_file(str(vocabulary))
    text, unwanted = held_out_text(tokenizer)
    heldout = {"text": text, "tasks": held_out_tasks(tokenizer)}
    print(f"held out: {sum(map(len, text))} tokens, {len(heldout['tasks'])} tasks", flush=True)
    model, seconds = train(tokenizer, unwanted, args)
    write(model, tokenizer)
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in text)
    tasks = ",\n".join(json.dumps(task, separators=(",", ":")) for task in heldout["tasks"])
    (HERE / "heldout.json").write_text(f'{{"text":[\n{lines}\n],\n"tasks":[\n{tasks}\n]}}\n')
    scores = {
        "model": HERE.name,
        "seed": SEED,
        "parameters": sum(p.numel() for p in model.parameters()),
        "trainingTokens": STEPS * TOKENS_PER_STEP,
        "cycles": CYCLES,
        "trainingSeconds": round(seconds),
        "heldOutTokens": sum(map(len, text)),
        "tasks": len(heldout["tasks"]),
        **score(heldout),
        "made": {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
            "python": platform.python_version(),
            "command": "python native/models/train.py --work FOLDER"
            + (" --compile" if args.compile else ""),
        },
    }
    (HERE / "scores.json").write_text(json.dumps(scores, indent=2) + "\n")


if __name__ == "__main__":
    main()
