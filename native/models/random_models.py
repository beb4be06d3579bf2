"""The small models with random weights: their shapes, their weights, the form of their config.json.

Each stands for something that inference code gets wrong. Weights are random with scales that keep
logits far from uniform, norm weights away from one and biases away from zero, so that a forgotten
factor or bias shows. `make_goldens.py` writes them to `random/NAME/`.
"""

import json
import math
import struct
from dataclasses import dataclass, field
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config


@dataclass
class RandomModel:
    name: str
    why: str
    seed: int
    config: object
    form: int = 5  # The transformers major version whose config.json is written.
    drop: tuple = ()  # Fields left out of config.json: the reader must know the family's default.
    put: dict = field(default_factory=dict)  # Fields added to config.json as they are.
    shards: int = 1


def shape(vocab, hidden, inter, layers, heads, kv, **rest):
    return {
        "vocab_size": vocab,
        "hidden_size": hidden,
        "intermediate_size": inter,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "max_position_embeddings": 512,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": None,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": False,
        **rest,
    }


def rope(theta=10000.0, **scaling):
    return {"rope_parameters": {"rope_type": "default", "rope_theta": theta, **scaling}}


LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}

MODELS = [
    RandomModel(
        "llama-gqa",
        "grouped-query attention, head_dim 16, untied, config in the form of transformers 5",
        101,
        LlamaConfig(**shape(256, 64, 144, 3, 4, 2), **rope()),
    ),
    RandomModel(
        "llama-rope3",
        "llama3 rope scaling (all three frequency bands), tied embeddings, head_dim 32 apart from"
        " hidden/heads",
        102,
        LlamaConfig(
            **shape(240, 64, 112, 2, 4, 2, head_dim=32, tie_word_embeddings=True),
            **rope(20000.0, **LLAMA3),
        ),
    ),
    RandomModel(
        "llama-linear",
        "linear rope scaling, config in the form of transformers 4 with rope_scaling.type",
        103,
        LlamaConfig(
            **shape(200, 48, 96, 2, 4, 2, head_dim=48),
            **rope(rope_type="linear", factor=4.0),
        ),
        form=4,
    ),
    RandomModel(
        "llama-mqa",
        "one KV head for six query heads, head_dim 64, form of transformers 4",
        104,
        LlamaConfig(**shape(200, 48, 128, 2, 6, 1, head_dim=64), **rope(500000.0)),
        form=4,
    ),
    RandomModel(
        "llama-odd",
        "nothing a multiple of 16: hidden 60, 3 heads of 20, inter 100, vocabulary 259, tied;"
        " multi-head attention; num_key_value_heads and head_dim absent as in Llama 2's files",
        105,
        LlamaConfig(**shape(259, 60, 100, 2, 3, 3, tie_word_embeddings=True), **rope()),
        form=4,
        drop=("num_key_value_heads", "head_dim"),
    ),
    RandomModel(
        "llama-bias",
        "attention_bias and mlp_bias, head_dim 80, odd vocabulary",
        106,
        LlamaConfig(
            **shape(151, 60, 104, 2, 2, 2, head_dim=80, attention_bias=True, mlp_bias=True),
            **rope(),
        ),
    ),
    RandomModel(
        "mistral-window",
        "sliding window of 24, shorter than most prompts; num_key_value_heads absent: 8 of 16",
        107,
        MistralConfig(**shape(200, 48, 96, 2, 16, 8, head_dim=16, sliding_window=24), **rope()),
        drop=("num_key_value_heads",),
    ),
    RandomModel(
        "mistral-plain",
        "sliding_window null, head_dim 96, form of transformers 4",
        108,
        MistralConfig(
            **shape(211, 64, 112, 2, 2, 1, head_dim=96, sliding_window=None), **rope(1000000.0)
        ),
        form=4,
    ),
    RandomModel(
        "qwen2",
        "QKV bias without an attention_bias field; sliding_window 32 that use_sliding_window turns"
        " off; tied; form of transformers 4; rms_norm_eps 1e-6",
        109,
        Qwen2Config(
            **shape(
                230, 88, 120, 2, 4, 2, tie_word_embeddings=True, use_sliding_window=False
            )
            | {"rms_norm_eps": 1e-6},
            **rope(1000000.0),
        ),
        form=4,
        put={"sliding_window": 32, "max_window_layers": 1},
    ),
    RandomModel(
        "qwen3",
        "QK norm; head_dim absent, which is 128; rms_norm_eps 1e-6",
        110,
        Qwen3Config(
            **shape(190, 48, 100, 2, 2, 1, head_dim=128) | {"rms_norm_eps": 1e-6},
            **rope(1000000.0),
        ),
        drop=("head_dim",),
    ),
    RandomModel(
        "llama-sharded",
        "three shards and an index, the second with its tensors at an odd byte;"
        " eos_token_id a list; generation_config.json",
        111,
        LlamaConfig(**shape(200, 64, 112, 2, 4, 2, head_dim=32), **rope()),
        shards=3,
    ),
    RandomModel(
        "llama-ranks",
        "for 1, 2 and 4 ranks: 8 heads of 64, 4 KV heads, inter 256, vocabulary 256,"
        " form of transformers 4",
        112,
        LlamaConfig(**shape(256, 64, 256, 2, 8, 4, head_dim=64, tie_word_embeddings=True), **rope()),
        form=4,
    ),
]


def build(spec):
    """The model in bf16, its weights drawn in the order of their names."""
    model = AutoModelForCausalLM.from_config(spec.config, dtype=torch.bfloat16)
    model.tie_weights()
    generator = torch.Generator().manual_seed(spec.seed)
    hidden, tied = spec.config.hidden_size, spec.config.tie_word_embeddings
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            noise = torch.randn(weight.shape, generator=generator)
            uniform = torch.rand(weight.shape, generator=generator)
            if name.endswith("bias"):
                value = 0.3 * noise
            elif "q_norm" in name or "k_norm" in name:
                value = 0.8 + 1.2 * uniform
            elif "norm" in name:
                value = 0.5 + uniform
            elif "embed_tokens" in name:
                # A tied head gets logits of standard deviation 4 from this, as an untied one does.
                value = noise * (4 / math.sqrt(hidden) if tied else 1.0)
            elif "lm_head" in name:
                value = noise * 4 / math.sqrt(hidden)
            else:
                # Behind a tied head a token predicts itself unless the layers outweigh it.
                outward = "o_proj" in name or "down_proj" in name
                value = noise * (3 if tied and outward else 1.1) / math.sqrt(weight.shape[1])
            weight.copy_(value.to(torch.bfloat16))
    return model


def write(spec, folder: Path, eos_ids=None):
    """The Hugging Face folder of `spec`."""
    model = build(spec)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    model.generation_config.eos_token_id = spec.config.eos_token_id
    size = sum(p.numel() for p in model.parameters()) * 2
    model.save_pretrained(folder, max_shard_size=size * 5 // spec.shards // 4 if spec.shards > 1 else "1GB")
    if eos_ids is None:
        (folder / "generation_config.json").unlink(missing_ok=True)
    else:
        edit(folder / "generation_config.json", lambda config: config.update(eos_token_id=eos_ids))
        edit(folder / "config.json", lambda config: config.update(eos_token_id=eos_ids))
        misalign(sorted(folder.glob("model-*.safetensors"))[1])
    edit(folder / "config.json", lambda config: reform(spec, config))


def reform(spec, config):
    """config.json as transformers `spec.form` writes it, less what the model leaves out."""
    if spec.form == 4:
        rope_parameters = dict(config.pop("rope_parameters"))
        config.pop("layer_types", None)
        config["rope_theta"] = rope_parameters.pop("rope_theta")
        kind = rope_parameters.pop("rope_type")
        config["rope_scaling"] = None if kind == "default" else {"type": kind, **rope_parameters}
        config["torch_dtype"] = config.pop("dtype")
        config["transformers_version"] = "4.51.3"
    for name in spec.drop:
        config.pop(name, None)
    config.update(spec.put)


def misalign(path: Path):
    """Moves the tensors of a safetensors file to an odd byte, which the format allows."""
    blob = path.read_bytes()
    (length,) = struct.unpack("<Q", blob[:8])
    header = blob[8 : 8 + length].rstrip(b" ")
    header += b" " * (1 - len(header) % 2)
    path.write_bytes(struct.pack("<Q", len(header)) + header + blob[8 + length :])


def edit(path: Path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(dict(sorted(value.items())), indent=2) + "\n")
