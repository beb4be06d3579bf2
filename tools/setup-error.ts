// What setup says when it cannot go on: a sentence with the way out.

export class SetupError extends Error {}
