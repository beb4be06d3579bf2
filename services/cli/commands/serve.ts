// `signalbox serve`: from a model folder to an OpenAI endpoint, in the foreground.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { Option, type Command } from "commander";
import { Failure } from "#shared/base/errors.ts";
import { EXIT_INTERRUPTED, makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { parseDevice, parseWhole } from "../parse-options.ts";
import { printable } from "../print/text.ts";
import { curlLines } from "../serving/curl-lines.ts";
import type { ModelServing, ServingPlan } from "../serving/model-serving.ts";
import type { Session } from "../session.ts";

interface ServeOptions {
  readonly name?: string;
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly device?: string;
  readonly weights?: string;
  readonly cache?: string;
  readonly context?: number;
  readonly keys?: string;
}

/** As vLLM's. */
const PORT = 8000;
const WORKERS_MAX = 64;

export function serveCommand(app: App): Command {
  return makeCommand(
    "serve",
    {
      summary: "serve one model: from its folder to an OpenAI endpoint",
      details:
        "Starts a router and the model's workers here, and stays in the foreground; Ctrl-C lets running\n" +
        "streams finish and ends them. A worker that dies is started again, and its streams go on at\n" +
        "another one: with two or more workers a client does not notice. With --json the first line is\n" +
        "{ready, url, model, workers, pid}.",
      examples: [
        "signalbox serve ~/models/Qwen3-0.6B",
        "signalbox serve native/models/lantern --name lantern --workers 2",
        "signalbox serve ~/models/Llama-3.1-8B --weights fp8 --cache fp8 --port 8080",
      ],
    },
    "local",
  )
    .argument("<folder>", "the model's folder, as Hugging Face has them")
    .option("--name <name>", "as clients call it (default: the folder's name)")
    .option("--host <host>", "address to listen at", "127.0.0.1")
    .option("--port <port>", "port of the API; 0 takes a free one", parseWhole(0, 65_535), PORT)
    .option("--workers <n>", "processes that hold the model", parseWhole(1, WORKERS_MAX), 1)
    .option("--device <name>", "what computes: cpu, or cuda:0 and so on", parseDevice)
    .addOption(new Option("--weights <dtype>", "how weights are held").choices(["bf16", "fp8"]))
    .addOption(
      new Option("--cache <dtype>", "how keys and values are held").choices(["bf16", "fp8"]),
    )
    .option("--keys <file>", "who may use it (`signalbox router key new`); without one everybody")
    .option("--context <tokens>", "of prompt and output at most", parseWhole(32, 2 ** 24))
    .action((folder: string, options: ServeOptions, self: Command) =>
      perform(app, self, (session) => serve(session, folder, options)),
    );
}

async function serve(session: Session, given: string, options: ServeOptions): Promise<ExitCode> {
  const { engineHere } = await import("#native/index.ts");
  const here = engineHere();
  if (here.why !== null) throw new Failure("UNAVAILABLE", here.why, { hint: here.wayOut });
  if (options.device !== undefined) await openDevice(options.device);
  const model = resolve(session.terminal.cwd, given);
  if (!existsSync(model)) throw new Failure("NOT_FOUND", `there is no folder ${model}`);
  for (const file of ["config.json", "tokenizer.json"]) {
    if (existsSync(join(model, file))) continue;
    throw new Failure("NOT_FOUND", `${model} has no ${file}`, {
      hint: "give a model's folder as Hugging Face has them; `signalbox model check` looks closer",
    });
  }
  await checkAddress(options);
  const { checkTokenizer } = await import("../serving/check-tokenizer.ts");
  checkTokenizer(model);
  const folder = mkdtempSync(join(tmpdir(), "signalbox-serve-"));
  const interrupted = new AbortController();
  let serving: ModelServing | null = null;
  const unlisten = session.terminal.onInterrupt(() => {
    if (interrupted.signal.aborted) return void serving?.stop(0);
    session.printer.note("running streams may finish; once more ends them at once");
    return interrupted.abort();
  });
  let ended: string | null = null;
  try {
    const { printer } = session;
    serving = await startServing(model, {
      ...{ model, folder, env: session.terminal.env, workers: options.workers },
      state: join(folder, "state"),
      name: options.name ?? basename(model),
      http: `${options.host}:${options.port}`,
      ...{ worker: workerKeys(options), router: routerKeys(session, options), route: null },
      onStep: ({ name, detail }) => printer.note(`${name.padEnd(9)}  ${detail}`),
    });
    if (!interrupted.signal.aborted) sayReady(session, serving, options, basename(model));
    ended = await serving.watch(interrupted.signal);
  } finally {
    if (serving !== null) await serving.stop();
    unlisten();
    // What a process said when it ended by itself is what one looks for.
    if (ended === null) rmSync(folder, { recursive: true, force: true });
  }
  if (ended === null) return EXIT_INTERRUPTED;
  throw new Failure("UNAVAILABLE", `${ended} ended`, { hint: `the logs are in ${folder}` });
}

/** Before anything is started: a worker's log would be the only one to say why. */
async function openDevice(device: string): Promise<void> {
  const { checkDevice, EngineFailure } = await import("#native/index.ts");
  await checkDevice(device).catch((cause: unknown) => {
    const { code, message } = EngineFailure.from(cause);
    throw new Failure(code === "unavailable" ? "UNAVAILABLE" : "INTERNAL", message, {
      cause,
      hint: "docs/guides/gpu.md says what a GPU needs; without --device the CPU computes",
    });
  });
}

/** Where a model cannot be loaded, the engine's own word for it instead of a worker's log. */
async function startServing(model: string, plan: ServingPlan): Promise<ModelServing> {
  const { ModelServing } = await import("../serving/model-serving.ts");
  try {
    return await ModelServing.start(plan);
  } catch (reason) {
    const { checkModelFolder, EngineFailure } = await import("#native/index.ts");
    const fault = await checkModelFolder(model).then(
      () => null,
      (cause: unknown) => EngineFailure.from(cause),
    );
    if (fault === null) throw reason;
    throw new Failure("INVALID", fault.message, { cause: reason });
  }
}

/** Before a model is loaded; the router says the same, in its log. */
async function checkAddress({ host, port }: ServeOptions): Promise<void> {
  const { whyNotFree } = await import("../mesh/free-port.ts");
  const why = port === 0 ? null : await whyNotFree(host, port);
  if (why === null) return;
  throw new Failure("UNAVAILABLE", `cannot listen on ${host}:${port}: ${why}`, {
    hint: "--port takes another port, 0 a free one; --host is an address of this machine",
  });
}

function sayReady(
  session: Session,
  serving: ModelServing,
  options: ServeOptions,
  folder: string,
): void {
  const { printer } = session;
  const name = options.name ?? folder;
  const { url } = serving;
  if (printer.json) {
    printer.record({
      ...{ ready: true, url, model: name, workers: serving.workers.length, pid: process.pid },
    });
    return;
  }
  const { style } = printer;
  printer.line(`${style.green(style.signs.ok)} ${printable(name)} is served at ${url}`);
  const needsKey = options.keys !== undefined;
  printer.lines(["", ...curlLines(url, name, needsKey)]);
  if (needsKey) printer.note(`KEY is a key whose hash is in ${printable(options.keys ?? "")}`);
}

function routerKeys(
  session: Session,
  { keys, host }: ServeOptions,
): { readonly [key: string]: string } {
  if (keys !== undefined) {
    const file = resolve(session.terminal.cwd, keys);
    if (existsSync(file)) return { keys_file: file };
    throw new Failure("NOT_FOUND", `there is no keys file ${file}`, {
      hint: "`signalbox router key new` prints the lines for one",
    });
  }
  if (!/^(?:127\.|localhost$|\[?::1\]?$)/u.test(host)) {
    session.printer.warn(`whoever reaches ${host} may use it: --keys FILE says who may`);
  }
  return {};
}

function workerKeys(options: ServeOptions): { readonly [key: string]: string } {
  const keys: { [key: string]: string } = {};
  if (options.device !== undefined) keys["device"] = options.device;
  if (options.weights !== undefined) keys["weights"] = options.weights;
  if (options.cache !== undefined) keys["cache"] = options.cache;
  if (options.context !== undefined) keys["context_max"] = String(options.context);
  return keys;
}
