// `signalbox model`: look at a model's folder before serving it.

import { resolve } from "node:path";
import type { Command } from "commander";
import { Failure } from "#shared/base/errors.ts";
import type { EngineErrorCode, ModelSummary } from "#native/index.ts";
import { makeCommand, makeGroup, perform, type App, type ExitCode } from "../command.ts";
import { factLines } from "../print/run-text.ts";
import { printable } from "../print/text.ts";
import { bytesText, countText } from "../print/units.ts";
import type { Session } from "../session.ts";

/** As --json prints it. */
interface Verdict {
  readonly folder: string;
  readonly ok: boolean;
  readonly model: CheckedModel | null;
  readonly error: { readonly code: EngineErrorCode; readonly message: string } | null;
}

interface CheckedModel extends Pick<
  ModelSummary,
  "family" | "parameters" | "shape" | "contextMax" | "eosIds" | "bosId" | "defaults"
> {
  /** Of the engine that checked it: streams go on at workers with the same one. */
  readonly engineBuild: string;
  /** Of the weights in memory, about, by how they are held. */
  readonly weightBytes: ByDtype;
  /** Of keys and values in the cache, by how they are held. */
  readonly kvBytesPerToken: ByDtype;
  /** Weights and one sequence of the whole context. */
  readonly memoryBytes: ByDtype;
  /** Without one it can be loaded, and not served. */
  readonly hasTokenizer: boolean;
}

interface ByDtype {
  readonly bf16: number;
  readonly fp8: number;
}

export function modelCommand(app: App): Command {
  return makeGroup(
    "model",
    {
      summary: "look at language models before they are served",
      examples: ["signalbox model check ~/models/Qwen3-0.6B"],
    },
    [checkCommand(app)],
  );
}

function checkCommand(app: App): Command {
  return makeCommand(
    "check",
    {
      summary: "check a model's folder: its configuration, its tokenizer and every tensor",
      details:
        "A folder as Hugging Face has them: config.json, tokenizer.json and safetensors. Nothing is\n" +
        "served and no tensor is kept. Ends 0 with a summary, 1 with an error that names the file,\n" +
        "tensor or field, and 3 where the engine is not built.",
      examples: [
        "signalbox model check ~/models/Qwen3-0.6B",
        "signalbox model check native/models/lantern --json | jq .model.kvBytesPerToken",
      ],
    },
    "local",
  )
    .argument("<folder>", "the model's folder")
    .action((folder: string, _options: object, self: Command) =>
      perform(app, self, (session) => check(session, folder)),
    );
}

async function check(session: Session, folder: string): Promise<ExitCode> {
  const { checkModelFolder, EngineFailure, engineHere } = await import("#native/index.ts");
  const here = engineHere();
  if (here.why !== null) throw new Failure("UNAVAILABLE", here.why, { hint: here.wayOut });
  const { checkTokenizer } = await import("../serving/check-tokenizer.ts");
  const path = resolve(session.terminal.cwd, folder);
  try {
    const summary = await checkModelFolder(path);
    const model = await checkedModel(summary, checkTokenizer(path));
    printVerdict(session, { folder, ok: true, model, error: null });
    return 0;
  } catch (reason) {
    const { code, message } =
      reason instanceof Failure
        ? { code: "invalid_model" as const, message: reason.message }
        : EngineFailure.from(reason);
    printVerdict(session, { folder, ok: false, model: null, error: { code, message } });
    return 1;
  }
}

async function checkedModel(summary: ModelSummary, hasTokenizer: boolean): Promise<CheckedModel> {
  const { kvBytesPerToken, weightBytes } = await import("#native/index.ts");
  const { family, parameters, shape, contextMax, eosIds, bosId, defaults } = summary;
  const byDtype = (bytesOf: (dtype: "bf16" | "fp8") => number): ByDtype => ({
    bf16: bytesOf("bf16"),
    fp8: bytesOf("fp8"),
  });
  const weights = byDtype((dtype) => weightBytes(parameters, dtype));
  const perToken = byDtype((dtype) => kvBytesPerToken(shape, dtype));
  return {
    ...{ family, parameters, shape, contextMax, eosIds, bosId, defaults },
    engineBuild: summary.execution.build,
    weightBytes: weights,
    kvBytesPerToken: perToken,
    memoryBytes: byDtype((dtype) => weights[dtype] + contextMax * perToken[dtype]),
    hasTokenizer,
  };
}

function printVerdict(session: Session, verdict: Verdict): void {
  const { printer } = session;
  const { style } = printer;
  printer.document(verdict);
  if (verdict.error !== null) {
    // It names the file by its whole path.
    printer.line(`${style.red(style.signs.failed)} ${printable(verdict.error.message)}`);
  }
  if (verdict.model === null) return;
  const { family, parameters } = verdict.model;
  const what = `${family}, ${countText(parameters)} parameters`;
  printer.line(`${style.green(style.signs.ok)} ${printable(verdict.folder)}: ${what}`);
  printer.lines(factLines(factsOf(verdict.model), style));
}

function factsOf(model: CheckedModel): (readonly [string, string])[] {
  const { shape, eosIds } = model;
  const both = ({ bf16, fp8 }: ByDtype): string =>
    `${bytesText(bf16)} in bf16, ${bytesText(fp8)} in fp8`;
  return [
    ["layers", `${shape.layers} of ${shape.hidden}, with ${shape.intermediate} between`],
    ["heads", `${shape.heads} of ${shape.headDim}, ${shape.kvHeads} of keys and values`],
    ["vocabulary", `${shape.vocab}, ends with ${eosIds.length === 0 ? "none" : eosIds.join(", ")}`],
    ["tokenizer", model.hasTokenizer ? "can be read" : "none: `signalbox serve` needs one"],
    ["context", `${model.contextMax} tokens`],
    ["weights", both(model.weightBytes)],
    ["cache", `${both(model.kvBytesPerToken)} for each token`],
    ["memory", `${both(model.memoryBytes)} with one full context`],
    ["engine", `build ${model.engineBuild}`],
  ];
}
