// Every configuration key there is: one table, from which the loader checks files, environment and
// command line, and from which the documentation is written. A key that is not here is refused.

export type KeyKind =
  /** `HOST:PORT`; port 0 lets the system choose. */
  | { readonly kind: "address" }
  /** A path; relative ones are taken from the configuration file's own directory. */
  | { readonly kind: "path" }
  | { readonly kind: "text" }
  /** One text or a list of them. */
  | { readonly kind: "texts" }
  /** The same, where a whole number is the name of something too. */
  | { readonly kind: "names" }
  | { readonly kind: "boolean" }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "number"; readonly min: number; readonly max: number }
  | { readonly kind: "choice"; readonly values: readonly string[] };

export interface ConfigKey {
  readonly type: KeyKind;
  readonly doc: string;
}

const address: KeyKind = { kind: "address" };
const path: KeyKind = { kind: "path" };
const texts: KeyKind = { kind: "texts" };
const boolean: KeyKind = { kind: "boolean" };
const seconds: KeyKind = { kind: "number", min: 0, max: 86_400 };

const choice = (...values: string[]): KeyKind => ({ kind: "choice", values });
const integer = (min: number, max: number): KeyKind => ({ kind: "integer", min, max });

/** `SECTION.KEY` to what it takes. Defaults stand in load-config.ts, beside the typed result. */
export const CONFIG_KEYS: { readonly [section: string]: { readonly [key: string]: ConfigKey } } = {
  scheduler: {
    listen: { type: address, doc: "gRPC address" },
    http: { type: address, doc: "HTTP address: health, metrics and the REST gateway" },
    state: { type: path, doc: "directory on a local disk; may be deleted, the log rebuilds it" },
    partitions: { type: integer(1, 1024), doc: "fixed when the log is first opened" },
    bootstrap_token_file: { type: path, doc: "file with the first administrator's token" },
  },
  log: {
    driver: { type: choice("embedded", "jetstream"), doc: "where events are kept" },
    path: { type: path, doc: "directory of the embedded log, on a local disk" },
    production: { type: boolean, doc: "refuse a log that could lose an acknowledged write" },
  },
  nats: {
    url: { type: texts, doc: "nats://HOST:PORT, one or a list" },
    replicas: { type: integer(1, 5), doc: "copies of each stream" },
    credentials_file: { type: path, doc: "file with USER:PASSWORD, or a NATS .creds file" },
    system_credentials_file: {
      type: path,
      doc: "the same for the servers' system account; needed for log.production",
    },
  },
  agent: {
    scheduler: { type: address, doc: "the scheduler's gRPC address" },
    kind: { type: choice("local", "slurm"), doc: "the cluster's dialect" },
    root: { type: path, doc: "job directories; may be on a shared file system" },
    state: { type: path, doc: "the journal's directory, on a local disk" },
    enrolment_token_file: { type: path, doc: "file with the one-time enrolment token" },
    http: { type: address, doc: "HTTP address: health and metrics" },
    poll_min_s: { type: seconds, doc: "shortest time between two looks at the queue" },
    poll_max_s: { type: seconds, doc: "longest time between two looks at the queue" },
    adopt_wait_s: { type: seconds, doc: "how long an unanswered submission is looked for" },
  },
  router: {
    name: { type: { kind: "text" }, doc: "as workers and logs call it" },
    http: { type: address, doc: "HTTP address: the OpenAI API, health and metrics" },
    grpc: { type: address, doc: "gRPC address: InferenceService, for services" },
    workers: { type: address, doc: "address that workers dial" },
    secret_file: { type: path, doc: "file with the secret that workers must have too" },
    state: { type: path, doc: "directory on a local disk for usage and a copy of keys" },
    keys_file: { type: path, doc: "TOML file of the keys that clients must have" },
    scheduler: { type: address, doc: "the scheduler's gRPC address, to post usage to" },
    scheduler_token_file: { type: path, doc: "file with an administrator's token for that" },
    scheduler_keys: { type: boolean, doc: "clients must have a key of the scheduler's" },
    policy: {
      type: choice("latency", "least_loaded", "round_robin", "random", "consistent_hash"),
      doc: "how a worker is chosen",
    },
    cross_classes: {
      type: boolean,
      doc: "let a stream go on at a worker of another numerics class when its own has none left",
    },
    fresh_wait_s: { type: seconds, doc: "how long a new request waits for a worker" },
    resume_wait_s: { type: seconds, doc: "how long a stream that lost its worker waits for one" },
    drain_s: { type: seconds, doc: "how long streams may go on after SIGTERM" },
  },
  worker: {
    name: { type: { kind: "text" }, doc: "as routers and logs call it" },
    model: { type: path, doc: "a Hugging Face model folder: config.json and safetensors" },
    model_name: { type: { kind: "text" }, doc: "what clients call the model" },
    engine: { type: choice("native", "simulated", "http"), doc: "what computes" },
    server: {
      type: choice("vllm", "sglang", "llama-server"),
      doc: "the kind of server that an http engine talks to",
    },
    server_url: { type: { kind: "text" }, doc: "where it is: http://HOST:PORT" },
    server_command: { type: texts, doc: "starts it; {port} stands for a free port" },
    server_log: { type: path, doc: "file that what it writes is appended to" },
    server_start_s: { type: seconds, doc: "how long it may take until its health is good" },
    server_key_file: { type: path, doc: "file with the key that it asks for" },
    routers: { type: texts, doc: "HOST:PORT that routers take workers at, one or a list" },
    listen: { type: address, doc: "gRPC address for clients that dial the worker" },
    http: { type: address, doc: "HTTP address: health and metrics" },
    secret_file: { type: path, doc: "file with the secret that routers ask for" },
    drain_s: { type: seconds, doc: "how long requests may go on after SIGTERM" },
    state: { type: path, doc: "directory on a local disk for what outlives the worker" },
    warm_blocks: { type: integer(0, 16_384), doc: "blocks of prefixes that state keeps; 0: none" },
    gpus: { type: { kind: "names" }, doc: "GPUs that are watched: auto, none, or a list" },
    canary_idle_s: { type: seconds, doc: "after how long an idle engine is tried; 0: never" },
    device: { type: { kind: "text" }, doc: "what computes: cpu, or cuda:0 and so on" },
    kernels: { type: path, doc: "folder of the CUDA kernels' machine code" },
    isa: { type: { kind: "text" }, doc: "the instruction path by name, such as amx or avx2" },
    weights: { type: choice("bf16", "fp8"), doc: "how weights are held" },
    cache: { type: choice("bf16", "fp8", "f32"), doc: "how keys and values are held" },
    ranks: { type: integer(1, 4), doc: "tensor-parallel shards: 1, 2 or 4" },
    threads: { type: integer(1, 4096), doc: "threads that compute, of all ranks together" },
    cache_bytes: { type: integer(1, 2 ** 50), doc: "memory for keys and values" },
    step_tokens: { type: integer(1, 2 ** 20), doc: "tokens computed in one step at most" },
    sequences_max: { type: integer(1, 2 ** 20), doc: "requests decoded at once" },
    waiting_max: { type: integer(0, 2 ** 20), doc: "requests waiting beside those" },
    context_max: { type: integer(1, 2 ** 30), doc: "tokens of prompt and output together" },
    spill_folder: { type: path, doc: "where cold cached blocks are written" },
    spill_bytes: { type: integer(0, 2 ** 50), doc: "bytes of files in spill_folder at most" },
    stall_ms: { type: integer(1, 2 ** 31 - 1), doc: "how late a rank may be before it has failed" },
  },
  tls: {
    ca_file: { type: path, doc: "certificates that peers are checked against" },
    cert_file: { type: path, doc: "this service's certificate" },
    key_file: { type: path, doc: "this service's private key" },
  },
  telemetry: {
    level: {
      type: choice("trace", "debug", "info", "warn", "error", "fatal", "silent"),
      doc: "lowest level that is logged",
    },
  },
};

/** `[agent.options]` takes any key with a text: what it means is the dialect's. */
export const OPEN_SECTIONS: readonly string[] = ["agent.options"];
