// The review desk: cases, exact plans, decisions and their undo.

export { type ApplyOrder, applyPlan, readDecision } from './apply-plan.ts'
export { makePlan, readPlan, type Reviewer } from './make-plan.ts'
export { type CasesOfScan, openCases, type ScanToReview } from './open-cases.ts'
export type * from './plan-types.ts'
export { RESTRICTIONS } from './plan-types.ts'
export { ABUSE_OUTCOMES, GENUINE_OUTCOMES, REVIEW_OUTCOMES, UNDO_REASONS } from './reason-codes.ts'
