// What the CUDA compiler made of each kernel, held against what it should have made. Pure.

/** A kernel as cuobjdump shows it. */
export interface KernelCode {
  /** As the sources write it: `residualNorm`, `pagedAttention<128, fp8>`. */
  readonly name: string;
  readonly registers: number;
  /** Bytes a thread keeps in local memory: spilled registers, arrays without a constant index. */
  readonly stackBytes: number;
  /** Names of its instructions with all suffixes, each once. */
  readonly instructions: ReadonlySet<string>;
}

/** What must hold for a kernel, from native/kernels_cuda/machine_code.json. */
export interface KernelPromise {
  readonly registersMax: number;
  /** Beginnings of names of instructions that must be there. */
  readonly instructions: readonly string[];
}

const DTYPES: readonly string[] = ["bf16", "fp8", "f32"];

/** A mangled name of namespace signalbox as the sources write it; others as they are. */
export function kernelName(mangled: string): string {
  const found = /^_ZN9signalbox(\d+)(\w+)$/u.exec(mangled);
  if (found === null) return mangled;
  const length = Number(found[1]);
  const [name, rest] = [(found[2] ?? "").slice(0, length), (found[2] ?? "").slice(length)];
  const shape = /^I(?:Li(\d+)E)?LNS_\d+(?:Kv|Weight)DtypeE(\d)E/u.exec(rest);
  if (shape === null) return name;
  const dtype = DTYPES[Number(shape[2])] ?? shape[2];
  return shape[1] === undefined ? `${name}<${dtype}>` : `${name}<${shape[1]}, ${dtype}>`;
}

/** From `cuobjdump -res-usage` and `cuobjdump -sass` of one file. */
export function readKernels(usage: string, sass: string): KernelCode[] {
  const instructions = new Map<string, Set<string>>();
  let own = new Set<string>();
  for (const line of sass.split("\n")) {
    const begins = /^\s*Function : (\S+)/u.exec(line)?.[1];
    if (begins !== undefined) {
      own = new Set();
      instructions.set(begins, own);
    }
    const name = /^\s*\/\*[0-9a-f]+\*\/\s+(?:@!?U?P[0-9T]+ )?([A-Z][\w.]*)/u.exec(line)?.[1];
    if (name !== undefined) own.add(name);
  }
  const lines = usage.matchAll(/Function (\S+):\s+REG:(\d+) STACK:(\d+) [^\n]*LOCAL:(\d+)/gu);
  return [...lines].map(([, mangled = "", registers, stack, local]) => ({
    name: kernelName(mangled),
    registers: Number(registers),
    stackBytes: Number(stack) + Number(local),
    instructions: instructions.get(mangled) ?? new Set<string>(),
  }));
}

/** A sentence for each promise that is broken, and for each kernel or promise without the other. */
export function brokenPromises(
  kernels: readonly KernelCode[],
  promises: Readonly<Record<string, KernelPromise>>,
): string[] {
  const broken: string[] = [];
  for (const { name, registers, stackBytes, instructions } of kernels) {
    const promise = promises[name];
    if (promise === undefined) {
      broken.push(`${name}: nothing in machine_code.json says what it must be`);
      continue;
    }
    if (stackBytes > 0) broken.push(`${name}: ${stackBytes} bytes a thread spill to local memory`);
    if (registers > promise.registersMax) {
      broken.push(`${name}: ${registers} registers, at most ${promise.registersMax} are allowed`);
    }
    for (const wanted of promise.instructions.filter((it) => !isThere(instructions, it))) {
      broken.push(`${name}: the compiler made no ${wanted} of it`);
    }
  }
  const names = new Set(kernels.map(({ name }) => name));
  const gone = Object.keys(promises).filter((name) => !names.has(name));
  return [...broken, ...gone.map((name) => `${name}: machine_code.json names it, and it is gone`)];
}

/** `LDG.E` is there as `LDG.E.128`, but not as `LDG.ENL2`. */
function isThere(instructions: ReadonlySet<string>, wanted: string): boolean {
  return [...instructions].some((it) => it === wanted || it.startsWith(`${wanted}.`));
}

export function kernelTable(
  kernels: readonly KernelCode[],
  promises: Readonly<Record<string, KernelPromise>>,
): string {
  const rows = kernels.map(({ name, registers, stackBytes, instructions }) => {
    const promise = promises[name];
    const found = (promise?.instructions ?? []).filter((it) => isThere(instructions, it));
    return [
      ...[name, String(registers), String(promise?.registersMax ?? "-"), String(stackBytes)],
      found.join(" "),
    ];
  });
  const all = [["kernel", "registers", "at most", "spilled", "instructions"], ...rows];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...all.map((row) => (row[column] ?? "").length)),
  );
  return all
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
