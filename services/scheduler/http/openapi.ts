// The REST API described for machines and people: OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0).
// A test compares it with routes.ts in both directions.

type Schema = { readonly [keyword: string]: unknown };

const text: Schema = { type: "string" };
const bool: Schema = { type: "boolean" };
const count: Schema = { type: "integer", minimum: 0 };
const time: Schema = { type: "integer", description: "milliseconds since 1970; 0 for not yet" };
const digest: Schema = { type: "string", pattern: "^sha256:[0-9a-f]{64}$" };
const texts: Schema = { type: "object", additionalProperties: text };
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const list = (items: Schema): Schema => ({ type: "array", items });
const object = (
  properties: { readonly [name: string]: Schema },
  required: readonly string[] = [],
): Schema => ({
  type: "object",
  properties,
  ...(required.length === 0 ? {} : { required }),
});

const RUN_STATES = ["running", "succeeded", "failed", "cancelling", "cancelled"];
const JOB_STATES = [
  ...["blocked", "queued", "submitting", "submitted", "running"],
  ...["backoff", "succeeded", "failed", "cancelled", "skipped"],
];

const CLASSES = ["critical", "realtime", "high", "normal", "low", "bulk"];
const SHA256: Schema = { type: "string", pattern: "^[0-9a-f]{64}$" };
const LIMIT: Schema = { ...count, description: "0: none" };

const SCHEMAS: { readonly [name: string]: Schema } = {
  Error: object(
    {
      error: object(
        { code: text, message: text, hint: { ...text, description: "what to do about it" } },
        ["code", "message"],
      ),
    },
    ["error"],
  ),
  Workflow: object({
    digest,
    name: text,
    fileName: text,
    sizeBytes: count,
    storedAtMs: time,
    storedBy: text,
  }),
  Run: object({
    ...{ id: text, namespace: text, workflow: text, digest, state: { enum: RUN_STATES } },
    ...{ submittedAtMs: time, endedAtMs: time, reason: text, submittedBy: text, labels: texts },
    ...{
      jobsTotal: count,
      jobsSucceeded: count,
      jobsFailed: count,
      jobsRunning: count,
      jobsSkipped: count,
    },
  }),
  Job: object({
    ...{
      id: { ...text, description: "RUN/TASK" },
      runId: text,
      task: text,
      state: { enum: JOB_STATES },
      reason: text,
    },
    ...{
      cluster: text,
      attempt: count,
      schedulerJobId: text,
      cause: text,
      exitCode: { type: "integer" },
    },
    ...{ createdAtMs: time, startedAtMs: time, endedAtMs: time, outputs: list(ref("Output")) },
    ...{ attempts: list(ref("Attempt")), ordinal: count, needs: list(text), reachable: bool },
    priority: { type: "integer" },
  }),
  Output: object(
    { name: text, value: text, file: object({ path: text, digest, sizeBytes: count }) },
    ["name"],
  ),
  Attempt: object({
    ...{
      number: count,
      token: text,
      cluster: text,
      schedulerJobId: text,
      phase: text,
      cause: text,
    },
    ...{
      exitCode: { type: "integer" },
      signal: count,
      confidence: text,
      message: text,
      placedAtMs: time,
    },
    ...{ startedAtMs: time, endedAtMs: time, cpuMs: count, maxRssKb: count },
    evidence: list(object({ source: text, raw: text, atMs: time })),
  }),
  Usage: object({
    ...{
      day: { ...text, description: "in UTC; empty: longer ago than days are kept" },
      key: { ...text, description: "its name; empty: none was asked for" },
    },
    ...{ namespace: text, model: text, requests: count, failed: count, promptTokens: count },
    ...{ cachedTokens: count, completionTokens: count, workerMs: count },
  }),
  Key: object({
    ...{ name: text, namespace: text, sha256: { ...SHA256, description: "of the key" } },
    ...{ models: { ...list(text), description: "empty: every one" } },
    ...{ priority: { enum: CLASSES }, priorityMax: { enum: CLASSES } },
    ...{ requestsPerMinute: LIMIT, tokensPerMinute: LIMIT, concurrent: LIMIT },
    ...{ createdAtMs: time, revokedAtMs: time },
  }),
  Cluster: object({
    ...{
      name: text,
      namespace: text,
      kind: { enum: ["local", "slurm"] },
      agentId: text,
      defaultCluster: bool,
    },
    agent: { enum: ["connected", "disconnected", "never_connected"] },
    ...{
      agentSeenAtMs: time,
      state: { enum: ["reachable", "unreachable", "unknown"] },
      reason: text,
    },
    ...{
      slots: count,
      placed: count,
      waiting: count,
      facts: texts,
      callsPerMinute: { type: "number" },
    },
  }),
};

interface Operation {
  readonly summary: string;
  readonly query?: { readonly [name: string]: Schema };
  readonly header?: { readonly [name: string]: Schema };
  readonly body?: { readonly [type: string]: Schema };
  readonly answers: { readonly [status: string]: { readonly [type: string]: Schema } };
}

const JSON_TYPE = "application/json";
const json = (schema: Schema): { readonly [type: string]: Schema } => ({ [JSON_TYPE]: schema });
const PAGE = {
  limit: { ...count, maximum: 1000, description: "100 when not given" },
  pageToken: text,
};
const DAY = { ...text, pattern: "^\\d{4}-\\d{2}-\\d{2}$", description: "a day in UTC, included" };
const TIMES = { sinceMs: time, untilMs: time };
const REASON = json(object({ reason: text }));
const RUN = json(object({ run: ref("Run") }));
const BYTES: Schema = { type: "string", format: "binary" };

const OPERATIONS: { readonly [path: string]: { readonly [method: string]: Operation } } = {
  "/v1/workflows": {
    post: {
      summary: "Store a manifest; answers its digest. Nothing is run.",
      query: { file: { ...text, description: "the name to show in errors" } },
      body: { "application/yaml": text, [JSON_TYPE]: { type: "object" } },
      answers: { 201: json(object({ workflow: ref("Workflow") })) },
    },
    get: {
      summary: "Stored workflows, newest first",
      answers: { 200: json(object({ workflows: list(ref("Workflow")) })) },
    },
  },
  "/v1/workflows/{digest}": {
    get: {
      summary: "A stored workflow with its manifest",
      answers: { 200: json(object({ workflow: ref("Workflow"), manifest: text })) },
    },
  },
  "/v1/runs": {
    post: {
      summary: "Run a manifest or a stored workflow. Durable when answered.",
      header: {
        "Idempotency-Key": {
          ...text,
          maxLength: 200,
          description: "a repeated POST with it is the same run",
        },
      },
      query: { file: { ...text, description: "the name to show in errors, for a YAML body" } },
      body: {
        "application/yaml": { ...text, description: "the manifest itself" },
        ...json(
          object({
            manifest: { type: ["string", "object"], description: "YAML or JSON; or give workflow" },
            workflow: { ...digest, description: "of a stored workflow; or give manifest" },
            fileName: text,
            params: { type: "object" },
            files: {
              ...texts,
              description: "path as written in the manifest, to the digest of an uploaded artifact",
            },
            cluster: { ...text, description: "of tasks that name none" },
            labels: texts,
          }),
        ),
      },
      answers: {
        200: json(object({ run: ref("Run"), existed: { const: true } })),
        201: json(object({ run: ref("Run"), existed: { const: false } })),
      },
    },
    get: {
      summary: "Runs, newest first",
      query: {
        ...PAGE,
        ...TIMES,
        state: list({ enum: RUN_STATES }),
        workflow: text,
        cluster: text,
        name: { ...text, description: "part of the workflow's name or of the id" },
      },
      answers: { 200: json(object({ runs: list(ref("Run")), nextToken: text })) },
    },
  },
  "/v1/runs/{run}": {
    get: {
      summary: "A run with its jobs",
      answers: { 200: json(object({ run: ref("Run"), jobs: list(ref("Job")) })) },
    },
  },
  "/v1/runs/{run}/events": {
    get: {
      summary: "The run now and as it changes: `run` events with {run, jobs}, then `end`",
      answers: { 200: { "text/event-stream": text } },
    },
  },
  "/v1/runs/{run}/cancel": { post: { summary: "Stop a run", body: REASON, answers: { 200: RUN } } },
  "/v1/runs/{run}/retry": {
    post: { summary: "Run again what did not succeed", answers: { 200: RUN } },
  },
  "/v1/runs/{run}/receipts": {
    get: {
      summary: "The run's receipts as one bundle that verifies offline",
      answers: { 200: { "application/vnd.signalbox.receipts.v1+json": { type: "object" } } },
    },
  },
  "/v1/jobs": {
    get: {
      summary: "Jobs, newest run first, then by place in the run",
      query: {
        ...PAGE,
        ...TIMES,
        run: text,
        state: list({ enum: JOB_STATES }),
        cluster: text,
        name: { ...text, description: "part of the task's name" },
      },
      answers: { 200: json(object({ jobs: list(ref("Job")), nextToken: text })) },
    },
  },
  "/v1/jobs/{run}/{task}": {
    get: {
      summary: "A job with its attempts and their evidence",
      answers: { 200: json(object({ job: ref("Job") })) },
    },
  },
  "/v1/jobs/{run}/{task}/why": {
    get: {
      summary: "What it waits for, the limit that holds it, and what happens next",
      answers: {
        200: json(
          object({
            job: ref("Job"),
            waitsFor: list(text),
            limit: text,
            nextAction: text,
            hints: list(text),
          }),
        ),
      },
    },
  },
  "/v1/jobs/{run}/{task}/cancel": {
    post: {
      summary: "Stop one job",
      body: REASON,
      answers: { 200: json(object({ job: ref("Job") })) },
    },
  },
  "/v1/jobs/{run}/{task}/logs": {
    get: {
      summary: "Output of an attempt, as it is written",
      query: {
        stream: { enum: ["stdout", "stderr", "both"] },
        follow: { ...bool, description: "until the attempt has ended" },
        attempt: { ...count, description: "the latest when not given" },
      },
      answers: { 200: { "text/plain": text } },
    },
  },
  "/v1/clusters": {
    get: {
      summary: "Clusters",
      answers: { 200: json(object({ clusters: list(ref("Cluster")) })) },
    },
    post: {
      summary: "Register a cluster; answers the one-time token its agent enrols with",
      body: json(
        object(
          { name: text, kind: { enum: ["local", "slurm"] }, slots: count, makeDefault: bool },
          ["name", "kind"],
        ),
      ),
      answers: { 201: json(object({ cluster: ref("Cluster"), enrolmentToken: text })) },
    },
  },
  "/v1/clusters/{cluster}": {
    get: { summary: "A cluster", answers: { 200: json(object({ cluster: ref("Cluster") })) } },
  },
  "/v1/usage": {
    get: {
      summary: "What requests to models came to, by day, key and model, as routers posted it",
      query: { from: DAY, to: DAY, namespace: { ...text, description: "the caller's by default" } },
      answers: { 200: json(object({ usage: list(ref("Usage")) })) },
    },
  },
  "/v1/keys": {
    post: {
      summary: "Add a key for models by its SHA-256; the same content again changes nothing",
      body: json(
        object(
          {
            ...{ name: text, sha256: SHA256, models: list(text) },
            ...{ namespace: { ...text, description: "the caller's by default" } },
            ...{ priority: { enum: CLASSES }, priorityMax: { enum: CLASSES } },
            ...{ requestsPerMinute: LIMIT, tokensPerMinute: LIMIT, concurrent: LIMIT },
          },
          ["name", "sha256"],
        ),
      ),
      answers: {
        200: json(object({ key: ref("Key"), existed: { const: true } })),
        201: json(object({ key: ref("Key"), existed: { const: false } })),
      },
    },
    get: {
      summary: "Keys for models, the revoked ones too",
      query: { namespace: { ...text, description: "the caller's by default" } },
      answers: { 200: json(object({ keys: list(ref("Key")) })) },
    },
  },
  "/v1/keys/{name}": {
    delete: {
      summary: "Revoke a key; routers refuse it within seconds",
      query: { namespace: { ...text, description: "the caller's by default" } },
      answers: { 200: json(object({ key: ref("Key") })) },
    },
  },
  "/v1/artifacts/{digest}": {
    put: {
      summary: "Upload an artifact; a body that hashes to anything else is refused",
      body: { "application/octet-stream": BYTES },
      answers: { 201: json(object({ artifact: object({ digest, sizeBytes: count }) })) },
    },
    get: {
      summary: "An artifact's bytes",
      answers: { 200: { "application/octet-stream": BYTES } },
    },
  },
};

export function openApiOf(version: string): object {
  const paths = Object.entries(OPERATIONS).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [method, describe(path, operation)]),
    ),
  ]);
  return {
    openapi: "3.1.0",
    info: {
      title: "Signalbox",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description:
        "Jobs and workflows on the clusters a group already has. The token says the namespace.",
    },
    security: [{ token: [] }],
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: SCHEMAS,
    },
  };
}

function describe(path: string, { summary, query, header, body, answers }: Operation): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const parameters = [
    ...names.map((name) => ({
      name,
      in: "path",
      required: true,
      schema: name === "digest" ? digest : text,
    })),
    ...Object.entries(query ?? {}).map(([name, schema]) => ({ name, in: "query", schema })),
    ...Object.entries(header ?? {}).map(([name, schema]) => ({ name, in: "header", schema })),
  ];
  const failed = {
    description: "An error with its code, message and hint",
    content: contentOf(json(ref("Error"))),
  };
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { content: contentOf(body) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, types]) => [
          status,
          { description: summary, content: contentOf(types) },
        ]),
      ),
      default: failed,
    },
  };
}

function contentOf(types: { readonly [type: string]: Schema }): object {
  return Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }]));
}
