// The manifest as written, once the schema has accepted it. schema.ts says the same for everyone
// else.

export type Scalar = string | number | boolean;
export type NamedMap<T> = { readonly [name: string]: T };

export interface RawManifest {
  readonly apiVersion: "signalbox/v1";
  readonly kind: "Workflow";
  readonly metadata: { readonly name: string; readonly labels?: NamedMap<string> };
  readonly params?: NamedMap<RawParam>;
  readonly tasks: readonly RawTask[];
}

export interface RawParam {
  readonly type: "string" | "integer" | "number" | "boolean";
  readonly default?: Scalar;
  readonly enum?: readonly Scalar[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
}

export interface RawCommon {
  readonly env?: NamedMap<string>;
  readonly files?: NamedMap<RawFile>;
  readonly stdin?: string;
}

export type RawFile =
  | string
  | { readonly text?: string; readonly from?: string; readonly executable?: boolean };

export interface RawExec extends RawCommon {
  readonly command: readonly string[];
}

export interface RawScript extends RawCommon {
  readonly text: string;
  readonly interpreter?: string | readonly string[];
}

export interface RawOutput {
  readonly file?: string;
  readonly value?: { readonly from?: string; readonly pattern?: string; readonly json?: string };
}

interface RawTaskCommon {
  readonly id: string;
  readonly needs?: readonly string[];
  readonly resources?: RawResources;
  readonly retry?: RawRetry;
  readonly timeout?: string;
  readonly outputs?: NamedMap<RawOutput>;
  readonly cluster?: string;
  readonly priority?: number;
}

export type RawTask =
  | (RawTaskCommon & { readonly uses: "exec@1"; readonly with: RawExec })
  | (RawTaskCommon & { readonly uses: "script@1"; readonly with: RawScript });

export interface RawResources {
  readonly cpus?: number;
  readonly ranks?: number;
  readonly memory?: string;
  readonly gpus?: number;
  readonly nodes?: number;
  readonly walltime?: string;
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
  readonly constraint?: string;
}

export interface RawRetry {
  readonly attempts: number;
  readonly backoff?: { readonly first?: string; readonly max?: string };
  readonly on?: readonly string[];
}
