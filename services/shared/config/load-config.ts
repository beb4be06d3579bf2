// Reads configuration once: a TOML file, then the environment, then the command line, each over the
// one before. The result is checked against config-keys.ts and frozen; nothing reads it twice.
//
//   G1. A key nobody knows is refused, with FILE:LINE or the variable's name and the nearest key.
//   G2. Secrets come by reference: a key that ends in `_file` names a file (see readSecret).
//   G3. Relative paths in a file are taken from that file's directory, others from `cwd`.

import { readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { dirname, join, resolve } from "node:path";

import { Failure } from "#shared/base/errors.ts";
import { CONFIG_KEYS, OPEN_SECTIONS } from "./config-keys.ts";
import { nearest } from "./nearest.ts";
import { parseAddress, parseValue, type ConfigValue } from "./parse-value.ts";
import { parseTomlSource, type TomlSource } from "./toml-source.ts";

export interface SchedulerConfig {
  readonly listen: string;
  readonly http: string;
  readonly state: string;
  readonly partitions: number;
  readonly bootstrapTokenFile: string | null;
}

export interface LogConfig {
  readonly driver: "embedded" | "jetstream";
  readonly path: string;
  readonly production: boolean;
}

export interface NatsConfig {
  /** Empty when no server is configured. */
  readonly urls: readonly string[];
  readonly replicas: number;
  readonly credentialsFile: string | null;
  readonly systemCredentialsFile: string | null;
}

export interface AgentConfig {
  readonly scheduler: string;
  readonly kind: "local" | "slurm";
  readonly root: string;
  readonly state: string;
  readonly enrolmentTokenFile: string | null;
  readonly http: string;
  readonly pollMinS: number;
  readonly pollMaxS: number;
  readonly adoptWaitS: number;
  readonly options: { readonly [name: string]: string };
}

export interface RouterConfig {
  readonly name: string;
  readonly http: string;
  /** Null: there is no gRPC for clients. */
  readonly grpc: string | null;
  readonly workers: string;
  readonly secretFile: string | null;
  /** Usage, and a copy of the scheduler's keys; null: neither is kept. */
  readonly state: string | null;
  /** Null: there is none. Without it and `schedulerKeys` everybody may do everything. */
  readonly keysFile: string | null;
  /** `HOST:PORT` of a scheduler that usage is posted to; null: none. */
  readonly scheduler: string | null;
  readonly schedulerTokenFile: string | null;
  /** Clients must have a key of that scheduler's, or one of the file. */
  readonly schedulerKeys: boolean;
  readonly policy: RoutingPolicy;
  readonly crossClasses: boolean;
  readonly freshWaitS: number;
  readonly resumeWaitS: number;
  readonly drainS: number;
}

export type RoutingPolicy =
  | "latency"
  | "least_loaded"
  | "round_robin"
  | "random"
  | "consistent_hash";

export interface WorkerConfig {
  readonly name: string;
  /** Null only where the engine is simulated. */
  readonly model: string | null;
  /** Null: the folder's name. */
  readonly modelName: string | null;
  readonly engine: "native" | "simulated" | "http";
  /** Null unless the engine is `http`. */
  readonly server: WorkerServerConfig | null;
  /** `HOST:PORT` each. */
  readonly routers: readonly string[];
  /** Null: it listens for nobody, and is reached by the connections it dials. */
  readonly listen: string | null;
  readonly http: string;
  readonly secretFile: string | null;
  readonly drainS: number;
  /** Null: nothing outlives the worker. */
  readonly state: string | null;
  readonly warmBlocks: number;
  /** An engine that did nothing for so long is given a request of the worker's own; 0: never. */
  readonly canaryIdleS: number;
  /** GPUs that are watched, by nvidia-smi's index or UUID; "auto": those the engine computes on. */
  readonly gpus: "auto" | "none" | readonly string[];
  /** What was given of native/engine.ts's EngineOptions; the engine knows the rest. */
  readonly engineOptions: WorkerEngineOptions;
}

export interface WorkerServerConfig {
  readonly kind: "vllm" | "sglang" | "llama-server";
  /** Null only where there is a command. */
  readonly url: string | null;
  /** Null: it runs already. */
  readonly command: readonly string[] | null;
  readonly logFile: string;
  readonly startS: number;
  readonly keyFile: string | null;
}

export interface WorkerEngineOptions {
  readonly device?: string;
  readonly kernels?: string;
  readonly isa?: string;
  readonly weights?: "bf16" | "fp8";
  readonly cache?: "bf16" | "fp8" | "f32";
  readonly ranks?: number;
  readonly threads?: number;
  readonly cacheBytes?: number;
  readonly stepTokens?: number;
  readonly sequencesMax?: number;
  readonly waitingMax?: number;
  readonly contextMax?: number;
  readonly spillFolder?: string;
  readonly spillBytes?: number;
  readonly stallMs?: number;
}

export interface TlsConfig {
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

export interface Config {
  readonly scheduler: SchedulerConfig;
  readonly log: LogConfig;
  readonly nats: NatsConfig;
  /** `null` when nothing configures an agent. */
  readonly agent: AgentConfig | null;
  readonly router: RouterConfig;
  /** `null` when nothing configures a worker. */
  readonly worker: WorkerConfig | null;
  readonly tls: TlsConfig;
  readonly telemetry: { readonly level: LogLevel };
}

export interface ConfigSources {
  /** A TOML file; `null` for none. */
  readonly file?: string | null;
  /** Variables `SIGNALBOX_SECTION_KEY`; usually `process.env`. */
  readonly env?: { readonly [name: string]: string | undefined };
  /** From the command line: `{"scheduler.http": "127.0.0.1:8080"}`. */
  readonly overrides?: { readonly [dotted: string]: string };
  readonly cwd?: string;
}

type Values = Map<string, ConfigValue>;

/** Throws INVALID for what is wrong, NOT_FOUND for a missing file; the message says where. */
export function loadConfig(sources: ConfigSources): Config {
  const cwd = sources.cwd ?? process.cwd();
  const values: Values = new Map();
  if (sources.file) readFile(resolve(cwd, sources.file), values);
  for (const [name, raw] of Object.entries(sources.env ?? {})) {
    const dotted = keyOfVariable(name);
    if (dotted !== null && raw !== undefined) put(values, dotted, raw, `variable ${name}`, cwd);
  }
  for (const [dotted, raw] of Object.entries(sources.overrides ?? {})) {
    put(values, dotted, raw, `option ${dotted}`, cwd);
  }
  return freezeDeep(configOf(values, sources.env ?? {}));
}

/** The secret in a `*_file`: its text without the end of line. Never logged, never in an error. */
export function readSecret(file: string): string {
  const secret = readTextFile(file, "secret").trimEnd();
  if (secret === "") throw new Failure("INVALID", `secret file ${file} is empty`);
  if (secret.length > 65_536) throw new Failure("INVALID", `secret file ${file} is over 64 KiB`);
  return secret;
}

function configOf(values: Values, env: NonNullable<ConfigSources["env"]>): Config {
  const text = (key: string): string | null => (values.get(key) as string | undefined) ?? null;
  const number = (key: string): number | null => (values.get(key) as number | undefined) ?? null;
  const base = join(env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "signalbox");
  const schedulerState = text("scheduler.state") ?? join(base, "scheduler");
  return {
    scheduler: {
      listen: text("scheduler.listen") ?? "127.0.0.1:0",
      http: text("scheduler.http") ?? "127.0.0.1:0",
      state: schedulerState,
      partitions: number("scheduler.partitions") ?? 16,
      bootstrapTokenFile: text("scheduler.bootstrap_token_file"),
    },
    log: {
      driver: (text("log.driver") as LogConfig["driver"] | null) ?? "embedded",
      path: text("log.path") ?? join(schedulerState, "log"),
      production: (values.get("log.production") as boolean | undefined) ?? false,
    },
    nats: {
      urls: (values.get("nats.url") as readonly string[] | undefined) ?? [],
      replicas: number("nats.replicas") ?? 1,
      credentialsFile: text("nats.credentials_file"),
      systemCredentialsFile: text("nats.system_credentials_file"),
    },
    agent: [...values.keys()].some((key) => key.startsWith("agent.")) ? agentOf() : null,
    router: {
      name: text("router.name") ?? `${hostname()}-${process.pid}`,
      http: text("router.http") ?? "127.0.0.1:0",
      grpc: text("router.grpc"),
      workers: text("router.workers") ?? "127.0.0.1:0",
      secretFile: text("router.secret_file"),
      state: text("router.state"),
      keysFile: text("router.keys_file"),
      scheduler: text("router.scheduler"),
      schedulerTokenFile: text("router.scheduler_token_file"),
      schedulerKeys: (values.get("router.scheduler_keys") as boolean | undefined) ?? false,
      policy: (text("router.policy") as RoutingPolicy | null) ?? "latency",
      crossClasses: (values.get("router.cross_classes") as boolean | undefined) ?? false,
      freshWaitS: number("router.fresh_wait_s") ?? 5,
      resumeWaitS: number("router.resume_wait_s") ?? 30,
      drainS: number("router.drain_s") ?? 30,
    },
    worker: [...values.keys()].some((key) => key.startsWith("worker.")) ? workerOf() : null,
    tls: {
      caFile: text("tls.ca_file"),
      certFile: text("tls.cert_file"),
      keyFile: text("tls.key_file"),
    },
    telemetry: { level: (text("telemetry.level") as LogLevel | null) ?? "info" },
  };

  function agentOf(): AgentConfig {
    const scheduler = text("agent.scheduler");
    if (scheduler === null) {
      throw new Failure("INVALID", "agent.scheduler is missing", {
        hint: 'Give the scheduler\'s gRPC address: [agent] scheduler = "HOST:PORT".',
      });
    }
    const [pollMinS, pollMaxS] = [
      number("agent.poll_min_s") ?? 2,
      number("agent.poll_max_s") ?? 300,
    ];
    if (pollMinS > pollMaxS) {
      throw new Failure("INVALID", `agent.poll_min_s ${pollMinS} is above poll_max_s ${pollMaxS}`);
    }
    const prefix = "agent.options.";
    const options = [...values].filter(([key]) => key.startsWith(prefix));
    return {
      scheduler,
      kind: (text("agent.kind") as AgentConfig["kind"] | null) ?? "local",
      root: text("agent.root") ?? join(base, "cluster"),
      state: text("agent.state") ?? join(base, "agent"),
      enrolmentTokenFile: text("agent.enrolment_token_file"),
      http: text("agent.http") ?? "127.0.0.1:0",
      pollMinS,
      pollMaxS,
      adoptWaitS: number("agent.adopt_wait_s") ?? 60,
      options: Object.fromEntries(
        options.map(([key, value]) => [key.slice(prefix.length), String(value)]),
      ),
    };
  }

  function workerOf(): WorkerConfig {
    const model = text("worker.model");
    const engine = (text("worker.engine") as WorkerConfig["engine"] | null) ?? "native";
    const name = text("worker.name") ?? `${hostname()}-${process.pid}`;
    if (model === null && engine !== "simulated") {
      throw new Failure("INVALID", "worker.model is missing", {
        hint: 'Give a model\'s folder: [worker] model = "FOLDER".',
      });
    }
    checkWorkerKeys(engine);
    const routers = (values.get("worker.routers") as readonly string[] | undefined) ?? [];
    const strange = routers.find((it) => parseAddress(it) === null);
    if (strange !== undefined) {
      throw new Failure("INVALID", `worker.routers: ${strange} is no HOST:PORT`);
    }
    const given = Object.entries(ENGINE_OPTIONS).flatMap(([key, name]) => {
      const value = values.get(`worker.${key}`);
      return value === undefined ? [] : [[name, value]];
    });
    return {
      ...{ name, model, modelName: text("worker.model_name"), engine },
      server: engine === "http" ? serverOf(name) : null,
      routers,
      listen: text("worker.listen"),
      http: text("worker.http") ?? "127.0.0.1:0",
      secretFile: text("worker.secret_file"),
      drainS: number("worker.drain_s") ?? 30,
      state: text("worker.state"),
      warmBlocks: number("worker.warm_blocks") ?? WARM_BLOCKS,
      canaryIdleS: number("worker.canary_idle_s") ?? 3,
      gpus: gpusOf(),
      engineOptions: Object.fromEntries(given) as WorkerEngineOptions,
    };
  }

  function gpusOf(): WorkerConfig["gpus"] {
    const names = (values.get("worker.gpus") as readonly string[] | undefined) ?? ["auto"];
    const [first] = names;
    if (names.length === 1 && (first === "auto" || first === "none")) return first;
    const strange = names.find((it) => !/^(?:\d+|GPU-.+|MIG-.+)$/u.test(it));
    if (names.length > 0 && strange === undefined) return names;
    throw new Failure("INVALID", `worker.gpus: ${strange ?? "an empty list"} is no GPU`, {
      hint: 'Say "auto", "none", or indices and UUIDs as `signalbox gpus` shows them.',
    });
  }

  /** A key that would do nothing is a misunderstanding. */
  function checkWorkerKeys(engine: WorkerConfig["engine"]): void {
    if (values.has("worker.warm_blocks") && !values.has("worker.state")) {
      throw new Failure("INVALID", "worker.warm_blocks says nothing without worker.state", {
        hint: 'Prefixes are kept there: [worker] state = "DIRECTORY".',
      });
    }
    for (const dotted of values.keys()) {
      const [section, key = ""] = dotted.split(".");
      if (section !== "worker") continue;
      const ofServer = key === "server" || key.startsWith("server_");
      const ofOurs = key === "warm_blocks" || (key in ENGINE_OPTIONS && !SERVER_OPTIONS.has(key));
      if (engine === "http" ? !ofOurs : !ofServer) continue;
      const other = ofServer ? 'engine = "http"' : 'engine = "native"';
      throw new Failure("INVALID", `worker.${key} says nothing to worker.engine ${engine}`, {
        hint: `It is for ${other}: leave one of the two out.`,
      });
    }
  }

  function serverOf(worker: string): WorkerServerConfig {
    const kind = text("worker.server") as WorkerServerConfig["kind"] | null;
    if (kind === null) {
      throw new Failure("INVALID", "worker.server is missing", {
        hint: 'Say which kind it is: [worker] server = "vllm", "sglang" or "llama-server".',
      });
    }
    const url = text("worker.server_url");
    const command = (values.get("worker.server_command") as readonly string[] | undefined) ?? null;
    if (url !== null && !/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
      throw new Failure("INVALID", `worker.server_url: ${url} is no http://HOST:PORT`);
    }
    const saysPort = command?.some((it) => it.includes("{port}")) ?? false;
    if (url === null && !saysPort) {
      throw new Failure("INVALID", "nothing says where the server is", {
        hint: "Give worker.server_url, or a worker.server_command with {port} in it.",
      });
    }
    return {
      ...{ kind, url, command, keyFile: text("worker.server_key_file") },
      logFile: text("worker.server_log") ?? join(base, "worker", `${worker}.server.log`),
      startS: number("worker.server_start_s") ?? 1_800,
    };
  }
}

/** 65,536 tokens: about as many systems' prompts as a group has, and some conversations. */
const WARM_BLOCKS = 2_048;

/** Engine options that a server of somebody else's has too. */
const SERVER_OPTIONS = new Set(["sequences_max", "waiting_max", "context_max", "stall_ms"]);

/** Engine options by the name of their key. */
const ENGINE_OPTIONS: { readonly [key: string]: keyof WorkerEngineOptions } = {
  device: "device",
  kernels: "kernels",
  isa: "isa",
  weights: "weights",
  cache: "cache",
  ranks: "ranks",
  threads: "threads",
  cache_bytes: "cacheBytes",
  step_tokens: "stepTokens",
  sequences_max: "sequencesMax",
  waiting_max: "waitingMax",
  context_max: "contextMax",
  spill_folder: "spillFolder",
  spill_bytes: "spillBytes",
  stall_ms: "stallMs",
};

function readFile(file: string, values: Values): void {
  const source = parseTomlSource(file, readTextFile(file, "configuration"));
  for (const [dotted, raw] of flatten(source, "", source.root)) {
    put(values, dotted, raw, source.whereOf(dotted), dirname(file));
  }
}

function* flatten(source: TomlSource, prefix: string, table: object): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(table)) {
    const dotted = prefix === "" ? key : `${prefix}.${key}`;
    const nested = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!nested || value instanceof Date) {
      yield [dotted, value];
    } else if (!isSection(dotted)) {
      throw unknownKey(dotted, source.whereOf(dotted));
    } else {
      yield* flatten(source, dotted, value);
    }
  }
}

function put(values: Values, dotted: string, raw: unknown, where: string, directory: string): void {
  const [section, key] = splitKey(dotted);
  if (OPEN_SECTIONS.includes(section)) {
    values.set(dotted, parseValue({ kind: "text" }, raw, dotted, where));
    return;
  }
  const known = CONFIG_KEYS[section]?.[key];
  if (known === undefined) throw unknownKey(dotted, where);
  const value = parseValue(known.type, raw, dotted, where);
  values.set(dotted, known.type.kind === "path" ? resolve(directory, String(value)) : value);
}

/** `agent.options.a` is key `a` of section `agent.options`. */
function splitKey(dotted: string): [string, string] {
  for (const open of OPEN_SECTIONS) {
    if (dotted.startsWith(`${open}.`)) return [open, dotted.slice(open.length + 1)];
  }
  const at = dotted.indexOf(".");
  return at < 0 ? ["", dotted] : [dotted.slice(0, at), dotted.slice(at + 1)];
}

/**
 * `SIGNALBOX_AGENT_POLL_MIN_S` is `agent.poll_min_s`; `null` for a variable of no section (such as
 * SIGNALBOX_TOKEN), which is somebody else's.
 */
function keyOfVariable(name: string): string | null {
  if (!name.startsWith("SIGNALBOX_")) return null;
  const rest = name.slice("SIGNALBOX_".length).toLowerCase();
  for (const section of [...OPEN_SECTIONS, ...Object.keys(CONFIG_KEYS)]) {
    const prefix = `${section.replaceAll(".", "_")}_`;
    if (rest.startsWith(prefix)) return `${section}.${rest.slice(prefix.length)}`;
  }
  return null;
}

function isSection(dotted: string): boolean {
  return dotted in CONFIG_KEYS || OPEN_SECTIONS.includes(dotted);
}

function unknownKey(dotted: string, where: string): Failure {
  const keys = Object.entries(CONFIG_KEYS).flatMap(([section, of]) =>
    Object.keys(of).map((key) => `${section}.${key}`),
  );
  const guess = nearest(dotted, [...keys, ...Object.keys(CONFIG_KEYS)]);
  const hint =
    guess === null
      ? `The sections are: ${Object.keys(CONFIG_KEYS).join(", ")}.`
      : `Did you mean ${guess}?`;
  return new Failure("INVALID", `${where}: unknown key ${dotted}. ${hint}`, { hint });
}

function readTextFile(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const reason = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw new Failure("NOT_FOUND", `${what} file ${file} ${reason}`, { cause });
  }
}

function freezeDeep<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) freezeDeep(member);
    Object.freeze(value);
  }
  return value;
}
