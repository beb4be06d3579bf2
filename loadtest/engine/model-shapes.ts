// The random models of the engine's benchmark: their shapes, their tensors, their config.json.

/** A Llama model's dimensions; the names are config.json's, shortened. */
export interface ModelShape {
  readonly name: string;
  readonly hidden: number;
  readonly inter: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocab: number;
  readonly positions: number;
}

export const MODEL_SHAPES: readonly ModelShape[] = [
  {
    ...{ name: "0.3b", hidden: 1024, inter: 2816, layers: 20, heads: 16, kvHeads: 8 },
    ...{ headDim: 64, vocab: 32_000, positions: 8192 },
  },
  {
    ...{ name: "1.1b", hidden: 2048, inter: 5632, layers: 22, heads: 32, kvHeads: 4 },
    ...{ headDim: 64, vocab: 32_000, positions: 8192 },
  },
];

/** One tensor under both of its names. `shape` is rows and columns, or one length for a norm. */
export interface ModelTensor {
  readonly name: string;
  readonly ggufName: string;
  readonly shape: readonly number[];
  /** Heads whose rows llama.cpp wants in its own order, see `ggufRow`; 0 for none. */
  readonly rotatedHeads: number;
}

/** Every tensor in the order in which both files hold them. */
export function tensorsOf(shape: ModelShape): ModelTensor[] {
  const { hidden, inter, vocab } = shape;
  const q = shape.heads * shape.headDim;
  const kv = shape.kvHeads * shape.headDim;
  const tensor = (
    name: string,
    ggufName: string,
    dims: readonly number[],
    rotatedHeads = 0,
  ): ModelTensor => ({
    ...{ name: `${name}.weight`, ggufName: `${ggufName}.weight`, shape: dims, rotatedHeads },
  });
  const tensors = [tensor("model.embed_tokens", "token_embd", [vocab, hidden])];
  for (let layer = 0; layer < shape.layers; layer++) {
    const own = `model.layers.${layer}`;
    const blk = `blk.${layer}`;
    tensors.push(
      tensor(`${own}.input_layernorm`, `${blk}.attn_norm`, [hidden]),
      tensor(`${own}.self_attn.q_proj`, `${blk}.attn_q`, [q, hidden], shape.heads),
      tensor(`${own}.self_attn.k_proj`, `${blk}.attn_k`, [kv, hidden], shape.kvHeads),
      tensor(`${own}.self_attn.v_proj`, `${blk}.attn_v`, [kv, hidden]),
      tensor(`${own}.self_attn.o_proj`, `${blk}.attn_output`, [hidden, q]),
      tensor(`${own}.post_attention_layernorm`, `${blk}.ffn_norm`, [hidden]),
      tensor(`${own}.mlp.gate_proj`, `${blk}.ffn_gate`, [inter, hidden]),
      tensor(`${own}.mlp.up_proj`, `${blk}.ffn_up`, [inter, hidden]),
      tensor(`${own}.mlp.down_proj`, `${blk}.ffn_down`, [hidden, inter]),
    );
  }
  tensors.push(tensor("model.norm", "output_norm", [hidden]));
  tensors.push(tensor("lm_head", "output", [vocab, hidden]));
  return tensors;
}

export function elementsOf(tensor: ModelTensor): number {
  return tensor.shape.reduce((product, length) => product * length, 1);
}

export function parametersOf(shape: ModelShape): number {
  return tensorsOf(shape).reduce((sum, tensor) => sum + elementsOf(tensor), 0);
}

/** Multiply-adds of matrix products for one token, attention's own left out; the head included. */
export function matmulParametersOf(shape: ModelShape): number {
  const { hidden, inter, vocab } = shape;
  const attention = 2 * hidden * (shape.heads + shape.kvHeads) * shape.headDim;
  return shape.layers * (attention + 3 * hidden * inter) + vocab * hidden;
}

/** Bytes of bf16 weights that one decode step reads: every matrix but the embedding. */
export function stepWeightBytesOf(shape: ModelShape): number {
  return 2 * matmulParametersOf(shape);
}

/** What transformers writes for such a model. */
export function configOf(shape: ModelShape): object {
  return {
    architectures: ["LlamaForCausalLM"],
    attention_bias: false,
    attention_dropout: 0,
    bos_token_id: 1,
    dtype: "bfloat16",
    eos_token_id: 2,
    head_dim: shape.headDim,
    hidden_act: "silu",
    hidden_size: shape.hidden,
    initializer_range: 0.02,
    intermediate_size: shape.inter,
    max_position_embeddings: shape.positions,
    mlp_bias: false,
    model_type: "llama",
    num_attention_heads: shape.heads,
    num_hidden_layers: shape.layers,
    num_key_value_heads: shape.kvHeads,
    pretraining_tp: 1,
    rms_norm_eps: 1e-5,
    rope_scaling: null,
    rope_theta: 10_000,
    tie_word_embeddings: false,
    torch_dtype: "bfloat16",
    use_cache: true,
    vocab_size: shape.vocab,
  };
}
