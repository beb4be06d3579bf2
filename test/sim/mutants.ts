// Protections taken out, one at a time, from outside of the product: what the simulation must
// notice.

export const MUTANTS = {
  "no-adopt":
    "the question by name is answered as if the queue did not know the job, without asking",
  "no-claim": "every job of an attempt believes that it won the claim",
  "no-epoch-check": "the log takes records of a scheduler that a newer one has replaced",
  "ack-before-commit": "the log answers before a record is on disk",
  "ack-before-flush": "the agent's journal says that rows are on disk before they are",
  "silence-ends": "a job that the queue does not name counts as ended",
} as const;

export type Mutant = keyof typeof MUTANTS;

export function isMutant(name: string): name is Mutant {
  return Object.hasOwn(MUTANTS, name);
}
