import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_RESOURCES } from "#shared/base/job.ts";
import type { Resources } from "#shared/base/job.ts";
import { slurmDirectives, slurmUnsupported } from "./slurm-directives.ts";
import type { SlurmDefaults } from "./slurm-directives.ts";

const DEFAULTS: SlurmDefaults = {
  partition: null,
  account: null,
  signalLeadS: 60,
  coresPerNodeOf: (partition) => (partition === "big" ? 64 : 16),
};

const lines = (changed: Partial<Resources>, defaults = DEFAULTS): readonly string[] =>
  slurmDirectives({ ...DEFAULT_RESOURCES, ...changed }, defaults).map((line) =>
    line.replace("#SBATCH ", ""),
  );

test("every job is kept from being requeued, in a clean environment, logging into its directory", () => {
  expect(lines({})).toEqual([
    "--no-requeue",
    "--export=NONE",
    "--open-mode=append",
    "--output=slurm.out",
    "--kill-on-invalid-dep=yes",
    "--nodes=1",
    "--ntasks=1",
  ]);
});

test("nodes are always asked for: as many as the cores need", () => {
  expect(lines({ cpus: 16 })).toContain("--nodes=1");
  expect(lines({ cpus: 17 })).toContain("--nodes=2");
  expect(lines({ cpus: 17, partition: "big" })).toContain("--nodes=1");
  expect(lines({ cpus: 17, nodes: 5 })).toContain("--nodes=5");
  expect(lines({ cpus: 2, nodes: 5 })).toContain("--ntasks=5");
  const unknown = { ...DEFAULTS, coresPerNodeOf: () => null };
  expect(lines({ cpus: 1000 }, unknown)).toContain("--nodes=1");
});

test("ranks share the cores: srun starts that many, each with its part", () => {
  expect(lines({ cpus: 4, ranks: 1 })).toEqual(
    expect.arrayContaining(["--ntasks=1", "--cpus-per-task=4"]),
  );
  expect(lines({ cpus: 8, ranks: 2 })).toEqual(
    expect.arrayContaining(["--ntasks=2", "--cpus-per-task=4"]),
  );
  expect(lines({ cpus: 8 }).some((line) => line.startsWith("--cpus-per-task"))).toBe(false);
});

test("memory has a unit and is for a node, as GPUs are", () => {
  expect(lines({ memoryMb: 64_000 })).toContain("--mem=64000M");
  expect(lines({ memoryMb: 1001, nodes: 2 })).toContain("--mem=501M");
  expect(lines({ gpus: 3, nodes: 2 })).toContain("--gres=gpu:2");
  expect(lines({}).join(" ")).not.toMatch(/--mem|--gres/);
});

test("walltime is rounded up to minutes, which the script says, with a warning before a long one", () => {
  expect(lines({ walltimeS: 61 })).toContain("--time=2");
  expect(lines({ walltimeS: 61 })).toContain(
    "# walltime: 61 s were asked; Slurm counts whole minutes",
  );
  expect(lines({ walltimeS: 61 }).join(" ")).not.toContain("--signal");
  expect(lines({ walltimeS: 3600 })).toContain("--signal=B:USR1@60");
  expect(lines({ walltimeS: 3600 }, { ...DEFAULTS, signalLeadS: 0 }).join(" ")).not.toContain(
    "--sig",
  );
});

test("the cluster's defaults stand where the request says nothing", () => {
  const defaults = { ...DEFAULTS, partition: "debug", account: "phys" };
  expect(lines({}, defaults)).toEqual(
    expect.arrayContaining(["--partition=debug", "--account=phys"]),
  );
  const asked = { partition: "big", account: "chem", qos: "low", constraint: "[a*2&b]" };
  expect(lines(asked, defaults)).toEqual(
    expect.arrayContaining([
      "--partition=big",
      "--account=chem",
      "--qos=low",
      "--constraint=[a*2&b]",
    ]),
  );
});

test("what is no name never becomes a directive", () => {
  for (const bad of ["a b", "a;b", "$(id)", "-x", "a\n#SBATCH -n 9", "'", '"', "", "a\\b", "é"]) {
    for (const what of ["partition", "account", "qos", "constraint"] as const) {
      const resources = { ...DEFAULT_RESOURCES, [what]: bad };
      expect(slurmUnsupported(resources, DEFAULTS)).toHaveLength(1);
      expect(() => slurmDirectives(resources, DEFAULTS)).toThrow(
        expect.objectContaining({ code: "INVALID" }),
      );
    }
  }
  for (const bad of [0, -1, Number.NaN, Infinity]) {
    expect(slurmUnsupported({ ...DEFAULT_RESOURCES, cpus: bad }, DEFAULTS)).toHaveLength(1);
  }
});

test("whatever is accepted is one plain line a directive, which a shell reads as a comment", () => {
  const name = fc.option(fc.string({ unit: "binary", maxLength: 12 }), { nil: null });
  fc.assert(
    fc.property(name, name, name, fc.nat(), (partition, qos, constraint, cpus) => {
      const resources = { ...DEFAULT_RESOURCES, partition, qos, constraint, cpus };
      if (slurmUnsupported(resources, DEFAULTS).length > 0) return;
      for (const line of slurmDirectives(resources, DEFAULTS)) {
        expect(line).toMatch(/^#(?:SBATCH --[!-~]+| [ -~]+)$/);
        expect(line).not.toMatch(/["'\\`$;]/);
      }
    }),
  );
  const script = `${slurmDirectives(DEFAULT_RESOURCES, DEFAULTS).join("\n")}\necho done`;
  expect(spawnSync("/bin/sh", ["-c", script]).stdout.toString()).toBe("done\n");
});
