// The review desk: cases, exact plans, decisions and their undo.

export { type ApplyOrder, applyPlan, readDecision } from './apply-plan.ts'
export { assignCase, type Assignment, type AssignmentResult } from './assign-case.ts'
export { caseJson, type CaseLine, type CaseMoney, listCases, type QueueFilter, readCase } from './case-queue.ts'
export { makePlan, readPlan, type Reviewer } from './make-plan.ts'
export { type CasesOfScan, openCases, type ScanToReview } from './open-cases.ts'
export { differenceJson, effectJson, planJson, type PublicJson } from './plan-json.ts'
export { namesOf, type PlanNames } from './plan-names.ts'
export { planText } from './plan-text.ts'
export type * from './plan-types.ts'
export { RESTRICTIONS } from './plan-types.ts'
export { previewFirstRing } from './preview-first-ring.ts'
export { ABUSE_OUTCOMES, GENUINE_OUTCOMES, REVIEW_OUTCOMES, type ReviewOutcome, UNDO_REASONS } from './reason-codes.ts'
