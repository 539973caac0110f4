// The actor of what no person and no key did.

/** The system itself; made by the first migration. It owns what no person has taken on yet. */
export const SYSTEM_ACTOR_ID = 1n
