// Programmes: invite codes, attribution, what events earn, and the member's transfer of reward into the main balance.

export { BATCH_FACTS_MAX, type EarnedRebate, type EventAnswer, recordEvent, recordEvents } from './record-events.ts'
export { type Recorder, type Recording } from './recorder.ts'

export { ownersOfResource, recordResources, resourceHash } from './attribution/account-resources.ts'
export { type Attributed, type Invitation, type NotPayable } from './attribution/attribution.ts'
export { CLICKS_KEPT_DAYS, forgetClicks } from './attribution/click-keeping.ts'
export { AD_PARAMETER, AD_PARAMETERS_MAX, type ClickAnswer, type ClickRefusal, CLICKS_PER_DAY, CLICKS_PER_HOUR, type NewClick, recordClick } from './attribution/clicks.ts'
export { checkCode, type CodeAnswer, findCodes, type InviteCode, inviteCodeOf, retireCode } from './attribution/invite-codes.ts'
export { followTarget, frontPage, inviteLink, type Share, sharesOf } from './attribution/invite-links.ts'
export { clickKeepingJob, lapsedClaimsJob } from './attribution/jobs.ts'

export { apiMarket } from './catalogue/api-market.ts'
export { apiyi } from './catalogue/apiyi.ts'
export { chatApi } from './catalogue/chat-api.ts'
export { catalogue } from './catalogue/index.ts'

export {
  type Claim, CLAIM_REASONS, CLAIM_STATES, type ClaimReason, type ClaimState, CONFIRM_DAYS, findClaim, REFUSAL_REASONS, type RefusalReason, type StepAnswer, type StepRefusal,
} from './claims/claims.ts'
export { confirmClaim } from './claims/confirm.ts'
export { approveClaim, type ClaimVerdict, decideClaim } from './claims/decide.ts'
export { enterClaim, type EntryAnswer, type EntryRefusal } from './claims/enter.ts'
export { lapseClaims } from './claims/lapse.ts'
export { asMemberSees, type ClaimLine, factsOf, listClaims, withNames } from './claims/read.ts'
export { claimTexts, CONFIRMATION_TEXTS } from './claims/texts.ts'

export { expireCredits, expireMember, type ExpiryRound } from './credit/expiry.ts'
export { creditEndsAt, type CreditRefund, restoreCredit } from './credit/signup-credit-restore.ts'
export { type CreditOccasion, type GrantedCredit, grantSignupCredit } from './credit/signup-credit.ts'

export {
  answerInstruction, type AnswerRefusal, type AnswerResult, type EndedInstruction, type InstructionAnswer, retryInstruction, type RetryRefusal,
} from './host/answers.ts'
export { followHoldsAtHost } from './host/freeze.ts'
export { type HostHeld, hostHeldOf } from './host/held.ts'
export {
  chooseReceiver, type HostState, hostState, INSTRUCTION_STATES, type InstructionQuery, type InstructionState, type ListedInstruction, listInstructions, tellOpenInstructions,
} from './host/instruction-list.ts'
export { type InstructionKind, type InstructionLine, type NewInstruction, tellHost, withdrawInstruction, writeInstruction, type WrittenInstruction } from './host/instructions.ts'
export { type Difference, type DifferenceKind, DIFFERENCES, type HostRow, type OurRow, reconcile, type ReconciliationReport } from './host/reconcile.ts'
export { type RanReconciliation, type ReconciliationOrder, runReconciliation } from './host/run-reconciliation.ts'
export { takeBackAtHost } from './host/take-back.ts'

export { matureRebates } from './movement/mature.ts'
export { isMovedBy, type MovablePosition, movablePositionsOf } from './movement/movable-rewards.ts'
export { moveAutomatically, type MovedReward, postMove, type ProgramMember, type RewardMove } from './movement/move-reward.ts'
export { sweepJob, sweepRewards } from './movement/sweep-rewards.ts'
export {
  type RewardTransferAnswer, type RewardTransferLine, type RewardTransferRefusal, type RewardTransferRequest, rewardTransferLog, transferReward,
} from './movement/transfer-reward.ts'

export {
  type AccrualQuestionLine, answerQuestion, listQuestions, QUESTION_REASONS, type QuestionReason, type QuestionRefusal, type QuestionResult,
} from './qualification/questions.ts'

export { type QuestionAnswer } from './settlement/answers.ts'
export { type EventFact, type FactRefusal, SKEW_SECONDS } from './settlement/event-facts.ts'
export { lockFacts } from './settlement/facts-lock.ts'
export type { Relation } from './settlement/paying-referral.ts'
export { resettleEvents } from './settlement/resettle.ts'
export { resolveHeldCredits } from './settlement/resolve-check.ts'
export { tellResolvedCheck } from './settlement/tell-resolved.ts'

export {
  approveContract, type Contract, type ContractAnswer, type ContractRefusal, documentReferenceOf, endContract, enterContract, type NewContract,
} from './standing/contracts.ts'
export { type ClientPayment, noteClients } from './standing/enrolment-clients.ts'
export { type IdleRound, suspendIdle } from './standing/enrolment-idle.ts'
export {
  changeEnrolment, type EnrolmentAnswer, type EnrolmentReason, type EnrolmentRefusal, type EnrolmentRow, type EnrolmentWish, readEnrolments, type StandingActor,
} from './standing/enrolment.ts'
export {
  endExclusion, excludeAccount, EXCLUSION_REASONS, type Exclusion, type ExclusionAnswer, type ExclusionReason, type ExclusionRefusal, type NewExclusion,
} from './standing/excluded.ts'
export { creditExpiryJob, idleMembersJob } from './standing/jobs.ts'
export { type MemberStanding, readMemberStanding } from './standing/reading.ts'
export { type Enrolment, ENROLMENTS, type Member, readStandings, type Standings } from './standing/standing.ts'
export { type AcceptedTerms, acceptTerms, readAcceptedTerms } from './standing/terms.ts'
export { changeTrack, takeTrackChange, type TrackAnswer, type TrackRefusal, type TrackWish } from './standing/tracks.ts'

export type { PreCreditCheck } from '../checks/index.ts'
