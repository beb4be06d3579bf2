// One line of the doctor's, as --json prints it.

export interface Finding {
  readonly state: "ok" | "warn" | "fail";
  readonly what: string;
  readonly found: string;
  /** How to mend it; null where there is nothing to mend. */
  readonly fix: string | null;
}

export const ok = (what: string, found: string): Finding => ({
  state: "ok",
  what,
  found,
  fix: null,
});

export const warn = (what: string, found: string, fix: string): Finding => ({
  state: "warn",
  what,
  found,
  fix,
});

export const fail = (what: string, found: string, fix: string): Finding => ({
  state: "fail",
  what,
  found,
  fix,
});
