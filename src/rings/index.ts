// Rings as versioned objects with lineage over scans: how they are published, and how they are read.

export { rebatesAtStake } from './at-stake.ts'
export { type KnownRing, type Lineage, type RingLink, traceRings } from './lineage.ts'
export { type FoundMember, type FoundRing, type RingPlan, membersDigest, planRings, publishRings } from './publish.ts'
export { type RingLine, type RingMemberLine, type RingMoney, type RingPage, type RingReason, type RingReferralLine, listRings, readRing } from './read.ts'
