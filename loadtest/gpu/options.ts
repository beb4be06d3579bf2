// The command line of `npm run bench -- gpu`.

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { Failure } from "#shared/base/errors.ts";
import { GPU_SHAPES, shapeNamed, type GpuShape } from "./shapes.ts";

const NAMES = GPU_SHAPES.map(({ name }) => name).join(", ");

export const GPU_USAGE = `usage: npm run bench -- gpu [--json] [options]

One CUDA device against its own roofs: copies, matrix products, decoding, prompts, attention, an fp8
cache, loading; and whether it computes what the CPU does. Without a GPU it says so and ends 3.
loadtest/gpu/README.md has what is measured, docs/guides/gpu.md what a GPU needs.

  --device cuda:0       as CUDA counts
  --shape 8b            the model: ${NAMES}; its weights are random
  --quick               the shorter context, fewer models, no 13b
  --kernels DIR         the kernels' machine code; build/cuda
  --models DIR          where the driver is built; the user's cache
  --driver FILE         a driver that is built already

On a machine without Node, in two steps:

  --plan                prints the requests, for gpu_main's standard input; measures nothing
  --figures FILE        reads what gpu_main printed; measures nothing
`;

export interface GpuOptions {
  readonly device: number;
  readonly shape: GpuShape;
  readonly quick: boolean;
  /** Null: build/cuda of this checkout. */
  readonly kernels: string | null;
  /** Null: the user's cache. */
  readonly models: string | null;
  /** Null: it is built. */
  readonly driver: string | null;
  readonly plan: boolean;
  readonly figures: string | null;
  readonly json: boolean;
  readonly help: boolean;
}

/** INVALID, naming the option. */
export function parseGpuOptions(args: readonly string[]): GpuOptions {
  const values = valuesOf(args);
  const shape = shapeNamed(values.shape);
  if (shape === undefined) {
    throw invalid(`--shape ${values.shape} must be one of ${NAMES}`);
  }
  const index = /^cuda:(?<index>\d{1,3})$/u.exec(values.device)?.groups?.["index"];
  if (index === undefined) throw invalid(`--device ${values.device} must be cuda:0, cuda:1, …`);
  for (const option of ["driver", "figures"] as const) {
    const file = values[option];
    if (file !== undefined && !existsSync(file)) throw invalid(`--${option} ${file} is not there`);
  }
  return {
    ...{ device: Number(index), shape, quick: values.quick === true },
    ...{ kernels: values.kernels ?? null, models: values.models ?? null },
    ...{ driver: values.driver ?? null, figures: values.figures ?? null },
    ...{ plan: values.plan === true, json: values.json === true, help: values.help === true },
  };
}

function valuesOf(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const or = (value: string) => ({ type: "string", default: value }) as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ device: or("cuda:0"), shape: or("8b"), quick: flag, kernels: text, models: text },
        ...{ driver: text, plan: flag, figures: text, json: flag, help: flag },
      },
    }).values;
  } catch (cause) {
    throw invalid((cause as Error).message, cause);
  }
}

function invalid(message: string, cause?: unknown): Failure {
  return new Failure("INVALID", message, { cause, hint: "npm run bench -- gpu --help" });
}
