// The audit chain: what anybody did, so that nothing of it can be changed unseen.

export { appendAct, type AppendedAct, type NewAct } from './append-act.ts'
export { SYSTEM_ACTOR_ID } from './system-actor.ts'
export { type ActFault, type ActHead, type ActsVerdict, exportHead, verifyActs } from './verify-acts.ts'
