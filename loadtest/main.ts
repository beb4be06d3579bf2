// `npm run bench -- NAME [--json]`: one question each. Progress goes to standard error; with --json
// the last line of standard output is one object with the figures.

import { parseArgs } from "node:util";
import { Failure } from "#shared/base/errors.ts";
import { DAG_PARTS, benchDag } from "./dag.ts";
import { circumstances } from "./figures.ts";
import { benchEngine } from "./engine.ts";
import { benchGpu, printedPlan } from "./gpu.ts";
import { GPU_USAGE, parseGpuOptions } from "./gpu/options.ts";
import { benchK6 } from "./k6.ts";
import { benchPoll } from "./poll.ts";
import { benchRouter } from "./router.ts";
import { benchRouting } from "./routing.ts";
import { benchServing } from "./serving.ts";
import { parseServingOptions, SERVING_USAGE } from "./serving/options.ts";
import { benchSubmit } from "./submit.ts";

const USAGE = `usage: npm run bench -- submit|dag|poll|engine|gpu|router|routing|serving|k6 [--json]

  submit [--seconds 5] [--log embedded|jetstream]
                           durably acknowledged submissions a second, and time to the decision
  dag [--tasks 10000] [--part sequential|fanout|noop|killed]
                           overhead of a step, fan-out, no-op tasks, kills
  poll [--minutes 5]       scheduler commands a minute with 1, 100 and 2,000 live jobs
  engine [--quick] [--peers DIR] [--models DIR] [--threads 1,2]
                           inference beside other engines and the machine's roofs; DIR of peers is
                           what loadtest/engine/peers.sh made, models go to the user's cache
  gpu [--shape 8b] [--quick] ...
                           one CUDA device against its own roofs, and against the CPU's results;
                           \`gpu --help\` has its options
  router [--quick]         our router beside haproxy, nginx (if installed) and a grpc-js proxy,
                           in front of one worker with a simulated engine
  routing [--seed 1] [--simulated 30]
                           routing policies in simulated fleets for so many seconds, and the time
                           that one decision takes
  serving [--url URL] [--rate 4] [--in-flight 8] ...
                           any OpenAI endpoint under load: TTFT, TPOT, ITL, goodput, stalls, errors;
                           \`serving --help\` has its options
  k6 [--k6 PATH] [--rate 8] [--seconds 20]
                           the k6 scenarios of loadtest/k6, over HTTP and gRPC
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
try {
  // These have options of their own, which the others need not know of.
  if (process.argv[2] === "serving") await serving(process.argv.slice(3));
  else if (process.argv[2] === "gpu") await gpu(process.argv.slice(3));
  else await named();
} catch (reason) {
  const { code, message, hint, stack } = Failure.from(reason);
  say(code === "INTERNAL" ? (stack ?? message) : message);
  if (hint !== undefined) say(hint);
  process.exitCode = code === "INVALID" ? 2 : 3;
}

async function named(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "boolean" },
      help: { type: "boolean" },
      seconds: { type: "string" },
      minutes: { type: "string", default: "5" },
      tasks: { type: "string", default: "10000" },
      part: { type: "string", multiple: true, default: [...DAG_PARTS] },
      log: { type: "string", multiple: true, default: ["embedded", "jetstream"] },
      quick: { type: "boolean", default: false },
      peers: { type: "string" },
      models: { type: "string" },
      threads: { type: "string" },
      seed: { type: "string", default: "1" },
      simulated: { type: "string", default: "30" },
      rate: { type: "string", default: "8" },
      k6: { type: "string" },
    },
  });
  const [name] = positionals;
  const run = {
    submit: () =>
      benchSubmit({ seconds: Number(values.seconds ?? 5), logs: logsOf(values.log), say }),
    dag: () => benchDag({ tasks: Number(values.tasks), parts: values.part, say }),
    poll: () => benchPoll({ minutes: Number(values.minutes), say }),
    engine: () =>
      benchEngine({
        ...{ quick: values.quick, peers: values.peers ?? null, models: values.models ?? null, say },
        threads: threadsOf(values.threads ?? (values.quick ? "2" : "1,2")),
      }),
    router: () => benchRouter({ quick: values.quick, say }),
    k6: () =>
      benchK6({
        ...{ program: values.k6 ?? null, perSecond: Number(values.rate), say },
        seconds: Number(values.seconds ?? 20),
      }),
    routing: () =>
      Promise.resolve(
        benchRouting({ seed: Number(values.seed), seconds: Number(values.simulated), say }),
      ),
  }[name ?? ""];
  if (run === undefined || values.help === true) {
    process.stderr.write(USAGE);
    process.exitCode = values.help === true ? 0 : 2;
  } else {
    say(circumstances());
    const figures = await run();
    process.stdout.write(
      `${values.json === true ? JSON.stringify(figures) : JSON.stringify(figures, null, 2)}\n`,
    );
  }
}

/** Exits 1 when nothing was answered at some load. */
async function serving(args: readonly string[]): Promise<void> {
  const options = parseServingOptions(args);
  if (options.help) {
    process.stderr.write(SERVING_USAGE);
    return;
  }
  say(circumstances());
  const figures = await benchServing(options, say);
  process.stdout.write(`${JSON.stringify(figures, null, options.json ? 0 : 2)}\n`);
  if (figures.steps.some(({ answered }) => answered === 0)) process.exitCode = 1;
}

async function gpu(args: readonly string[]): Promise<void> {
  const options = parseGpuOptions(args);
  if (options.help) {
    process.stderr.write(GPU_USAGE);
  } else if (options.plan) {
    process.stdout.write(printedPlan(options));
  } else {
    // Figures that come along are of another machine.
    if (options.figures === null) say(circumstances());
    const figures = await benchGpu(options, say);
    process.stdout.write(`${JSON.stringify(figures, null, options.json ? 0 : 2)}\n`);
  }
}

function logsOf(names: readonly string[]): ("embedded" | "jetstream")[] {
  return (["embedded", "jetstream"] as const).filter((log) => names.includes(log));
}

function threadsOf(list: string): number[] {
  const counts = list.split(",").map(Number);
  if (counts.every((count) => Number.isInteger(count) && count > 0)) return counts;
  throw new Error(`--threads ${list}: whole numbers with commas between them`);
}
