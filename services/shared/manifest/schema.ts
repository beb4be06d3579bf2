// The manifest's JSON Schema (draft 2020-12), written by hand: it is the public contract, and
// forms, documentation and SDKs derive from it. `x-hint` is what an error at that place advises.
// What a schema cannot say (units, references, cycles) is checked by the compiler.

export const TASKS_MAX = 100_000;
export const TASK_ID_PATTERN = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$";
export const NAME_PATTERN = "^[A-Za-z][A-Za-z0-9_-]{0,62}$";
export const CLUSTER_PATTERN = "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$";
/** What may stand in a directive line of any queue: no spaces, quotes, backslashes or #. */
export const CONSTRAINT_PATTERN = "^[A-Za-z0-9_(\\[][A-Za-z0-9_.,:&|*!=()\\[\\]-]{0,254}$";
export const WORD_PATTERN = "^[A-Za-z0-9_][A-Za-z0-9_.@:+-]{0,127}$";

const memory = {
  type: "string",
  description:
    "Memory over all nodes, always with a unit: 512MB, 4GB. Units are powers of 1024, as in Slurm.",
  "x-hint":
    'write a text with a unit: "4GB" (a bare number is bytes to one and megabytes to another)',
} as const;

const duration = {
  type: "string",
  description: "A duration: 90s, 15m, 1h30m, 2d, 01:30:00, 1-12:00:00.",
  "x-hint": 'write a text with units: "90s", "15m", "1h30m", "01:30:00"',
} as const;

const word = (what: string) =>
  ({
    type: "string",
    pattern: WORD_PATTERN,
    description: what,
    "x-hint": "letters, digits and _ . @ : + -, at most 128",
  }) as const;

const text = {
  type: "string",
  "x-hint": "write it as a text, in quotes if it looks like a number, yes or no",
} as const;

const env = {
  type: "object",
  maxProperties: 1000,
  propertyNames: {
    pattern: "^[A-Za-z_][A-Za-z0-9_]{0,254}$",
    "x-hint": "an environment variable's name has letters, digits and _, and no digit first",
  },
  additionalProperties: text,
  description: "Environment variables. References are filled in.",
  "x-hint": 'write a map: {NAME: "value"}',
} as const;

const files = {
  type: "object",
  maxProperties: 10_000,
  description: "Files to have in the work directory before the step starts, by relative path.",
  "x-hint": 'write a map: {"si.in": {text: "…"}}, {"si.in": {from: "si.in"}}',
  additionalProperties: {
    type: ["object", "string"],
    description:
      "A reference to a file output, {text: …} with references filled in, or {from: …} with a " +
      "local file beside the manifest or a reference to a file output.",
    "x-hint": 'write {text: "…"}, {from: "local/file"} or "${{ tasks.TASK.outputs.NAME }}"',
    properties: {
      text,
      from: { ...text, "x-hint": 'a file beside the manifest: "input/si.in"' },
      executable: { type: "boolean", default: false, "x-hint": "write true or false" },
    },
    additionalProperties: false,
  },
} as const;

const stdin = { ...text, description: "Standard input. Empty without it." } as const;

const pattern = (regexp: string, hint: string) =>
  ({ type: "string", pattern: regexp, "x-hint": hint }) as const;

const TASK_ID_HINT = "letters, digits, _ and -, not beginning with -, at most 63";
const NAME_HINT = "letters, digits, _ and -, beginning with a letter, at most 63";

export const MANIFEST_SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "https://signalbox.dev/schema/workflow-v1.json",
  title: "Signalbox workflow, signalbox/v1",
  type: "object",
  required: ["apiVersion", "kind", "metadata", "tasks"],
  additionalProperties: false,
  "x-hint": "begin with apiVersion: signalbox/v1, kind: Workflow, metadata and tasks",
  properties: {
    apiVersion: { const: "signalbox/v1", "x-hint": "write apiVersion: signalbox/v1" },
    kind: { const: "Workflow", "x-hint": "write kind: Workflow" },
    metadata: {
      type: "object",
      required: ["name"],
      additionalProperties: false,
      "x-hint": "write metadata: {name: my-workflow}",
      properties: {
        name: {
          ...pattern(
            "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
            "letters, digits and . _ -, beginning with a letter or digit, at most 63",
          ),
          description: "The workflow's name: runs are listed by it.",
        },
        labels: {
          type: "object",
          maxProperties: 64,
          description: "Your own words about it; shown with its runs.",
          "x-hint": "write a map of texts: {project: silicon}",
          propertyNames: pattern(
            "^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$",
            "letters, digits and . _ / -, at most 63",
          ),
          additionalProperties: { ...text, maxLength: 256 },
        },
      },
    },
    params: {
      type: "object",
      maxProperties: 1000,
      description: "What a caller may set; each is referred to as ${{ params.NAME }}.",
      "x-hint": "write a map: {temperature: {type: number, default: 300}}",
      propertyNames: pattern(NAME_PATTERN, NAME_HINT),
      additionalProperties: { $ref: "#/$defs/param" },
    },
    tasks: {
      type: "array",
      minItems: 1,
      maxItems: TASKS_MAX,
      "x-hint": 'write a list of tasks: - id: first, uses: exec@1, with: {command: ["true"]}',
      items: { $ref: "#/$defs/task" },
    },
  },
  $defs: {
    param: {
      type: "object",
      required: ["type"],
      additionalProperties: false,
      "x-hint": "write {type: string, default: …}; type is string, integer, number or boolean",
      properties: {
        type: {
          enum: ["string", "integer", "number", "boolean"],
          "x-hint": "write string, integer, number or boolean",
        },
        default: {
          type: ["string", "number", "boolean"],
          description: "Without it the caller must give a value.",
          "x-hint": "write one text, number, true or false",
        },
        enum: {
          type: "array",
          minItems: 1,
          maxItems: 1000,
          items: { type: ["string", "number", "boolean"], "x-hint": "write texts or numbers" },
          "x-hint": "write a list of the allowed values",
        },
        minimum: { type: "number", "x-hint": "write a number" },
        maximum: { type: "number", "x-hint": "write a number" },
        description: text,
      },
    },
    task: {
      type: "object",
      required: ["id", "uses", "with"],
      additionalProperties: false,
      "x-hint": 'write a map: {id: first, uses: exec@1, with: {command: ["true"]}}',
      properties: {
        id: {
          ...pattern(TASK_ID_PATTERN, TASK_ID_HINT),
          description: "Names the task in this manifest and in the cluster's queue.",
        },
        uses: {
          enum: ["exec@1", "script@1"],
          description: "exec@1 runs a command as it stands; script@1 a script by its interpreter.",
          "x-hint": "write exec@1 or script@1",
        },
        needs: {
          type: "array",
          maxItems: TASKS_MAX,
          items: { ...pattern(TASK_ID_PATTERN, TASK_ID_HINT) },
          description: "Tasks that must have succeeded before. A reference implies one.",
          "x-hint": "write a list of task ids: [first, second]",
        },
        with: { type: "object", "x-hint": 'write a map: {command: ["true"]}' },
        resources: { $ref: "#/$defs/resources" },
        retry: { $ref: "#/$defs/retry" },
        timeout: { ...duration, description: "The step is ended after running this long." },
        outputs: {
          type: "object",
          maxProperties: 1000,
          description: "What later steps and people may use of it, by name.",
          "x-hint": 'write a map: {energy: {value: {from: stdout, pattern: "E = (.*)"}}}',
          propertyNames: pattern(NAME_PATTERN, NAME_HINT),
          additionalProperties: { $ref: "#/$defs/output" },
        },
        cluster: {
          ...pattern(CLUSTER_PATTERN, "lower-case letters, digits and inner dashes, at most 63"),
          description: "Where it runs; without it where the caller says, or the default cluster.",
        },
        priority: {
          type: "integer",
          minimum: -1000,
          maximum: 1000,
          default: 0,
          description: "Higher goes first in the cluster's queue here.",
          "x-hint": "write a whole number from -1000 to 1000",
        },
      },
      allOf: [
        {
          if: { properties: { uses: { const: "exec@1" } }, required: ["uses"] },
          // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word
          then: { properties: { with: { $ref: "#/$defs/exec" } } },
        },
        {
          if: { properties: { uses: { const: "script@1" } }, required: ["uses"] },
          // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word
          then: { properties: { with: { $ref: "#/$defs/script" } } },
        },
      ],
    },
    exec: {
      type: "object",
      required: ["command"],
      additionalProperties: false,
      "x-hint": 'write with: {command: ["program", "argument"]}',
      properties: {
        command: {
          type: "array",
          minItems: 1,
          maxItems: 10_000,
          items: text,
          description: "The program and its arguments; no shell reads them.",
          "x-hint": 'write a list: ["program", "argument"]; for a shell, use script@1',
        },
        env,
        files,
        stdin,
      },
    },
    script: {
      type: "object",
      required: ["text"],
      additionalProperties: false,
      "x-hint": "write with: {text: |, and the script below it}",
      properties: {
        text: {
          ...text,
          minLength: 1,
          description: "The script. Values put into it must be plain words; give others by env.",
        },
        interpreter: {
          type: ["array", "string"],
          minItems: 1,
          maxItems: 100,
          items: text,
          description: "What runs it; without it the script's #! line, else /bin/sh.",
          "x-hint": 'write a list: ["python3", "-u"], or one program: /bin/bash',
        },
        env,
        files,
        stdin,
      },
    },
    resources: {
      type: "object",
      additionalProperties: false,
      description: "What is asked of the cluster; what is not said is left to the cluster.",
      "x-hint": "write a map: {cpus: 4, memory: 8GB, walltime: 1h}",
      properties: {
        cpus: {
          type: "integer",
          minimum: 1,
          maximum: 1_000_000,
          default: 1,
          description: "Processor cores in all.",
          "x-hint": "write a whole number from 1",
        },
        ranks: {
          type: "integer",
          minimum: 1,
          maximum: 1_000_000,
          description:
            "Processes that srun or mpirun starts, sharing the cpus; one for each without it.",
          "x-hint": "write a whole number that divides cpus",
        },
        memory,
        gpus: {
          type: "integer",
          minimum: 0,
          maximum: 10_000,
          default: 0,
          description: "Over all nodes.",
          "x-hint": "write a whole number from 0",
        },
        nodes: {
          type: "integer",
          minimum: 1,
          maximum: 100_000,
          "x-hint": "write a whole number from 1",
        },
        walltime: { ...duration, description: "The cluster's own limit, rounded up to its unit." },
        partition: word("The cluster's partition or queue."),
        account: word("Who pays."),
        qos: word("Slurm's quality of service."),
        constraint: {
          type: "string",
          pattern: CONSTRAINT_PATTERN,
          description: "Features nodes must have, in the cluster's own words.",
          "x-hint": "feature names, joined by & or |",
        },
      },
    },
    retry: {
      type: "object",
      required: ["attempts"],
      additionalProperties: false,
      "x-hint": "write a map: {attempts: 3}",
      properties: {
        attempts: {
          type: "integer",
          minimum: 1,
          maximum: 1000,
          description: "In all, the first one counted.",
          "x-hint": "write a whole number from 1 to 1000",
        },
        backoff: {
          type: "object",
          additionalProperties: false,
          description: "The wait before attempt n is random up to first × 2^(n-2), at most max.",
          "x-hint": "write a map: {first: 1s, max: 5m}",
          properties: { first: duration, max: duration },
        },
        on: {
          type: "array",
          minItems: 1,
          uniqueItems: true,
          items: {
            enum: [
              "failed",
              "timeout",
              "out_of_memory",
              "node_fail",
              "preempted",
              "cancelled",
              "unknown_outcome",
            ],
            "x-hint":
              "failed, timeout, out_of_memory, node_fail, preempted, cancelled (on the cluster, not by you here) or unknown_outcome",
          },
          description: "The ends that are tried again; failed, node_fail and preempted without it.",
          "x-hint": "write a list: [failed, node_fail]",
        },
      },
    },
    output: {
      type: "object",
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: false,
      "x-hint": 'write {file: "out.dat"} or {value: {from: stdout, pattern: "E = (.*)"}}',
      properties: {
        file: { ...text, "x-hint": 'write the path of one file: "out.dat"' },
        value: {
          type: "object",
          additionalProperties: false,
          "x-hint": 'write {from: stdout, pattern: "E = (.*)"} or {from: out.json, json: a.b}',
          properties: {
            from: {
              ...text,
              default: "stdout",
              description: "A file of the work directory, or stdout.",
              "x-hint": 'write "stdout" or a path',
            },
            pattern: {
              ...text,
              minLength: 1,
              maxLength: 1000,
              description:
                "A regular expression (ECMAScript, flags g and m): the last match's first group.",
            },
            json: {
              ...text,
              minLength: 1,
              description: "A dotted path into a JSON document: a.b.0.",
            },
          },
        },
      },
    },
  },
} as const;
